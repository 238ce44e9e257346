"""Meshes from files: what they cover, their groups as sides, what is wrong with a broken one."""

from __future__ import annotations

import math
from pathlib import Path

import meshio
import numpy as np
import pytest
import torch

from pinnsolve import (
    Box,
    Disk,
    Mesh,
    Problem,
    ProblemError,
    compare,
    d,
    dirichlet,
    exact,
    face,
    neumann,
    point,
    side,
    solve,
)
from pinnsolve.checks.references import reference_of
from pinnsolve.geometry import Domain
from pinnsolve.geometry.triangulation import triangulated

PI_HALF = math.pi / 2
PLATE = Box(x=(0, 2), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.25)


def plate(path: Path) -> Path:
    """A plate with a hole in triangles, its inlet and its hole in groups, and the rest in none."""
    points, ((_, cells),) = triangulated(PLATE, 600)
    edges = np.sort(np.concatenate([cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]]), axis=1)
    lines, counts = np.unique(edges, axis=0, return_counts=True)
    lines = lines[counts == 1]
    middle = points[lines].mean(1)
    hole = np.hypot(middle[:, 0] - 0.5, middle[:, 1] - 0.5) < 0.26
    tags = np.where(middle[:, 0] < 1e-9, 1, np.where(hole, 2, 0))
    meshio.write(
        path,
        meshio.Mesh(
            np.c_[points, 0 * points[:, 0]], [("triangle", cells), ("line", lines)],
            cell_data={name: [np.full(len(cells), 9), tags] for name in ("gmsh:physical", "gmsh:geometrical")},
            field_data={"inlet": np.array([1, 1]), "hole": np.array([2, 1]), "plate": np.array([9, 2])},
        ),
        file_format="gmsh22", binary=False,
    )  # fmt: skip
    return path


def hollow(count: int = 6) -> meshio.Mesh:
    """The unit cube in hexahedra, without the middle third."""
    steps = np.linspace(0, 1, count + 1)
    points = np.stack([g.ravel() for g in np.meshgrid(steps, steps, steps, indexing="ij")], 1)
    number = np.arange((count + 1) ** 3).reshape([count + 1] * 3)
    order = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
    third, kept = range(count // 3, 2 * count // 3), []
    for place in np.ndindex(count, count, count):
        if not all(k in third for k in place):
            kept.append([number[tuple(np.add(place, o))] for o in order])
    return meshio.Mesh(points, [("hexahedron", np.array(kept))])


def test_groups_are_sides(tmp_path: Path) -> None:
    mesh = Mesh(plate(tmp_path / "plate.msh"))
    sizes = {name: sum(s.size for s in mesh.sides if s.name == name) for name in ("inlet", "hole", "rim")}
    assert sizes == {"inlet": pytest.approx(1), "hole": pytest.approx(PI_HALF, rel=5e-3), "rim": pytest.approx(5)}
    assert sorted((s.name, s.flat()) for s in mesh.sides if s.flat() is not None) == [
        ("inlet", (0, 0.0)), ("rim", (0, 2.0)), ("rim", (1, 0.0)), ("rim", (1, 1.0)),
    ]  # fmt: skip
    assert mesh.measure == pytest.approx(PLATE.measure, rel=2e-3)
    x = torch.rand(2000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * torch.tensor([2.0, 1.0])
    far = PLATE.distance(x) > 0.01
    assert torch.equal(mesh.contains(x)[far], PLATE.contains(x)[far])
    assert float((mesh.signed(x)[far] - PLATE.signed(x)[far]).abs().max()) < 0.01
    surface, weights = next(s for s in mesh.sides if s.name == "hole").nodes
    assert float((weights[:, None] * surface.normals).sum(0).abs().max()) < 1e-12
    inward = (surface.normals * (surface.points - torch.tensor([0.5, 0.5]))).sum(1)
    assert bool((inward < 0).all())
    cut = mesh - Disk(x=1.5, y=0.5, radius=0.2, name="new")
    assert cut.measure == pytest.approx(mesh.measure - 0.04 * math.pi, rel=1e-9)
    assert [s.name for s in cut.sides if s.name == "new"] == ["new"]
    with pytest.raises(ProblemError, match="did you mean 'inlet'"):
        side("inlit").resolve(Domain(mesh))


def test_a_problem_on_a_mesh(tmp_path: Path) -> None:
    """u = x y is harmonic."""
    mesh = Mesh(plate(tmp_path / "plate.msh"))
    problem = Problem(
        space=mesh, unknowns="u", equations=lambda u, x, y: d(u, x, x) + d(u, y, y), reference=exact(u=lambda x, y: x * y),
        conditions=[dirichlet(u=lambda x, y: x * y, on=side("hole") | side("inlet") | side("rim"))], tolerance=1e-6,
    )  # fmt: skip
    solution = solve(problem, budget=20)
    assert compare(solution, reference_of(problem), replicates=2).verdict == "pass"
    with pytest.raises(ProblemError, match="no normal"):
        problem.replaced(conditions=[neumann(u=0, on=side("hole") | point(x=1.5, y=0.5))])


def test_a_mesh_in_space_and_a_closed_surface(tmp_path: Path) -> None:
    hollow().write(tmp_path / "cube.vtu")
    mesh = Mesh(tmp_path / "cube.vtu")
    assert mesh.measure == pytest.approx(1 - 1 / 27, rel=1e-12)
    assert sum(s.size for s in mesh.sides) == pytest.approx(6 + 6 / 9, rel=1e-9)
    x = torch.rand(3000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    inside = (x - 0.5).abs().amax(1) > 1 / 6
    assert torch.equal(mesh.contains(x), inside)
    exactly = torch.minimum((x.minimum(1 - x)).amin(1), (x - 0.5).abs().amax(1) - 1 / 6)[inside]
    assert float((mesh.signed(x)[inside] - exactly).min()) > -1e-12  # beside the cavity's edges it is more
    meshio.write(tmp_path / "surface.vtu", meshio.Mesh(mesh.read.points, [("triangle", mesh.read.facets)]))
    surface = Mesh(tmp_path / "surface.vtu")
    assert surface.cells is None
    assert surface.measure == pytest.approx(mesh.measure, rel=1e-12)
    assert torch.equal(surface.contains(x), inside)


def test_broken_files_are_named(tmp_path: Path) -> None:
    square = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, 1]])
    cases = {
        "no cells of two or three": [("line", np.array([[0, 1]]))],
        "have no size": [("triangle", np.array([[0, 1, 2], [0, 1, 1]]))],
        "not closed": [("triangle", np.array([[0, 1, 4], [1, 2, 4]]))],
        "more than two cells": [("triangle", np.array([[0, 1, 2], [0, 2, 3], [0, 2, 1]]))],
    }
    for k, (told, cells) in enumerate(cases.items()):
        path = tmp_path / f"{k}.vtu"
        flat = square if told == "not closed" else square * [1, 1, 0]
        meshio.write(path, meshio.Mesh(flat, cells))
        with pytest.raises(ProblemError, match=told):
            Mesh(path)
    with pytest.raises(ProblemError, match="there is no file"):
        Mesh(tmp_path / "none.msh")
    with pytest.raises(ProblemError, match="is a folder"):
        Mesh(tmp_path)
    (tmp_path / "nothing.msh").write_text("")
    with pytest.raises(ProblemError, match="is empty"):
        Mesh(tmp_path / "nothing.msh")
    (tmp_path / "text.msh").write_text("hello")
    with pytest.raises(ProblemError, match="cannot be read"):
        Mesh(tmp_path / "text.msh")
    meshio.write(tmp_path / "orphan.vtu", meshio.Mesh(square * [1, 1, 0], [("triangle", np.array([[0, 1, 2]]))]))
    assert "belong to no cell" in Domain(Mesh(tmp_path / "orphan.vtu")).warnings[0]


def test_rays_through_edges_and_corners_of_facets_count_once(tmp_path: Path) -> None:
    """Places below the corners and the edges of all facets: an odd number of them would be wrong otherwise."""
    hollow(6).write(tmp_path / "cube.vtu")
    mesh = Mesh(tmp_path / "cube.vtu")
    steps = torch.linspace(0, 1, 13, dtype=torch.float64)[1:-1]
    x = torch.cartesian_prod(steps, steps, torch.tensor([0.05, 0.2, 0.5, 0.8, 0.95], dtype=torch.float64))
    away = (x - 0.5).abs().amax(1)
    off = (away - 1 / 6).abs() > 1e-9
    assert torch.equal(mesh.contains(x)[off], (away > 1 / 6)[off])


def test_a_face_of_a_mesh_is_what_lies_in_that_plane(tmp_path: Path) -> None:
    """As of the box less a disc that it covers; in none of its planes nothing lies."""
    mesh = Mesh(plate(tmp_path / "plate.msh"))
    for place in ({"x": 0}, {"x": 2}, {"y": 1}):
        on_mesh, on_plate = (face(**place).resolve(Domain(space)) for space in (mesh, PLATE))
        assert [(p.fixed, p.normal) for p in on_mesh] == [(p.fixed, p.normal) for p in on_plate]
    with pytest.raises(ProblemError, match="no side of the shape lies in the plane x = 3"):
        face(x=3).resolve(Domain(mesh))
