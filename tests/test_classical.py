"""The automatic reference: orders from theory, other references, the same in other words, and what has none."""

from __future__ import annotations

import time as clock
from math import pi
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import erf
from torch import cos, cosh, exp, sin, where

from pinnsolve import (
    Box,
    Problem,
    ProblemError,
    Unknown,
    automatic_reference,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    initial_rate,
    laplace,
    neumann,
    observed,
    periodic,
    point,
)  # fmt: skip
from pinnsolve.checks.check import check
from pinnsolve.classical import solving
from pinnsolve.classical.automatic import attempt, compared_at
from pinnsolve.classical.grid import Grid
from pinnsolve.classical.layout import laid_out
from pinnsolve.classical.march import Marcher
from pinnsolve.classical.marched import Marched
from pinnsolve.classical.own_error import own_error
from pinnsolve.classical.pace import Pace
from pinnsolve.classical.reading import read
from pinnsolve.classical.solving import UnfinishedError
from pinnsolve.classical.steady import solved
from pinnsolve.classical.stencils import Line, weights
from pinnsolve.reference import Reference
from problems import (
    cooling,
    fisher_kpp,
    heat,
    klein_gordon,
    poisson,
    wave,
)  # fmt: skip


def distance(a: Reference, b: Reference, problem: Problem) -> float:
    """The largest relative L2 distance of two references over the unknowns."""
    at = compared_at(problem, check(problem))
    values = [(a.fields[u](**at), b.fields[u](**at)) for u in problem.unknowns]
    return max(float(np.linalg.norm(x - y) / np.linalg.norm(y)) for x, y in values)


def rod(**changes: Any) -> Problem:
    given: dict[str, Any] = {
        "space": Box(x=(0, 1)), "time": (0, 0.5), "unknowns": "u", "equations": lambda u, x, t: d(u, t) - d(u, x, x),
        "conditions": [initial(u=lambda x: sin(pi * x)), dirichlet(u=0)], "tolerance": 1e-4,
    }  # fmt: skip
    return Problem(**{**given, **changes})


# ------------------------------------------------------------ orders from theory


@pytest.mark.parametrize(("order", "width"), [(0, 5), (1, 5), (2, 7), (4, 9)])
def test_weights_have_the_order_that_their_nodes_allow(order: int, width: int) -> None:
    """Of w uneven nodes the derivative of order k is exact to O(h^(w - k)); each derivative of exp at zero is one."""
    shape = np.cumsum(1 + 0.3 * np.sin(np.arange(width)))
    wrong = [
        abs(float(weights(np.zeros(1), h * (shape - shape.mean() + 0.4)[None], order)[0] @ np.exp(h * (shape - shape.mean() + 0.4))) - 1.0)
        for h in (0.4, 0.2)
    ]  # fmt: skip
    assert np.log2(wrong[0] / wrong[1]) == pytest.approx(width - order, abs=0.4)


def test_a_period_is_a_period() -> None:
    line = Line(np.linspace(0, 1, 33, endpoint=False), 9, 1.0)
    slope = line.matrix(line.nodes, 1) @ np.sin(2 * pi * line.nodes)
    assert np.abs(slope - 2 * pi * np.cos(2 * pi * line.nodes)).max() < 1e-6


def test_steps_have_the_order_of_radau() -> None:
    """Radau IIA of three stages: order 2 q - 1 = 5 at the ends of steps."""
    problem = Problem(
        time=(0, 1), unknowns="u", equations=lambda u, t: d(u, t) + u**2 * (1 + t), conditions=initial(u=1)
    )
    rows = laid_out(read(problem), Grid({}))
    errors = []
    for parts in (4, 8):
        pace = Pace(stages=3, first=1 / parts, growth=1.0, solved=1e-13, iterations=60, slow=0.9)
        march = Marcher(rows, np.ones((1, 1)), (0, 1), 1.0, np.ones(1), clock.perf_counter() + 9, (), 1 / parts, pace)
        found = march.run()
        assert len(found.values) == parts
        errors.append(abs(float(found.values[-1][-1, 0, 0]) - 1 / 2.5))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(5, abs=0.3)


def test_steps_that_failed_do_not_grow_again_at_once() -> None:
    """Towards the jump of a relaxation, where each step has to be shorter than the last (van der Pol)."""
    relaxing = Problem(
        time=(0, 100), unknowns=("y", "z"), conditions=initial(y=2, z=0),
        equations=[lambda y, z, t: d(y, t) - z, lambda y, z, t: d(z, t) - 50 * (1 - y**2) * z + y],
    )  # fmt: skip
    rows, start = laid_out(read(relaxing), Grid({})), np.array([[2.0], [0.0]])
    march = Marcher(rows, start, (0, 100), 1e-4, np.ones(2), clock.perf_counter() + 99)
    found = march.run()
    assert march.rejected < len(found.values) / 2


def test_space_has_the_order_of_its_differences() -> None:
    """u'' by five nodes: order 4 in the middle of even nodes, 3 at the ends, of which a solution loses nothing."""
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x, x) - exp(x), conditions=dirichlet(u=lambda x: exp(x))
    )  # fmt: skip
    errors = []
    for n in (17, 33):
        grid = Grid({"x": Line(np.linspace(0, 1, n), 5)})
        found = solved(laid_out(read(problem), grid), np.zeros((1, n)), np.ones(1), clock.perf_counter() + 9)
        errors.append(float(np.abs(found.values[0] - np.exp(grid.lines["x"].nodes)).max()))
    assert 3.5 <= np.log2(errors[0] / errors[1]) <= 5.2


@pytest.mark.parametrize(
    ("differences", "low", "high"),
    [([1e-3, 1e-4, 1e-5], 1e-5, 1e-5), ([1e-3, 5e-4], 1e-3, 1e-3), ([1e-3, 9e-4, 1e-9], 2e-4, 9e-4), ([6e-10, 3e-9, 7e-10], 3e-9, 4e-9), ([1e-3, 8e-4], 1e-3, 1e-1)],
)  # fmt: skip
def test_an_own_error_is_no_kinder_than_the_differences_before(
    differences: list[float], low: float, high: float
) -> None:
    assert low <= own_error(differences) * (1 + 1e-12)
    assert own_error(differences) <= high * (1 + 1e-12)
    assert own_error(differences, rough=True) > own_error(differences)


def test_differences_that_grow_tell_nothing() -> None:
    assert own_error([1e-4, 1e-3]) == own_error([1e-9]) == own_error([]) == np.inf


# ------------------------------------------------------------ other references


@pytest.mark.parametrize(
    "module", [cooling, fisher_kpp, heat, klein_gordon, poisson, wave],
    ids=lambda m: m.__name__.split(".")[-1],
)  # fmt: skip
def test_it_agrees_with_the_independent_reference_within_the_stated_errors(module: Any) -> None:
    problem = module.problem.replaced(tolerance=max(module.problem.tolerance, 1e-3))
    known = problem.reference(problem)
    found = automatic_reference(problem, seconds=60)
    assert found.automatic and found.own_error <= 0.1 * problem.tolerance
    assert distance(found, known, problem) <= found.own_error + known.own_error


@pytest.mark.parametrize("change", [-1.0, 1.02], ids=["sign", "two per cent"])
def test_a_wrong_equation_is_told_apart(change: float) -> None:
    wrong = cooling.problem.replaced(
        equations=lambda u, x, t, alpha: d(u, t) - abs(change) * alpha * d(u, x, x) + (change < 0) * u
    )
    found, known = automatic_reference(wrong), cooling.problem.reference(cooling.problem)  # type: ignore[operator, misc]
    assert distance(found, known, cooling.problem) > 10 * (found.own_error + known.own_error)


# ------------------------------------------------------------ kinds of problems


def pulse(t: np.ndarray) -> np.ndarray:
    """What a normal pulse of width w at c leaves of exp(-t)."""
    c, w = 0.7123, 1e-3
    found: np.ndarray = pi**0.5 / 2 * np.exp(c - t + w**2 / 4) * (erf((t - c) / w - w / 2) + 1)
    return found


KINDS: dict[str, Problem] = {
    "a cantilever": Problem(
        space=Box(x=(0, 1)), unknowns="w", equations=lambda w, x: d(w, x, x, x, x) - 1,
        conditions=[
            dirichlet(w=0, on=face(x=0)), neumann(w=0, on=face(x=0)),
            condition(lambda w, x: d(w, x, x), on=face(x=1)), condition(lambda w, x: d(w, x, x, x), on=face(x=1)),
        ],
        reference=exact(w=lambda x: x**4 / 24 - x**3 / 6 + x**2 / 4),
    ),
    "a beam that swings": Problem(
        space=Box(x=(0, 1)), time=(0, 2), unknowns="w", equations=lambda w, x, t: d(w, t, t) + 0.01 * d(w, x, x, x, x),
        conditions=[
            initial(w=lambda x: sin(pi * x)), initial_rate(w=0), dirichlet(w=0), condition(lambda w, x: d(w, x, x)),
        ],
        reference=exact(w=lambda x, t: np.cos(0.1 * pi**2 * t) * np.sin(pi * x)),
    ),
    "a flux as an unknown": Problem(
        space=Box(x=(0, 1)), unknowns=("q", "u"),
        equations=[lambda q, u, x: q + d(u, x), lambda q, x: d(q, x) - pi**2 * sin(pi * x)], conditions=dirichlet(u=0),
        reference=exact(u=lambda x: np.sin(pi * x), q=lambda x: -pi * np.cos(pi * x)),
    ),
    "conditions at both ends of time": Problem(
        time=(0, 1), unknowns=("a", "b"), equations=[lambda a, b, t: d(a, t) - b, lambda a, b, t: d(b, t) - a],
        conditions=[initial(a=1), dirichlet(b=float(np.exp(1)), on=face(t=1))],
        reference=exact(a=lambda t: np.exp(t), b=lambda t: np.exp(t)),
    ),
    "an algebraic equation": Problem(
        time=(0, 2), unknowns=("u", "f"), equations=[lambda u, f, t: d(u, t) + f, lambda u, f: f - u**2],
        conditions=initial(u=1), reference=exact(u=lambda t: 1 / (1 + t), f=lambda t: 1 / (1 + t) ** 2),
    ),
    "a boundary layer": Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: -1e-3 * d(u, x, x) + d(u, x) - 1, conditions=dirichlet(u=0),
        reference=exact(u=lambda x: x - np.exp((x - 1) / 1e-3)),
    ),
    "an equation that data complete": Problem(
        space=Box(x=(0, 1)), unknowns=("u", "k"), equations=[lambda k, x: d(k, x), lambda u, k, x: k * d(u, x, x) + 1],
        conditions=[dirichlet(u=0), observed(x=[0.2, 0.8], k=[2.0, 2.0])],
        reference=exact(u=lambda x: x * (1 - x) / 4, k=2.0),
    ),
    "a pulse in time": Problem(
        time=(0, 1), unknowns="u", equations=lambda u, t: d(u, t) + u - exp(-(((t - 0.7123) / 1e-3) ** 2)) / 1e-3,
        conditions=initial(u=0),
        reference=exact(u=pulse)
    ),
    "waves that leave": Problem(
        space=Box(x=(0, 1)), time=(0, 2), unknowns="u", equations=lambda u, x, t: d(u, t) + d(u, x),
        conditions=[initial(u=lambda x: exp(-100 * (x - 0.5) ** 2)), dirichlet(u=0, on=face(x=0))],
        reference=exact(u=lambda x, t: np.exp(-100 * (x - t - 0.5) ** 2)),
    ),
    "a soliton": Problem(  # third derivatives, which rounding makes noisy on many nodes
        space=Box(x=(-10, 10)), time=(0, 1), unknowns="u", conditions=[initial(u=lambda x: 2 / cosh(x) ** 2), periodic("x")],
        equations=lambda u, x, t: d(u, t) + 6 * u * d(u, x) + d(u, x, x, x),
        reference=exact(u=lambda x, t: 2 / np.cosh((x - 4 * t + 10) % 20 - 10) ** 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_problem_is_solved_within_its_own_error(name: str) -> None:
    problem = KINDS[name]
    found = automatic_reference(problem, seconds=30)
    assert distance(found, problem.reference(problem), problem) <= found.own_error  # type: ignore[operator, misc]
    assert found.own_error <= 0.1 * problem.tolerance


# ------------------------------------------------------------ the same in other words


def test_units_and_the_order_of_unknowns_change_nothing() -> None:
    def first(u: Any, v: Any, x: Any, t: Any, k: float) -> Any:
        return d(u, t) - k * d(u, x, x) + 0.3 * u * v

    def second(u: Any, v: Any, x: Any, t: Any, k: float) -> Any:
        return d(v, t) - 2 * k * d(v, x, x) - 0.3 * u * v

    start = [initial(u=lambda x, L: cos(pi * x / L), v=lambda x, L: (x / L) ** 2)]
    ends = [neumann(u=0), dirichlet(v=lambda x, L: (x / L) ** 2)]
    plain = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns=("u", "v"), equations=[first, second], conditions=[*start, *ends],
        parameters={"k": 0.1, "L": 1.0},
    )  # fmt: skip
    other = Problem(
        space=Box(x=(0, 1e3)), time=(0, 1), unknowns=("v", "u"), equations=[second, first], conditions=[*ends, *start],
        parameters={"k": 1e5, "L": 1e3},
    )  # fmt: skip
    one, two = automatic_reference(plain), automatic_reference(other)
    x, t = np.linspace(0, 1, 30), np.linspace(0.01, 1, 30)
    for u in ("u", "v"):
        assert np.abs(one.fields[u](x=x, t=t) - two.fields[u](x=1e3 * x, t=t)).max() <= 1e-9


def test_what_is_narrow_and_travels_is_met_by_finer_grids_than_three() -> None:
    """A pulse of a fiftieth of the length goes on unchanged: the first four grids end early, as at a shock."""

    def pulse(x, t=0.0):  # type: ignore[no-untyped-def]
        return exp(250 * (cos(2 * pi * (x - t)) - 1))

    given = {"equations": lambda u, x, t: d(u, t) + d(u, x), "conditions": [initial(u=pulse), periodic("x")]}
    problem = rod(**given, tolerance=1e-2)
    found = automatic_reference(problem)
    at = compared_at(problem, check(problem))
    true = np.exp(250 * (np.cos(2 * pi * (at["x"] - at["t"])) - 1))
    apart = np.linalg.norm(found.fields["u"](**at) - true) / np.linalg.norm(true)
    assert apart <= found.own_error <= 1e-3


def test_what_begins_at_zero_and_answers_to_a_square_is_followed() -> None:
    """Robertson's reactions: c answers to b^2, so that the first correction of a step moves b alone."""
    rates = [
        lambda a, b, c, t: d(a, t) + 0.04 * a - 1e4 * b * c,
        lambda a, b, c, t: d(b, t) - 0.04 * a + 1e4 * b * c + 3e7 * b**2,
        lambda b, c, t: d(c, t) - 3e7 * b**2,
    ]
    problem = Problem(time=(0, 1e3), unknowns=("a", "b", "c"), equations=rates, conditions=[initial(a=1, b=0, c=0)])
    found, times = automatic_reference(problem, tolerance=1e-5), np.geomspace(1e-2, 1e3, 40)

    def slopes(t: float, y: np.ndarray) -> list[float]:
        fast, slow = 3e7 * y[1] ** 2, 0.04 * y[0] - 1e4 * y[1] * y[2]
        return [-slow, slow - fast, fast]

    true = solve_ivp(slopes, (0, 1e3), [1, 0, 0], "Radau", times, rtol=1e-10, atol=1e-14).y
    for name, wanted in zip("abc", true, strict=True):
        assert np.linalg.norm(found.fields[name](t=times) - wanted) <= found.own_error * np.linalg.norm(wanted) <= 1e-4


@pytest.mark.parametrize(("reached", "tried"), [([0.1, 0.2, 0.3, 0.4, 0.45, 0.45, 0.45], 7), ([0.3] * 9, 3)])
def test_grids_on_which_a_march_comes_further_are_no_failures(
    monkeypatch: pytest.MonkeyPatch, reached: list[float], tried: int
) -> None:
    """A front that is not resolved ends later on finer grids; a shock without viscosity at one moment on all."""
    counts = []

    def ended(self: Any, grid: Any, *_: Any) -> None:
        counts.append(len(grid))
        raise UnfinishedError("it ended", Marched(laid_out(self.given, grid), [0.0, reached[len(counts) - 1]]))

    monkeypatch.setattr(solving.Solver, "solved", ended)
    assert attempt(rod()).reference is None and len(counts) == tried


# ------------------------------------------------------------ what has none


NONE: dict[str, tuple[Problem, str]] = {
    "resonance": (
        Problem(space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x, x) + pi**2 * u, conditions=dirichlet(u=0)),
        "nothing determines",
    ),
    "no level": (
        Problem(
            space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y: laplace(u, x, y) - cos(pi * x),
            conditions=neumann(u=0),
        ),
        "nothing determines",
    ),
    "a pressure without a level": (
        Problem(
            space=Box(x=(0, 1), y=(0, 1)), unknowns=("u", "v", "p"), conditions=[dirichlet(u=lambda y: y, v=0), condition(lambda p, x: d(p, x), on=face(x=0))],
            equations=[
                lambda u, p, x, y: laplace(u, x, y) - d(p, x), lambda v, p, x, y: laplace(v, x, y) - d(p, y),
                lambda u, v, x, y: d(u, x) + d(v, y),
            ],
        ),
        "nothing determines",
    ),
    "two solutions": (
        Problem(space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x, x) + 2 * exp(u), conditions=dirichlet(u=0)),
        'several functions solve these equations and conditions: guesses of other heights lead to different ones; guess={"u": 0}',
    ),
    "no solution": (
        Problem(space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x, x) + 4 * exp(u), conditions=dirichlet(u=0)),
        "Newton's method finds no solution",
    ),
    "the end comes early": (
        Problem(time=(0, 2), unknowns="u", equations=lambda u, t: d(u, t) - u**2, conditions=initial(u=1)), "near t=1",
    ),
    "backwards": (rod(equations=lambda u, x, t: d(u, t) + 0.1 * d(u, x, x)), "time runs the wrong way"),
    "elliptic in time": (
        rod(
            equations=lambda u, x, t: d(u, t, t) + d(u, x, x),
            conditions=[initial(u=lambda x: sin(pi * x)), initial_rate(u=0), dirichlet(u=0)],
        ),
        "time runs the wrong way",
    ),
    "a jump before u_xx": (rod(equations=lambda u, x, t: d(u, t) - where(x < 0.3, 1.0, 5.0) * d(u, x, x)), "across x=0.3"),
    "a jump with the solution": (
        Problem(
            space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(where(u < 0.5, 1.0, 100.0) * d(u, x), x),
            conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
        ),
        "places where u takes some value",
    ),
    "a jump on a slant that moves": (
        Problem(
            space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="u", conditions=[initial(u=0), dirichlet(u=0)],
            equations=lambda u, x, y, t: d(u, t) - d(u, x, x) - d(u, y, y) - where(x + y < t + 0.3, 1.0, 5.0),
        ),
        "a surface that no plane holds",
    ),
    "a kink that is differentiated": (
        Problem(
            space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x, x) + d(abs(x - 0.5), x, x),
            conditions=dirichlet(u=0),
        ),
        "has a kink",
    ),
    "constants": (
        rod(
            equations=lambda u, x, t, k: d(u, t) - k * d(u, x, x), parameters={"k": Unknown(1.0)},
            conditions=[initial(u=lambda x: sin(pi * x)), dirichlet(u=0), observed(x=[0.5], t=[0.1], u=[0.4])],
        ),
        "to be found from data",
    ),
    "a range": (rod(equations=lambda u, x, t, k: d(u, t) - k * d(u, x, x), parameters={"k": (1.0, 2.0)}), "a range"),
    "a start that is missing": (rod(conditions=[initial(u=0), dirichlet(u=0)], equations=lambda u, x, t: d(u, t, t) - d(u, x, x)), "the rate of u"),
    "said twice": (
        Problem(
            space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x) - 1,
            conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=0, on=point(x=1))],
        ),
        "its levels do not approach each other",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NONE)
def test_what_has_no_reference_is_told_why(name: str) -> None:
    problem, why = NONE[name]
    found = attempt(problem, seconds=20)
    assert found.reference is None
    assert why in found.why
    if name == "a range":
        with pytest.raises(ProblemError, match="no reference, because a parameter is a range"):
            automatic_reference(problem)


def test_no_time_is_no_reference() -> None:
    found = attempt(poisson.problem, seconds=0.0)
    assert found.reference is None and "time" in found.why
