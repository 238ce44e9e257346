"""Meshes in the formats that people have: groups as sides and as materials, curved cells, and what is wrong with a file."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from pinnsolve import (
    Box,
    Disk,
    Mesh,
    Piecewise,
    Problem,
    ProblemError,
    d,
    dirichlet,
    neumann,
    part,
    side,
    solve,
)
from pinnsolve.geometry import Domain
from pinnsolve.geometry.extruded import Extruded
from pinnsolve.geometry.named import parts
from pinnsolve.geometry.triangulation import triangulated

STEEL, AIR, INLET, OUTLET = 9, 10, 1, 2


def strip(count: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points, triangles, their tags, lines of the rim and their tags: 2 by 1, its left half of steel."""
    x, y = np.meshgrid(np.linspace(0, 2, 2 * count + 1), np.linspace(0, 1, count + 1), indexing="ij")
    points = np.c_[x.ravel(), y.ravel(), 0 * x.ravel()]
    number = np.arange(x.size).reshape(x.shape)
    a, b, c, e = number[:-1, :-1].ravel(), number[1:, :-1].ravel(), number[1:, 1:].ravel(), number[:-1, 1:].ravel()
    cells = np.concatenate([np.c_[a, b, c], np.c_[a, c, e]])
    rim = [np.c_[row[:-1], row[1:]] for row in (number[0], number[-1], number[:, 0], number[:, -1])]
    tags = [np.full(len(r), tag) for r, tag in zip(rim, (INLET, OUTLET, 0, 0), strict=True)]
    steel = points[cells].mean(1)[:, 0] < 1
    return (
        points,
        cells,
        np.where(steel, STEEL, AIR).astype(np.int32),
        np.concatenate(rim),
        np.concatenate(tags).astype(np.int32),
    )


def tagged(name: str = "gmsh:physical", named: bool = True) -> meshio.Mesh:
    points, cells, of_cells, lines, of_lines = strip()
    data = {n: [of_cells, of_lines] for n in (name, *["gmsh:geometrical"] * (name == "gmsh:physical"))}
    names = {"inlet": (INLET, 1), "outlet": (OUTLET, 1), "steel": (STEEL, 2), "air": (AIR, 2)}
    field = {n: np.array(v) for n, v in names.items()} if named else {}
    return meshio.Mesh(points, [("triangle", cells), ("line", lines)], cell_data=data, field_data=field)


def in_sets() -> meshio.Mesh:
    points, cells, of_cells, lines, of_lines = strip()
    none = np.zeros(0, dtype=int)
    sets = {n: [none, np.flatnonzero(of_lines == t)] for n, t in (("inlet", INLET), ("outlet", OUTLET))}
    sets |= {n: [np.flatnonzero(of_cells == t), none] for n, t in (("steel", STEEL), ("air", AIR))}
    return meshio.Mesh(points, [("triangle", cells), ("line", lines)], cell_sets=sets)


def version_41(path: Path, binary: bool = False, rest: bool = True) -> None:
    """As Gmsh writes it: groups are those of curves and surfaces, and cells stand under these."""
    points, cells, of_cells, lines, of_lines = strip()
    of_lines = np.where(of_lines == 0, 3, of_lines)
    box = "0 0 0 2 1 0"
    blocks = [(1, t, 1, lines[of_lines == t]) for t in (INLET, OUTLET, 3)]
    blocks += [(2, t, 2, cells[of_cells == t]) for t in (STEEL, AIR)]
    told = ["$MeshFormat", "4.1 0 8", "$EndMeshFormat", "$PhysicalNames", "5", f'1 {INLET} "inlet"', '1 3 "rest"']
    told += [
        f'1 {OUTLET} "outlet"',
        f'2 {STEEL} "steel"',
        f'2 {AIR} "air"',
        "$EndPhysicalNames",
        "$Entities",
        "0 3 2 0",
    ]
    told += [f"{t} {box} {f'1 {t}' if t < 3 or rest else '0'} 0" for t in (INLET, OUTLET, 3)]
    told += [f"{t} {box} 1 {t} 0" for t in (STEEL, AIR)] + ["$EndEntities"]
    owner = np.where(points[:, 0] <= 1, STEEL, AIR)
    for _, tag, _, rows in blocks[:3]:
        owner[np.unique(rows)] = tag
    told += ["$Nodes", f"5 {len(points)} 1 {len(points)}"]
    for dim, tag, *_ in blocks:
        mine = np.flatnonzero(owner == tag)
        told += [f"{dim} {tag} 0 {len(mine)}", *(str(k + 1) for k in mine)]
        told += [" ".join(map(str, points[k])) for k in mine]
    count = len(cells) + len(lines)
    told += ["$EndNodes", "$Elements", f"{len(blocks)} {count} 1 {count}"]
    number = 0
    for dim, tag, kind, rows in blocks:
        told.append(f"{dim} {tag} {kind} {len(rows)}")
        for row in rows + 1:
            number += 1
            told.append(" ".join(map(str, (number, *row))))
    path.write_text("\n".join([*told, "$EndElements", ""]))
    if binary:
        meshio.write(path, meshio.read(path), file_format="gmsh", binary=True)


FORMATS: dict[str, tuple[Any, dict[str, Any]]] = {
    "22.msh": (tagged, {"file_format": "gmsh22", "binary": False}),
    "22_binary.msh": (tagged, {"file_format": "gmsh22", "binary": True}),
    "41.msh": (None, {"binary": False}),
    "41_binary.msh": (None, {"binary": True}),
    "sets.vtu": (in_sets, {}),
    "numbers.vtu": (lambda: tagged("material", named=False), {}),
    "sets.vtk": (in_sets, {}),
    "xml.xdmf": (lambda: tagged(named=False), {"data_format": "XML"}),
    "heavy.xdmf": (lambda: tagged(named=False), {}),
    "medit.mesh": (lambda: tagged("medit:ref", named=False), {}),
    "medit.meshb": (lambda: tagged("medit:ref", named=False), {}),
    "abaqus.inp": (in_sets, {}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_groups_of_every_format_are_sides_and_parts(name: str, tmp_path: Path, capsys: Any) -> None:
    if name == "heavy.xdmf":
        pytest.importorskip("h5py")
    make, options = FORMATS[name]
    if make is None:
        version_41(tmp_path / name, **options)
    else:
        meshio.write(tmp_path / name, make(), **options)
    mesh = Mesh(tmp_path / name)
    inlet, steel = (
        s if s in (*parts(mesh), *(x.name for x in mesh.sides)) else str(t)
        for s, t in (("inlet", INLET), ("steel", STEEL))
    )
    assert {s.name: round(s.size, 12) for s in mesh.sides}[inlet] == 1.0
    assert sum(s.size for s in mesh.sides) == pytest.approx(6.0)
    made = parts(mesh)[steel]()
    assert made.measure == pytest.approx(1.0) and made.bounds == {"x": (0, 1), "y": (0, 1)}
    x = torch.tensor([[0.5, 0.5], [0.99, 0.1], [1.01, 0.1], [1.5, 0.5]], dtype=torch.float64)
    assert made.contains(x).tolist() == [True, True, False, False]
    assert [p.size for p in side(inlet).resolve(Domain(mesh))] == [pytest.approx(1.0)]


def test_an_stl_file_in_text_and_in_bytes(tmp_path: Path) -> None:
    corners = np.array([[i, j, k] for k in (0, 1) for j in (0, 1) for i in (0, 1)], dtype=float)
    faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (1, 3, 7, 5), (3, 2, 6, 7), (2, 0, 4, 6)]
    cells = np.array([t for f in faces for t in (f[:3], (f[0], f[2], f[3]))])
    for binary in (False, True):
        meshio.write(tmp_path / "cube.stl", meshio.Mesh(corners, [("triangle", cells)]), binary=binary)
        assert Mesh(tmp_path / "cube.stl").measure == pytest.approx(1.0)


def test_points_of_neighbouring_facets_do_not_all_but_coincide(tmp_path: Path) -> None:
    """Tetrahedra between such points of a cube left gaps in what was written of it."""
    corners = np.array([[i, j, k] for k in (0, 1) for j in (0, 1) for i in (0, 1)], dtype=float)
    faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (1, 3, 7, 5), (3, 2, 6, 7), (2, 0, 4, 6)]
    cells = np.array([t for f in faces for t in (f[:3], (f[0], f[2], f[3]))])
    meshio.write(tmp_path / "cube.stl", meshio.Mesh(corners, [("triangle", cells)]), binary=True)
    points, blocks = triangulated(Mesh(tmp_path / "cube.stl"), 1000)
    meshio.write(tmp_path / "again.vtu", meshio.Mesh(points, blocks))
    assert cKDTree(points).query(points, 2)[0][:, 1].min() > 0.02, "about a tenth apart"
    assert Mesh(tmp_path / "again.vtu").measure == pytest.approx(1.0, rel=1e-6)


def test_a_part_is_a_material(tmp_path: Path) -> None:
    """T = q x in steel, 1 - q (2 - x) / 50 beyond: 1 / q = 1 + 1 / 50."""
    meshio.write(tmp_path / "strip.msh", tagged(), file_format="gmsh22", binary=False)
    space = Mesh(tmp_path / "strip.msh")
    rim = [dirichlet(T=0, on=side("inlet")), dirichlet(T=1, on=side("outlet")), neumann(T=0, on=side("rim"))]
    declared = {
        "unknowns": "T", "equations": lambda T, x, y, k: d(k * d(T, x), x) + d(k * d(T, y), y), "conditions": rim,
        "reference": None,
    }  # fmt: skip
    problem = Problem(space=space, parameters={"k": Piecewise(1.0, (part("air"), 50.0))}, **declared)
    assert repr(problem.materials["k"]) == "Piecewise(1, (part('air'), 50))"
    solution, q = solve(problem, budget=20), 1 / (1 + 1 / 50)
    x = np.array([0.3, 0.9, 1.1, 1.7])
    assert np.abs(solution.T(x=x, y=0.4) - np.where(x < 1, q * x, 1 - q * (2 - x) / 50)).max() < 1e-6
    with pytest.raises(
        ProblemError, match="no part of space is called 'steal'; did you mean 'steel'|did you mean 'steel'"
    ):
        Problem(space=space, parameters={"k": Piecewise(1.0, (part("steal"), 50.0))}, **declared)
    with pytest.raises(ProblemError, match="Parts have the names"):
        Problem(space=Box(x=(0, 1), y=(0, 1)), parameters={"k": Piecewise(1.0, (part("steel"), 50.0))}, **declared)
    with pytest.raises(ProblemError, match="a space that is not known"):
        Piecewise(1.0, (part("steel"), 50.0)).at({"x": torch.zeros(1), "y": torch.zeros(1)})


def test_parts_go_where_their_mesh_goes(tmp_path: Path) -> None:
    meshio.write(tmp_path / "strip.msh", tagged(), file_format="gmsh22", binary=False)
    mesh = Mesh(tmp_path / "strip.msh", name="strip")
    moved = parts(mesh.moved(x=3))["steel"]()
    assert moved.bounds == {"x": (3, 4), "y": (0, 1)}
    drawn = parts(Extruded(mesh, z=(0, 2)))["steel"]()
    assert drawn.bounds == {"x": (0, 1), "y": (0, 1), "z": (0, 2)}
    assert set(parts(mesh - Disk(x=0.5, y=0.5, radius=0.1, name="hole"))) == {"steel", "air", "strip"}
    both = Box(x=(0, 1), y=(0, 1), name="left") | Box(x=(1, 2), y=(0, 1), name="right")
    assert part("right").of(both).bounds == {"x": (1, 2), "y": (0, 1)} and part(9).name == "9"


def beneath(corners: np.ndarray) -> float:
    """The volume between the origin and the quadratic triangle over three corners of the unit sphere."""
    middles = [(u + v) / np.linalg.norm(u + v) for u, v in zip(corners, np.roll(corners, -1, 0), strict=True)]
    a, b, c, ab, bc, ca = (p[:, None] for p in (*corners, *middles))
    steps = (np.arange(400) + 0.5) / 400
    v, w = (g[np.add.outer(steps, steps) < 1] for g in np.meshgrid(steps, steps, indexing="ij"))
    u = 1 - v - w
    x = u * (2 * u - 1) * a + v * (2 * v - 1) * b + w * (2 * w - 1) * c + 4 * (u * v * ab + v * w * bc + w * u * ca)
    by_v = -(4 * u - 1) * a + (4 * v - 1) * b + 4 * ((u - v) * ab + w * bc - w * ca)
    by_w = -(4 * u - 1) * a + (4 * w - 1) * c + 4 * ((u - w) * ca + v * bc - v * ab)
    return float((x * np.cross(by_v, by_w, axis=0)).sum()) / 3 / 400**2


def test_quadratic_cells_keep_their_curve(tmp_path: Path) -> None:
    """A disc of eight curved triangles, and a ball of eight curved tetrahedra: straight ones miss 10 and 40 per cent."""
    turns = np.arange(8) * math.pi / 4
    rim, between = (np.c_[np.cos(t), np.sin(t)] for t in (turns, turns + math.pi / 8))
    points = np.concatenate([[[0.0, 0.0]], rim, between, rim / 2])
    k = np.arange(8)
    cells = np.c_[0 * k, 1 + k, 1 + (k + 1) % 8, 17 + k, 9 + k, 17 + (k + 1) % 8]
    meshio.write(tmp_path / "disc.vtu", meshio.Mesh(np.c_[points, 0 * points[:, 0]], [("triangle6", cells)]))
    disc = Mesh(tmp_path / "disc.vtu")
    assert disc.measure == pytest.approx(math.pi, rel=1e-3) and sum(s.size for s in disc.sides) == pytest.approx(
        2 * math.pi, rel=1e-3
    )
    assert disc.curved and not disc.faults()
    along = [s.drawn(torch.linspace(0.001, 0.999, 400, dtype=torch.float64)[:, None])[0] for s in disc.sides]
    off = max(float((s.normals - s.points / s.points.norm(dim=1, keepdim=True)).norm(dim=1).max()) for s in along)
    assert off < 0.018  # as parabolas are, by 0.015 where they meet; normals of chords are 0.025 off
    signs = [(i, j, k) for i in (1, -1) for j in (1, -1) for k in (1, -1)]
    corners, index = list[np.ndarray](), dict[tuple[float, ...], int]()

    def node(*place: float) -> int:
        p = np.array(place)
        key = tuple(p.round(9) + 0.0)
        if key not in index:
            index[key] = len(corners)
            corners.append(p)
        return index[key]

    tetra = []
    for i, j, k in signs:
        a, b, c = np.diag([float(i), float(j), float(k)])
        middles = [(u + v) / np.linalg.norm(u + v) for u, v in ((a, b), (b, c), (a, c))]
        tetra.append(
            [node(*p) for p in (np.zeros(3), a, b, c, a / 2, middles[0], b / 2, c / 2, middles[2], middles[1])]
        )
    meshio.write(tmp_path / "ball.vtu", meshio.Mesh(np.array(corners), [("tetra10", np.array(tetra))]))
    ball = Mesh(tmp_path / "ball.vtu")
    places, normals = ball._facets.corners, ball._facets.bends
    octant = ((places.mean(1) > 0) * torch.tensor([1, 2, 4])).sum(1, keepdim=True).expand(-1, 3)
    met = torch.cat([places.reshape(-1, 3), octant.reshape(-1, 1)], 1).unique(dim=0, return_inverse=True)[1]
    mean = torch.zeros(int(met.max()) + 1, 3, dtype=torch.float64).index_add(0, met, normals.reshape(-1, 3))
    assert float(((mean / mean.norm(dim=1, keepdim=True))[met] - normals.reshape(-1, 3)).norm(dim=1).max()) < 1e-9
    assert ball.measure == pytest.approx(8 * beneath(np.eye(3)), rel=0.02)
    assert bool(ball.contains(torch.tensor([[0.65, 0.65, 0.05]], dtype=torch.float64)))
    assert bool(ball.contains(torch.from_numpy(np.array(corners)), 1e-9).all())  # rays from them meet corners
    below = ball.read.rim[np.abs(ball.read.rim).max(1) < 0.95] * [1, 1, 0]  # in the middle plane, under corners again
    assert bool(ball.contains(torch.from_numpy(below[np.hypot(*below[:, :2].T) < 0.85])).all())


def test_corners_of_a_mesh_are_found_in_whatever_order_its_cells_stand(tmp_path: Path) -> None:
    """An L of 24 triangles, and the core of a disc with 12 sides."""
    x, y = np.meshgrid(np.arange(-2.0, 3), np.arange(-2.0, 3), indexing="ij")
    points, number = np.c_[x.ravel(), y.ravel(), 0 * x.ravel()], np.arange(25).reshape(5, 5)
    squares = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], -1).reshape(-1, 4)
    middle = points[squares].mean(1)
    kept = squares[(middle[:, 0] < 0) | (middle[:, 1] > 0)]
    cells = np.concatenate([kept[:, [0, 1, 2]], kept[:, [0, 2, 3]]])
    shuffled = np.random.default_rng(0).permutation(cells)
    meshio.write(tmp_path / "l.vtu", meshio.Mesh(points, [("triangle", shuffled)]))
    (notch,) = Mesh(tmp_path / "l.vtu").notches()
    assert notch.place == pytest.approx({"x": 0.0, "y": 0.0}, abs=1e-9)
    turn = 2 * np.pi * np.random.default_rng(1).permutation(12) / 12
    order = np.argsort(turn)
    rim = np.c_[np.cos(turn), np.sin(turn), 0 * turn]
    fan = np.c_[np.full(12, 12), order, np.roll(order, 1)]
    meshio.write(tmp_path / "disc.vtu", meshio.Mesh(np.r_[rim, [[0, 0, 0]]], [("triangle", fan[order])]))
    ends = Mesh(tmp_path / "disc.vtu").sides[0].ends.points
    assert all(float((ends - torch.from_numpy(p)).norm(dim=1).min()) < 1e-9 for p in rim[:, :2])


BROKEN = {
    "cells lie on top of each other": ([[0, 0, 0], [1, 0, 0], [0.2, 1, 0], [0.6, 0.3, 0]], [[0, 1, 2], [1, 3, 2]]),
    "are inverted": ([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0]], [[0, 1, 2], [0, 3, 2], [1, 4, 2]]),
    "have no size": ([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]], [[0, 1, 3], [0, 1, 2]]),
    "planar mesh with a third": ([[0, 0, 0], [1, 0, 1], [1, 1, 1], [0, 1, 0]], [[0, 1, 2], [0, 2, 3]]),
    "not closed": ([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, 1]], [[0, 1, 4], [1, 2, 4]]),
    "have cells on both sides": (
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]],
        [[0, 1, 2], [3, 4, 5]],
    ),
    "that it does not hold": ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2], [1, 2, 3]]),
    "belong to no cell": ([[0, 0, 0], [1, 0, 0], [1, 1, 0], [5, 5, 0]], [[0, 1, 2]]),
}


@pytest.mark.parametrize("told", BROKEN)
def test_what_is_broken_is_named(told: str, tmp_path: Path) -> None:
    points, cells = BROKEN[told]
    meshio.write(tmp_path / "a.vtu", meshio.Mesh(np.array(points, dtype=float), [("triangle", np.array(cells))]))
    if told in ("are inverted", "belong to no cell"):
        assert told in Domain(Mesh(tmp_path / "a.vtu")).warnings[0]
        return
    with pytest.raises(ProblemError) as caught:
        Mesh(tmp_path / "a.vtu")
    assert told in str(caught.value)


@pytest.mark.parametrize(("by", "crosses"), [(0.5, True), (3.0, False), (0.0, False)])
def test_surfaces_that_cross_are_named(by: float, crosses: bool, tmp_path: Path) -> None:
    """Long bars of twelve triangles each, across each other: no middle of one lies within the other. What lies apart, or
    within as a hollow, does not cross."""
    ends = np.array([[x, y, z] for x in (-3.0, 3.0) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    hull = [(0, 1, 3), (0, 3, 2), (4, 7, 5), (4, 6, 7), (0, 5, 1), (0, 4, 5), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
            (1, 5, 7), (1, 7, 3)]  # fmt: skip
    other = ends[:, [1, 0, 2]] * [1, 1, 0.5] + [0, 0, by] if by else ends / 2
    cells = np.concatenate([hull, np.array(hull) + 8])
    meshio.write(tmp_path / "a.stl", meshio.Mesh(np.concatenate([ends, other]), [("triangle", cells)]))
    if crosses:
        with pytest.raises(ProblemError, match="crosses itself"):
            Mesh(tmp_path / "a.stl")
        return
    assert Mesh(tmp_path / "a.stl").measure == pytest.approx(6 + 3 if by else 6 - 6 / 8)


@pytest.mark.parametrize("gmsh", [False, True])
def test_curved_cells_in_the_text_of_medit(gmsh: bool, tmp_path: Path) -> None:
    """A tetrahedron whose edge from (1, 0, 0) to (0, 1, 0) is bent outwards, and a keyword that nobody knows; in both
    orders of edges that files have."""
    corners = np.eye(4, 3, -1)
    ends = (
        [(0, 1), (1, 2), (2, 0), (0, 3), (2, 3), (1, 3)] if gmsh else [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)]
    )
    points = np.concatenate([corners, [(corners[a] + corners[b]) / 2 for a, b in ends]])
    points[5, :2] = math.sqrt(0.5)
    rows = "".join(f"{x} {y} {z} 0\n" for x, y, z in points)
    text = f"MeshVersionFormatted 2\nDimension 3\nVertices 10\n{rows}TrianglesP2 1\n1 3 2 7 6 5 4\n"
    (tmp_path / "a.mesh").write_text(f"{text}Whatever 2\n1 2\nTetrahedraP2\n1\n1 2 3 4 5 6 7 8 9 10 9 # steel\nEnd\n")
    mesh = Mesh(tmp_path / "a.mesh")
    assert mesh.curved
    assert mesh.read.parts == ["9"]
    assert {side.called for side in mesh.sides} == {"4", "rim"}
    assert 1 / 6 < mesh.measure < 1 / 6 + (math.pi / 4 - 1 / 2) / 3
    (tmp_path / "b.mesh").write_text(text.replace("Vertices 10", "Vertices 11"))
    with pytest.raises(ProblemError, match="numbers under Vertices"):
        Mesh(tmp_path / "b.mesh")


def test_groups_of_some_sides_alone_leave_the_rest_in_none(tmp_path: Path) -> None:
    version_41(tmp_path / "a.msh", rest=False)
    assert {s.called for s in Mesh(tmp_path / "a.msh").sides} == {"inlet", "outlet", "rim"}


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("h5py")
    meshio.write(tmp_path / "a.xdmf", tagged(named=False))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ProblemError, match="pip install h5py"):
        Mesh(tmp_path / "a.xdmf")
