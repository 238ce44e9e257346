"""Reading a mesh: its points, what bounds it, and which group each of its facets is in."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pinnsolve.errors import ProblemError

# Of each kind of cell: the dimension, and the simplices that it is cut into, by its corners.
CELLS: Mapping[str, tuple[int, tuple[tuple[int, ...], ...]]] = {
    "line": (1, ((0, 1),)),
    "triangle": (2, ((0, 1, 2),)),
    "quad": (2, ((0, 1, 2), (0, 2, 3))),
    "tetra": (3, ((0, 1, 2, 3),)),
    "pyramid": (3, ((0, 1, 2, 4), (0, 2, 3, 4))),
    "wedge": (3, ((0, 1, 2, 3), (1, 2, 3, 5), (1, 3, 4, 5))),
    "hexahedron": (3, ((0, 1, 3, 4), (1, 2, 3, 6), (1, 3, 4, 6), (1, 4, 5, 6), (3, 4, 6, 7))),
}
# The faces of each kind of cell by its corners; a quadrangle is cut into two triangles.
FACES: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 1, 2), (0, 1, 3), (1, 2, 3), (0, 2, 3)),
    "pyramid": ((0, 1, 2, 3), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
    "wedge": ((0, 1, 2), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)),
    "hexahedron": ((0, 1, 2, 3), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
}
Face = tuple[int, ...]
RIM = "rim"
TAGS = ("gmsh:physical", "medit:ref", "cell_tags")


@dataclass(frozen=True)
class Read:
    """A mesh.

    Parameters
    ----------
    points : Array (n, d)
    facets : integers (F, d)
        What bounds it.
    groups : dict from name to integers
        Which facets are in which group; those in none under "rim".
    cells : integers (C, d + 1), optional
        Triangles or tetrahedra; None of a surface alone.
    warnings : tuple of str
    """

    points: np.ndarray
    facets: np.ndarray
    groups: dict[str, np.ndarray]
    cells: np.ndarray | None
    warnings: tuple[str, ...] = ()


def read(path: Path) -> Read:
    """A file as meshio reads it."""
    mesh = _loaded(path)
    points = np.asarray(mesh.points, dtype=np.float64)
    if not np.isfinite(points).all():
        raise ProblemError(f"Mesh: {path} holds points that are no finite numbers", "Write the mesh anew.")
    kinds = [(_kind(block.type), block) for block in mesh.cells]
    dimension = max((CELLS[kind][0] for kind, _ in kinds if kind), default=0)
    surface = dimension == 2 and points.shape[1] == 3 and bool(np.ptp(points[:, 2]) > 1e-9 * np.ptp(points))
    if dimension < 2:
        found = ", ".join(sorted({block.type for block in mesh.cells})) or "none"
        raise ProblemError(
            f"Mesh: {path} has no cells of two or three dimensions (but {found})",
            "Save the triangles or tetrahedra too: in Gmsh, put them into a physical group or save all elements.",
        )
    if not surface:
        points = points[:, :dimension]
    cells = _simplices(kinds, 2 if surface else dimension)
    told = []
    used = np.unique(cells)
    if len(used) < len(points):
        told.append(f"{path} holds {len(points) - len(used)} points that belong to no cell; they are left out")
    _check(path, points, cells, surface)
    faces = [tuple(c) for c in cells.tolist()] if surface else _boundary(path, kinds, dimension)
    owners = _owners(mesh, kinds, points.shape[1] - 1)
    facets, groups = list[Face](), dict[str, list[int]]()
    for face in faces:
        cut = [face] if len(face) < 4 else [face[:3], (face[0], face[2], face[3])]
        groups.setdefault(owners.get(tuple(sorted(face)), RIM), []).extend(range(len(facets), len(facets) + len(cut)))
        facets += cut
    if any(block.type not in CELLS for kind, block in kinds if kind):
        told.append(f"{path} holds cells with curved edges; their corners are taken")
    numbers = {name: np.array(members) for name, members in groups.items()}
    return Read(points, np.array(facets), numbers, None if surface else cells, tuple(told))


def _loaded(path: Path) -> Any:
    import meshio  # only who has a mesh waits for it

    if not path.exists():
        raise ProblemError(f"Mesh: there is no file {path}", f"The current folder is {Path.cwd()}.")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return meshio.read(path)
    except (Exception, SystemExit) as error:
        said = str(error).strip() or type(error).__name__
        raise ProblemError(
            f"Mesh: {path} cannot be read: {said}",
            "Possible: Gmsh (.msh), .vtu, .vtk, .xdmf, Medit (.mesh), Abaqus (.inp), .stl.",
        ) from error


def _kind(name: str) -> str | None:
    """The linear cell with the same corners: "triangle" of "triangle6"."""
    plain = name.rstrip("0123456789")
    return plain if plain in CELLS else None


def _simplices(kinds: list[tuple[str | None, Any]], dimension: int) -> np.ndarray:
    parts = []
    for kind, block in kinds:
        if kind and CELLS[kind][0] == dimension:
            parts += [block.data[:, list(corners)] for corners in CELLS[kind][1]]
    return np.concatenate(parts).astype(np.int64)


def _check(path: Path, points: np.ndarray, cells: np.ndarray, surface: bool) -> None:
    corners = points[cells]
    edges = corners[:, 1:] - corners[:, :1]
    across = np.cross(edges[:, 0], edges[:, 1]) if surface else np.linalg.det(edges)[:, None]
    size = np.linalg.norm(across, axis=1)
    long = np.abs(edges).max() ** edges.shape[1]
    flat = np.flatnonzero(size <= 1e-14 * long)
    if len(flat):
        raise ProblemError(
            f"Mesh: {len(flat)} of {len(cells)} cells of {path} have no size, as number {flat[0]}",
            "Mesh the shape anew, or remove them.",
        )
    if not surface:
        return
    edge = np.sort(np.concatenate([cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]]), axis=1)
    counts = np.unique(edge, axis=0, return_counts=True)[1]
    if (counts != 2).any():
        raise ProblemError(
            f"Mesh: the surface {path} is not closed: {int((counts == 1).sum())} edges belong to one triangle, "
            f"{int((counts > 2).sum())} to more than two",
            "Close it, and merge points that are the same (an STL file repeats them).",
        )


def _boundary(path: Path, kinds: list[tuple[str | None, Any]], dimension: int) -> list[Face]:
    """The faces that belong to one cell alone."""
    found: dict[Face, list[Face]] = {}
    for kind, block in kinds:
        if kind and CELLS[kind][0] == dimension:
            for corners in FACES[kind]:
                for face in block.data[:, list(corners)].tolist():
                    found.setdefault(tuple(sorted(face)), []).append(tuple(face))
    many = sum(len(faces) > 2 for faces in found.values())
    if many:
        raise ProblemError(
            f"Mesh: {many} edges or faces of {path} belong to more than two cells",
            "Cells lie on top of each other: mesh the shape anew.",
        )
    return [faces[0] for faces in found.values() if len(faces) == 1]


def _owners(mesh: Any, kinds: list[tuple[str | None, Any]], dimension: int) -> dict[Face, str]:
    """The group of each line, or face, that the file holds, by its sorted corners."""
    names = {(int(tag), int(of)): name for name, (tag, of) in mesh.field_data.items()}
    owner: dict[Face, str] = {}
    for k, (kind, block) in enumerate(kinds):
        if kind is None or CELLS[kind][0] != dimension:
            continue
        tags = next((mesh.cell_data[t][k] for t in TAGS if t in mesh.cell_data), np.zeros(len(block.data), dtype=int))
        sets = {name: set(np.atleast_1d(parts[k]).tolist()) for name, parts in mesh.cell_sets.items()
                if parts[k] is not None and not name.startswith("gmsh:")}  # fmt: skip
        corners = 1 + max(max(c) for c in CELLS[kind][1])
        for row, (cell, tag) in enumerate(zip(block.data[:, :corners].tolist(), tags, strict=True)):
            called = next((name for name, members in sets.items() if row in members), None)
            called = called or names.get((int(tag), dimension)) or (str(int(tag)) if int(tag) else None)
            if called is not None:
                owner[tuple(sorted(cell))] = called
    return owner
