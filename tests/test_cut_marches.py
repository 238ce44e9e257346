"""Evolution over cells that the rim of a shape cuts: orders, stability, estimates, invariance, corners, layers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
import torch
from scipy.special import jn_zeros
from torch import cos, exp, sin

from pinnsolve import (
    Box,
    Disk,
    LevelSet,
    Polygon,
    Problem,
    condition,
    d,
    dirichlet,
    div,
    face,
    grad,
    initial,
    initial_rate,
    laplace,
    neumann,
    side,
    solve,
)
from pinnsolve.cells.implicit_step import Step
from pinnsolve.cells.joined_faces import JoinedFaces
from pinnsolve.geometry.shape import Shape
from pinnsolve.march import growth as rules
from pinnsolve.march.growth import growth
from pinnsolve.march.keeping import restore, stored
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import apart, distance, richer, slabs
from pinnsolve.networks.halvings import halvings
from pinnsolve.networks.holding import holding
from pinnsolve.networks.spread import RULES, on_others, spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.manufactured import manufactured
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.exact import Plan
from validation.marched import read, trial_of
from validation.stability_shapes import CASES

pytestmark = pytest.mark.usefixtures("unasked")

CPU = torch.device("cpu")
RING = Disk(x=0, y=0, radius=1, name="outer") - Disk(x=0.2, y=0.1, radius=0.35, name="inner")
ELL = Polygon(x=[0, 1, 1, -1, -1, 0], y=[0, 0, 1, 1, -1, -1])
HELD = [initial(u=0), dirichlet(u=0)]


def first(x: Any, y: Any, t: Any) -> Any:
    return exp(-t) * sin(2 * x + y) + 0.3 * x * y * t


def second(x: Any, y: Any, t: Any) -> Any:
    return cos(x - y + t)


def heat(u: Any, x: Any, y: Any, t: Any) -> Any:
    return d(u, t) - laplace(u, x, y) / 5


def leaks(u: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
    return nx * d(u, x) + ny * d(u, y) + 2 * u


def over(space: Shape, equations: Any, conditions: Any = None, unknowns: Any = "u", **more: Any) -> Problem:
    given: dict[str, Any] = {"time": (0, 0.4), "reference": None, "tolerance": 1e-4, **more}
    return Problem(space=space, unknowns=unknowns, equations=equations, conditions=conditions or HELD, **given)


@dataclass(frozen=True)
class Solved:
    """A march that came to its end, and what it is worth."""

    problem: Problem
    marcher: Marcher
    plan: Plan

    def error(self, **exact: Any) -> float:
        """Relative, the largest over the unknowns, at drawn places."""
        trial = trial_of(self.problem, self.plan, self.marcher.record.steps)
        points = self.problem.domain.interior.draw(1500, "sobol", torch.Generator().manual_seed(1))
        found = trial.unknowns(trial.prepare(points))
        right = {u: f(**points.coordinates) for u, f in exact.items()}
        return max(float((found[u].value - r).norm() / r.norm()) for u, r in right.items())

    def again(self) -> list[Step]:
        """Its steps with two degrees more."""
        found = richer(self.marcher.scheme, slabs(self.marcher.record.steps), self.marcher.solver)
        assert found is not None
        return found


def marched(problem: Problem, degree: int = 7, stages: int = 3, tolerance: float = 1e-4) -> Solved:
    evolution, made = read(problem)
    marcher = Marcher(evolution, Accuracy(degree, stages, tolerance, 100 * tolerance), CPU)
    marcher.run()
    return Solved(problem, marcher, made)


# ---------------------------------------------------------------- everything that a problem can say

STATED: dict[str, tuple[Problem, float]] = {
    "a reaction that is not linear, a rim that leaks": (
        over(RING, lambda u, x, y, t: heat(u, x, y, t) + u**3,
             [initial(u=0), dirichlet(u=0, on=side("outer")), condition(leaks, on=side("inner"))]), 3e-5,
    ),
    "diffusion that is not linear, slopes": (
        over(RING, lambda u, x, y, t: d(u, t) - div([(1 + u**2 / 4) * g for g in grad(u, x, y)], x, y),
             [initial(u=0), neumann(u=0)]), 3e-4,
    ),
    "two unknowns, of which one flows out": (
        over(RING, [lambda u, v, x, y, t: d(u, t) - laplace(u, x, y) / 10 + u * v,
                    lambda u, v, x, y, t: d(v, t) + u * d(v, x) - laplace(v, x, y) / 50 + u],
             [initial(u=0, v=0), dirichlet(u=0, on=side("outer")), neumann(u=0, on=side("inner")), neumann(v=0)], ("u", "v")),
        3e-5,
    ),
    "a wave that fades, a rim that leaks": (
        over(RING, lambda u, x, y, t: d(u, t, t) - laplace(u, x, y) + d(u, t) / 2,
             [initial(u=0), initial_rate(u=0), dirichlet(u=0, on=side("outer")), condition(leaks, on=side("inner"))]), 5e-5,
    ),
    "Schroedinger's equation": (
        over(RING, [lambda u, v, x, y, t: d(u, t) + laplace(v, x, y) / 2, lambda u, v, x, y, t: d(v, t) - laplace(u, x, y) / 2],
             [initial(u=0, v=0), dirichlet(u=0, v=0)], ("u", "v")), 3e-5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STATED)
def test_declarations_of_every_kind_come_out_right_and_say_how_right(name: str) -> None:
    """The distance of a second march is the error of the first, within a tenth."""
    declared, enough = STATED[name]
    exact = {u: f for u, f in (("u", first), ("v", second)) if u in declared.unknowns}
    problem = manufactured(declared, **exact)
    solved = marched(problem)
    error = solved.error(**exact)
    assert solved.marcher.record.honest and error < enough
    away = distance(solved.marcher.record.steps, solved.again())
    assert float((away.difference / away.norm).max()) == pytest.approx(error, rel=0.15)


def test_a_run_by_default_is_right_and_quick() -> None:
    problem = manufactured(over(RING, heat), u=first).replaced(tolerance=1e-6)
    solution = solve(problem, budget=30)
    points = problem.domain.interior.draw(500, "sobol", torch.Generator().manual_seed(1)).coordinates
    right = first(**points)
    away = torch.as_tensor(solution.u(**{c: v.numpy() for c, v in points.items()})) - right
    assert solution.converged and solution.estimate is not None
    assert float(away.norm() / right.norm()) < min(1e-6, 3 * solution.estimate)


def test_the_error_falls_as_the_step_to_twice_the_stages_less_one_or_more() -> None:
    """Radau IIA of two stages, at the end of time: the order is 3, less 0.5 before the limit."""
    problem = manufactured(over(Disk(x=0.013, y=0.007, radius=1), heat), u=lambda x, y, t: first(x, y, 6 * t))
    marcher = Marcher(read(problem)[0], Accuracy(11, 2, 1.0, 1e9), CPU)
    errors = []
    for count in (4, 8):
        marcher = Marcher(read(problem)[0], Accuracy(11, 2, 1e6, 1e9), CPU)
        for _ in range(count):
            marcher.length = 1 / count
            marcher.last = None
            step = marcher._step(1 / count, marcher._constant(1 / count))
            assert marcher.solver.solve(step)
            marcher.start, marcher.at = step.end(), marcher.at + step.length
        inside = spread(marcher.mesh, marcher.scheme.cell, 14)
        right = first(inside.places[..., 0], inside.places[..., 1], torch.tensor(6.0, dtype=torch.float64))
        off = inside.values(marcher.start.values[:, 0], (0, 0)) - right
        errors.append(float((off.square() * inside.weights).sum(1) @ marcher.mesh.shares) ** 0.5)
    assert 2.5 < math.log2(errors[0] / errors[1]) < 4.5


# ---------------------------------------------------------------- stability


@pytest.mark.parametrize(
    "name",
    ["heat, plate", "heat, disc, slopes", "wind, diffusion 0.0001, disc", "carried around, diffusion 0.001, ring", "drum, disc"],
)  # fmt: skip
def test_the_one_step_operator_does_not_grow(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m validation.stability_shapes` has more of them."""
    monkeypatch.setattr(rules, "RULES", replace(rules.RULES, degree=5, lengths=(1 / 400,)))
    assert growth(read(CASES[name])[0], False, CPU) < 1e-3


def test_cells_that_weigh_alike_let_it_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: what a cell says is not multiplied by how much of it lies inside."""
    made = JoinedFaces._factorised

    def alike(self: JoinedFaces, *given: Any) -> Any:
        self.shares = torch.ones_like(self.shares)
        self.joins = replace(self.joins, shares=self.shares)
        return made(self, *given)

    monkeypatch.setattr(rules, "RULES", replace(rules.RULES, degree=5, lengths=(1 / 4000,)))
    monkeypatch.setattr(JoinedFaces, "_factorised", alike)
    evolution = read(CASES["Schroedinger, disc"])[0]
    assert growth(evolution, False, CPU) > 0.05


# ---------------------------------------------------------------- the same problem in other words


WIDE = Disk(x=0, y=0, radius=1000) - Disk(x=200, y=100, radius=350)
SAME: dict[str, tuple[Problem, Any, float]] = {  # and by how much the error may be another one
    "moved": (over(RING.moved(x=0.3, y=-0.2), heat), lambda x, y, t: first(x - 0.3, y + 0.2, t), 2.0),
    "turned": (over(RING.turned(90, about=(0, 0)), heat), lambda x, y, t: first(y, -x, t), 1.2),
    "in metres and seconds": (
        over(WIDE, lambda u, x, y, t: d(u, t) - 0.2e6 / 60 * laplace(u, x, y), time=(0, 24)),
        lambda x, y, t: 1e4 * first(x / 1000, y / 1000, t / 60), 1.001,
    ),
}  # fmt: skip


@cache
def as_usual() -> float:
    return marched(manufactured(over(RING, heat), u=first)).error(u=first)


@pytest.mark.parametrize("name", SAME)
def test_where_it_stands_and_in_which_units_changes_nothing(name: str) -> None:
    declared, exact, within = SAME[name]
    usual = as_usual()
    error = marched(manufactured(declared, u=exact)).error(u=exact)
    assert 1 / within < error / usual < within


def test_a_ring_as_a_level_set_is_the_same_ring() -> None:
    within = Box(x=(-1.1, 1.1), y=(-1.1, 1.1))
    same = LevelSet(lambda x, y: (1 - x**2 - y**2) * (x**2 + y**2 - 0.25), within=within)
    assert marched(manufactured(over(same, heat), u=first)).error(u=first) < 3e-5


# ---------------------------------------------------------------- corners, layers, cells


def singular(x: Any, y: Any, t: Any) -> Any:
    """r^(2/3) sin(2 phi / 3), phi from the side below the corner, which fades."""
    r = (x**2 + y**2) ** 0.5
    phi = 2 * torch.atan(-(x + y) / 2**0.5 / (r + (y - x) / 2**0.5)) + 3 * math.pi / 4
    return exp(-t) * r ** (2 / 3) * sin(2 * phi / 3)


def test_a_corner_that_turns_inwards_has_graded_cells_and_an_honest_estimate() -> None:
    equations = lambda u, x, y, t: d(u, t) - laplace(u, x, y) + singular(x, y, t)  # noqa: E731
    problem = over(
        ELL,
        equations,
        [initial(u=lambda x, y: singular(x, y, torch.zeros_like(x))), dirichlet(u=singular)],
        time=(0, 0.02),
    )
    solved = marched(problem, tolerance=1e-3)
    error = solved.error(u=singular)
    assert float(solved.marcher.first.widths.min()) < 0.003 and error < 1e-4
    assert error < 3 * apart(solved.marcher.record.steps, solved.again(), [1.0])


def test_a_right_angle_between_a_value_and_a_slope_is_no_such_corner() -> None:
    plate = Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.2, name="hole")
    sides = [dirichlet(u=0, on=face(x=0)), neumann(u=0, on=face(x=1) | face(y=0) | face(y=1)), condition(leaks, on=side("hole"))]  # fmt: skip
    evolution, _ = read(over(plate, heat, [initial(u=0), *sides]))
    assert not evolution.notches and not evolution.jumps


def test_a_start_that_disagrees_with_the_rim_is_solved_with_few_cells_in_the_end() -> None:
    """Heat in a disc from one, zero at its rim: the integral is that of the series, of which 200 terms are enough."""
    problem = over(Disk(x=0, y=0, radius=1), heat, [initial(u=1), dirichlet(u=0)])
    steps, zeros = marched(problem, 5, tolerance=3e-3).marcher.record.steps, torch.from_numpy(jn_zeros(0, 200))
    for step in steps[len(steps) // 2 :: 6]:
        mean = float(step.mesh.shares @ step.stages[-1][:, 0, 0])
        right = float((4 / zeros**2 * torch.exp(-(zeros**2) * (step.begin + step.length) / 5)).sum())
        assert mean == pytest.approx(right, rel=2e-3)
    assert len(steps[-1].mesh) < max(len(s.mesh) for s in steps) / 2
    assert 1e-5 < steps[0].length < 1e-3  # what coarse cells see of a jump had made it shorter than a layer asks


def test_functions_go_over_to_other_cells() -> None:
    evolution, _ = read(over(RING, heat))
    mesh = Tiles.begun(evolution.extent, 2, ((), ()), CPU, evolution.region)
    fine, _ = halvings(mesh, torch.ones(len(mesh), 2, dtype=torch.bool), (False, False))
    cell = Marcher(evolution, Accuracy(7, 3, 1e-2, 1.0), CPU).scheme.cell
    inside = spread(mesh, cell, cell.degree + RULES.closer)
    c = inside.nearest(inside.places[..., 0] ** 3 - inside.places[..., 1])[:, None]
    there = on_others(c, mesh, fine, cell)
    for known, cells in ((there, fine), (on_others(there, fine, mesh, cell), mesh)):
        points = spread(cells, cell, 9)
        found = points.values(known[:, 0], (0, 0))
        assert torch.allclose(found, points.places[..., 0] ** 3 - points.places[..., 1], atol=1e-9)


def test_cells_that_hold_places_of_wider_ones_are_the_nearest_of_all() -> None:
    """Halved at random: none that does not touch a wide cell is nearer."""
    evolution, _ = read(over(RING, heat))
    mesh, drawn = Tiles.begun(evolution.extent, 2, ((), ()), CPU, evolution.region), torch.Generator().manual_seed(1)
    fine = mesh
    for _ in range(3):
        fine, _ = halvings(fine, torch.rand(len(fine), 2, generator=drawn) < 0.6, (False, False))
    cell = Marcher(evolution, Accuracy(4, 3, 1e-2, 1.0), CPU).scheme.cell
    wide, low, high, x = torch.arange(len(mesh)), fine.lows, fine.lows + fine.widths, spread(mesh, cell, 6).places
    found = holding(fine, mesh, wide, x)
    away = torch.maximum(low - x[:, :, None], x[:, :, None] - high).amax(-1)
    assert torch.equal(found, away.argmin(-1))


def test_a_march_that_has_no_more_cells_comes_to_its_end_and_says_that_it_is_not_what_was_asked() -> None:
    """A start that disagrees with a leaky rim (mutant: steps are shortened for what cells leave, and it is stuck)."""
    problem = over(
        Disk(x=0, y=0, radius=1), heat, [initial(u=0), condition(lambda u, x, y: x * d(u, x) + y * d(u, y) + u - 1)]
    )
    evolution, _ = read(problem)
    marcher = Marcher(evolution, Accuracy(7, 3, 1e-6, 1e-4, most=4), CPU)
    marcher.run()
    assert marcher.record.status == "done" and not marcher.record.honest and len(marcher.record.steps) < 30


def test_a_march_that_is_taken_up_gives_the_same_bits() -> None:
    problem = manufactured(over(RING, heat), u=first)
    one = Marcher(read(problem)[0], Accuracy(5, 3, 1e-3, 1e-1), CPU)
    other = Marcher(read(problem)[0], Accuracy(5, 3, 1e-3, 1e-1), CPU)
    for _ in range(3):
        one.advance()
    restore(other, stored(one))
    for marcher in (one, other):
        marcher.advance()
    assert torch.equal(one.start.values, other.start.values) and one.at == other.at


SWITCHED = [
    dirichlet(u=0, on=side("inner").where(lambda x, t: x < t)), neumann(u=0, on=side("inner").where(lambda x, t: x >= t))
]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        (over(RING, lambda u, x, y, t: d(u, t) + d(u, x), HELD), "elliptic"),
        (over(RING, heat, [initial(u=0), dirichlet(u=0, on=side("outer"))]), "conditions stand on"),
        (over(RING, heat, [initial(u=0), dirichlet(u=0, on=side("outer")), *SWITCHED]), "changes in time"),
    ],
    ids=["first order", "too little", "a part that moves"],
)
def test_what_does_not_fit_is_said(declared: Problem, why: str) -> None:
    with pytest.raises(UnmarchableError, match=why):
        read(declared)
