"""Steady problems over cells that the rim of a shape cuts: orders from theory, slivers, walls, and mutants that fail."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, exp, sin

from pinnsolve import (
    Box,
    Disk,
    LevelSet,
    Polygon,
    Problem,
    Solution,
    boundary,
    condition,
    d,
    dirichlet,
    laplace,
    side,
    solve,
)
from pinnsolve.cells import elimination_order, faces
from pinnsolve.cells.grading import parts_apart
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.checks.check import check
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.stretches import Stretches
from pinnsolve.methods import steady_solving
from pinnsolve.networks import openings as open_sides
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.openings import closed, openings
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady import whole as steady_whole
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.steady.keeping import stored, taken_up
from pinnsolve.steady.whole import SteadyWhole
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.exact import verified
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.steady import steady

CPU = torch.device("cpu")
DISC = Disk(x=0.013, y=0.007, radius=1)
RING = Disk(x=0, y=0, radius=1, name="outer") - Disk(x=0.2, y=0.1, radius=0.35, name="inner")


def smooth(x: Any, y: Any) -> Any:
    return exp(x) * sin(2 * y) + cos(3 * x + y)


def poisson(u: Any, x: Any, y: Any) -> Any:
    return laplace(u, x, y) + 3 * exp(x) * sin(2 * y) + 10 * cos(3 * x + y)


def flux(u: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
    along_x, along_y = exp(x) * sin(2 * y) - 3 * sin(3 * x + y), 2 * exp(x) * cos(2 * y) - sin(3 * x + y)
    return nx * (d(u, x) - along_x) + ny * (d(u, y) - along_y) + 2 * (u - smooth(x, y))


def declared(space: Shape = DISC, equations: Any = poisson, conditions: Any = None, **more: Any) -> Problem:
    given: dict[str, Any] = {"unknowns": "u", "reference": None, "tolerance": 1e-6, **more}
    return Problem(space=space, equations=equations, conditions=conditions or [dirichlet(u=smooth)], **given)


def begun(problem: Problem, degree: int, count: int, joints: Any = ((), ())) -> SteadyCells:
    evolution = steady(problem, verified(problem, check(problem))[0])
    scheme = scheme_of(evolution, degree, CPU)
    mesh = parts_apart(Tiles.begun(evolution.extent, count, joints, CPU, evolution.region), evolution.rings)
    return SteadyCells(scheme, mesh, torch.zeros(len(mesh), scheme.fields, scheme.cell.count, dtype=torch.float64))


def solved(cells: SteadyCells) -> SteadyCells | None:
    return JoinedNewton(SteadyOperator, torch.ones(1, dtype=torch.float64), 1e-12).solve(cells)


def error_of(cells: SteadyCells | None, exact: Any = smooth, field: int = 0) -> float:
    assert cells is not None
    inside = spread(cells.mesh, cells.scheme.cell, cells.scheme.degree + 4)
    weights = inside.weights * cells.mesh.shares[:, None]
    right = exact(inside.places[..., 0], inside.places[..., 1])
    off = inside.values(cells.coefficients[:, field], (0, 0)) - right
    return float(((off.square() * weights).sum() / (right.square() * weights).sum()).sqrt())


# ---------------------------------------------------------------- how exact it is


@pytest.mark.parametrize("conditions", [[dirichlet(u=smooth)], [condition(flux, on=boundary)]], ids=["value", "robin"])
def test_the_error_falls_as_the_width_to_the_degree_and_one(conditions: Any) -> None:
    """As over whole cells, whatever a rim cuts off: h^(d + 1), within 0.6 before the limit."""
    problem = declared(conditions=conditions)
    coarse, fine = (error_of(solved(begun(problem, 5, n))) for n in (4, 8))
    assert 5.4 < math.log2(coarse / fine) < 7.0


@pytest.mark.parametrize("thin", [1e-2, 1e-4, 1e-8])
def test_slivers_do_no_harm(thin: float) -> None:
    """A grid line close to the end of a disc leaves a cap as thin as that."""
    problem = declared(Disk(x=0, y=0, radius=1))
    cells = begun(problem, 9, 4, ((1 - thin,), (thin - 1,)))
    assert error_of(solved(cells)) < 1e-8


@pytest.mark.usefixtures("unasked")
def test_points_lie_inside_and_weights_sum_to_one() -> None:
    star = LevelSet(lambda x, y: 1 - x**4 - y**4 - x * y / 2, within=Box(x=(-1.4, 1.4), y=(-1.4, 1.4)))
    for shape in (RING, star - Disk(x=0.3, y=0.2, radius=0.1), Polygon(x=[0, 3, 0.1], y=[0, 0.1, 0.3])):
        cells = begun(declared(shape), 4, 2)
        inside = spread(cells.mesh, cells.scheme.cell, 6)
        assert bool(shape.contains(inside.places.reshape(-1, 2)).all())
        assert torch.allclose(inside.weights.sum(1), torch.ones(len(cells.mesh), dtype=torch.float64))
        assert closed(cells.mesh, (False, False))


PLACED: dict[str, tuple[Shape, float, Any]] = {
    "moved": (RING.moved(x=0.3, y=-0.2), 1.0, lambda x, y: (x - 0.3, y + 0.2)),
    "turned by 90": (RING.turned(90, about=(0, 0)), 1.0, lambda x, y: (y, -x)),
    "turned by 30": (RING.turned(30, about=(0, 0)), 1.0, lambda x, y: (0.75**0.5 * x + y / 2, 0.75**0.5 * y - x / 2)),
    "kilometres": (
        Disk(x=0, y=0, radius=1e3) - Disk(x=200, y=100, radius=350), 1e3, lambda x, y: (x / 1e3, y / 1e3)
    ),
}  # fmt: skip


@cache
def as_usual() -> float:
    return error_of(solved(begun(declared(RING), 7, 4)))


@pytest.mark.parametrize("how", PLACED)
def test_where_it_stands_and_in_which_units_changes_nothing(how: str) -> None:
    """The same but where cells stand otherwise on it."""
    space, unit, back = PLACED[how]

    def equation(u: Any, x: Any, y: Any) -> Any:
        a, b = back(x, y)
        return unit**2 * laplace(u, x, y) + 3 * exp(a) * sin(2 * b) + 10 * cos(3 * a + b)

    def there(x: Any, y: Any) -> Any:
        return smooth(*back(x, y))

    plain = as_usual()
    other = error_of(solved(begun(declared(space, equation, [dirichlet(u=there)]), 7, 4)), there)
    if how == "turned by 30":
        assert other < 100 * plain < 1e-4
    else:
        assert other == pytest.approx(plain, rel=0.02)


# ---------------------------------------------------------------- what must not be overlooked


@pytest.mark.usefixtures("unasked")
def test_a_wall_parts_what_lies_on_its_sides() -> None:
    """Zero on one side of a thin wall and one on the other: cells across it would smear that."""
    shape = Box(x=(0, 2), y=(0, 1)) - Box(x=(0.99, 1.0), y=(-0.1, 1.1))
    sides = [dirichlet(u=lambda x: 1.0 * (x > 0.995))]
    problem = declared(shape, lambda u, x, y: laplace(u, x, y), sides)
    cells = solved(begun(problem, 5, 3))
    assert error_of(cells, lambda x, y: 1.0 * (x > 0.995)) < 1e-12


@pytest.mark.usefixtures("unasked")
def test_what_is_overlooked_is_no_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: an open side that is not seen, and normals that point inwards."""
    cells = begun(declared(), 7, 4)
    right = error_of(solved(cells))
    found = openings(cells.mesh, (False, False))
    axis, *pairs = found[0]
    lost = [(axis, *(p[1:] for p in pairs)), *found[1:]]
    for room in (elimination_order, open_sides):
        monkeypatch.setattr(room, "openings", lambda mesh, rings: lost)
    faces.faces_of.cache_clear()
    elimination_order.order_of.cache_clear()
    assert not closed(cells.mesh, (False, False))
    assert error_of(solved(cells)) > 10 * right
    monkeypatch.setattr(steady_whole, "closed", lambda mesh, rings: False)
    assert not SteadyWhole(cells.scheme, (), 1e-6).solve()
    faces.faces_of.cache_clear()
    elimination_order.order_of.cache_clear()
    monkeypatch.undo()
    natural = declared(conditions=[condition(flux, on=boundary)])
    at = Stretches.at

    def inward(self: Any, *given: Any, **more: Any) -> Any:
        x, normals, density = at(self, *given, **more)
        return x, -normals if more else normals, density

    right = error_of(solved(begun(natural, 7, 4)))
    monkeypatch.setattr(Stretches, "at", inward)
    mutant = solved(begun(natural, 7, 4))
    assert mutant is None or error_of(mutant) > 1e3 * right


def test_what_says_too_little_or_is_not_elliptic_is_left_to_others() -> None:
    plan = verified(declared(), check(declared()))[0]
    inner = [dirichlet(u=smooth, on=side("inner"))]
    half = [*inner, dirichlet(u=smooth, on=side("outer").where(lambda x: x < 0))]
    for conditions, told in ((inner, "0 conditions stand on outer"), (half, "0 conditions stand on outer")):
        with pytest.raises(UnmarchableError, match=told):
            steady(declared(RING, conditions=conditions), plan)
    with pytest.raises(UnmarchableError, match="elliptic"):
        steady(declared(equations=lambda u, x, y: d(u, y) - d(u, x, x)), plan)


# ---------------------------------------------------------------- whole runs


def test_an_answer_is_right_and_says_how_right() -> None:
    problem = declared(RING, conditions=[
        dirichlet(u=smooth, on=side("inner") | side("outer").where(lambda x: x < 0.3)),
        condition(flux, on=side("outer").where(lambda x: x >= 0.3)),
    ])  # fmt: skip
    solution = solve(problem)
    assert solution.converged and isinstance(solution.trial, Planar)
    points = problem.domain.interior.draw(2000, "sobol", torch.Generator().manual_seed(3)).coordinates
    right = smooth(*points.values())
    off = torch.as_tensor(solution.u(**points)) - right
    error = float(off.norm() / (right - right.mean()).norm())
    assert solution.estimate is not None and error < 1.5 * solution.estimate < 1e-6


def test_a_run_that_is_taken_up_gives_the_same_bits() -> None:
    problem = declared(RING)
    made, _ = verified(problem, check(problem))
    scheme = scheme_of(steady(problem, made), 5, CPU)
    whole = SteadyWhole(scheme, (), 1e-6)
    for _ in range(2):
        whole.advance()
    first, again = (Planar(problem, LocalFeatures(degree=5), made) for _ in range(2))
    first.take(whole.cells.mesh, whole.cells.coefficients, False, 1.0)
    again.assign(first.vector())
    assert again.mesh is not None
    other = taken_up(SteadyWhole(scheme, (), 1e-6), again.mesh, again.coefficients, stored(whole))
    for one in (whole, other):
        one.advance()
    assert torch.equal(whole.cells.coefficients, other.cells.coefficients) and whole.offs == other.offs


@pytest.mark.parametrize("bounded", [True, False])
def test_a_corner_without_bound_keeps_the_degree_of_the_march_before(bounded: bool) -> None:
    """r^(2/3) sin(2 phi / 3) around a corner that turns inwards: two degrees more do little there."""
    corner = Polygon(x=[0, 1, 1, -1, -1, 0], y=[0, 0, 1, 1, -1, -1])

    def around(x: Any, y: Any) -> Any:
        r = torch.sqrt(x * x + y * y + 1e-300)
        phi = torch.atan2(y, x)
        return r ** (2 / 3) * sin(2 / 3 * torch.where(phi < -1e-9, phi + 2 * math.pi, phi))

    def harmonic(x: Any, y: Any) -> Any:
        return exp(x) * sin(y)

    given = harmonic if bounded else around
    problem = declared(corner, lambda u, x, y: laplace(u, x, y), [dirichlet(u=given)])
    made = verified(problem, check(problem))[0]
    known, following = (Planar(problem, LocalFeatures(degree=degree), made) for degree in (13, 13))
    cells = solved(begun(problem, 8, 2))
    assert cells is not None
    known.take(cells.mesh, cells.coefficients, True, 1e-3)
    assert steady_solving._begun_with(following, known) == (10 if bounded else 8)


def test_a_saved_solution_is_the_same_where_another_problem_cuts_its_cells_anew(tmp_path: Path) -> None:
    """Cells whose rim is as steep along both coordinates, as on the diagonal of a disc, must be cut as before: otherwise
    their features are others, and the loaded solution is 4e-4 off."""

    def problem() -> Problem:
        plate = Box(x=(-1, 1), y=(-1, 1)) - Disk(x=0.5, y=0.5, radius=0.2) - Disk(x=0.4, y=-0.4, radius=0.4)
        return Problem(
            space=plate, unknowns="u", conditions=dirichlet(u=0), tolerance=1e-2, reference=None,
            equations=lambda u, x, y: laplace(u, x, y) - 64 * u + 170 * sin(math.pi * x) * sin(4 * math.pi * y),
        )  # fmt: skip

    solution = solve(problem())
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem())
    places = torch.tensor(np.random.default_rng(5).uniform(-1, 1, (2, 20_000)))
    out = problem().domain.beside(dict(zip("xy", places, strict=True)))
    x, y = places[:, ~out].numpy()
    assert np.abs(solution.u(x=x, y=y) - again.u(x=x, y=y)).max() < 1e-10
