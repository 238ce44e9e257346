"""The march over cells of space: right answers that say how right, one-step operators that do not grow, and mutants."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, exp

from pinnsolve import (
    Ball,
    Box,
    Piecewise,
    Problem,
    condition,
    d,
    dirichlet,
    div,
    face,
    grad,
    initial,
    initial_rate,
    jump,
    laplace,
    side,
    solve,
)
from pinnsolve.cells.equation_sizes import equation_sizes
from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.shape import Shape
from pinnsolve.march import growth as rules
from pinnsolve.march.cells import halved
from pinnsolve.march.growth import growth
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import distance, richer, slabs
from pinnsolve.march.start import at_start
from pinnsolve.march.step_solver import StepSolver
from pinnsolve.methods import Marching
from pinnsolve.methods.last_terms import part_left
from pinnsolve.networks.halvings import halvings
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.manufactured import manufactured
from pinnsolve.trial.determined import UnmarchableError
from validation.marched import read, trial_of
from validation.stability_spaces import CASES, bump, problem

pytestmark = pytest.mark.usefixtures("unasked")

CPU = torch.device("cpu")
pi = math.pi


def warm(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    return d(u, t) - 0.1 * laplace(u, x, y, z)


def cooled(x: Any, y: Any, z: Any, t: Any) -> Any:
    return exp(-0.3 * pi**2 * t) * bump(x, y, z)


def drum(x: Any, y: Any, z: Any, t: Any) -> Any:
    return cos(3**0.5 * pi * t) * bump(x, y, z)


COOLED = problem(warm, [initial(u=bump), dirichlet(u=0)], time=0.5)


def leaky(x: Any, y: Any, z: Any, t: Any) -> Any:
    return exp(-0.3 * t) * cos(x) * cos(y) * cos(z)


ROBIN = [
    condition(lambda u, x: d(u, x) + math.tan(1) * u, on=face(x=1)),
    condition(lambda u, y, ny: ny * d(u, y) + math.tan(1) * u, on=face(y=1)),
    condition(lambda u, z: d(u, z) + math.tan(1) * u, on=face(z=1)),
    condition(lambda u, x, nx: nx * d(u, x), on=face(x=0)),
    condition(lambda u, y: d(u, y), on=face(y=0)),
    condition(lambda u, z: d(u, z), on=face(z=0)),
]
DECLARED: dict[str, tuple[Problem, Callable[..., Any], float]] = {
    "heat": (COOLED, cooled, 1e-2),
    "slopes and leaks": (
        problem(warm, [initial(u=lambda x, y, z: leaky(x, y, z, 0 * x)), *ROBIN], time=0.5), leaky, 1e-4,
    ),
    "a wave": (
        problem(lambda u, x, y, z, t: d(u, t, t) - laplace(u, x, y, z), [initial(u=bump), initial_rate(u=0), dirichlet(u=0)], time=0.5),
        drum, 5e-2,
    ),
}  # fmt: skip


def march(declared: Problem, degree: int, stages: int, count: int = 4, cells: int = 2) -> list[Step]:
    """So many equal steps over equal cells."""
    evolution, _ = read(declared)
    scheme = Scheme(evolution, degree, stages, CPU)
    mesh = Tiles.begun(evolution.extent, cells, evolution.joints, CPU)
    start, length, found = at_start(scheme, mesh), evolution.times[1] / count, list[Step]()

    def step(k: int) -> Step:
        return Step(scheme, mesh, k * length, length, start, start.values.expand(stages, -1, -1, -1))

    scheme.weights = equation_sizes(step(0))
    solver = StepSolver(scheme, torch.tensor(evolution.sizes), 1e-8, constant=True)
    for k in range(count):
        found.append(step(k))
        assert solver.solve(found[-1])
        start = found[-1].end()
    return found


def error(declared: Problem, steps: list[Step], exact: Callable[..., Any]) -> float:
    generator, trial = np.random.default_rng(0), trial_of(declared, read(declared)[1], steps)
    x, y, z, t = (torch.from_numpy(generator.uniform(*declared.domain.ends(c), 300)) for c in "xyzt")
    points = Points({"x": x, "y": y, "z": z, "t": t}, torch.ones(300, dtype=torch.float64))
    truth = exact(x, y, z, t)
    return float((trial.unknowns(trial.prepare(points))["u"].value - truth).norm() / truth.norm())


@pytest.mark.parametrize("name", DECLARED)
def test_a_march_is_right_and_says_how_right(name: str) -> None:
    declared, exact, most = DECLARED[name]
    poor, rich = march(declared, 5, 3), march(declared, 7, 5)
    found, far = error(declared, poor, exact), distance(poor, rich)
    assert found < most and 0.5 * found < float(far.difference / far.norm) < 2 * found
    left = part_left(slabs(poor), slabs(rich), [1.0], order=2)
    assert error(declared, rich, exact) < 1.5 * left * found, "what the richer one leaves is told by its last terms"


def test_what_no_cells_are_left_to_resolve_is_no_jump() -> None:
    """A hill of which all cells that there may be miss a hundredth: no step is shortened for it, as after a jump."""

    def hill(x: Any, y: Any, z: Any) -> Any:
        return exp(-((x - 0.4) ** 2 + (y - 0.5) ** 2 + (z - 0.5) ** 2) / (2 * 0.1**2))

    evolution, _ = read(problem(warm, [initial(u=hill), dirichlet(u=0)], time=0.5))
    marcher = Marcher(evolution, Accuracy(5, 3, 1e-3, 0.1, most=50), CPU)
    assert marcher.advance() and marcher.advance()
    first, second = marcher.record.steps
    assert not marcher.record.honest and min(first.length, second.length) > 5e-3
    assert second.mesh.places == first.mesh.places, "nor are a few cells halved, which would mend nothing"


def test_two_degrees_more_gain_more_than_a_digit() -> None:
    few, many = (error(COOLED, march(COOLED, degree, 5), cooled) for degree in (5, 7))
    assert many < 0.1 * few


def test_joins_of_all_traces_lock_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """On eight cells all joins say three times what equations leave open."""
    few = error(COOLED, march(COOLED, 7, 3), cooled)
    monkeypatch.setattr(Scheme, "loose", 0)
    assert error(COOLED, march(COOLED, 7, 3), cooled) > 3 * few


def test_units_and_the_order_of_coordinates_change_nothing() -> None:
    def uneven(x: Any, y: Any, z: Any) -> Any:
        return bump(x, y, z) * exp(0.4 * x - 0.7 * y)

    def cooling(T: Any, z: Any, y: Any, x: Any, t: Any) -> Any:
        return 1e3 * d(T, t) - 0.1 * (1e6 * d(T, z, z) + d(T, y, y) + d(T, x, x))

    told = Problem(
        space=Box(z=(0, 1000), y=(0, 1), x=(0, 1)), time=(0, 500), unknowns="T", equations=cooling,
        conditions=[dirichlet(T=0), initial(T=lambda x, y, z: 300 * uneven(z / 1000, x, y))], reference=None,
    )  # fmt: skip
    own = problem(warm, [initial(u=uneven), dirichlet(u=0)], time=0.5)
    one, other = (Marcher(read(p)[0], Accuracy(6, 3, 1e-3, 0.5), CPU) for p in (own, told))
    for marcher in (one, other):
        marcher.advance()
    (a,), (b,) = one.record.steps, other.record.steps
    assert b.length == pytest.approx(1e3 * a.length, rel=1e-6) and len(a.mesh) == len(b.mesh)
    assert other.residual == pytest.approx(one.residual, rel=1e-3)


def test_a_run_marches_over_cells_of_space() -> None:
    solution = solve(COOLED, network=LocalFeatures(degree=9, stages=3), method=Marching(bound=0.1), budget=300)
    truth = math.exp(-0.3 * pi**2 * 0.3) * math.sin(0.3 * pi) * math.sin(0.6 * pi) * math.sin(0.2 * pi)
    assert float(solution.u(x=0.3, y=0.6, z=0.2, t=0.3)) == pytest.approx(truth, rel=1e-2)
    assert float(solution.d("u", "t")(x=0.3, y=0.6, z=0.2, t=0.3)) == pytest.approx(-0.3 * pi**2 * truth, rel=3e-2)


# ---------------------------------------------------------------- shapes

SHELL = Ball(x=0.1, y=0, z=0, radius=1, name="outer") - Ball(x=0.3, y=0.1, z=0, radius=0.4, name="inner")


def mild(x: Any, y: Any, z: Any, t: Any) -> Any:
    return exp(-t) * cos(x + 0.5 * y) * exp(0.3 * z) + 0.2 * x * y * t


def lost(u: Any, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any) -> Any:
    return nx * d(u, x) + ny * d(u, y) + nz * d(u, z) + 2 * u


def over(space: Shape, equation: Callable[..., Any], *conditions: Any) -> Problem:
    return manufactured(problem(equation, [initial(u=0), *conditions], space=space, time=0.25), u=mild)


RIMS = dirichlet(u=0, on=side("outer")), condition(lost, on=side("inner"))
OVER_SHAPES = {
    "a shell that leaks": over(SHELL, warm, *RIMS),
    "a wave": over(
        SHELL, lambda u, x, y, z, t: d(u, t, t) - laplace(u, x, y, z), initial_rate(u=0), *RIMS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OVER_SHAPES)
def test_a_march_over_a_shape_is_right_and_says_how_right(name: str) -> None:
    declared = OVER_SHAPES[name]
    marcher = Marcher(read(declared)[0], Accuracy(5, 3, 1e-2, 1.0), CPU)
    marcher.length = 0.25
    steps = marcher.run().steps
    rich = richer(marcher.scheme, slabs(steps), marcher.solver)
    assert marcher.record.honest and rich is not None
    far, found = distance(steps, rich), error_over(declared, steps)
    assert found < 3e-3 and float(far.difference / far.norm) == pytest.approx(found, rel=0.15)


def error_over(declared: Problem, steps: list[Step]) -> float:
    trial = trial_of(declared, read(declared)[1], steps)
    points = declared.domain.interior.draw(400, "sobol", torch.Generator().manual_seed(1))
    truth = mild(**points.coordinates)
    return float((trial.unknowns(trial.prepare(points))["u"].value - truth).norm() / truth.norm())


def test_a_start_that_no_cells_resolve_is_told_at_once() -> None:
    """A hill as wide as a fiftieth of the cube asks for thousands of cells: the budget is not spent on it."""

    def hill(x: Any, y: Any, z: Any) -> Any:
        return exp(-((x - 0.4) ** 2 + (y - 0.3) ** 2 + (z - 0.6) ** 2) / 4e-4)

    marcher = Marcher(
        read(problem(warm, [initial(u=hill), dirichlet(u=0)]))[0], Accuracy(4, 2, 1e-3, 0.1, most=16), CPU
    )
    assert marcher.run().status == "cells" and not marcher.record.steps


def test_a_start_that_disagrees_with_a_rim_is_left_to_others_at_once() -> None:
    """Its layer wants more cells than there is room for; the rest of the budget is theirs."""
    hot = problem(warm, [initial(u=1), dirichlet(u=0)], space=Ball(x=0, y=0, z=0, radius=1))
    marcher = Marcher(read(hot)[0], Accuracy(4, 2, 1e-3, 0.1), CPU)
    assert marcher.run().status == "cells" and not marcher.record.steps


# ---------------------------------------------------------------- stability

GROWING = "advection, ring", "ball, wave that leaks"


@pytest.mark.parametrize("name", GROWING)
def test_the_one_step_operator_does_not_grow_on_unequal_cells(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "RULES", replace(rules.RULES, degree=4, lengths=(1 / 400,)))
    assert growth(read(CASES[name])[0], False, CPU) < 1e-3


def test_too_few_joins_let_it_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant of `Scheme.loose`: what is not joined grows where nothing damps it."""
    monkeypatch.setattr(rules, "RULES", replace(rules.RULES, degree=4, lengths=(1 / 400,)))
    monkeypatch.setattr(Scheme, "loose", 2)
    assert growth(read(CASES["advection, ring"])[0], False, CPU) > 0.03


# ---------------------------------------------------------------- what is left to others


def test_what_cells_of_space_cannot_take_is_left_to_others() -> None:
    ball = problem(
        lambda u, x, y, z, t, k: d(u, t) - div([k * g for g in grad(u, x, y, z)], x, y, z),
        [initial(u=bump), dirichlet(u=0)],
        parameters={"k": Piecewise(1.0, (Ball(x=0.5, y=0.5, z=0.5, radius=0.2), 5.0))},
    )
    with pytest.raises(UnmarchableError, match="interface of materials"):
        read(ball)
    film = [initial(u=bump), dirichlet(u=0), condition(lambda u, x: jump(d(u, x)) - 1, on=face(x=0.5))]
    with pytest.raises(UnmarchableError, match="stand inside"):
        read(problem(warm, film))


# ---------------------------------------------------------------- cells that are halved together


def grid(*counts: int) -> list[tuple[float, ...]]:
    return [tuple(1 / k for k in counts)] * math.prod(counts)


def test_where_many_cells_of_a_box_are_bad_all_are_halved() -> None:
    mesh = Tiles.begun(((0.0, 1.0),) * 3, 2, ((),) * 3, CPU)
    bad = torch.zeros(8, 3, dtype=torch.bool)
    bad[:2, 0] = True
    finer, how = halved(mesh, bad, (False,) * 3, 100)
    assert list(map(tuple, finer.widths.tolist())) == grid(4, 2, 2) and len(how) == 1
    bad[0] = True
    alone, _ = halvings(mesh, bad, (False,) * 3)
    assert len(alone) == 16, "of all coordinates 64 would be more than thrice as many: along that which most want"
    assert list(map(tuple, halved(mesh, bad, (False,) * 3, 100)[0].widths.tolist())) == grid(4, 2, 2)
    bad[:] = True
    assert len(halved(mesh, bad, (False,) * 3, 64)[0]) == 64 and len(halved(mesh, bad, (False,) * 3, 40)[0]) == 16
    assert len(halved(mesh, bad, (False,) * 3, 10)[0]) == 64, "no room for any: the march says so"


def test_a_few_bad_cells_are_halved_alone_until_others_are_as_narrow() -> None:
    mesh = Tiles.begun(((0.0, 1.0),) * 3, 4, ((),) * 3, CPU)
    one = (torch.arange(64) == 0)[:, None].expand(-1, 3)
    beside, _ = halved(mesh, one, (False,) * 3, 1000)
    assert 64 < len(beside) < 128, "a corner's cells"
    coarse = (beside.widths > 0.2).all(1) & (torch.arange(len(beside)) == len(beside) - 1)
    even, _ = halved(beside, coarse[:, None].expand(-1, 3), (False,) * 3, 1000)
    assert len(even) < 512 or list(map(tuple, even.widths.tolist())) == grid(8, 8, 8)


def test_what_is_carried_along_one_coordinate_alone_is_seen_along_the_others() -> None:
    """Along x and y nothing is derived, and nothing joined: a feature that vanishes at the points was left to chance."""

    def carried(x: Any, y: Any, z: Any, t: Any) -> Any:
        return exp(-3 * (x - 0.4) ** 2 - 2 * y**2 - 4 * (z - 0.2 - 0.5 * t) ** 2)

    declared = problem(
        lambda u, z, t: d(u, t) + 0.5 * d(u, z),
        [initial(u=lambda x, y, z: carried(x, y, z, 0 * x)), dirichlet(u=carried, on=face(z=0))],
    )
    few, many = (error(declared, march(declared, degree, 3, count=2), carried) for degree in (4, 6))
    assert few < 3e-2 and many < 0.2 * few
