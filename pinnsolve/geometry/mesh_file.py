"""Reading a mesh: its points, what bounds it, and which group each of its facets is in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.mesh_checks import boundary, check, folded, held
from pinnsolve.geometry.mesh_curves import cut, middles
from pinnsolve.geometry.mesh_formats import loaded
from pinnsolve.geometry.mesh_groups import groups as groups_of
from pinnsolve.geometry.mesh_kinds import CELLS, CORNERS, QUADRATIC, Face, kind_of

RIM = "rim"


@dataclass(frozen=True)
class Read:
    """A mesh.

    Parameters
    ----------
    points : Array (n, d)
    rim : Array (m, d)
        The points of what bounds it, with those between on curved edges.
    facets : integers (F, d)
    bent : Array (F, d, d)
        What is normal to the curve of which each is a part, at its corners, of either sign; zeros of straight ones.
    groups : dict from names to integers
        Which facets are in which groups; those in none under "rim".
    cells : integers (C, d + 1), optional
        Triangles or tetrahedra; None of a surface alone.
    source : Source
    warnings : tuple of str
    """

    points: np.ndarray
    rim: np.ndarray
    facets: np.ndarray
    bent: np.ndarray
    groups: dict[tuple[str, ...], np.ndarray]
    cells: np.ndarray | None
    source: Source
    warnings: tuple[str, ...] = ()

    @property
    def parts(self) -> list[str]:
        """The groups of its cells."""
        s = self.source
        inside = (names for (kind, _), names in zip(s.kinds, s.called, strict=True) if s.whole(kind))
        return sorted({name for names in inside for own in names for name in own})

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
    called: list[list[tuple[str, ...]]]

    def whole(self, kind: str | None) -> bool:
        """Whether cells of this kind are those that space consists of."""
        return kind is not None and CELLS[kind][0] == self.dimension

    def chosen(self, part: str | None) -> list[tuple[str, np.ndarray]]:
        """The cells that space consists of, or those of one group, by kind."""
        found = []
        for (kind, block), names in zip(self.kinds, self.called, strict=True):
            if kind is not None and self.whole(kind):
                rows = slice(None) if part is None else [k for k, own in enumerate(names) if part in own]
                found.append((kind, np.asarray(block.data)[rows]))
        return [(kind, data) for kind, data in found if len(data)]

    def written(self, part: str | None = None) -> list[tuple[str, np.ndarray]]:
        """The same cells as they stand in the file, curved ones with all of their nodes."""
        found: dict[str, list[np.ndarray]] = {}
        for (kind, block), names in zip(self.kinds, self.called, strict=True):
            if self.whole(kind):
                rows = [k for k, own in enumerate(names) if part is None or part in own]
                found.setdefault(block.type, []).append(np.asarray(block.data, dtype=np.int64)[rows])
        return [(kind, data) for kind, blocks in found.items() if len(data := np.concatenate(blocks))]

    def read(self, part: str | None = None) -> Read:
        """What its cells cover, or those of one group."""
        blocks = self.chosen(part)
        cells = _simplices(blocks)
        if part is None:
            check(self.path, self.points, cells, self.surface)
        faces = [tuple(c) for c in cells.tolist()] if self.surface else boundary(self.path, blocks)
        told = () if part is not None or self.surface else self._told(blocks, cells, faces)
        rim, facets, counts, bent = cut(self.points, faces, self.middles)
        owners, groups = self.owners, dict[tuple[str, ...], list[int]]()
        for face, first, count in zip(faces, np.cumsum([0, *counts]), counts, strict=False):
            groups.setdefault(owners.get(tuple(sorted(face)), (RIM,)), []).extend(range(first, first + count))
        numbers = {name: np.array(members) for name, members in groups.items()}
        return Read(self.points, rim, facets, bent, numbers, None if self.surface else cells, self, told)

    def _told(self, blocks: list[tuple[str, np.ndarray]], cells: np.ndarray, faces: list[Face]) -> tuple[str, ...]:
        """Warnings about cells and points."""
        simplices = all(kind in ("triangle", "tetra") for kind, _ in blocks)
        told = folded(self.path, self.points, cells, faces, simplices)
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
    def owners(self) -> dict[Face, tuple[str, ...]]:
        """The groups of each line, or face, that the file holds, by its sorted corners."""
        owner: dict[Face, tuple[str, ...]] = {}
        across = self.points.shape[1] - 1
        for (kind, block), names in zip(self.kinds, self.called, strict=True):
            if kind is not None and CELLS[kind][0] == across:
                for cell, own in zip(block.data[:, : CORNERS[kind]].tolist(), names, strict=True):
                    if own:
                        face = tuple(sorted(cell))
                        owner[face] = (*owner.get(face, ()), *(n for n in own if n not in owner.get(face, ())))
        return owner


def read(path: Path) -> Read:
    """A file as meshio reads it."""
    mesh = loaded(path)
    points = np.asarray(mesh.points, dtype=np.float64)
    if not np.isfinite(points).all():
        raise ProblemError(f"Mesh: {path} holds points that are no finite numbers", "Write the mesh anew.")
    kinds = [(kind_of(block.type), block) for block in mesh.cells]
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
    held(path, len(points), [np.asarray(b.data) for kind, b in kinds if kind])
    source = Source(path, points, dimension, surface, kinds, groups_of(mesh, dimensions))
    made, told = source.read(), list[str]()
    strange = sorted({b.type for kind, b in kinds if kind and b.type not in CELLS and b.type not in QUADRATIC})
    if strange:
        told.append(f"{path} holds cells with curved edges ({', '.join(strange)}); their corners are taken")
    return replace(made, warnings=(*made.warnings, *told))


def _simplices(blocks: list[tuple[str, np.ndarray]]) -> np.ndarray:
    parts = [data[:, list(corners)] for kind, data in blocks for corners in CELLS[kind][1]]
    return np.concatenate(parts).astype(np.int64)
