"""Integrals inside of equations and conditions: taken exactly, refined, counted, refused in words."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, exp, sin, where

from pinnsolve import (
    MLP,
    Box,
    Disk,
    LocalFeatures,
    Problem,
    ProblemError,
    RandomFeatures,
    Solution,
    Unknown,
    at,
    automatic_reference,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    integral,
    interior,
    laplace,
    neumann,
    periodic,
    side,
    solve,
)  # fmt: skip
from pinnsolve.checks.check import Findings, check
from pinnsolve.checks.two_ways import Both, residual_of
from pinnsolve.geometry.panels import Panels, beyond, carried, on_panels
from pinnsolve.geometry.points import Points
from pinnsolve.jets.tape import dense_rows
from pinnsolve.problem.manufactured import manufactured
from pinnsolve.residuals import Residuals, sites
from pinnsolve.training.integrals import missed, unheld
from pinnsolve.trial.exact import plan
from pinnsolve.trial.trial import Trial

pi = math.pi
LINE = Box(x=(0, 1))
SQUARE = Box(x=(0, 1), y=(0, 1))
X = np.linspace(0, 1, 31)
XX, TT = np.meshgrid(X, X)


def steady(equation: Callable[..., Any], **more: Any) -> Problem:
    return Problem(space=LINE, unknowns="u", equations=equation, **{"conditions": [dirichlet(u=0)], **more})


def heat(equation: Callable[..., Any], **more: Any) -> Problem:
    return Problem(
        space=LINE, time=(0, 1), unknowns="u", equations=equation,
        **{"conditions": [initial(u=lambda x: cos(pi * x) + 1), neumann(u=0)], **more},
    )  # fmt: skip


def trial_of(problem: Problem, network: Any) -> Trial:
    generator = torch.Generator().manual_seed(1)
    trial = Trial(problem, network, plan(problem, [], check(problem)), generator)
    trial.assign(torch.randn(trial.parameters_count, generator=generator, dtype=torch.float64) / 5)
    return trial


# ---------------------------------------------------------------- what is integrated


TERMS: dict[str, Callable[..., Any]] = {
    "over": lambda u, x, t: d(u, t) + u * integral(x * u**2, over="x"),
    "over both": lambda u, x, t: d(u, t) + x * integral(exp(-t) * u**2, over=("x", "t")),
    "up to a time": lambda u, x, t: d(u, t) + integral(u**3, upto="t"),
    "derivatives": lambda u, x, t: d(u, t) + d(integral(d(u, x) ** 2, over="x"), t) + d(integral(u * u, upto="x"), x),
    "kernel": lambda u, x, t: d(u, t) + integral(lambda u, y: exp(-abs(x - y)) * u**2, over="x"),
    "memory": lambda u, x, t: d(u, t) + integral(lambda u, s: exp(s - t) * u**2, upto="t"),
    "around and here": lambda u, x, t: d(u, t) + here(u, x),
    "a moment": lambda u, x, t: d(u, t) + integral(u**2, over=face(t=0.5)),
    "an end": lambda u, x, t: d(u, t) + x * integral(lambda u, nx: nx * d(u, x_of(u)) * u, over=face(x=1)),
}


def here(u: Any, x: Any) -> Any:
    v = u
    return integral(lambda u, y: cos(x * y) * v * u, over="x")


def x_of(u: Any) -> Any:
    return u.chart.coordinate("x", torch.ones(u.chart.size, dtype=torch.float64))


NETWORKS = {"features": RandomFeatures(12), "network": MLP(width=5, depth=2)}


@pytest.mark.parametrize(
    ("name", "network"), [(name, "features") for name in TERMS] + [("kernel", "network"), ("memory", "network")]
)
@pytest.mark.usefixtures("unasked")
def test_rows_of_the_jacobian_are_exact(name: str, network: str) -> None:
    """Against differences of the residual, whose quadrature stays: to the square of their width."""
    problem = heat(TERMS[name])
    trial = trial_of(problem, NETWORKS[network])
    points = problem.domain.interior.draw(7, "sobol", torch.Generator().manual_seed(2))
    site = next(s for s in sites(problem, trial.plan) if s.name == "interior")
    residuals = Residuals(trial, [(site, points)])
    residuals.values()
    (block,) = residuals.linearised()
    ((_, rows),) = block.jacobians.items()
    start, step = trial.vector(), 1e-6
    for k in range(0, len(start), max(len(start) // 9, 1)):
        ends = []
        for sign in (1, -1):
            moved = start.clone()
            moved[k] += sign * step
            trial.assign(moved)
            ends.append(next(iter(residuals.values().values())))
        wanted = (ends[0] - ends[1]) / (2 * step)
        assert torch.allclose(rows[:, k], wanted, rtol=1e-6, atol=1e-7 * float(rows.abs().max())), k


def test_rows_are_those_of_the_graph_of_all_points() -> None:
    problem = heat(TERMS["kernel"])
    trial = trial_of(problem, MLP(width=5, depth=2))
    points = problem.domain.interior.draw(7, "sobol", torch.Generator().manual_seed(2))
    site = next(s for s in sites(problem, trial.plan) if s.name == "interior")
    residuals = Residuals(trial, [(site, points)])
    (block,) = residuals.linearised()
    ((name, rows),) = block.jacobians.items()
    graph = site.terms[name](trial.fields(trial.prepare(points))).value
    assert torch.allclose(rows, dense_rows(graph, trial.parameters), rtol=1e-9, atol=1e-12)


def test_integrals_go_by_differences_too() -> None:
    """A residual with differences in place of derivatives comes to the other as the square of their width."""
    problem = heat(
        lambda u, x, t: (
            d(u, t) + d(integral(x * u**2, over="x") * u, t) + integral(lambda u, y: cos(x - y) * u, over="x")
        )
    )
    trial = trial_of(problem, RandomFeatures(12))
    both = Both(problem, [residual_of(problem.equations[0])], lambda points: trial.fields(trial.prepare(points)))
    inside = problem.domain.interior.draw(9, "sobol", torch.Generator().manual_seed(2))
    points = Points({c: 0.2 + 0.6 * v for c, v in inside.coordinates.items()}, inside.weights)
    with torch.no_grad():
        apart = [float(both.apart(points, {"x": h, "t": h}).max()) for h in (0.08, 0.04, 0.02)]
    for wide, narrow in zip(apart, apart[1:], strict=False):
        assert 3.7 < wide / narrow < 4.3


# ---------------------------------------------------------------- the quadrature


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda x: torch.sin(9 * x), (1 - math.cos(9)) / 9),
        (lambda x: (x - 0.3).abs(), (0.09 + 0.49) / 2),
        (lambda x: (x > 1 / 3).double(), 2 / 3),
        (lambda x: torch.exp(-(((x - 0.7) / 0.01) ** 2)), 0.01 * math.sqrt(pi)),
        (lambda x: x.log(), -1.0),
    ],
    ids=["wave", "kink", "jump", "peak", "logarithm"],
)
def test_panels_are_halved_until_they_hold(function: Callable[..., Any], wanted: float) -> None:
    panels = Panels({"it": torch.tensor([0.0, 1.0], dtype=torch.float64)})
    while True:
        x, w, owner = on_panels(panels.edges["it"], 1)
        values = function(x)[:, None]
        fine, fine_w, fine_owner = on_panels(panels.finer("it"), 1)
        sums = [
            panels.sums("it", a, o, function(a)[:, None] * b[:, None], 1)
            for a, b, o in ((x, w, owner), (fine, fine_w, fine_owner))
        ]
        if not panels.halved("it", (x, w), values, 1, sums[1] - sums[0]):
            break
    assert abs(float(w @ values[:, 0]) - wanted) <= 1e-9 * abs(wanted)
    assert panels.missed["it"] < 1e-9


@pytest.mark.parametrize("power", [0.5, 0.25])
def test_nodes_go_deep_where_a_kernel_grows_without_bound(power: float) -> None:
    """|x - s|^-p over (0, 1) around places, and up to them; what lies beyond the last nodes is known. No panel is longer
    than it is away from a place that is close to an edge: 3e-2 was missed, and panels were halved until all were used."""
    edges = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    x = torch.tensor([0.2, 0.3, 0.30001, 0.29, 0.9], dtype=torch.float64)
    for upto in (False, True):
        at, w, owner = on_panels(edges, 5, x if upto else None, None if upto else x, deep=True)
        values = w * (at - x[owner]).abs() ** -power
        found = torch.zeros(5, dtype=torch.float64).index_add(0, owner, values)
        wanted = (x ** (1 - power) + (0.0 if upto else 1.0) * (1 - x) ** (1 - power)) / (1 - power)
        left = float(beyond(values[:, None], 5 if upto else 10))
        assert float((found - wanted).abs().max()) < 3 * left + 1e-12
        assert left < 3e-7


def test_values_at_nodes_are_carried_to_places() -> None:
    edges = torch.tensor([0.0, 0.4, 1.0], dtype=torch.float64)
    nodes, _, _ = on_panels(edges, 1)
    places = torch.linspace(0, 1, 41, dtype=torch.float64)
    assert torch.allclose(carried(edges, places) @ sin(5 * nodes), sin(5 * places), atol=1e-12)


def residual_over(problem: Problem) -> Any:
    """A run that has one residual, inside, of a layer that nobody has trained."""
    generator = torch.Generator().manual_seed(1)
    trial = Trial(problem, RandomFeatures(12), plan(problem, [], Findings({"u": set()}, [], [])), generator)
    points = problem.domain.interior.draw(7, "sobol", generator)
    site = next(s for s in sites(problem, trial.plan) if s.name == "interior")
    return SimpleNamespace(trial=trial, points=SimpleNamespace(held_out=Residuals(trial, [(site, points)])))


def test_an_integral_that_no_quadrature_holds_is_not_called_known() -> None:
    """A wave of ten thousand periods: what is missed is the outcome."""
    problem = steady(lambda u, x: u - 1 - integral(cos(4e4 * pi * x) ** 2 * u, over="x"), conditions=[], tolerance=1e-8)
    share = missed(residual_over(problem))
    assert share > 1e-3
    assert unheld(share).kind == "undetermined"


@pytest.mark.parametrize(
    ("kernel", "deep"),
    [
        (lambda r: r**-0.5, True),
        (lambda r: torch.log(r / 7), True),
        (lambda r: exp(-((r / 0.02) ** 2)), False),
        (lambda r: 1 / (1 + (r / 0.02) ** 2), False),
    ],
    ids=["a power", "a logarithm", "a narrow bump", "a narrow bump with tails"],
)
def test_a_kernel_that_is_narrow_is_not_one_without_bound(kernel: Callable[..., Any], deep: bool) -> None:
    """The mutant looks at the panels as they happen to be: every integral of something narrow goes as deep as Abel's."""
    run = residual_over(steady(lambda u, x: u - integral(lambda u, y: kernel(abs(x - y)) * u, over="x"), conditions=[]))
    missed(run)
    assert bool(run.trial.elsewhere.panels.deep) == deep


# ---------------------------------------------------------------- what is solved


def growth_of_ages() -> Problem:
    mu, growth, oldest = 0.5, 0.4, 2.0
    birth = (growth + mu) / (math.exp(-0.7 * (growth + mu)) - math.exp(-(growth + mu) * oldest))
    return Problem(
        space=Box(a=(0, oldest)), time=(0, 1), unknowns="u", equations=lambda u, a, t: d(u, t) + d(u, a) + mu * u,
        conditions=[
            initial(u=lambda a: exp(-(growth + mu) * a)),
            condition(lambda u, a: u - integral(where(a > 0.7, birth, 0.0) * u, over="a"), on=face(a=0)),
        ],
        reference=exact(u=lambda a, t: np.exp(growth * t - (growth + mu) * a)), tolerance=1e-6,
    )  # fmt: skip


RING = Disk(x=0, y=0, radius=2, name="outer") - Disk(x=0, y=0, radius=1, name="inner")
SOLVED: dict[str, tuple[Problem, float]] = {
    "Volterra": (
        Problem(
            time=(0, 2), unknowns="u", equations=lambda u, t: d(u, t) + integral(u, upto="t"),
            conditions=[initial(u=1)], reference=exact(u=lambda t: np.cos(t)), tolerance=1e-8,
        ),
        1e-11,
    ),
    "Volterra along a line": (
        steady(lambda u, x: d(u, x) + integral(u, upto="x"), conditions=[dirichlet(u=1, on=face(x=0))],
               reference=exact(u=lambda x: np.cos(x)), tolerance=1e-8),
        1e-11,
    ),
    "Fredholm": (
        steady(lambda u, x, k: u - x - k * x * integral(x * u, over="x"), conditions=[], parameters={"k": 1.5},
               reference=exact(u=lambda x: 2 * x), tolerance=1e-8),
        1e-11,
    ),
    "Hammerstein": (
        steady(lambda u, x: u - 0.75 * x - integral(lambda u, y: x * y * u**2, over="x"), conditions=[],
               reference=exact(u=lambda x: x), tolerance=1e-8),
        1e-10,
    ),
    "Kirchhoff": (
        steady(lambda u, x: (1 + integral(d(u, x) ** 2, over="x")) * d(u, x, x) + (1 + pi**2 / 2) * pi**2 * sin(pi * x),
               reference=exact(u=lambda x: np.sin(pi * x)), tolerance=1e-8),
        1e-11,
    ),
    "nonlocal heat": (
        heat(lambda u, x, t: d(u, t) - d(u, x, x) - integral(u, over="x"), tolerance=1e-6,
             reference=exact(u=lambda x, t: np.exp(-(pi**2) * t) * np.cos(pi * x) + np.exp(t))),
        1e-6,
    ),
    "a mean in place of a start": (
        heat(lambda u, x, t: d(u, t) - d(u, x, x), tolerance=1e-6, conditions=[
                dirichlet(u=0),
                condition(lambda u, x: integral(u, over="t") - (1 - math.exp(-(pi**2))) / pi**2 * sin(pi * x), on=face(t=0)),
             ], reference=exact(u=lambda x, t: np.exp(-(pi**2) * t) * np.sin(pi * x))),
        1e-6,
    ),
    "mean zero": (
        steady(lambda u, x: d(u, x, x) + pi**2 * cos(pi * x),
               conditions=[neumann(u=0), condition(lambda u: integral(u, over="x"))],
               reference=exact(u=lambda x: np.cos(pi * x)), tolerance=1e-8),
        1e-11,
    ),
    "a mean around a ring": (
        steady(lambda u, x: d(u, x, x) + 4 * pi**2 * sin(2 * pi * x),
               conditions=[periodic("x"), condition(lambda u: integral(u, over="x") - 3)],
               reference=exact(u=lambda x: 3 + np.sin(2 * pi * x)), tolerance=1e-8),
        1e-11,
    ),
    "mean zero in a square": (
        Problem(space=SQUARE, unknowns="u", equations=lambda u, x, y: laplace(u, x, y) + 2 * pi**2 * cos(pi * x) * cos(pi * y),
                conditions=[neumann(u=0), condition(lambda u: integral(u, over=("x", "y")))],
                reference=exact(u=lambda x, y: np.cos(pi * x) * np.cos(pi * y)), tolerance=1e-6),
        1e-9,
    ),
    "what leaves a ring": (
        Problem(space=RING, unknowns="u", equations=lambda u, x, y: laplace(u, x, y),
                conditions=[
                    dirichlet(u=0, on=side("inner")),
                    condition(lambda u: u - integral(u, over=side("outer")) / (4 * pi), on=side("outer")),
                    condition(lambda u, x, y, nx, ny: integral(nx * d(u, x) + ny * d(u, y), over=side("outer")) - 3, on=side("outer")),
                ],
                reference=exact(u=lambda x, y: 3 / (4 * pi) * np.log(x**2 + y**2)), tolerance=1e-6),
        1e-9,
    ),
    "norm one": (
        steady(lambda u, x: d(u, x, x) + pi**2 * u,
               conditions=[dirichlet(u=0), condition(lambda u: integral(u**2, over="x") - 1)],
               guess={"u": lambda x: x * (1 - x)}, reference=exact(u=lambda x: math.sqrt(2) * np.sin(pi * x)), tolerance=1e-8),
        1e-11,
    ),
    "a weight that jumps": (
        steady(lambda u, x: u - x - integral(where(x > 1 / 3, 1.0, 0.0) * u, over="x"), conditions=[],
               reference=exact(u=lambda x: x + 4 / 3), tolerance=1e-8),
        1e-8,
    ),
}  # fmt: skip


def apart(problem: Problem, solution: Solution) -> float:
    """How far a solution is from the exact one, relative to it."""
    points = problem.domain.interior.draw(300, "sobol", torch.Generator().manual_seed(3)).coordinates
    places = {c: v.numpy() for c, v in points.items()}
    wanted = problem.reference(problem).fields["u"](**places)  # type: ignore[operator,misc]
    return float(np.linalg.norm(solution.u(**places) - wanted) / np.linalg.norm(wanted))


SLOW = {"Hammerstein": 1e-8, "a weight that jumps": 1e-8}  # with few features, since their integrals take long


@pytest.mark.parametrize("name", SLOW)
def test_few_features_do_where_integrals_take_long(name: str) -> None:
    problem, _ = SOLVED[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solution = solve(
            problem, budget=20, network=RandomFeatures(40), points=100, condition_points=40, held_out=60
        )  # fmt: skip
    assert apart(problem, solution) < SLOW[name]


@pytest.mark.parametrize("name", [n for n in SOLVED if n not in SLOW])
def test_problems_with_integrals_are_solved(name: str) -> None:
    problem, tolerance = SOLVED[name]
    solution = solve(problem, budget=30)
    away = apart(problem, solution)
    assert solution.converged, solution.outcome
    assert away < tolerance
    assert solution.estimate is not None
    assert away < 3 * solution.estimate


def test_a_constant_is_found_by_a_norm() -> None:
    problem = steady(
        lambda u, x, E: d(u, x, x) + E * u, parameters={"E": Unknown(9.0)}, guess={"u": lambda x: 4 * x * (1 - x)},
        conditions=[dirichlet(u=0), condition(lambda u: integral(u**2, over="x") - 1)], tolerance=1e-6,
    )  # fmt: skip
    solution = solve(problem, budget=20)
    assert abs(solution.trial.constants.values()["E"] - pi**2) < 1e-8


def test_manufactured_problems_shift_their_integrals(tmp_path: Any) -> None:
    base = steady(lambda u, x: d(u, x, x) + integral(lambda u, y: cos(x * y) * u, over="x"))
    shifted = manufactured(base, u=lambda x: sin(2 * x) * exp(x / 2))
    solution = solve(shifted, network=RandomFeatures(30), points=40, held_out=15, budget=60)
    assert solution.converged, solution.outcome
    assert np.abs(solution.u(x=X) - np.sin(2 * X) * np.exp(X / 2)).max() < 1e-6
    solution.save(tmp_path / "it")
    again = Solution.load(tmp_path / "it", shifted)
    (name,) = [e.name for e in shifted.equations]
    assert np.abs(again.residual(name)(x=X) - solution.residual(name)(x=X)).max() < 1e-9


# ---------------------------------------------------------------- before training


def neumann_alone(*more: Any) -> Problem:
    return steady(lambda u, x: d(u, x, x) + pi**2 * cos(pi * x), conditions=[neumann(u=0), *more])


def heat_of_mean_zero() -> Problem:
    """Of the start's integral nothing but rounding is left."""
    return heat(
        lambda u, x, t: d(u, t) - d(u, x, x),
        conditions=[
            initial(u=lambda x: cos(pi * x)),
            neumann(u=0, on=face(x=0)),
            condition(lambda u: integral(u, over="x")),
        ],
    )


def test_what_holds_a_slope_beside_an_integral_holds_that_too() -> None:
    """Such a condition stands where it says; the mutant takes it for one of the integral alone, which stands nowhere."""

    def fed(u: Any, x: Any) -> Any:
        return d(u, x) - integral(u, over="x")

    told = condition(fed, on=face(x=0)), condition(lambda u: integral(u, over="x") - 1)
    problem = steady(lambda u, x: d(u, x, x) - 2, conditions=list(told))
    assert [c.integrates for c in problem.conditions] == ["also", "alone"]


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (neumann_alone(), "nothing determines u"),
        (neumann_alone(condition(lambda u: integral(u, over="x"))), ""),
        (neumann_alone(condition(lambda u, x: integral(d(u, x), over="x"))), "nothing determines u"),
        (steady(lambda u, x: d(u, x) + u, conditions=[condition(lambda u: integral(u, over="x") - 1)]), ""),
        (steady(lambda u, x: d(u, x, x), conditions=[neumann(u=1, on=face(x=1)), condition(lambda u: integral(u, over="x"))]), ""),
        (neumann_alone(condition(lambda u, x: integral(x * u, over="x"))), ""),  # what is zero at a wall, too
        (heat_of_mean_zero(), ""),
        (steady(lambda u, x: u - 1 - integral(u, over="x"), conditions=[]), "nothing determines u"),
        (steady(lambda u, x: u - 1 - integral(u, over="x") / 2, conditions=[]), ""),
        (growth_of_ages(), ""),
    ],
)  # fmt: skip
def test_the_check_counts_integrals(problem: Problem, told: str) -> None:
    words = ("too", "determines", "condition", "contradict")
    found = [w for w in check(problem).warnings if any(word in w for word in words)]
    assert not found if not told else any(told in w for w in found)


def test_the_overview_says_it_as_a_formula() -> None:
    told = str(steady(lambda u, x: d(u, x, x) + integral(u, over="x") + 1).check())
    assert 'd(u, x, x) + integral(u, over="x") + 1 = 0   (linear, order 2 in x)' in told


def test_an_exact_solution_that_is_none_is_told() -> None:
    def equation(u: Any, x: Any) -> Any:
        return u - x - 1.5 * x * integral(x * u, over="x")

    def told(slope: float) -> str:
        problem = steady(equation, conditions=[], reference=exact(u=lambda x: slope * x))
        return str(problem.check())

    assert "does not satisfy" not in told(2.0)
    assert "does not satisfy" in told(2.1)


E = "equation 'equation 1': "


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: steady(lambda u, x: u - integral(u, over="y")), E + 'integral(..., over="y"): there is no such coordinate'),
        (lambda: steady(lambda u, x: u - integral(u, upto="t")), 'upto="t"): there is no such coordinate\n  Possible: x'),
        (lambda: steady(lambda u, x: u - integral(x, over="x")), "an integral holds no unknown"),
        (lambda: steady(lambda u, x: u - integral(2.0, over="x")), "the number 2.0, which holds no unknown"),
        (lambda: steady(lambda u, x: u - integral(lambda y: 3.0, over="x")), "returned no field, and so holds no unknown"),
        (lambda: steady(lambda u, x: u - integral(u)), "neither over= nor upto="),
        (lambda: steady(lambda u, x: u - integral(u, over="x", upto="x")), "both over= and upto="),
        (lambda: steady(lambda u, x: u - integral(u, over=3)), "over=3) names no coordinate and no region"),
        (lambda: steady(lambda u, x: u - integral(u, over=("x", "x"))), "names a coordinate twice"),
        (lambda: steady(lambda u, x: u - integral(u, "x")), "takes its arguments by name, all but what"),
        (lambda: steady(lambda u, x: u - integral(lambda u, y, z: u, over="x")), "asks for y, z, and it is integrated over x alone"),
        (lambda: steady(lambda u, x: u - integral(u, over=side("hole"))), "no side is called 'hole'"),
        (lambda: integral(2, over="x"), "stands in no equation and no condition"),
        (lambda: Problem(space=Disk(x=0, y=0, radius=1), unknowns="u", conditions=[dirichlet(u=0)],
                         equations=lambda u, x, y: laplace(u, x, y) - integral(u, over="x")), "the shape ends elsewhere"),
        (lambda: steady(lambda u, x: u - integral(u - integral(u, over="x"), over="x")).check(), "an integral stands within an integral"),
        (lambda: steady(lambda u, x: u - integral(lambda u: integral(u, over="x"), over="x")), "an integral stands within an integral"),
        (lambda: steady(lambda u, x: u, conditions=[condition(lambda u, nx: nx * integral(nx * u, over="x"))]).check(), "a normal stands in an integral over the inside"),
        (lambda: steady(lambda u, x: u - d(integral(u, over="x"), x)).check(), "its derivative along x is zero everywhere"),
        (lambda: solve(steady(lambda u, x: u - d(integral(lambda u, y: exp(x - y) * u, over="x"), x))), "the integral of a function was differentiated along x"),
        (lambda: solve(steady(lambda u, x: d(u, x, x) - integral(lambda u, y: exp(x - y) * u, over="x")), network=LocalFeatures()), "a kernel in"),
        (lambda: automatic_reference(steady(lambda u, x: d(u, x, x) - integral(lambda u, y: exp(x - y) * u, over="x") + 1)), "no reference, because integrals"),
        (lambda: steady(lambda u, x: u, conditions=[dirichlet(u=lambda x: integral(x, over="x"))]), "an integral holds no unknown"),
    ],
)  # fmt: skip
def test_wrong_calls_are_told_in_words(made: Callable[[], Any], words: str) -> None:
    with pytest.raises(ProblemError) as told:
        made()
    assert words in str(told.value)


def test_a_mean_over_a_disc_and_over_its_inside_are_the_same() -> None:
    def problem(over: Any) -> Problem:
        return Problem(
            space=Disk(x=0, y=0, radius=1), unknowns="u", equations=lambda u, x, y: laplace(u, x, y) + 8 * x,
            conditions=[neumann(u=0), condition(lambda u: integral(u - 1, over=over))],
        )  # fmt: skip

    found = [trial_of(problem(over), RandomFeatures(8)) for over in (("x", "y"), interior)]
    values = []
    for trial in found:
        site = next(s for s in sites(trial.problem, trial.plan) if "condition on boundary" in s.terms)
        points = trial.problem.domain.walls.pieces[0].grid()
        values.append(site.terms["condition on boundary"](trial.fields(trial.prepare(points))).value)
    assert torch.equal(*values)
    assert float(values[0].detach().std()) < 1e-15


# ---------------------------------------------------------------- values elsewhere

FED = 1 / (1 / math.cos(0.5) - 1)  # so strong that what cools and what is fed back decay as exp(-t)
AT = {
    "a slope at an end": (
        steady(
            lambda u, x: d(u, x, x) - 2 * at(d(u, x), x=0),
            conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
        ),
        lambda x: x / 2 + x**2 / 2,
    ),
    "what is felt in the middle": (
        Problem(
            space=LINE, time=(0, 1), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x) - FED * at(u, x=0.5),
            conditions=[initial(u=lambda x: cos(x - 0.5) / math.cos(0.5) - 1), dirichlet(u=0)],
        ),
        lambda x, t: np.exp(-t) * (np.cos(x - 0.5) / math.cos(0.5) - 1),
    ),
    "one wall as the opposite one": (
        Problem(
            space=SQUARE, unknowns="u", equations=lambda u, x, y: laplace(u, x, y),
            conditions=[
                condition(lambda u, y: u - at(u, x=1) / 2 - sin(pi * y), on=face(x=0)),
                dirichlet(u=lambda y: sin(pi * y), on=face(x=1)), dirichlet(u=0, on=faces("y")),
            ],
        ),
        lambda x, y: np.sin(pi * y) * (np.sinh(pi * x) + 1.5 * np.sinh(pi * (1 - x))) / np.sinh(pi),
    ),
    "what it was at first": (  # u' = u(0), and so u = 1 + t
        Problem(time=(0, 1), unknowns="u", equations=lambda u, t: d(u, t) - at(u, t=0), conditions=[initial(u=1)]),
        lambda t: 1 + t,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", AT)
def test_values_elsewhere_are_solved_for(name: str) -> None:
    problem, known = AT[name]
    solution = solve(problem, network=RandomFeatures(count=120))
    places = np.random.default_rng(0).random((len(problem.coordinates), 200))
    where = dict(zip(problem.coordinates, places, strict=True))
    truth = known(**where)
    assert np.linalg.norm(solution.u(**where) - truth) < 1e-5 * np.linalg.norm(truth)


@pytest.mark.parametrize(
    ("place", "fault"),
    [({"x": 2}, "x=2 is no place"), ({"z": 0}, "no coordinate 'z'"), ({}, "names no place"), ({"x": "a"}, "x='a'")],
)
def test_a_value_at_no_place_is_refused(place: dict[str, Any], fault: str) -> None:
    with pytest.raises(ProblemError, match=rf"at\(\.\.\.\).*{fault}"):
        steady(lambda u, x: d(u, x, x) - at(u, **place))
    with pytest.raises(ProblemError, match=r"at\(\.\.\.\) stands in no equation"):
        at(3, x=0)
