"""Shapes from files of meshes: what their cells cover, with their groups as sides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.errors import ProblemError, file_path
from pinnsolve.geometry.facets import Facets
from pinnsolve.geometry.mesh_file import RIM, Read, read
from pinnsolve.geometry.patch import Leaf, Patch, Surface
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Bounds, Shape
from pinnsolve.geometry.side import Side


class Mesh(Shape):
    """What the cells of a mesh cover, or what a closed surface encloses.

    Whatever meshio reads: Gmsh, VTU, XDMF, VTK, Medit, Abaqus, STL. Physical groups, cell sets and references of its
    lines (in three dimensions its triangles) are sides by name; what is in no group is the side "rim". Those of its
    cells are parts, `Piecewise(1.0, (part("steel"), 50.0))`. Nothing is solved on its cells: they say where the problem
    lives, and what the file of the solution is written on. Quadratic cells keep their curve on the boundary.

    Parameters
    ----------
    path : path
    name : str, optional
    coordinates : sequence of str
        Names of the coordinates, as many as dimensions.

    Raises
    ------
    ProblemError
        If the file cannot be read, has no cells of two or three dimensions, cells without area, an edge that more than
        two cells share, or a surface that is not closed.
    """

    def __init__(
        self, path: str | Path, *, name: str | None = None, coordinates: Sequence[str] = ("x", "y", "z")
    ) -> None:
        self.path, self.name = file_path("Mesh", path), name
        self.read: Read = read(self.path)
        self.group: str | None = None  # of its cells, where it is a part of a mesh
        if len(coordinates) < self.read.points.shape[1]:
            raise ProblemError(
                f"Mesh: {self.path} has {self.read.points.shape[1]} dimensions, and {len(coordinates)} are named",
                'Write Mesh("part.msh", coordinates=("x", "y", "z")).',
            )
        self._names = tuple(coordinates)[: self.read.points.shape[1]]
        self._facets = Facets(*map(torch.from_numpy, (self.read.rim, self.read.facets, self.read.bent)))

    def __repr__(self) -> str:
        return f"Mesh({str(self.path)!r})" if self.group is None else f"part({self.group!r})"

    def part(self, name: str) -> Mesh:
        """What one group of its cells covers."""
        made = object.__new__(Mesh)
        made.path, made.name, made.group, made._names = self.path, name, name, self._names
        made.read = self.read.part(name)
        made._facets = Facets(*map(torch.from_numpy, (made.read.rim, made.read.facets, made.read.bent)))
        return made

    @property
    def curved(self) -> bool:
        """Whether cells have curved edges on the boundary, beyond those between their corners."""
        return len(self.read.rim) > len(self.read.points)

    @property
    def bounds(self) -> Bounds:
        corners = self._facets.corners.reshape(-1, len(self._names))
        low, high = corners.min(0).values.tolist(), corners.max(0).values.tolist()
        return dict(zip(self._names, zip(low, high, strict=True), strict=True))

    def signed(self, x: Tensor) -> Tensor:
        return self._facets.signed(x)

    def contains(self, x: Tensor, slack: float = 0.0) -> Tensor:
        found = self._facets.inside(x)
        if slack and not bool(found.all()):
            beyond = x[~found]
            found[~found] = self._facets.distance(beyond) < slack * self.size
        return found

    def patches(self) -> list[Patch]:
        leaf, own = Leaf(self.signed), () if self.name is None else (self.name,)
        found = []
        for groups, numbers in self.read.groups.items():
            labels = own if groups == (RIM,) else (*groups, *own)
            found += [self._patch(part, leaf, groups[0], labels) for part in self._by_plane(torch.from_numpy(numbers))]
        return found

    def _by_plane(self, numbers: Tensor) -> list[Tensor]:
        """Facets apart by the ends of the coordinates in which they lie, as the faces of a box; first those in none."""
        corners, number = self._facets.corners[numbers], torch.zeros(len(numbers), dtype=torch.int64)
        for axis, (low, high) in enumerate(self.bounds.values()):
            for end in (low, high):
                flat = ((corners[:, :, axis] - end).abs() <= SAME * (high - low)).all(1)
                number = torch.where(flat & (number == 0), number.max() + 1, number)
        return [part for k in range(int(number.max()) + 1) if len(part := numbers[number == k])]

    def _patch(self, numbers: Tensor, leaf: Leaf, name: str, labels: tuple[str, ...]) -> Patch:
        corners, normals = self._facets.corners[numbers], self._facets.bends[numbers]
        size, count = self._facets.sizes[numbers], len(numbers)
        share = size.cumsum(0) / size.sum()

        def segments(parts: Tensor) -> Surface:
            """Each an equal part of the parameter."""
            which = (parts[:, 0] * count).long().clamp(0, count - 1)
            local = parts * count - which[:, None]
            a, b = corners[which].unbind(1)
            begin, end = normals[which].unbind(1)
            return Surface(a + local * (b - a), _unit(begin + local * (end - begin)), size[which] * count)

        def triangles(parts: Tensor) -> Surface:
            """Each as large a part of the first parameter as of the area."""
            which = torch.searchsorted(share, parts[:, 0].contiguous()).clamp(max=count - 1)
            begin = torch.cat([share.new_zeros(1), share[:-1]])[which]
            root, v = ((parts[:, 0] - begin) / (share[which] - begin)).clamp(0, 1).sqrt()[:, None], parts[:, 1:]
            a, b, c = corners[which].unbind(1)
            points = a + root * (1 - v) * (b - a) + root * v * (c - a)
            p, q, r = normals[which].unbind(1)
            across = _unit(p + root * (1 - v) * (q - p) + root * v * (r - p))
            return Surface(points, across, torch.full_like(parts[:, 0], float(size.sum())))

        if corners.shape[1] == 2:
            return Patch(segments, 1, leaf, name, labels, count, ends=self._ends(numbers))
        return Patch(triangles, 2, leaf, name, labels, shares=share)

    def _ends(self, numbers: Tensor) -> tuple[float, ...]:
        """The parameters of segments at which these turn, or end."""
        beside = self._facets.beside[numbers]
        inner, first = torch.isin(beside, numbers), beside.clamp(min=0)
        here, there = self._facets.bends[numbers], self._facets.bends[first, self._facets.whose[numbers]]
        turns = (here - there).norm(dim=2) > RULES.turns
        place, end = (turns | ~inner).nonzero(as_tuple=True)
        near = 1e-12  # a little inside: beyond it any other stands
        return tuple(((place + end.double() * (1 - 2 * near) + near) / len(numbers)).tolist())

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """All groups, each whole."""
        return tuple(Side(p, lambda s: torch.ones(len(s.points), dtype=torch.int8), (*p.labels, p.name)[0])
                     for p in self.patches())  # fmt: skip

    @cached_property
    def measure(self) -> float:
        corners, normals = self._facets.corners, self._facets.normals
        return float((self._facets.sizes * (corners.mean(1) * normals).sum(1)).sum()) / len(self._names)

    def faults(self) -> list[str]:
        return list(self.read.warnings)

    @property
    def cells(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Its own points (n, d) and triangles or tetrahedra; None where it is a surface alone."""
        return None if self.read.cells is None else (self.read.points, self.read.cells)

    @property
    def written(self) -> tuple[np.ndarray, list[tuple[str, np.ndarray]]] | None:
        """Its own points (n, d) and cells by kind as the file has them; None where it is a surface alone."""
        return None if self.read.cells is None else (self.read.points, self.read.source.written(self.group))


def _unit(x: Tensor) -> Tensor:
    return x / x.norm(dim=1, keepdim=True)
