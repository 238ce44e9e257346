"""The surface of what lives in space: closed, as large as the shape's own, and drawn from two sides."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import meshio
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pinnsolve import MLP, Ball, Box, Cylinder, LevelSet, LevenbergMarquardt, Mesh, Problem, dirichlet, laplace, solve
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.triangulation import surface
from pinnsolve.report.record import Report
from pinnsolve.report.solids import _surface, solids
from pinnsolve.verdict.compare import compare

ELLIPSOID = LevelSet(
    lambda x, y, z: 1 - x**2 / 4 - y**2 - z**2, within=Box(x=(-2.1, 2.1), y=(-1.1, 1.1), z=(-1.1, 1.1))
)
E = math.sqrt(3) / 2  # its eccentricity


def area_of(points: np.ndarray, triangles: np.ndarray) -> float:
    """Of triangles that leave no edge open."""
    edges = Counter(tuple(sorted(t[[k, k - 1]])) for t in triangles for k in range(3))
    assert not any(count % 2 for count in edges.values())
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return float(np.linalg.norm(across, axis=1).sum()) / 2


@pytest.mark.parametrize(("shape", "area"), [
    (ELLIPSOID, 2 * math.pi * (1 + 2 / E * math.asin(E))),
    (Cylinder(x=0, y=0, radius=0.5, z=(0, 2)).turned(30, about="x"), 2.5 * math.pi),
], ids=["a level set", "turned"])  # fmt: skip
def test_a_surface_is_closed_and_as_large_as_it_is(shape: Shape, area: float) -> None:
    """Straight triangles of a width h miss some h^2 / R^2 of a curved surface, and cut or fold what is within h of an
    edge: here h is an eighth of R."""
    assert area_of(*surface(shape, 1500)) == pytest.approx(area, rel=0.03)


def test_large_facets_of_a_file_are_cut_for_their_colours(tmp_path: Path) -> None:
    """A tetrahedron with legs of one: three faces of a half, and one of sqrt(3) / 2."""
    corners, faces = np.r_[np.zeros((1, 3)), np.eye(3)], np.array([[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]])
    meshio.write(tmp_path / "a.stl", meshio.Mesh(corners, [("triangle", faces)]), binary=True)
    points, triangles = surface(Mesh(tmp_path / "a.stl"), 1000)
    assert len(triangles) == 256 and area_of(points, triangles) == pytest.approx(1.5 + math.sqrt(3) / 2)


def test_a_box_is_drawn_from_both_sides_and_cut() -> None:
    problem = Problem(
        space=Box(x=(0, 2), y=(0, 1), z=(0, 1)), unknowns="v", equations=lambda v, x, y, z: laplace(v, x, y, z),
        conditions=[dirichlet(v=lambda x, y, z: x * y)], reference=None,
    )  # fmt: skip
    solution = solve(problem, network=MLP(width=6, depth=2), method=LevenbergMarquardt(steps=2), points=64, held_out=64)
    on = _surface(problem)
    corners = np.stack(list(on.points.values()), 1)[on.cells[0][1]]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert np.linalg.norm(across, axis=1).sum() / 2 == pytest.approx(10.0)
    panels = solids(Report("box", "", solution, compare(solution, None), [], 0, 0), "v")
    figure = Figure()
    FigureCanvasAgg(figure)
    for k, draw in enumerate(panels):
        draw(figure.add_subplot(2, 2, k + 1))
    assert [a.get_title() for a in figure.axes[:4] if a.get_title()] == [
        "v on the surface, from the front", "v on the surface, from behind",
        "v: solution\nat y = 0.5", "v: solution\nat x = 1",
    ]  # fmt: skip
    (solid,) = figure.axes[0].child_axes
    assert solid.name == "3d" and len(solid.collections[0].get_facecolor()) == len(on.cells[0][1])


def test_a_plane_through_the_middle_that_misses_the_shape_is_not_drawn() -> None:
    """Two balls apart along x: their middle plane across x meets neither; the surface and the other plane remain."""
    problem = Problem(
        space=Ball(x=-1, y=0, z=0, radius=0.5) | Ball(x=1, y=0, z=0, radius=0.5), unknowns="v",
        equations=lambda v, x, y, z: laplace(v, x, y, z), conditions=[dirichlet(v=lambda x, y, z: x * y)], reference=None,
    )  # fmt: skip
    solution = solve(problem, network=MLP(width=6, depth=2), method=LevenbergMarquardt(steps=2), points=64, held_out=64)
    assert len(solids(Report("balls", "", solution, compare(solution, None), [], 0, 0), "v")) == 3
