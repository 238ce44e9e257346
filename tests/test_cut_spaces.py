"""Steady problems over cells of space that the rim of a shape cuts: orders from theory, areas, layers, mutants that
fail."""

from __future__ import annotations

import math
from math import pi
from typing import Any

import pytest
import torch
from torch import cos, exp, sin

from pinnsolve import (
    Ball,
    Box,
    Cylinder,
    Extruded,
    LevelSet,
    Piecewise,
    Polygon,
    Problem,
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
from pinnsolve.geometry.clip_points import points_inside
from pinnsolve.geometry.clipped import Clipped
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.surfaces import Surfaces
from pinnsolve.networks import openings as open_sides
from pinnsolve.networks.openings import closed, in_cells, openings
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.spread import features_at, spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.exact import verified
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.steady import steady

CPU = torch.device("cpu")
BALL = Ball(x=0.013, y=0.007, z=-0.02, radius=1)
SHELL = Ball(x=0, y=0, z=0, radius=1, name="outer") - Ball(x=0.2, y=0, z=0, radius=0.4, name="inner")
CUBE = Box(x=(0, 1), y=(0, 1), z=(0, 1))
HOLED = CUBE - Ball(x=0.4, y=0.3, z=0.6, radius=0.2) - Ball(x=0.6, y=0.7, z=0.5, radius=0.15)
WEDGE = Extruded(Polygon(x=[0, 2, 1], y=[0, 0.3, 1.5]), z=(0, 1))


def smooth(x: Any, y: Any, z: Any) -> Any:
    return exp(x) * sin(2 * y) * cos(z) + x * y * z


def poisson(u: Any, x: Any, y: Any, z: Any) -> Any:
    return laplace(u, x, y, z) + 4 * exp(x) * sin(2 * y) * cos(z)


def flux(u: Any, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any) -> Any:
    along_x, along_y = exp(x) * sin(2 * y) * cos(z) + y * z, 2 * exp(x) * cos(2 * y) * cos(z) + x * z
    along_z = x * y - exp(x) * sin(2 * y) * sin(z)
    lost = nx * (d(u, x) - along_x) + ny * (d(u, y) - along_y) + nz * (d(u, z) - along_z)
    return lost + 2 * (u - smooth(x, y, z))


def declared(space: Shape = BALL, equations: Any = poisson, conditions: Any = None, **more: Any) -> Problem:
    given: dict[str, Any] = {"unknowns": "u", "reference": None, "tolerance": 1e-3, **more}
    return Problem(space=space, equations=equations, conditions=conditions or [dirichlet(u=smooth)], **given)


def begun(problem: Problem, degree: int, count: int) -> SteadyCells:
    evolution = steady(problem, verified(problem, check(problem))[0])
    scheme = scheme_of(evolution, degree, CPU)
    mesh = Tiles.begun(evolution.extent, count, evolution.joints, CPU, evolution.region)
    mesh = parts_apart(mesh, evolution.rings)
    return SteadyCells(scheme, mesh, torch.zeros(len(mesh), scheme.fields, scheme.cell.count, dtype=torch.float64))


def solved(cells: SteadyCells) -> SteadyCells | None:
    return JoinedNewton(SteadyOperator, torch.ones(1, dtype=torch.float64), 1e-12).solve(cells)


def error_of(cells: SteadyCells | None, exact: Any = smooth) -> float:
    assert cells is not None
    inside = spread(cells.mesh, cells.scheme.cell, cells.scheme.degree + 2)
    weights = inside.weights * cells.mesh.shares[:, None]
    right = exact(*inside.places.unbind(-1))
    off = inside.values(cells.coefficients[:, 0], (0, 0, 0)) - right
    return float(((off.square() * weights).sum() / (right.square() * weights).sum()).sqrt())


# ---------------------------------------------------------------- how exact it is


@pytest.mark.usefixtures("unasked")
def test_the_error_falls_as_the_width_to_the_degree_and_one() -> None:
    """As over whole cells, whatever a rim cuts off: h^(d + 1), within 0.8 before the limit."""
    problem = declared(conditions=[condition(flux, on=boundary)])
    coarse, fine = (error_of(solved(begun(problem, 4, n))) for n in (2, 4))
    assert 4.2 < math.log2(coarse / fine) < 6.5


LENS = LevelSet(lambda x, y, z: 0.2 - torch.sqrt(x**2 + y**2 + z**2), within=CUBE.moved(x=-0.51, y=-0.5, z=-0.49))


def test_triangles_of_a_level_set_go_around_what_lies_inside() -> None:
    """Also where the function has no slope: in the middle."""
    mesh = Tiles.begun(list(LENS.bounds.values()), 2, [()] * 3, CPU, Clipped(LENS))
    assert len(mesh) == 8 and mesh.region is not None
    _, boxes, pieces = in_cells(mesh)
    outward, areas = mesh.region.rim.outward(pieces, boxes, 2)
    assert float(areas.sum()) == pytest.approx(4 * math.pi * 0.2**2, rel=5e-3)
    assert float(outward.sum(0).norm()) < 5e-3 * float(areas.sum())
    x, normals, sizes = mesh.region.rim.nodes(pieces, boxes, 1)
    assert float((x.norm(dim=-1) - 0.2).abs().max()) < 1e-12 and bool((normals * x).sum(-1).min() > 0.19)
    within = (normals * sizes[..., None]).sum(1)
    assert float((within - outward).abs().max()) < 0.1 * float(areas.max())


def test_of_what_lies_elsewhere_nothing_is_held() -> None:
    for shape in (LENS, BALL):
        rim = Surfaces(shape)
        pieces = rim.whole()
        far = torch.tensor([[5.0, 5.0, 5.0], [6.0, 6.0, 6.0]], dtype=torch.float64).expand(len(pieces), 2, 3)
        assert not len(rim.held(pieces, far)[0])


def test_features_of_many_places_in_a_cell_are_those_of_each() -> None:
    mesh = Tiles.begun(list(BALL.bounds.values()), 2, [()] * 3, CPU, Clipped(BALL))
    cell, cells = reference_cell(3, CPU, 3), torch.tensor([3, 0, 3, 5, 0, 3])
    xi = torch.rand(6, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    together = features_at(mesh, cell, cells, xi, (1, 0, 0))
    for k in range(6):
        alone = features_at(mesh, cell, cells[k : k + 1], xi[k : k + 1], (1, 0, 0))
        assert torch.allclose(together[k], alone[0], rtol=1e-12, atol=1e-12)


def test_pieces_of_a_rim_have_its_area_and_points_their_volume() -> None:
    for shape in (HOLED, WEDGE.turned(20, about="x").moved(y=0.3)):
        mesh = Tiles.begun(list(shape.bounds.values()), 2, [()] * 3, CPU, Clipped(shape))
        assert closed(mesh, (False,) * 3) and mesh.region is not None
        owner, boxes, pieces = in_cells(mesh)
        x, normals, areas = mesh.region.rim.nodes(pieces, boxes, 4)
        whole = sum(float(s.nodes[1].sum()) for s in shape.sides)
        assert float(areas.sum()) == pytest.approx(whole, rel=1.5e-2)
        assert bool((normals.norm(dim=-1) - 1).abs().max() < 1e-12)
        near = 1e-6 * shape.size
        assert bool(((x > boxes[:, None, 0] - near) & (x < boxes[:, None, 1] + near)).all()) and len(owner) == len(x)
        _, weights, shares = mesh.inside_cut(4)
        volumes = mesh.widths.prod(1)
        volumes[mesh.cut] *= shares
        assert float(volumes.sum()) == pytest.approx(shape.measure, rel=2e-2)
        assert torch.allclose(weights.sum(1), torch.ones(len(mesh.cut), dtype=torch.float64))


@pytest.mark.usefixtures("unasked")
def test_parts_that_do_not_touch_are_solved_beside_each_other() -> None:
    """No side is open across the coordinate along which two balls lie apart; beside one alone cells are twice as long
    along it, so that the error is at most 2^(d + 1) times as large."""
    two = Ball(x=-1, y=0, z=0, radius=0.5) | Ball(x=1, y=0, z=0, radius=0.5)
    apart = begun(declared(two, conditions=[condition(flux, on=boundary)]), 4, 2)
    assert closed(apart.mesh, (False,) * 3) and len(apart.mesh) == 8
    alone = begun(declared(Ball(x=1, y=0, z=0, radius=0.5), conditions=[condition(flux, on=boundary)]), 4, 2)
    assert error_of(solved(apart)) < 2**5 * error_of(solved(alone)) < 0.01


def test_points_tell_all_polynomials_whatever_the_outline() -> None:
    """A quarter of half a torus, whose outline along each coordinate is no rectangle: what is small in the mean over
    points is so in the mean over a fine grid. Mutant: lines over a rectangle, of which some meet nothing."""

    def torus(x: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return ((x[:, 0] ** 2 + x[:, 1] ** 2).sqrt() - 0.7).square() + x[:, 2] ** 2 < 0.3**2

    frame, degree = torch.tensor([[0, 0, 0], [1, 1, 0.3]], dtype=torch.float64), 6
    cell, ticks = reference_cell(degree, CPU, 3), (torch.arange(24, dtype=torch.float64) + 0.5) / 24

    def features(x: torch.Tensor) -> torch.Tensor:
        return cell.features(2 * x / frame[1] - 1, (0, 0, 0))

    grid = torch.cartesian_prod(ticks, ticks, ticks) * frame[1]
    grid = grid[torus(grid, grid[:, 0])]
    own = torch.linalg.qr(features(grid) / len(grid) ** 0.5, mode="r").R.inverse()
    places, weights, shares = points_inside(torus, frame.expand(3, -1, -1), torch.arange(3), degree + 1)
    assert shares.tolist() == pytest.approx([2 * pi**2 * 0.7 * 0.3**2 / 8 / 0.3] * 3, rel=0.01)
    for x, w in zip(places, weights, strict=True):
        rows = w.sqrt()[:, None] * features(x) @ own
        assert float(torch.linalg.svdvals(rows)[-1]) > 0.2 and bool((w > 0).all())


@pytest.mark.usefixtures("unasked")
def test_units_and_where_it_stands_change_nothing() -> None:
    def there(x: Any, y: Any, z: Any) -> Any:
        return smooth(x / 1e3, y / 1e3 - 2, z / 1e3)

    def equation(u: Any, x: Any, y: Any, z: Any) -> Any:
        return 1e6 * laplace(u, x, y, z) + 4 * exp(x / 1e3) * sin(2 * (y / 1e3 - 2)) * cos(z / 1e3)

    moved = Ball(x=13, y=2007, z=-20, radius=1e3)
    plain = error_of(solved(begun(declared(), 4, 2)))
    other = error_of(solved(begun(declared(moved, equation, [dirichlet(u=there)]), 4, 2)), there)
    assert other == pytest.approx(plain, rel=0.02)


# ---------------------------------------------------------------- what must not be overlooked


@pytest.mark.usefixtures("unasked")
def test_a_wall_parts_what_lies_on_its_sides() -> None:
    """Zero on one side of a thin wall and one on the other: cells across it would smear that."""
    shape = Box(x=(0, 2), y=(0, 1), z=(0, 1)) - Box(x=(0.97, 1.0), y=(-0.1, 1.1), z=(-0.1, 1.1))
    problem = declared(shape, lambda u, x, y, z: laplace(u, x, y, z), [dirichlet(u=lambda x: 1.0 * (x > 0.985))])
    assert error_of(solved(begun(problem, 3, 1)), lambda x, y, z: 1.0 * (x > 0.985)) < 1e-10


@pytest.mark.usefixtures("unasked")
def test_what_is_overlooked_is_no_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: an open side that is not seen, and normals that point inwards."""
    cells = begun(declared(), 4, 2)
    right = error_of(solved(cells))
    lost = openings(cells.mesh, (False,) * 3)[1:]
    for room in (elimination_order, open_sides):
        monkeypatch.setattr(room, "openings", lambda mesh, rings: lost)
    faces.faces_of.cache_clear()
    elimination_order.order_of.cache_clear()
    assert not closed(cells.mesh, (False,) * 3)
    assert error_of(solved(cells)) > 3 * right
    monkeypatch.undo()
    faces.faces_of.cache_clear()
    elimination_order.order_of.cache_clear()
    taken = Surfaces.taken

    def inward(self: Any, *given: Any) -> Any:
        x, normals, density, kept = taken(self, *given)
        return x, -normals, density, kept

    natural = begun(declared(conditions=[condition(flux, on=boundary)]), 4, 2)
    right = error_of(solved(natural))
    assert natural.mesh.clips  # cut with the right ones
    monkeypatch.setattr(Surfaces, "taken", inward)
    mutant = solved(SteadyCells(natural.scheme, natural.mesh, natural.coefficients))
    assert mutant is None or error_of(mutant) > 100 * right


@pytest.mark.usefixtures("unasked")
def test_what_says_too_little_or_bends_is_left_to_others() -> None:
    plan = verified(declared(), check(declared()))[0]
    inner = [dirichlet(u=smooth, on=side("inner"))]
    half = [*inner, dirichlet(u=smooth, on=side("outer").where(lambda x: x < 0))]
    for conditions in (inner, half):
        with pytest.raises(UnmarchableError, match="0 conditions stand on outer"):
            steady(declared(SHELL, conditions=conditions), plan)
    round_material = declared(parameters={"k": Piecewise(1.0, (Ball(x=0, y=0, z=0, radius=0.5), 10.0))}, equations=bent)
    with pytest.raises(UnmarchableError, match="no curved interface"):
        steady(round_material, verified(round_material, check(round_material))[0])
    unseen = declared(equations=lambda u, x, y, z: torch.where(x < 0.1, 1.0, 10.0) * laplace(u, x, y, z) + 6)
    with pytest.raises(UnmarchableError, match="jumps at x=0.1"):
        steady(unseen, verified(unseen, check(unseen))[0])


def bent(u: Any, x: Any, y: Any, z: Any, k: Any) -> Any:
    return d(k * d(u, x), x) + d(k * d(u, y), y) + d(k * d(u, z), z)


# ---------------------------------------------------------------- whole runs


def test_an_answer_is_right_and_says_how_right() -> None:
    """Values on one part of a sphere, heat that is lost on the other."""
    problem = declared(conditions=[
        dirichlet(u=smooth, on=boundary.where(lambda x: x < 0.3)),
        condition(flux, on=boundary.where(lambda x: x >= 0.3)),
    ])  # fmt: skip
    solution = solve(problem)
    assert solution.converged and isinstance(solution.trial, Planar)
    points = problem.domain.interior.draw(2000, "sobol", torch.Generator().manual_seed(3)).coordinates
    right = smooth(*points.values())
    error = float((torch.as_tensor(solution.u(**points)) - right).norm() / (right - right.mean()).norm())
    assert solution.estimate is not None and error < solution.estimate < 1e-3


@pytest.mark.usefixtures("unasked")
def test_two_layers_of_materials() -> None:
    """The flux goes on where conductivity jumps tenfold: a function that is a feature on each side."""

    def kinked(x: Any, y: Any, z: Any) -> Any:
        return torch.where(z < 0.5, z - 0.5, (z - 0.5) / 10) + x**2 - y**2

    materials = {"k": Piecewise(1.0, (Box(z=(0.5, 1)), 10.0))}
    space = Cylinder(x=0, y=0, radius=0.7, z=(0, 1))
    problem = declared(space, bent, [dirichlet(u=kinked)], parameters=materials)
    assert error_of(solved(begun(problem, 3, 2)), kinked) < 1e-10
