"""The references against each other, against theory, and against their own words about their errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from validation import burgers, cooling, heat
from validation.refine import Array, Field, march, refine

NU = 0.01 / np.pi


@dataclass(frozen=True)
class Case:
    """One problem: its module, the names of its two references, its parameters, and a field without error."""

    module: Any
    exact: str
    parameters: tuple[tuple[str, float], ...]
    x: tuple[float, float] = (0.0, 1.0)

    def problem(self, tolerance: float = 1e-3) -> Any:
        space = SimpleNamespace(bounds={"x": self.x})
        return SimpleNamespace(parameters=dict(self.parameters), tolerance=tolerance, space=space, time=(0.0, 1.0))

    def on_grid(self, n: int) -> Field:
        field: Field = self.module.solve_on_grid(n, **dict(self.parameters))
        return field

    def points(self, count: int = 40_000) -> tuple[Array, Array]:
        """Random x, and random t = s^3, which see the layer at the start; their weight is t^(2/3)."""
        generator = np.random.default_rng(7)
        return generator.uniform(*self.x, count), generator.uniform(0.0, 1.0, count) ** 3


HEAT = Case(heat, "exact_series", (("alpha", 0.3),))
WALL = Case(cooling, "eigenfunction_series", (("alpha", 1.0), ("h", 2.0)))
WINDY = Case(cooling, "eigenfunction_series", (("alpha", 1.0), ("h", 5.0)))
SMOOTH = Case(burgers, "cole_hopf", (("nu", 0.05),), (-1.0, 1.0))
SHOCK = Case(burgers, "cole_hopf", (("nu", NU),), (-1.0, 1.0))
CASES = [HEAT, WALL, WINDY, SMOOTH, SHOCK]
every_case = pytest.mark.parametrize("case", CASES, ids=["heat", "wall", "windy", "smooth", "shock"])


@cache
def solved(case: Case, which: str, tolerance: float) -> Any:
    return getattr(case.module, which)(case.problem(tolerance))


@cache
def truth(case: Case) -> Array:
    """On the case's points: the formula for heat, 1,024 terms for the wall, eight times the nodes for Burgers."""
    (x, t), p = case.points(), dict(case.parameters)
    if case.module is heat:
        return np.asarray(np.exp(-p["alpha"] * np.pi**2 * t) * np.sin(np.pi * x))
    field = cooling.solve_by_series(1024, **p) if case.module is cooling else burgers.solve_by_quadrature(8, **p)
    return field(x=x, t=t)


def error(case: Case, field: Field, against: Field | None = None) -> float:
    """The relative L2 error over space and time."""
    x, t = case.points()
    right = truth(case) if against is None else against(x=x, t=t)
    weight = np.cbrt(t)
    return float(np.linalg.norm(weight * (field(x=x, t=t) - right)) / np.linalg.norm(weight * right))


@pytest.mark.parametrize("tolerance", [1e-3, 1e-4])
@every_case
def test_two_independent_references_agree_within_their_stated_errors(case: Case, tolerance: float) -> None:
    exact, lines = solved(case, case.exact, tolerance), solved(case, "method_of_lines", tolerance)
    assert error(case, lines.fields["u"], against=exact.fields["u"]) <= exact.own_error + lines.own_error
    assert max(exact.own_error, lines.own_error) <= tolerance / 10
    assert min(exact.seconds, lines.seconds) > 0


@pytest.mark.parametrize("tolerance", [1e-3, 1e-4])
@every_case
def test_stated_error_bounds_the_true_one_and_is_no_more_than_four_times_it(case: Case, tolerance: float) -> None:
    for which in (case.exact, "method_of_lines"):
        reference = solved(case, which, tolerance)
        true = error(case, reference.fields["u"])
        assert true <= 2 * reference.own_error
        assert reference.own_error <= 4 * true + 1e-15  # rounding


@every_case
def test_method_of_lines_is_of_second_order(case: Case) -> None:
    grids = [1024, 2048, 4096] if case is SHOCK else [64, 128, 256]  # where the layer has a dozen nodes
    errors = [error(case, case.on_grid(n)) for n in grids]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.abs(orders - 2).max() < 0.2, orders


def test_cole_hopf_is_cole_and_hopf_s_integral() -> None:
    def integral(power: int, x: float, t: float) -> float:
        def integrand(y: float) -> float:
            weight = np.exp(-((x - y) ** 2) / (4 * 0.05 * t) - (1 + np.cos(np.pi * y)) / (0.1 * np.pi))
            return float(((x - y) / t) ** power * weight)

        return float(quad(integrand, x - 4, x + 4, epsabs=0, epsrel=1e-11, limit=400, points=[x - t, x, x + t])[0])

    field = burgers.solve_by_quadrature(2, 0.05)
    for x, t in [(0.1, 0.2), (-0.6, 0.5), (0.02, 1.0), (0.9, 0.7)]:
        expected = integral(1, x, t) / integral(0, x, t)
        assert field(x=np.array([x]), t=np.array([t]))[0] == pytest.approx(expected, rel=1e-9)


@every_case
def test_initial_and_boundary_values_hold(case: Case) -> None:
    line = np.linspace(0.0, 1.0, 101)
    x, start, tiny = case.x[0] + (case.x[1] - case.x[0]) * line, np.zeros(101), np.full(101, 1e-13)
    initial = {heat: np.sin(np.pi * x), cooling: cooling.initial(x), burgers: -np.sin(np.pi * x)}[case.module]
    # Where the initial value contradicts the Robin condition, the series converges as 1/n at that corner.
    for which, bound in ((case.exact, 2e-3 if case is WINDY else 1e-7), ("method_of_lines", 1e-5)):
        u = solved(case, which, 1e-4).fields["u"]
        for early in (start, tiny):
            assert np.abs(u(x=x, t=early) - initial).max() < bound
        if case.module is not cooling:
            for end in case.x:
                assert np.abs(u(x=np.full(101, end), t=line)).max() < 1e-12


def difference(field: Field, x: Array, t: Array, along: str, order: int, step: float = 5e-3) -> Array:
    """The first or second derivative by sixth-order central differences."""
    weights = {1: [-1 / 60, 3 / 20, -3 / 4, 0, 3 / 4, -3 / 20, 1 / 60], 2: [1 / 90, -3 / 20, 3 / 2, -49 / 18]}[order]
    weights = weights + weights[-2::-1] if order == 2 else weights
    shifted = [field(x=x + k * step * (along == "x"), t=t + k * step * (along == "t")) for k in range(-3, 4)]
    return np.tensordot(np.array(weights), np.stack(shifted), axes=1) / step**order


@pytest.mark.parametrize("case", [HEAT, WALL, SMOOTH], ids=["heat", "wall", "burgers"])
def test_exact_solution_has_no_residual_and_its_mutants_have(case: Case) -> None:
    field, (x, t) = solved(case, case.exact, 1e-4).fields["u"], case.points(2000)
    x, t = x * 0.95, 0.1 + 0.8 * t
    rate, diffusion = difference(field, x, t, "t", 1), difference(field, x, t, "x", 2)
    diffusion *= dict(case.parameters)["nu" if case is SMOOTH else "alpha"]
    advection = field(x=x, t=t) * difference(field, x, t, "x", 1) * (case is SMOOTH)

    def residual(coefficient: float, sign: float = 1.0) -> float:
        return float(np.linalg.norm(sign * rate + advection - coefficient * diffusion) / np.linalg.norm(diffusion))

    assert residual(1.0) < 1e-5
    assert min(residual(1.02), residual(0.98)) > 1e-2
    assert min(residual(-1.0), residual(1.0, sign=-1.0)) > 0.5


@pytest.mark.parametrize("case", [WALL, WINDY], ids=["wall", "windy"])
def test_wall_is_insulated_and_cooled(case: Case) -> None:
    field, t = solved(case, case.exact, 1e-4).fields["u"], np.linspace(0.05, 1.0, 50)
    inside, outside = np.zeros(50), np.ones(50)
    loss = dict(case.parameters)["h"] * field(x=outside, t=t)
    slope = difference(field, outside, t, "x", 1)
    assert np.abs(difference(field, inside, t, "x", 1)).max() < 1e-9
    assert np.linalg.norm(slope + loss) < 1e-7 * np.linalg.norm(loss)
    assert np.linalg.norm(slope + 1.02 * loss) > 1e-2 * np.linalg.norm(loss)


@pytest.mark.parametrize("case", [HEAT, WALL, SMOOTH], ids=["heat", "wall", "burgers"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"space": SimpleNamespace(bounds={"x": (0.0, 2.0)})}, r"x in \(0, 2\), t in \(0, 1\)"),
        ({"space": SimpleNamespace(bounds={"y": (0.0, 1.0)})}, r"y in \(0, 1\)"),
        ({"time": (0.0, 2.0)}, r"t in \(0, 2\)"),
        ({"time": None, "space": None}, "no domain"),
        ({"parameters": {"kappa": 1.0}}, r"needs (alpha|nu) as a number above zero.*kappa"),
        ({"parameters": {"alpha": -1.0, "nu": (0.1, 1.0)}}, "needs (alpha|nu) as a number above zero"),
    ],
)
def test_another_problem_is_refused_with_words(case: Case, change: dict[str, Any], words: str) -> None:
    for which in (case.exact, "method_of_lines"):
        with pytest.raises(ValueError, match=f"(?s)this reference solves .*u_t.*{words}"):
            getattr(case.module, which)(SimpleNamespace(**{**vars(case.problem()), **change}))


def test_field_keeps_the_shape_and_refuses_to_broadcast() -> None:
    u = solved(HEAT, "exact_series", 1e-3).fields["u"]
    assert u(x=np.full((3, 4), 0.5), t=np.zeros((3, 4))).shape == (3, 4)
    with pytest.raises(ValueError, match="one shape"):
        u(x=np.zeros(3), t=np.zeros((3, 1)))


def test_limit_of_refinement_is_told_honestly() -> None:
    found = refine("lines", lambda n: {"u": HEAT.on_grid(n)}, (8, 32), HEAT.problem(1e-9), heat.ROD, order=2)
    assert found.own_error > 1e-10
    assert error(HEAT, found.fields["u"]) <= 2 * found.own_error


def test_interpolation_between_nodes_is_exact_for_cubics() -> None:
    x = np.linspace(0.0, 1.0, 11)
    field = march(lambda t, _: 3 * t**2 * x**3, x, np.zeros(11), accuracy=1e-8)
    at, t = np.random.default_rng(1).uniform(size=(2, 100))
    np.testing.assert_allclose(field(x=at, t=t), at**3 * t**3, atol=1e-8)


def test_what_lies_outside_of_the_domain_is_no_part_of_the_own_error() -> None:
    """A tenth of the box is the domain, and elsewhere all sizes agree: over the box the error would be told a third."""

    def solve(n: int) -> dict[str, Field]:
        return {"u": lambda x: np.where(x < 0.1, 1 + 1 / n, 1.0)}

    told = SimpleNamespace(tolerance=1e-6)
    found = refine("steps", solve, (1, 2), told, {"x": (0.0, 1.0)}, within=lambda x: x < 0.1)
    assert found.own_error == pytest.approx(1.25 * 0.5 / 1.5, rel=1e-12)
