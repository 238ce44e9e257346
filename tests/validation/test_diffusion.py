"""References for Poisson, the plate, Allen-Cahn and Fisher: against each other, theory, and their own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from validation import allen_cahn, cooling, fisher_kpp, heat_plate, poisson
from validation.refine import Array, Domain, Field, Fields

PI = np.longdouble("3.14159265358979323846264338327950288")


@dataclass(frozen=True, eq=False)
class Case:
    """One problem: its module, its two references (the second of them on grids), and fields almost without error."""

    module: Any
    names: tuple[str, str]
    domain: Domain
    truths: tuple[Callable[[], Field], Callable[[], Field]]
    on_grid: Callable[[int], Field]
    grids: tuple[int, ...]
    parameters: dict[str, float]
    unknown: str = "u"

    def problem(self, tolerance: float = 3e-3) -> Any:
        bounds = dict(self.domain)
        time = bounds.pop("t", None)
        return SimpleNamespace(
            parameters=self.parameters, tolerance=tolerance, space=SimpleNamespace(bounds=bounds), time=time
        )

    def points(self, count: int = 20_000, margin: float = 0.0) -> tuple[dict[str, Array], Array]:
        """Random points that see layers at the start and at the ends, and their weights; with a margin, even ones."""
        generator, points, weight = np.random.default_rng(7), {}, np.ones(count)
        for name, (low, high) in self.domain.items():
            part = margin + (1 - 2 * margin) * generator.uniform(size=count)
            if name == "t" and not margin:
                part, weight = part**3, weight * part**2
            elif not margin:
                part, weight = (1 - np.cos(np.pi * part)) / 2, weight * np.sin(np.pi * part)
            points[name] = low + (high - low) * part
        return points, weight

    def face(self, name: str, value: float) -> dict[str, Array]:
        """Points with one coordinate fixed, the corners among them."""
        ends = np.linspace(0.0, 1.0, 9)
        grid = np.meshgrid(*[low + (high - low) * ends for low, high in self.domain.values()], indexing="ij")
        points = {key: axis.ravel() for key, axis in zip(self.domain, grid, strict=True)}
        return {**points, name: np.full(ends.size ** len(grid), value)}


def sines_in_long_doubles(**at: Array) -> Array:
    return np.asarray(np.prod([np.sin(PI * s.astype(np.longdouble)) for s in at.values()], axis=0))


def front_in_long_doubles(x: Array, t: Array) -> Array:
    return np.asarray((1 + np.exp(x / np.sqrt(np.longdouble(6)) - 5 * t.astype(np.longdouble) / 6)) ** -2)


def poisson_case(dimension: int) -> Case:
    end, domain, grids = ("", poisson.SQUARE, (32, 64, 128)) if dimension == 2 else ("_3d", poisson.CUBE, (16, 32, 64))
    names, truth = (f"exact_solution{end}", f"sparse_differences{end}"), lambda: sines_in_long_doubles
    return Case(poisson, names, domain, (truth, truth), lambda n: poisson.solve_on_grid(n, dimension), grids, {})


def plate_case(h: float) -> Case:
    @cache
    def truth() -> Field:
        return heat_plate.solve_by_series(1024, 0.1, h)

    names = ("product_series", "differences")
    p = {"alpha": 0.1, "h": h}
    return Case(
        heat_plate,
        names,
        heat_plate.PLATE,
        (truth, truth),
        lambda n: heat_plate.solve_on_grid(n, **p),
        (32, 64, 128),
        p,
        "T",
    )


AC = {"eps": 1e-4, "r": 5.0}
FRONT = {"D": 1.0, "r": 1.0}
POISSON, CUBE, PLATE, WINDY = poisson_case(2), poisson_case(3), plate_case(2.0), plate_case(5.0)


@cache
def extrapolated_lines() -> Field:
    coarse, fine = (allen_cahn.solve_on_grid(n, **AC) for n in (4096, 8192))
    return lambda x, t: (4 * fine(x=x, t=t) - coarse(x=x, t=t)) / 3


@cache
def fine_fourier() -> Field:
    return allen_cahn.solve_by_fourier(2048, **AC)


ALLEN_CAHN = Case(
    allen_cahn,
    ("fourier", "method_of_lines"),
    allen_cahn.RING,
    (extrapolated_lines, fine_fourier),  # each judged by the other, ten times finer than it goes
    lambda n: allen_cahn.solve_on_grid(n, **AC),
    (512, 1024, 2048),
    AC,
)
FISHER = Case(
    fisher_kpp,
    ("exact_solution", "method_of_lines"),
    fisher_kpp.LAND,
    (lambda: front_in_long_doubles, lambda: front_in_long_doubles),
    lambda n: fisher_kpp.solve_on_grid(n, **FRONT),
    (64, 128, 256),
    FRONT,
)
CASES = {"poisson": POISSON, "cube": CUBE, "plate": PLATE, "windy": WINDY, "allen-cahn": ALLEN_CAHN, "fisher": FISHER}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
COARSE = 3e-3  # reached on the cube within a second
TOLERANCES = [(c, COARSE) for c in (POISSON, CUBE, WINDY)] + [
    (c, tolerance) for c in (PLATE, ALLEN_CAHN, FISHER) for tolerance in (COARSE, 1e-4)
]
every_tolerance = pytest.mark.parametrize(("case", "tolerance"), TOLERANCES)


@cache
def solved(case: Case, which: int, tolerance: float) -> Any:
    return getattr(case.module, case.names[which])(case.problem(tolerance))


def field_of(case: Case, which: int, tolerance: float = COARSE) -> Field:
    fields: Fields = solved(case, which, tolerance).fields
    return fields[case.unknown]


def error(case: Case, field: Field, against: Field) -> float:
    """The relative L2 error over space and time."""
    points, weight = case.points()
    right = against(**points)
    return float(np.sqrt(weight @ (field(**points) - right) ** 2 / (weight @ right**2)))


@every_tolerance
def test_two_independent_references_agree_within_their_stated_errors(case: Case, tolerance: float) -> None:
    exact, grid = solved(case, 0, tolerance), solved(case, 1, tolerance)
    difference = error(case, grid.fields[case.unknown], against=exact.fields[case.unknown])
    assert difference <= exact.own_error + grid.own_error
    assert max(exact.own_error, grid.own_error) <= tolerance / 10
    assert min(exact.seconds, grid.seconds) > 0


@every_tolerance
def test_stated_error_bounds_the_true_one_and_is_no_more_than_four_times_it(case: Case, tolerance: float) -> None:
    for which in (0, 1):
        true = error(case, field_of(case, which, tolerance), against=case.truths[which]())
        assert true <= 2 * solved(case, which, tolerance).own_error
        assert solved(case, which, tolerance).own_error <= 4 * true + 1e-15  # rounding


def orders(case: Case, solve: Callable[[int], Field], sizes: tuple[int, ...], truth: Field) -> Array:
    errors = [error(case, solve(n), truth) for n in sizes]
    return np.log2(np.array(errors[:-1]) / errors[1:])


@every_case
def test_differences_are_of_second_order(case: Case) -> None:
    found = orders(case, case.on_grid, case.grids, case.truths[1]())
    assert np.abs(found - 2).max() < 0.2, found


def test_kink_makes_the_fourier_method_one_of_second_order() -> None:
    def solve(n: int) -> Field:
        return fine_fourier() if n == 2048 else allen_cahn.solve_by_fourier(n, **AC)

    found = orders(ALLEN_CAHN, solve, (512, 1024, 2048), extrapolated_lines())
    assert np.abs(found - 2).max() < 0.2, found


def test_exponential_steps_are_of_fourth_order() -> None:
    def last(steps: int) -> float:
        v, decay = np.array([0.5]), np.array([-3.0])
        for _ in range(steps):
            v = allen_cahn.exponential_step(lambda v: 5 * v**2, v, allen_cahn.exponential_weights(decay, 1.0 / steps))
        return float(v[0])

    exact = 3 / (5 + np.exp(3.0))  # dv/dt = -3 v + 5 v^2, v(0) = 1/2: 1/v = 5/3 + exp(3 t) / 3
    errors = np.abs([last(steps) - exact for steps in (20, 40, 80, 160)])
    assert np.abs(np.log2(errors[:-1] / errors[1:]) - 4).max() < 0.2


def derivative(field: Field, at: dict[str, Array], along: str, order: int, step: float) -> Array:
    """The first or second derivative by sixth-order central differences."""
    weights = {1: [-1 / 60, 3 / 20, -3 / 4, 0, 3 / 4, -3 / 20, 1 / 60], 2: [1 / 90, -3 / 20, 3 / 2, -49 / 18]}[order]
    weights = weights + weights[-2::-1] if order == 2 else weights
    shifted = [field(**{**at, along: at[along] + k * step}) for k in range(-3, 4)]
    return np.tensordot(np.array(weights), np.stack(shifted), axes=1) / step**order


def terms(case: Case) -> list[Array]:
    """Those of the equation, whose sum is zero, on random points inside."""
    field, (at, _) = field_of(case, 0, 1e-5 if case is ALLEN_CAHN else 1e-4), case.points(2000, margin=0.05)
    u, (p, step) = field(**at), (case.parameters, 1e-3 if case is ALLEN_CAHN else 5e-3)
    second = {name: derivative(field, at, name, 2, step) for name in case.domain if name != "t"}
    if case.module is poisson:
        load = len(second) * np.pi**2 * np.prod([np.sin(np.pi * at[name]) for name in second], axis=0)
        return [*second.values(), load]
    rate = -derivative(field, at, "t", 1, step)
    if case.module is heat_plate:
        return [rate, *(p["alpha"] * diffusion for diffusion in second.values())]
    if case.module is fisher_kpp:
        return [rate, p["D"] * second["x"], p["r"] * u, -p["r"] * u**2]
    return [rate, p["eps"] * second["x"], p["r"] * u, -p["r"] * u**3]


@every_case
def test_solution_has_no_residual_and_its_mutants_have(case: Case) -> None:
    parts = terms(case)
    residual = sum(parts, start=np.zeros(2000))
    for term in parts:
        size = np.linalg.norm(term)
        assert np.linalg.norm(residual) < (1e-3 if case is ALLEN_CAHN else 1e-5) * size
        for factor in (0.98, 1.02, -1.0):
            assert np.linalg.norm(residual + (factor - 1) * term) > 0.9 * abs(factor - 1) * size


def prescribed(case: Case, at: dict[str, Array]) -> Array:
    """The value at the start, in the coordinates of space."""
    if case.module is allen_cahn:
        return at["x"] ** 2 * np.cos(np.pi * at["x"])
    if case.module is fisher_kpp:
        return (1 + np.exp(at["x"] / np.sqrt(6))) ** -2.0
    return np.sin(np.pi * at["x"]) * (1 - 4 * at["y"] ** 2 / 7 + at["y"] ** 4 / 21)


@every_case
def test_initial_values_hold(case: Case) -> None:
    # Where the initial value contradicts the Robin condition, the series converges as 1/n at that corner.
    for which, bound in ((0, 2e-3 if case is WINDY else 1e-6), (1, 1e-5)):
        field = field_of(case, which)
        if "t" in case.domain:
            for early in (0.0, 1e-13):
                at = case.face("t", early)
                assert np.abs(field(**at) - prescribed(case, at)).max() < bound
        assert field(**case.face("x", 0.0)).shape == case.face("x", 0.0)["x"].shape


@every_case
def test_boundary_values_hold(case: Case) -> None:
    for which in (0, 1):
        field = field_of(case, which)
        if case is ALLEN_CAHN:
            np.testing.assert_allclose(field(**case.face("x", -1.0)), field(**case.face("x", 1.0)), atol=1e-12)
            continue
        for name in [name for name in case.domain if name == "x" or case.module is poisson]:
            for end in case.domain[name]:
                at = case.face(name, end)
                value = (1 + np.exp(at["x"] / np.sqrt(6) - 5 * at["t"] / 6)) ** -2 if case is FISHER else 0.0
                assert np.abs(field(**at) - value).max() < (1e-6 if case is FISHER else 1e-12)


@pytest.mark.parametrize("case", [PLATE, WINDY], ids=["plate", "windy"])
def test_plate_is_insulated_and_cooled(case: Case) -> None:
    for which, bound in ((0, 1e-5), (1, 5e-3)):
        field, line = field_of(case, which), np.linspace(0.05, 0.95, 50)
        inside = {"x": line, "y": np.zeros(50), "t": line}
        outside = {**inside, "y": np.ones(50)}
        loss, slope = case.parameters["h"] * field(**outside), derivative(field, outside, "y", 1, 1e-3)
        assert np.abs(derivative(field, inside, "y", 1, 1e-3)).max() < bound
        assert np.linalg.norm(slope + loss) < bound * np.linalg.norm(loss)
        assert np.linalg.norm(slope + 1.02 * loss) > 1e-2 * np.linalg.norm(loss)


def test_series_has_the_stated_form() -> None:
    at = {"x": np.array([0.3]), "y": np.array([0.6]), "t": np.array([0.9])}
    first = cooling.eigenvalues(1, 2.0)[0]
    late = field_of(PLATE, 0)(**{**at, "t": np.array([1.0])}) / field_of(PLATE, 0)(**at)
    assert late[0] == pytest.approx(np.exp(-0.1 * 0.1 * (np.pi**2 + first**2)), rel=1e-2)


@every_case
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"space": SimpleNamespace(bounds={"x": (0.0, 2.0), "y": (0.0, 1.0)})}, r"x in \(0, 2\), y in \(0, 1\)"),
        ({"time": (0.0, 2.0)}, r"t in \(0, 2\)"),
        ({"time": None, "space": None}, "no domain"),
    ],
)
def test_another_domain_is_refused_with_words(case: Case, change: dict[str, Any], words: str) -> None:
    for which in case.names:
        with pytest.raises(ValueError, match=f"(?s)this reference solves .*{words}"):
            getattr(case.module, which)(SimpleNamespace(**{**vars(case.problem()), **change}))


@pytest.mark.parametrize("case", [PLATE, ALLEN_CAHN, FISHER], ids=["plate", "allen-cahn", "fisher"])
def test_another_parameter_is_refused_with_words(case: Case) -> None:
    for which in case.names:
        for name, value in case.parameters.items():
            for wrong in (None, -value, (value, value)):
                problem = SimpleNamespace(**{**vars(case.problem()), "parameters": {**case.parameters, name: wrong}})
                with pytest.raises(
                    ValueError, match=f"(?s)this reference solves .*needs {name} as a number above zero"
                ):
                    getattr(case.module, which)(problem)


@every_case
def test_fields_keep_the_shape(case: Case) -> None:
    points, _ = case.points(12)
    for which in (0, 1):
        field = field_of(case, which)
        found = field(**{name: at.reshape(3, 4) for name, at in points.items()})
        assert found.shape == (3, 4)
        np.testing.assert_allclose(found.ravel(), field(**points), rtol=1e-12, atol=1e-14)


def test_front_does_not_overflow() -> None:
    u = fisher_kpp.front(1e-8, 1.0)(x=np.array([-10.0, 20.0]), t=np.array([5.0, 0.0]))
    np.testing.assert_array_equal(u, [1.0, 0.0])


def test_spline_is_exact_for_quintics() -> None:
    nodes = {"x": np.linspace(0.0, 1.0, 11), "t": np.linspace(-1.0, 1.0, 8)}
    field = poisson.spline(nodes, np.multiply.outer(nodes["x"] ** 5, nodes["t"] ** 4))
    x, t = np.random.default_rng(1).uniform(size=(2, 100))
    np.testing.assert_allclose(field(x=x, t=t), x**5 * t**4, atol=1e-12)


def test_eigenvectors_give_the_exponential_of_the_difference_matrix() -> None:
    diagonal, above, below = np.array([-2.0, -2, -2, -2.5]), np.array([2.0, 1, 1]), np.array([1.0, 1, 2])
    matrix = np.diag(diagonal) + np.diag(above, 1) + np.diag(below, -1)
    values, wave, share = heat_plate.diagonalise(diagonal, above, below)
    np.testing.assert_allclose((wave * np.exp(values)) @ share, expm(matrix), atol=1e-13)
