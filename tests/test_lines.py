"""Problems along one coordinate over cells: orders from theory, right answers of every kind, honest ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import cos, exp, sin, where

from pinnsolve import (
    Box,
    Problem,
    Solution,
    condition,
    d,
    dirichlet,
    face,
    initial,
    initial_rate,
    periodic,
    point,
    solve,
)
from pinnsolve.algebra.operations import Work
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.checks.check import check
from pinnsolve.checks.fluxes import bend
from pinnsolve.errors import NotConverged
from pinnsolve.line.cell_operator import CellOperator
from pinnsolve.line.cells import Cells, defects, ends_of
from pinnsolve.line.march import LineMarch
from pinnsolve.line.operator import LineOperator
from pinnsolve.line.scheme import LineScheme
from pinnsolve.methods.line_condition import missing, turns_singular
from pinnsolve.methods.line_solving import cells_of, given, stepped
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.tiles import Tiles, sizes_of
from pinnsolve.networks.traces import Across, Traces
from pinnsolve.trial.exact import verified
from pinnsolve.trial.line import Line, read_line
from pinnsolve.trial.lined import Lined

CPU = torch.device("cpu")
EPS = 1e-4


def posed(equations: Any, conditions: list[Any], unknowns: Any = "u", space: Any = (0, 1), time: Any = None) -> Problem:
    box = None if space is None else Box(x=space)
    return Problem(
        space=box, time=time, unknowns=unknowns, equations=equations, conditions=conditions, reference=None
    )  # fmt: skip


def read(problem: Problem) -> Line:
    made, _ = verified(problem, check(problem))
    line = read_line(problem, made)
    assert line is not None
    return line


def slope(u: Any, x: Any) -> Any:
    return d(u, x)


def moment(u: Any, x: Any) -> Any:
    return d(u, x, x)


def shear(u: Any, x: Any) -> Any:
    return d(u, x, x, x)


def layer(u: Any, x: Any) -> Any:
    return EPS * d(u, x, x) + d(u, x) - 1


def bratu(u: Any, x: Any) -> Any:
    return d(u, x, x) + exp(u)


def oscillator(u: Any, t: Any) -> Any:
    return d(u, t, t) + u


def loaded(u: Any, x: Any) -> Any:
    return d(u, x, x, x, x) - where(x < 0.3, 24.0, 0.0)


def relaxing(u: Any, t: Any) -> Any:
    return d(u, t) + 1e4 * (u - cos(t)) + sin(t)


def switched(u: Any, t: Any) -> Any:
    return d(u, t) + 20 * u - where(t < 0.5, 1.0, 5.0)


def two(u: Any, x: Any) -> Any:
    return d(where(x < 0.5, 1.0, 50.0) * d(u, x), x) + 1


def carried(u: Any, x: Any) -> Any:
    return d(where(x < 0.4, 1.0, 3.0) * u, x) - 0.5 * d(u, x, x)


def forced(u: Any, x: Any) -> Any:
    return d(u, x) + u - sin(x)


def charge(v: Any, i: Any, t: Any) -> Any:
    return 1e-3 * d(v, t) - i


def loop(v: Any, i: Any, t: Any) -> Any:
    return v + i - sin(t)


CANTILEVER = [
    dirichlet(u=0, on=face(x=0)), condition(slope, on=face(x=0)),
    condition(moment, on=face(x=1)), condition(shear, on=face(x=1)),
]  # fmt: skip
THETA = 1.5171645990507543  # theta = sqrt(2) cosh(theta/4)


def emptied(u: Any, v: Any, t: Any) -> Any:
    return d(u, t) + v


def outflow(u: Any, v: Any, t: Any) -> Any:
    return v**3 + 1e-3 * v - u


def flowing_out(t: Any) -> Any:
    """By t = 3 (1 - v^2) / 2 - log(v) / 1000."""
    v = np.geomspace(1, 1e-70, 400_000)
    return np.interp(t, 1.5 * (1 - v**2) - 1e-3 * np.log(v), v)


def bent(x: Any) -> Any:
    a = 0.3
    return np.where(x < a, x**4 - 4 * a * x**3 + 6 * a * a * x * x, 3 * a**4 + 4 * a**3 * (x - a))


def after_switch(t: Any) -> Any:
    at = (1 - math.exp(-10)) / 20
    return np.where(t < 0.5, (1 - np.exp(-20 * t)) / 20, 0.25 + (at - 0.25) * np.exp(-20 * (t - 0.5)))


def two_materials(x: Any) -> Any:
    flux = (0.125 + 0.375 / 50) / (0.5 + 0.5 / 50)
    left, right = np.minimum(x, 0.5), np.maximum(x, 0.5)
    return flux * left - left**2 / 2 + (flux * (right - 0.5) - (right**2 - 0.25) / 2) / 50


def carried_exactly(x: Any) -> Any:
    def sides(j: float) -> Any:
        at = j + (1 - j) * math.exp(0.8)
        return np.where(
            x < 0.4, j + (1 - j) * np.exp(2 * np.minimum(x, 0.4)), j / 3 + (at - j / 3) * np.exp(6 * (np.maximum(x, 0.4) - 0.4))
        )  # fmt: skip

    def end(j: float) -> float:
        return j / 3 + (j + (1 - j) * math.exp(0.8) - j / 3) * math.exp(3.6)

    return sides(-end(0) / (end(1) - end(0)))


CASES: dict[str, tuple[Problem, dict[str, Callable[..., Any]], float]] = {
    "layer": (posed(layer, [dirichlet(u=0)]), {"u": lambda x: x - (1 - np.exp(-x / EPS))}, 1e-9),
    "bratu": (
        posed(bratu, [dirichlet(u=0)]),
        {"u": lambda x: -2 * np.log(np.cosh((x - 0.5) * THETA / 2) / np.cosh(THETA / 4))}, 1e-10,
    ),
    "oscillator": (posed(oscillator, [initial(u=1), initial_rate(u=0)], space=None, time=(0, 600)), {"u": np.cos}, 1e-6),
    "beam": (posed(loaded, CANTILEVER), {"u": bent}, 1e-5),
    "stiff": (posed(relaxing, [initial(u=0)], space=None, time=(0, 10)), {"u": lambda t: np.cos(t) - np.exp(-1e4 * t)}, 1e-6),
    "switch": (posed(switched, [initial(u=0)], space=None, time=(0, 1)), {"u": after_switch}, 1e-9),
    "two materials": (posed(two, [dirichlet(u=0)]), {"u": two_materials}, 1e-10),
    "flow into another": (
        posed(carried, [dirichlet(u=1, on=face(x=0)), dirichlet(u=0, on=face(x=1))]), {"u": carried_exactly}, 1e-8,
    ),
    "ring": (posed(forced, [periodic("x")], space=(0, 2 * math.pi)), {"u": lambda x: (np.sin(x) - np.cos(x)) / 2}, 1e-10),
    "from the middle": (
        posed(lambda u, x: d(u, x, x) + u, [dirichlet(u=0, on=point(x=1)), condition(lambda u, x: d(u, x) - 1, on=point(x=1))], space=(-3, 4)),
        {"u": lambda x: np.sin(x - 1)}, 1e-9,
    ),
    "circuit": (
        posed([charge, loop], [initial(v=0)], ("v", "i"), space=None, time=(0, 3)),
        {"v": lambda t: (np.sin(t) - 1e-3 * np.cos(t) + 1e-3 * np.exp(-1e3 * t)) / (1 + 1e-6)}, 1e-6,
    ),
    "given algebraically, far from the first guess": (
        posed([emptied, outflow], [initial(u=1 + 1e-3)], ("u", "v"), space=None, time=(0, 1.6)), {"v": flowing_out}, 1e-3,
    ),
}  # fmt: skip


def error(problem: Problem, solution: Solution, unknown: str, exact: Callable[..., Any]) -> float:
    name = problem.coordinates[0]
    x = np.linspace(*problem.domain.ends(name), 2003)
    found = getattr(solution, unknown)(**{name: x})
    return float(np.linalg.norm(found - exact(x)) / np.linalg.norm(exact(x)))


@pytest.mark.parametrize("name", CASES)
def test_answers_are_right_and_say_how_right(name: str) -> None:
    problem, exact, tolerance = CASES[name]
    solution = solve(problem, budget=20)
    assert solution.converged and solution.training is not None and "LocalFeatures" in solution.training.network
    for unknown, truth in exact.items():
        assert error(problem, solution, unknown, truth) < tolerance
        assert solution.estimate is not None and error(problem, solution, unknown, truth) < 20 * solution.estimate


def root(u: Any, t: Any) -> Any:
    return 2 * torch.sqrt(t) * d(u, t) - 1 - u + torch.sqrt(t)


@pytest.mark.parametrize(
    ("problem", "exact", "tolerance"),
    [
        (posed(root, [initial(u=0)], space=None, time=(0, 1)), np.sqrt, 1e-2),  # two degrees more bring a fifth
        (posed(root, [initial(u=0)], space=None, time=(0, 1)), np.sqrt, 1e-5),
    ],
    ids=["root", "root, closer"],
)
def test_what_richer_cells_do_not_better_is_told(problem: Problem, exact: Any, tolerance: float) -> None:
    """By no less than half of the error: a fiftieth, a twentieth and a fifteenth of it was told by residuals alone."""
    solution = solve(problem.replaced(tolerance=tolerance), budget=20)
    x = np.linspace(*problem.domain.ends(problem.coordinates[0]), 20003)[1:-1]
    away = solution.u(**{problem.coordinates[0]: x}) - exact(x)
    assert solution.estimate is not None
    assert np.sqrt(np.mean(away**2)) / np.std(exact(x)) < 2 * solution.estimate


@pytest.mark.parametrize("viscosity", [0.02, 0.0165])
def test_a_layer_whose_place_hangs_on_the_ninth_digit_has_no_estimate_that_is_too_kind(viscosity: float) -> None:
    """Rounding decides whether it is found: 1.1e-9 was told for 1.7e-8, 5e-4 for 0.4 where the budget had ended, and
    2e-4 for 0.45 beside random features where richer ones did not settle."""

    def layer(u: Any, x: Any) -> Any:
        return viscosity * d(u, x, x) - u * d(u, x)

    def wall(x: Any) -> Any:
        return -torch.tanh((x - 0.43) / (2 * viscosity))

    solution = solve(posed(layer, [dirichlet(u=wall)]), budget=1)
    x = torch.linspace(0, 1, 20003, dtype=torch.float64)[1:-1]
    away = np.sqrt(np.mean((solution.u(x=x) - wall(x).numpy()) ** 2)) / np.std(wall(x).numpy())
    assert solution.estimate is None or away < 2 * solution.estimate


def test_cells_that_are_not_solved_again_lack_what_richer_features_would_add() -> None:
    """Of a linear equation that is their error, but for what the richer ones leave."""
    problem = posed(lambda u, x: d(u, x, x) - 100 * u, [dirichlet(u=lambda x: exp(-10 * x))])
    scheme = LineScheme(read(problem), 5, CPU)
    mesh = Tiles.begun([scheme.line.ends], 4, [[]], CPU)
    start = Cells(scheme, mesh, torch.zeros(4, 1, scheme.cell.count, dtype=torch.float64), scheme.line.conditions)
    cells = JoinedNewton(LineOperator.of, scheme.floors, 1e-12).solve(start)
    assert cells is not None
    x, w = scheme.cell.gauss(40)
    places, table = mesh.points(x)[..., 0], scheme.cell.features(x, (0,))
    away = (table @ cells.coefficients[:, 0, :, None])[..., 0] - exp(-10 * places)
    true = float(((away.square() @ w).mean() / w.sum()).sqrt() / exp(-10 * places).std())
    assert missing(cells, 1) == pytest.approx(true, rel=0.5)


@pytest.mark.parametrize(
    ("law", "end", "turns"),
    [
        (lambda u, v: v**2 - u, 1.9, None),
        (lambda u, v: v**2 - u, 2.0, None),  # at the end nothing follows
        (lambda u, v: v**2 - u, 2.5, 2.0),
        (lambda u, v, t: v - 1 + t / 2 + 0 * u, 2.5, None),
    ],
    ids=["before", "at the end", "beyond", "another law"],
)
def test_where_equations_stop_to_ask_for_a_rate_is_seen(law: Any, end: float, turns: float | None) -> None:
    """u = (1 - t/2)^2, v = 1 - t/2, u' = -v: with v^2 = u it may stay zero from t = 2 on, and leave at any time."""
    rate = posed([lambda u, v, t: d(u, t) + v, law], [initial(u=1)], ("u", "v"), None, (0, end))
    scheme = LineScheme(read(rate), 7, CPU)
    mesh = Tiles.begun([scheme.line.ends], 16, [[]], CPU)
    t = mesh.points(scheme.cell.gauss(scheme.cell.count)[0])[..., 0]
    cells = Cells(scheme, mesh, scheme.nearest(torch.stack([(1 - t / 2) ** 2, 1 - t / 2], -1)))
    found = turns_singular(cells)
    assert found == turns if turns is None else found == pytest.approx(turns, abs=0.05)


def pendulum(u: Any, t: Any) -> Any:
    return d(u, t, t) + sin(u)


PENDULUM = posed(pendulum, [initial(u=2), initial_rate(u=0)], space=None, time=(0, 10))


def trial(problem: Problem, degree: int = 11) -> Lined:
    made, _ = verified(problem, check(problem))
    found = Lined(problem, LocalFeatures(degree=degree), made)
    found.read = read(problem)
    return found


@pytest.mark.parametrize("degree", [5, 7])
def test_a_march_has_the_order_of_its_features(degree: int) -> None:
    """Twice the cells: 2^-(degree + 1) of the error between joints, seen on steps of one length."""
    problem = posed(oscillator, [initial(u=1), initial_rate(u=0)], space=None, time=(0, 8))
    line, errors = read(problem), []
    for count in (8, 16):
        scheme = LineScheme(line, degree, CPU)
        mesh = Tiles.begun([(0.0, 8.0)], count, [()], CPU)
        c = torch.zeros(count, 1, scheme.cell.count, dtype=torch.float64)
        solved = JoinedNewton(LineOperator.of, torch.ones(1, dtype=torch.float64), 1e-12).solve(
            Cells(scheme, mesh, c, line.conditions)
        )
        assert solved is not None
        x = mesh.points(scheme.cell.gauss(9)[0])[..., 0]
        errors.append(
            float((solved.coefficients[:, 0] @ scheme.cell.table(9, (0,)).T - x.cos()).square().mean().sqrt())
        )
    assert math.log2(errors[0] / errors[1]) > degree + 0.5


def test_a_march_goes_on_to_the_same_bits() -> None:
    whole, part = trial(PENDULUM), trial(PENDULUM)
    scheme = LineScheme(read(PENDULUM), 11, CPU)
    first, second = (LineMarch(scheme, 1e-5, given(t)) for t in (whole, part))
    while first.advance():
        pass
    for _ in range(3):
        second.advance()
    again = LineMarch(
        scheme, 1e-5, given(part), list(second.edges), list(second.made), second.width, second.side, second.sizes
    )
    while again.advance():
        pass
    assert again.edges == first.edges and all(torch.equal(a, b) for a, b in zip(again.made, first.made, strict=True))


@pytest.mark.parametrize("side", [0, 1])
def test_a_cell_of_a_march_is_solved_as_a_chain_whose_start_is_said(side: int) -> None:
    """Its equations alone leave the traces where it begins as they are, and bring it to what conditions there say."""
    problem = posed(pendulum, [initial(u=2), initial_rate(u=0.5)], space=None, time=(0, 0.7))
    scheme = LineScheme(read(problem), 7, CPU)
    mesh = Tiles.along([0.0, 0.7], CPU)
    wave = torch.sin(torch.arange(scheme.cell.count, dtype=torch.float64))[None, None]
    known = torch.tensor([2.0, 0.5], dtype=torch.float64)
    cell = Cells(scheme, mesh, wave, known=(side, known)).closed()
    assert torch.allclose(ends_of(cell, side), known, atol=1e-12)
    assert torch.allclose(ends_of(cell, 1 - side), ends_of(Cells(scheme, mesh, wave), 1 - side), atol=1e-12)
    found = JoinedNewton(CellOperator.of, scheme.floors, 1e-12).solve(cell)
    assert found is not None and torch.allclose(ends_of(found, side), known, atol=1e-12)
    assert float(found.left().abs().max()) < 1e-11
    if side == 0:  # the conditions' own side
        chain = JoinedNewton(LineOperator.of, scheme.floors, 1e-12).solve(
            Cells(scheme, mesh, wave, scheme.line.conditions)
        )
        assert chain is not None and torch.allclose(found.coefficients, chain.coefficients, atol=1e-11)


def test_a_closer_march_goes_on_from_the_cells_that_are_known() -> None:
    """No cell is marched again: what leaves too much is halved, and all else stays where it was."""
    known, closer = trial(PENDULUM, 7), trial(PENDULUM, 9)
    closer.problem = known.problem
    state: dict[str, Any] = {"march": {}, "done": False}
    while not state["done"]:
        state = stepped(known, None, 1e-2, state, Work())
    work = Work()
    state = stepped(closer, known, 1e-8, {"march": {}, "done": False}, work)
    assert state["done"] and not state["stuck"] and not state["march"]
    few, many = (t.edges.tolist() for t in (known, closer))
    assert len(many) > len(few) and min(min(abs(a - b) for b in many) for a in few) < 1e-12
    cells = cells_of(closer)
    assert float(defects(cells, sizes_of(cells.coefficients, cells.mesh)).max()) < 1e-8


def test_rounding_of_a_pendulum_leaves_ten_digits() -> None:
    """Coefficients are off by no more than residuals are: told by the largest of them it had ended without convergence,
    at an error of 2e-13, and a beam had told 4e-7 for 2e-15."""
    solution = solve(PENDULUM.replaced(tolerance=1e-10), budget=20)
    assert solution.converged and solution.training is not None and solution.training.estimate is not None
    t = np.linspace(0, 10, 501)
    truth = solve_ivp(lambda _, y: [y[1], -math.sin(y[0])], (0, 10), [2, 0], "DOP853", t, rtol=3e-14, atol=1e-15).y[0]
    assert np.sqrt(np.mean((solution.u(t=t) - truth) ** 2)) / np.std(truth) < solution.training.estimate


def reaction(a: Any, b: Any, c: Any, t: Any) -> Any:
    return d(a, t) + 0.04 * a - 1e4 * b * c


def radical(a: Any, b: Any, c: Any, t: Any) -> Any:
    return d(b, t) - 0.04 * a + 1e4 * b * c + 3e7 * b**2


def product(b: Any, c: Any, t: Any) -> Any:
    return d(c, t) - 3e7 * b**2


def test_stiff_equations_come_out_at_loose_tolerances() -> None:
    """Robertson's reactions. A polynomial that is carried on to the next cell runs away from stiff equations, the more
    the less was asked for: cells of a thousandth of their width followed, and no end was reached."""
    problem = posed([reaction, radical, product], [initial(a=1, b=0, c=0)], ("a", "b", "c"), None, (0, 1e4))
    solution = solve(problem.replaced(tolerance=0.1), budget=20)
    assert solution.converged and isinstance(solution.trial, Lined)
    assert len(solution.trial.coefficients) < 60

    def rates(t: float, y: np.ndarray) -> list[float]:
        gone, back, made = 0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
        return [back - gone, gone - back - made, made]

    t = np.geomspace(1e-4, 1e4, 50)
    truth = solve_ivp(rates, (0, 1e4), [1, 0, 0], "Radau", t, rtol=1e-9, atol=1e-13).y
    found = [getattr(solution, n)(t=t) for n in "abc"]
    assert max(np.abs(f - y).max() / np.abs(y).max() for f, y in zip(found, truth, strict=True)) < 1e-3


def rising(y: Any, z: Any, t: Any) -> Any:
    return d(y, t) - z


def relaxation(y: Any, z: Any, t: Any) -> Any:
    return d(z, t) - 1000 * (1 - y**2) * z + y


def test_a_relaxation_oscillator_is_known_as_well_as_it_is_told() -> None:
    """Van der Pol's equation with a jump of width 1e-3 at t = 807, whose moment hangs on every term before."""
    problem = posed([rising, relaxation], [initial(y=2, z=0)], ("y", "z"), None, (0, 1000))
    solution = solve(problem.replaced(tolerance=1e-3), budget=20)
    assert solution.converged and solution.training is not None and solution.training.estimate is not None

    def rates(t: float, y: np.ndarray) -> list[float]:
        return [y[1], 1000 * (1 - y[0] ** 2) * y[1] - y[0]]

    truth = solve_ivp(rates, (0, 1000), [2, 0], "Radau", rtol=1e-9, atol=1e-12, dense_output=True).sol
    assert isinstance(solution.trial, Lined)
    edges, (gauss, weights) = solution.trial.edges.numpy(), np.polynomial.legendre.leggauss(30)
    half = np.diff(edges)[:, None] / 2
    t, w = (edges[:-1, None] + half * (1 + gauss)).ravel(), (half * weights).ravel()
    right = truth(t)[1]
    away, varies = w @ (solution.z(t=t) - right) ** 2, w @ (right - w @ right / w.sum()) ** 2
    assert np.sqrt(away / varies) < solution.training.estimate < 1e-3


def test_rounding_of_a_long_oscillation_leaves_nine_digits() -> None:
    """600 periods to 1e-9, of which rounding makes 1e-13."""
    problem = posed(oscillator, [initial(u=1), initial_rate(u=0)], space=None, time=(0, 1200 * math.pi))
    solution = solve(problem.replaced(tolerance=1e-9), budget=20)
    assert solution.converged
    t = np.linspace(0, 1200 * math.pi, 5001)
    assert np.abs(solution.u(t=t) - np.cos(t)).max() < 1e-9


def test_a_saved_solution_is_the_same() -> None:
    solution = solve(CASES["layer"][0], budget=20)
    made = solution.trial
    assert isinstance(made, Lined)
    other = trial(CASES["layer"][0], made.layer.degree)
    other.restore(made.tensors())
    assert torch.equal(other.coefficients, made.coefficients) and other.complete and len(cells_of(other).mesh) > 8


def test_traces_bend_and_come_back() -> None:
    mesh = Tiles.begun([(0.0, 1.0)], 4, [(0.3,)], CPU)
    matrix = torch.tensor([[1.0, 0.0], [2.0, 0.25]], dtype=torch.float64)
    traces = Traces(mesh, (2,), (6,), reference_cell(5, CPU), False, {0.3: Across(-matrix, torch.eye(2).double())})
    c = torch.randn(len(mesh), 1, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    joined = traces.joined(c)
    left, right = traces.of(joined)
    k = int((mesh.edges - 0.3).abs().argmin())
    units = traces.scales[k] ** traces.orders
    assert torch.allclose(left[k] / units, matrix @ (right[k - 1] / units))
    assert torch.allclose(traces.joined(joined), joined)


@pytest.mark.parametrize(
    ("equation", "wanted"),
    [
        (two, [[1, 0], [0, 0.02]]),
        (carried, [[1, 0], [4, 1]]),
        (lambda u, x: where(x < 0.5, 1.0, 50.0) * d(u, x, x) + 1, None),
        (lambda u, x: d(where(x < 0.5, 1.0, 50.0) * d(u, x) + where(x < 0.5, 0.0, 1.0), x), None),
        (lambda u, x: d(u, x, x) - where(x < 0.5, 1.0, 50.0), [[1, 0], [0, 1]]),
        (
            lambda u, x: d((0.01 + where(x < 0.5, 20 * (0.5 - x), 200 * (x - 0.5))) * d(u, x), x),
            [[1, 0], [0, 1]],
        ),  # a kink
    ],
)
def test_fluxes_say_how_slopes_go_on(equation: Any, wanted: Any) -> None:
    problem = posed(equation, [dirichlet(u=0)])
    found = bend(problem, "x", 0.4 if equation is carried else 0.5, {"u": 2})
    assert (found is None) == (wanted is None)
    if found is not None:
        assert torch.allclose(found, torch.tensor(wanted, dtype=torch.float64), atol=1e-8)


@pytest.mark.parametrize(
    "problem",
    [
        posed(lambda u, x: d(u, x, x) + math.pi**2 * u, [dirichlet(u=0)]),
        posed(lambda u, x: where(x < 0.5, 1.0, 50.0) * d(u, x, x) + 1, [dirichlet(u=0)]),
        posed(lambda u, t: d(u, t) - u**2, [initial(u=1)], space=None, time=(0, 2)),
        posed(
            lambda u, x: 1e-2 * d(u, x, x) + u * d(u, x),
            [dirichlet(u=-1, on=face(x=-1)), dirichlet(u=1, on=face(x=1))],
            space=(-1, 1),
        ),
    ],
    ids=["resonance", "no flux", "blows up", "a layer that nothing holds"],
)
def test_what_has_no_answer_gets_none(problem: Problem) -> None:
    with pytest.warns(NotConverged):
        solution = solve(problem, budget=0.5)
    assert not solution.converged and solution.estimate is None


def test_materials_meet_in_time() -> None:
    """A wave and heat through an interface of flux k u_x: a mode of each, and the second-order form is not claimed."""
    from validation.two_materials import MIDDLE, modes, together

    slowest = modes(0.2, 4.0, 1)[0]

    def heat(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - d(where(x < MIDDLE, 0.2, 4.0) * d(u, x), x)

    def wave(u: Any, x: Any, t: Any) -> Any:
        return d(u, t, t) - d(where(x < MIDDLE, 0.2, 4.0) * d(u, x), x)

    def start(x: Any) -> Any:
        return where(x < MIDDLE, sin(slowest.left * x), slowest.ratio * sin(slowest.right * (1 - x)))

    x, t = (v.ravel() for v in np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 0.5, 11)))
    shape = together([slowest])(x=x, t=0 * t)
    for equation, rates, exact in (
        (heat, [], np.exp(-slowest.decay * t) * shape),
        (wave, [initial_rate(u=0)], np.cos(math.sqrt(slowest.decay) * t) * shape),
    ):
        solution = solve(posed(equation, [initial(u=start), *rates, dirichlet(u=0)], time=(0, 0.5)), budget=20)
        assert solution.converged
        assert np.linalg.norm(solution.u(x=x, t=t) - exact) < 1e-5 * np.linalg.norm(exact)
