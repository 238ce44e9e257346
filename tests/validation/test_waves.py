"""The references for waves against each other, against theory, and against their own words about their errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import ellipj, ellipk

from validation import klein_gordon, maxwell_cavity, maxwell_pulse, schrodinger, wave
from validation.fourier import periodic
from validation.interpolation import on_grid
from validation.refine import Array, Domain, Fields, relative_l2

Values = dict[str, Array]


@dataclass(frozen=True)
class Case:
    """One problem: its module, its numerical reference, its exact one if there is any, its domain and parameters."""

    module: Any
    numerical: str
    exact: str
    domain: str
    parameters: tuple[tuple[str, float], ...] = ()
    tolerance: float = 1e-3

    @property
    def bounds(self) -> Domain:
        bounds: Domain = getattr(self.module, self.domain)
        return bounds

    def problem(self) -> Any:
        bounds = dict(self.bounds)
        time = bounds.pop("t")
        space = SimpleNamespace(bounds=bounds)
        return SimpleNamespace(parameters=dict(self.parameters), tolerance=self.tolerance, space=space, time=time)

    def points(self, count: int = 20_000, inside: float = 0.0) -> Values:
        """Random points, a margin of the domain left out; the pulse's points also keep off the interface."""
        random = np.random.default_rng(3).uniform(inside, 1 - inside, (len(self.bounds), count))
        at = {name: a + (b - a) * r for (name, (a, b)), r in zip(self.bounds.items(), random, strict=True)}
        if self.module is maxwell_pulse:
            at["x"] += np.where(at["x"] < 0, -inside, inside)
        return at


STRING = Case(wave, "leapfrog", "exact_solution", "STRING", (("c", 2.0),))
SLOW = Case(wave, "leapfrog", "exact_solution", "STRING", (("c", 0.3),), 1e-4)
LINEAR = Case(klein_gordon, "spectral", "exact_solution", "RING", (("m", 2.5), ("g", 0.0)))
RING = Case(klein_gordon, "spectral", "", "RING", (("m", 1.0), ("g", 1.0)))
STIFF = Case(klein_gordon, "spectral", "", "RING", (("m", 5.0), ("g", 10.0)))
PERIOD = Case(schrodinger, "split_step", "", "PERIOD")
CAVITY = Case(maxwell_cavity, "yee", "exact_solution", "CAVITY", (), 1e-2)
FINE_CAVITY = Case(maxwell_cavity, "yee", "exact_solution", "CAVITY")
GLASS = Case(maxwell_pulse, "discontinuous_galerkin", "characteristics", "LINE", (("eps_r", 4.0),))
LIGHT = Case(maxwell_pulse, "discontinuous_galerkin", "characteristics", "LINE", (("eps_r", 0.4),), 1e-4)
DENSE = Case(maxwell_pulse, "discontinuous_galerkin", "characteristics", "LINE", (("eps_r", 20.0),))
NAMES = {
    "string": STRING, "slow": SLOW, "linear": LINEAR, "ring": RING, "stiff": STIFF, "schrodinger": PERIOD,
    "cavity": CAVITY, "fine-cavity": FINE_CAVITY, "glass": GLASS, "light": LIGHT, "dense": DENSE,
}  # fmt: skip


def cases(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [NAMES[name] for name in names], ids=names)


@cache
def solved(case: Case, which: str) -> Any:
    return getattr(case.module, which)(case.problem())


@cache
def truth(case: Case) -> Fields:
    """The exact solution, or the finest grid that there is."""
    fields: Fields
    if case.exact:
        fields = solved(case, case.exact).fields
    elif case.module is schrodinger:
        fields = schrodinger.solve(512)
    else:
        fields = {"u": on_ring(512, **dict(case.parameters))}
    return fields


@cache
def on_ring(n: int, m: float, g: float) -> Any:
    return periodic(klein_gordon.march(n, m, g)[:, 0], klein_gordon.RING["x"], klein_gordon.RING["t"])


def error(case: Case, fields: Fields, against: Fields | None = None) -> float:
    """The relative L2 error over space and time, the largest of the unknowns."""
    at, right = case.points(), truth(case) if against is None else against
    return max(relative_l2(fields[u](**at), right[u](**at), np.ones(at["t"].size)) for u in right)


@cases("string", "slow", "linear", "cavity", "glass", "light", "dense")
def test_numerical_solution_agrees_with_the_exact_one_within_their_stated_errors(case: Case) -> None:
    exact, numerical = solved(case, case.exact), solved(case, case.numerical)
    assert error(case, numerical.fields, against=exact.fields) <= exact.own_error + numerical.own_error
    assert exact.fields.keys() == numerical.fields.keys()
    assert exact.own_error < 1e-10 and exact.seconds > 0 and numerical.seconds > 0


@cases("string", "slow", "linear", "ring", "cavity", "fine-cavity", "glass", "light", "dense")
def test_stated_error_bounds_the_true_one_and_is_no_more_than_four_times_it(case: Case) -> None:
    found = solved(case, case.numerical)
    true = error(case, found.fields)
    assert found.own_error <= case.tolerance / 10
    assert true <= 2 * found.own_error
    # Without coupling only interpolation errs, and by a higher order than it is given credit for.
    assert found.own_error <= 4 * true or (case is LINEAR and found.own_error < 1e-11)


def orders(case: Case, solve: Callable[[int], Fields], sizes: list[int]) -> Array:
    errors = np.array([error(case, solve(n)) for n in sizes])
    return np.log2(errors[:-1] / errors[1:])


@pytest.mark.parametrize(
    ("case", "solve", "sizes", "order"),
    [
        (STRING, lambda n: {"u": wave.solve_on_grid(n, 2.0)}, [128, 256, 512], 2),
        (RING, lambda n: {"u": on_ring(n, 1.0, 1.0)}, [32, 64, 128], 4),
        (STIFF, lambda n: {"u": on_ring(n, 5.0, 10.0)}, [64, 128], 4),
        (CAVITY, maxwell_cavity.solve_on_grid, [32, 64, 128], 2),
        (GLASS, lambda n: maxwell_pulse.solve_on_grid(n, 4.0), [64, 128, 256], 4),
        (LIGHT, lambda n: maxwell_pulse.solve_on_grid(n, 0.4), [64, 128], 4),
    ],
    ids=["leapfrog", "splitting", "stiff", "yee", "glass", "light"],
)
def test_method_is_of_its_theoretical_order(case: Case, solve: Any, sizes: list[int], order: int) -> None:
    found = orders(case, solve, sizes)
    assert np.abs(found - order).max() < 0.2, found


def test_kink_at_the_ends_of_the_period_limits_fourier_s_series_to_order_three_halves() -> None:
    coarse, middle, fine = schrodinger.solve(128), schrodinger.solve(256), truth(PERIOD)
    found = np.log2(error(PERIOD, coarse, against=middle) / error(PERIOD, middle, against=fine))
    assert abs(found - 1.5) < 0.2, found


def test_two_solitons_on_a_wide_domain_to_fourth_order_in_time_and_exponentially_in_space() -> None:
    def gone_wrong(n: int, steps: int, half: float = 20.0) -> float:
        levels = schrodinger.march(n, steps, half)[:: steps // 16]
        x, t = half * (2 / n * np.arange(n) - 1), np.linspace(0.0, np.pi / 2, 17)
        right = schrodinger.two_solitons(*np.meshgrid(x, t))
        return float(np.linalg.norm(levels - right) / np.linalg.norm(right))

    in_time = np.array([gone_wrong(512, steps) for steps in (256, 512, 1024)])
    found = np.log2(in_time[:-1] / in_time[1:])
    assert np.abs(found - 4).max() < 0.2, found
    in_space = np.array([gone_wrong(n, 2048) for n in (128, 192, 256, 384, 512)])
    assert (in_space[1:] < in_space[:-1] / 5).all() and in_space[-1] < 1e-7, in_space


def test_spectrum_of_the_klein_gordon_solver_converges_exponentially() -> None:
    errors = []
    for n in (8, 16, 32):
        end = klein_gordon.march(n, 1.0, 1.0)[-1, 0]
        right = on_ring(256, 1.0, 1.0)(x=2 * np.pi / n * np.arange(n), t=np.full(n, 3.0))
        errors.append(np.abs(end - right).max())
    assert errors[1] < errors[0] / 20 and errors[2] < errors[1] / 100, errors


@pytest.mark.parametrize("g", [3.0, 0.5])
def test_uniform_klein_gordon_field_is_jacobi_s_cosine(g: float) -> None:
    m, height = 1.3, 0.9
    omega = np.sqrt(m**2 + g * height**2)
    parameter = g * height**2 / (2 * omega**2)
    assert omega * 3 > ellipk(parameter)  # through zero and beyond
    errors = []
    for n in (32, 64, 128):
        levels = klein_gordon.march(n, m, g, start=np.full(n, height))[:, 0]
        expected = height * ellipj(omega * np.linspace(0.0, 3.0, 4 * n + 1), parameter)[1]
        errors.append(np.abs(levels - expected[:, None]).max())
    found = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[0] < 3e-6 and np.abs(found - 4).max() < 0.2, (errors, found)


@pytest.mark.parametrize(("m", "g"), [(1.0, 1.0), (1.0, -0.2), (5.0, 10.0)])
def test_klein_gordon_energy_is_conserved(m: float, g: float) -> None:
    u, rate = np.moveaxis(klein_gordon.march(64, m, g), 1, 0)
    slope = np.fft.irfft(1j * np.append(np.arange(32.0), 0) * np.fft.rfft(u, axis=1), axis=1)
    energy = (rate**2 / 2 + slope**2 / 2 + m**2 * u**2 / 2 + g * u**4 / 4).mean(axis=1)
    assert np.ptp(energy) < 1e-5 * energy[0]
    assert np.ptp(energy - 0.1 * (u**2).mean(axis=1)) > 1e-3 * energy[0]


def test_schrodinger_mass_and_energy_are_conserved() -> None:
    n = 128
    h = schrodinger.march(n, 512)
    slope = np.fft.ifft(np.pi / 5 * np.fft.fftfreq(n, 1 / n) * np.fft.fft(h, axis=1), axis=1)
    mass, energy = (np.abs(h) ** 2).mean(axis=1), (np.abs(slope) ** 2 / 2 - np.abs(h) ** 4 / 2).mean(axis=1)
    assert np.ptp(mass) < 1e-12 * mass[0]
    assert np.ptp(energy) < 1e-4 * abs(energy[0])


def test_blow_up_is_told() -> None:
    problem = SimpleNamespace(**{**vars(RING.problem()), "parameters": {"m": 0.5, "g": -4.0}})
    with pytest.raises(ArithmeticError, match="blow up"):
        klein_gordon.spectral(problem)


def test_yee_s_energy_is_conserved() -> None:
    """sum Ez^2 + H(before) . H(after), the energy that leapfrog keeps exactly (Taflove & Hagness, chapter 4)."""
    levels = [(ez.copy(), hx.copy(), hy.copy()) for ez, hx, hy in islice(maxwell_cavity.march(64), 193)]
    energy = []
    for (ez, hx, hy), (_, next_hx, next_hy) in zip(levels[:-1], levels[1:], strict=True):
        energy.append((ez**2).sum() + (hx * next_hx).sum() + (hy * next_hy).sum())
        assert not ez[[0, -1]].any() and not ez[:, [0, -1]].any()
    assert np.ptp(energy) < 1e-12 * energy[0]
    assert energy[0] / 64**2 == pytest.approx(1.25 / 4, rel=1e-3)


def derivative(field: Callable[..., Array], at: Values, along: str, order: int = 1, step: float = 4e-3) -> Array:
    """By eighth-order central differences."""
    weight = {1: [4 / 5, -1 / 5, 4 / 105, -1 / 280], 2: [8 / 5, -1 / 5, 8 / 315, -1 / 560]}[order]
    total = field(**at) * (order == 2) * -205 / 72
    for k, w in enumerate(weight, 1):
        ahead, behind = (field(**{**at, along: at[along] + s * k * step}) for s in (1, -1))
        total = total + w * (ahead + (behind if order == 2 else -behind))
    return np.asarray(total / step**order)


def worst(equations: list[list[Array]], change: Callable[[Array], Array] = np.asarray) -> list[float]:
    """The relative residual of each equation, the sum of its terms, as they are or with one term changed at a time."""
    residuals = []
    for terms in equations:
        scale = max(float(np.linalg.norm(term)) for term in terms)
        for k in range(len(terms)):
            changed = [change(term) if j == k else term for j, term in enumerate(terms)]
            residuals.append(float(np.linalg.norm(np.sum(changed, axis=0))) / scale)
    return residuals


def equations(case: Case, fields: Fields, at: Values) -> list[list[Array]]:
    """The terms of each equation on the points."""
    p = dict(case.parameters)
    if case.module is wave:
        u = fields["u"]
        return [[derivative(u, at, "t", 2), -(p["c"] ** 2) * derivative(u, at, "x", 2)]]
    if case.module is klein_gordon:
        u, here = fields["u"], fields["u"](**at)
        return [[derivative(u, at, "t", 2), -derivative(u, at, "x", 2), p["m"] ** 2 * here, p["g"] * here**3]]
    if case.module is schrodinger:
        u, v = fields["u"], fields["v"]
        a, b, early = u(**at), v(**at), 1e-4
        dense = a**2 + b**2
        return [
            [derivative(u, at, "t", 1, early), derivative(v, at, "x", 2) / 2, dense * b],
            [-derivative(v, at, "t", 1, early), derivative(u, at, "x", 2) / 2, dense * a],
        ]
    ez, hy = fields["Ez"], fields["Hy"]
    faraday_y = [derivative(hy, at, "t"), -derivative(ez, at, "x")]
    if case.module is maxwell_pulse:
        eps = np.where(at["x"] < 0, 1.0, p["eps_r"])
        return [[eps * derivative(ez, at, "t"), -derivative(hy, at, "x")], faraday_y]
    hx = fields["Hx"]
    ampere = [derivative(ez, at, "t"), -derivative(hy, at, "x"), derivative(hx, at, "y")]
    return [ampere, [derivative(hx, at, "t"), derivative(ez, at, "y")], faraday_y]


@cases("string", "linear", "ring", "stiff", "cavity", "glass", "light")
@pytest.mark.parametrize("which", ["exact", "numerical"])
def test_solution_has_no_residual_and_its_mutants_have(case: Case, which: str) -> None:
    name = getattr(case, which) or case.numerical
    at = case.points(2000, inside=0.05)
    terms = [[term for term in e if term.any()] for e in equations(case, solved(case, name).fields, at)]
    assert max(worst(terms)) < 1e-3, worst(terms)
    assert min(worst(terms, lambda term: -term)) > 0.1
    assert min(worst(terms, lambda term: 1.02 * term)) > 2e-3, worst(terms, lambda term: 1.02 * term)


def test_schrodinger_residuals_and_mutants() -> None:
    """Of the two solitons; and of the reference, whose short waves from the kink spoil its second derivatives."""
    at = PERIOD.points(3000, inside=0.02)
    solitons = {
        "u": lambda x, t: schrodinger.two_solitons(x, t).real,
        "v": lambda x, t: schrodinger.two_solitons(x, t).imag,
    }
    for fields, bound in ((solitons, 1e-5), (truth(PERIOD), 4e-3)):
        terms = equations(PERIOD, fields, at)
        assert max(worst(terms)) < bound, worst(terms)
        assert min(worst(terms, lambda term: -term)) > 0.5
        assert min(worst(terms, lambda term: 1.02 * term)) > 2 * bound


@cases("string", "slow", "linear", "ring", "schrodinger", "cavity", "glass", "light")
def test_initial_values_hold(case: Case) -> None:
    at = case.points(2000)
    x, y = at["x"], at.get("y", at["x"])
    at["t"] = np.zeros(2000)
    gauss = np.exp(-(((x + 0.5) / 0.1) ** 2))
    initial: dict[Any, dict[str, Any]] = {
        wave: {"u": np.sin(np.pi * x) + np.sin(4 * np.pi * x) / 2},
        klein_gordon: {"u": np.cos(x) + np.cos(2 * x) / 2},
        schrodinger: {"u": 2 / np.cosh(x), "v": 0 * x},
        maxwell_cavity: {"Ez": (np.sin(np.pi * x) + np.sin(2 * np.pi * x) / 2) * np.sin(np.pi * y), "Hx": 0, "Hy": 0},
        maxwell_pulse: {"Ez": gauss, "Hy": -gauss},
    }[case.module]
    for which in filter(None, (case.exact, case.numerical)):
        bound = 2e-10 if which in {"exact_solution", "characteristics"} else 2e-4
        for unknown, values in initial.items():
            assert np.abs(solved(case, which).fields[unknown](**at) - values).max() < bound


@cases("string", "linear", "ring", "schrodinger", "cavity", "glass", "dense")
def test_boundary_values_hold(case: Case) -> None:
    at = case.points(2000)
    for which in filter(None, (case.exact, case.numerical)):
        fields = solved(case, which).fields
        low, high = ({u: f(**{**at, "x": np.full(2000, end)}) for u, f in fields.items()} for end in case.bounds["x"])
        if case.module is wave:
            assert max(np.abs(low["u"]).max(), np.abs(high["u"]).max()) < 1e-12
        elif case.module is maxwell_cavity:
            walls = [fields["Ez"](**{**at, "y": np.full(2000, end)}) for end in (0.0, 1.0)]
            assert np.abs([low["Ez"], high["Ez"], *walls]).max() < 1e-12
        elif case.module is maxwell_pulse:
            index = np.sqrt(dict(case.parameters)["eps_r"])
            assert max(np.abs(low["Ez"] - low["Hy"]).max(), np.abs(index * high["Ez"] + high["Hy"]).max()) < 1e-5
        else:
            assert max(np.abs(low[u] - high[u]).max() for u in low) < 1e-10


@cases("glass", "light", "dense")
def test_fields_are_continuous_at_the_interface(case: Case) -> None:
    t = np.linspace(0.0, 1.0, 500)
    for which, bound in ((case.exact, 1e-9), (case.numerical, 5e-3)):
        for field in solved(case, which).fields.values():
            assert np.abs(field(x=np.full(500, -1e-12), t=t) - field(x=np.full(500, 1e-12), t=t)).max() < bound


@cases("glass", "light", "dense")
def test_measured_reflection_and_transmission_are_fresnel_s(case: Case) -> None:
    found, eps_r = solved(case, case.numerical), dict(case.parameters)["eps_r"]
    x, end = np.linspace(-1.0, 1.0, 20_001), np.full(20_001, 0.9)
    ez, hy, left, index = found.fields["Ez"](x=x, t=end), found.fields["Hy"](x=x, t=end), x < 0, np.sqrt(eps_r)
    back, on = maxwell_pulse.pulse(-x - end)[left], maxwell_pulse.pulse(index * x - end)[~left]
    r, tau = ez[left] @ back / (back @ back), ez[~left] @ on / (on @ on)
    expected = (1 - index) / (1 + index), 2 / (1 + index)
    assert maxwell_pulse.fresnel(eps_r) == pytest.approx(expected)
    # The own error is relative to the whole field, of which either pulse is a part.
    assert np.abs(np.array([r, tau]) - expected).max() < 2 * found.own_error
    assert r**2 + index * tau**2 == pytest.approx(1.0, abs=4 * found.own_error)
    energy = (np.where(left, 1.0, eps_r) * ez**2 + hy**2).sum() * (x[1] - x[0])
    assert energy == pytest.approx(2 * 0.1 * np.sqrt(np.pi / 2), rel=4 * found.own_error)


def test_pulse_leaves_through_the_right_end_without_reflection() -> None:
    """In a medium so thin that the pulse goes at five times the speed, it is past the end by t = 0.9."""
    thin = Case(maxwell_pulse, "discontinuous_galerkin", "characteristics", "LINE", (("eps_r", 0.04),))
    found, right, x = maxwell_pulse.solve_on_grid(64, 0.04)["Ez"], truth(thin)["Ez"], np.linspace(0.01, 1.0, 300)
    for t in (0.6, 0.7, 0.8, 0.9, 1.0):
        assert np.abs(found(x=x, t=np.full(300, t)) - right(x=x, t=np.full(300, t))).max() < 1e-3
    assert np.abs(found(x=x, t=np.full(300, 0.6))).max() > 1 > 1e3 * np.abs(found(x=x, t=np.ones(300))).max()


@cases("string", "linear", "schrodinger", "cavity", "glass")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"space": SimpleNamespace(bounds={"x": (0.0, 3.0)})}, r"x in \(0, 3\), t in \(0, "),
        ({"space": SimpleNamespace(bounds={"y": (0.0, 1.0)})}, r"y in \(0, 1\)"),
        ({"time": (0.0, 7.0)}, r"t in \(0, 7\)"),
        ({"time": None, "space": None}, "no domain"),
    ],
)
def test_another_domain_is_refused_with_words(case: Case, change: dict[str, Any], words: str) -> None:
    refused(case, change, words)


@cases("string", "linear", "glass")
@pytest.mark.parametrize("parameters", [{"kappa": 1.0}, {"c": -1.0, "m": 0.0, "eps_r": -4.0}])
def test_parameters_missing_or_not_above_zero_are_refused_with_words(case: Case, parameters: dict[str, float]) -> None:
    refused(case, {"parameters": parameters}, "needs (c|m|eps_r) as a number above zero")


def refused(case: Case, change: dict[str, Any], words: str) -> None:
    for which in filter(None, (case.exact, case.numerical)):
        with pytest.raises(ValueError, match=f"(?s)this reference solves .*{words}"):
            getattr(case.module, which)(SimpleNamespace(**{**vars(case.problem()), **change}))


def test_exact_klein_gordon_solution_is_refused_with_a_coupling() -> None:
    with pytest.raises(ValueError, match="g = 0 alone; the problem was given g = 1"):
        klein_gordon.exact_solution(RING.problem())
    with pytest.raises(ValueError, match="needs g as a number"):
        klein_gordon.spectral(SimpleNamespace(**{**vars(RING.problem()), "parameters": {"m": 1.0}}))


def test_interpolation_is_exact_for_polynomials_of_degree_seven_up_to_the_ends() -> None:
    x, y = np.linspace(-1.0, 2.0, 13), np.linspace(0.0, 1.0, 9)
    field = on_grid(np.outer(x**7 - x, y**5 + 1), x=(-1.0, 0.25), y=(0.0, 0.125))
    at, up = np.random.default_rng(1).uniform(size=(2, 60, 5))
    at, up = 3 * at - 1, np.where(up < 0.1, 0.0, np.where(up > 0.9, 1.0, up))
    np.testing.assert_allclose(field(x=at, y=up), (at**7 - at) * (up**5 + 1), atol=1e-10)
    with pytest.raises(ValueError, match="one shape"):
        field(x=at, y=up.ravel())
