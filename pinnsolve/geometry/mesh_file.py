"""Reading a mesh: its points, what bounds it, and which group each of its facets is in."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.facets import Facets
from pinnsolve.geometry.mesh_curves import CORNERS, QUADRATIC, cut, middles
from pinnsolve.geometry.mesh_groups import groups as groups_of

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
# Of what bounds a mesh: cells that measure more in all lie on top of each other. Larger: a folded one passes. Smaller:
# rounding is taken for one. Chosen, not measured.
FOLDED = 1e-6


@dataclass(frozen=True)
class Read:
    """A mesh.

    Parameters
    ----------
    points : Array (n, d)
    rim : Array (m, d)
        The points of what bounds it, with those between on curved edges.
    facets : integers (F, d)
    groups : dict from name to integers
        Which facets are in which group; those in none under "rim".
    cells : integers (C, d + 1), optional
        Triangles or tetrahedra; None of a surface alone.
    source : Source
    warnings : tuple of str
    """

    points: np.ndarray
    rim: np.ndarray
    facets: np.ndarray
    groups: dict[str, np.ndarray]
    cells: np.ndarray | None
    source: Source
    warnings: tuple[str, ...] = ()

    @property
    def parts(self) -> list[str]:
        """The groups of its cells."""
        s = self.source
        inside = (names for (kind, _), names in zip(s.kinds, s.called, strict=True) if s.whole(kind))
        return sorted({name for names in inside for name in names if name is not None})

    def part(self, name: str) -> Read:
        """What the cells of one group cover."""
        return self.source.read(name)


@dataclass(frozen=True)
class Source:
    """A file as it was read: blocks of cells with the groups of each cell."""

    path: Path
    points: np.ndarray
    dimension: int
    surface: bool
    kinds: list[tuple[str | None, Any]]
    called: list[list[str | None]]

    def whole(self, kind: str | None) -> bool:
        """Whether cells of this kind are those that space consists of."""
        return kind is not None and CELLS[kind][0] == self.dimension

    def chosen(self, part: str | None) -> list[tuple[str, np.ndarray]]:
        """The cells that space consists of, or those of one group, by kind."""
        found = []
        for (kind, block), names in zip(self.kinds, self.called, strict=True):
            if kind is not None and self.whole(kind):
                rows = slice(None) if part is None else [k for k, name in enumerate(names) if name == part]
                found.append((kind, np.asarray(block.data)[rows]))
        return [(kind, data) for kind, data in found if len(data)]

    def read(self, part: str | None = None) -> Read:
        """What its cells cover, or those of one group."""
        blocks = self.chosen(part)
        cells = _simplices(blocks)
        if part is None:
            _check(self.path, self.points, cells, self.surface)
        faces = [tuple(c) for c in cells.tolist()] if self.surface else _boundary(self.path, blocks)
        told = () if part is not None or self.surface else self._told(blocks, cells, faces)
        rim, facets, counts = cut(self.points, faces, self.middles)
        owners, groups = self.owners, dict[str, list[int]]()
        for face, first, count in zip(faces, np.cumsum([0, *counts]), counts, strict=False):
            groups.setdefault(owners.get(tuple(sorted(face)), RIM), []).extend(range(first, first + count))
        numbers = {name: np.array(members) for name, members in groups.items()}
        return Read(self.points, rim, facets, numbers, None if self.surface else cells, self, told)

    def _told(self, blocks: list[tuple[str, np.ndarray]], cells: np.ndarray, faces: list[Face]) -> tuple[str, ...]:
        """Warnings about cells and points."""
        simplices = all(kind in ("triangle", "tetra") for kind, _ in blocks)
        told = _folded(self.path, self.points, cells, faces, simplices)
        used = np.unique(np.concatenate([data.ravel() for _, data in blocks]))
        if len(used) < len(self.points):
            left = len(self.points) - len(used)
            told.append(f"{self.path} holds {left} points that belong to no cell; they are left out")
        return tuple(told)

    @cached_property
    def middles(self) -> dict[tuple[int, int], int]:
        """The nodes in the middles of curved edges."""
        found: dict[tuple[int, int], int] = {}
        for kind, block in self.kinds:
            if kind is not None and block.type in QUADRATIC:
                found |= middles(kind, np.asarray(block.data))
        return found

    @cached_property
    def owners(self) -> dict[Face, str]:
        """The group of each line, or face, that the file holds, by its sorted corners."""
        owner: dict[Face, str] = {}
        across = self.points.shape[1] - 1
        for (kind, block), names in zip(self.kinds, self.called, strict=True):
            if kind is not None and CELLS[kind][0] == across:
                for cell, name in zip(block.data[:, : CORNERS[kind]].tolist(), names, strict=True):
                    if name is not None:
                        owner[tuple(sorted(cell))] = name
        return owner


def read(path: Path) -> Read:
    """A file as meshio reads it."""
    mesh = _loaded(path)
    points = np.asarray(mesh.points, dtype=np.float64)
    if not np.isfinite(points).all():
        raise ProblemError(f"Mesh: {path} holds points that are no finite numbers", "Write the mesh anew.")
    kinds = [(_kind(block.type), block) for block in mesh.cells]
    dimensions = [CELLS[kind][0] if kind else -1 for kind, _ in kinds]
    dimension = max(dimensions, default=0)
    surface = dimension == 2 and points.shape[1] == 3 and bool(np.ptp(points[:, 2]) > 1e-9 * np.ptp(points))
    if dimension < 2:
        found = ", ".join(sorted({block.type for block in mesh.cells})) or "none"
        raise ProblemError(
            f"Mesh: {path} has no cells of two or three dimensions (but {found})",
            "Save the triangles or tetrahedra too: in Gmsh, put them into a physical group or save all elements.",
        )
    if not surface:
        points = points[:, :dimension]
    source = Source(path, points, dimension, surface, kinds, groups_of(mesh, dimensions))
    made, told = source.read(), list[str]()
    strange = sorted({b.type for kind, b in kinds if kind and b.type not in CELLS and b.type not in QUADRATIC})
    if strange:
        told.append(f"{path} holds cells with curved edges ({', '.join(strange)}); their corners are taken")
    return replace(made, warnings=(*made.warnings, *told))


def _loaded(path: Path) -> Any:
    import meshio  # only who has a mesh waits for it

    if not path.exists():
        raise ProblemError(f"Mesh: there is no file {path}", f"The current folder is {Path.cwd()}.")
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an STL file in text overflows a number that is not used
            return meshio.read(path)
    except ImportError as error:
        raise ProblemError(
            f"Mesh: {path} cannot be read without the package {error.name or error}",
            f"Install it (pip install {error.name or 'h5py'}), or save the mesh in another format: .msh, .vtu, .vtk.",
        ) from error
    except (Exception, SystemExit) as error:
        said = str(error).strip() or type(error).__name__
        if isinstance(error, LookupError):
            said = f"meshio does not find {', '.join(map(str, error.args))} in what the file says of its cells"
        if "Incompatible cell data 'gmsh:physical'" in said:  # of version 4.1; meshio reads 2.2 with such cells
            raise ProblemError(
                f"Mesh: {path} cannot be read: some cells are in a physical group, and others in none",
                "Put all of them into groups, do not save all elements, or save it as version 2 (gmsh -format msh22).",
            ) from error
        raise ProblemError(
            f"Mesh: {path} cannot be read: {said}",
            "Possible: Gmsh (.msh), .vtu, .vtk, .xdmf, Medit (.mesh), Abaqus (.inp), .stl. Most surely read are .vtu "
            "and Gmsh of version 2.2 (gmsh -format msh22).",
        ) from error


def _kind(name: str) -> str | None:
    """The linear cell with the same corners: "triangle" of "triangle6"."""
    plain = name.rstrip("0123456789")
    return plain if plain in CELLS else None


def _simplices(blocks: list[tuple[str, np.ndarray]]) -> np.ndarray:
    parts = [data[:, list(corners)] for kind, data in blocks for corners in CELLS[kind][1]]
    return np.concatenate(parts).astype(np.int64)


def _check(path: Path, points: np.ndarray, cells: np.ndarray, surface: bool) -> None:
    """Refuse cells without size and surfaces that are not closed."""
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
    if surface:
        _check_closed(path, points, cells)


def _check_closed(path: Path, points: np.ndarray, cells: np.ndarray) -> None:
    edge = np.sort(np.concatenate([cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]]), axis=1)
    counts = np.unique(edge, axis=0, return_counts=True)[1]
    if not (counts != 2).any():
        return
    used = points[np.unique(cells)]
    thick = np.linalg.svd(used - used.mean(0), compute_uv=False)
    if thick[2] <= 1e-3 * thick[1]:
        how = f"z from {used[:, 2].min():g} to {used[:, 2].max():g}"
        raise ProblemError(
            f"Mesh: {path} is a planar mesh with a third coordinate ({how})",
            "A planar mesh has the same z everywhere: turn it into that plane, or write zeros for z.",
        )
    raise ProblemError(
        f"Mesh: the surface {path} is not closed: {int((counts == 1).sum())} edges belong to one triangle, "
        f"{int((counts > 2).sum())} to more than two",
        "Close it, and merge points that are the same (an STL file repeats them).",
    )


def _folded(path: Path, points: np.ndarray, cells: np.ndarray, faces: list[Face], simplices: bool) -> list[str]:
    """Refuse cells that cover something twice: they measure more than what bounds them encloses. A warning of those
    that are merely listed the other way round."""
    edges = points[cells][:, 1:] - points[cells][:, :1]
    signed = np.linalg.det(edges)
    positive = int((signed > 0).sum())
    turned = np.flatnonzero(signed < 0) if 2 * positive >= len(signed) else np.flatnonzero(signed > 0)
    told = f"{len(turned)} of {len(cells)} cells of {path} are inverted, as number {turned[0]}" if len(turned) else ""
    facets = Facets(torch.from_numpy(points), torch.from_numpy(cut(points, faces, {})[1]))
    middle = torch.from_numpy(points.mean(0))
    within = float((facets.sizes * ((facets.corners.mean(1) - middle) * facets.normals).sum(1)).sum()) / points.shape[1]
    whole = float(np.abs(signed).sum()) / math.factorial(points.shape[1])
    if abs(whole - within) > FOLDED * abs(within):
        why = told if told and simplices else f"{path} measures {whole:g}, and what bounds it encloses {within:g}"
        raise ProblemError(f"Mesh: {why}: cells lie on top of each other", "Mesh the shape anew.")
    return [f"{told}; they are taken as they stand"] if told and simplices else []


def _boundary(path: Path, blocks: list[tuple[str, np.ndarray]]) -> list[Face]:
    """The faces that belong to one cell alone."""
    found: dict[Face, list[Face]] = {}
    for kind, data in blocks:
        for corners in FACES[kind]:
            for face in data[:, list(corners)].tolist():
                found.setdefault(tuple(sorted(face)), []).append(tuple(face))
    many = sum(len(faces) > 2 for faces in found.values())
    if many:
        raise ProblemError(
            f"Mesh: {many} edges or faces of {path} belong to more than two cells",
            "Cells lie on top of each other: mesh the shape anew.",
        )
    return [faces[0] for faces in found.values() if len(faces) == 1]
