"""Cells of a shape, for pictures and files; nothing is solved on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pinnsolve.geometry.mesh import Mesh
from pinnsolve.geometry.mesh_kinds import FACES
from pinnsolve.geometry.once import once
from pinnsolve.geometry.patch import Patch
from pinnsolve.geometry.shape import Placed, Shape

SIMPLICES = {2: "triangle", 3: "tetra"}
Cells = list[tuple[str, npt.NDArray[np.int64]]]


def triangulated(shape: Shape, count: int) -> tuple[npt.NDArray[np.float64], Cells]:
    """Points (n, d) of a shape in two or three dimensions, with its boundary, and the cells between them by kind: those
    of a mesh as its file has them, of other shapes about `count` points and triangles or tetrahedra by Delaunay."""
    if isinstance(shape, Mesh) and shape.written is not None:
        return shape.written
    if isinstance(shape, Placed):
        points, cells = triangulated(shape.shape, count)
        return points @ shape.turn.numpy().T + shape.shift.numpy(), cells
    return once(shape, ("triangulated", count), lambda: _delaunay(shape, count))


def surface(shape: Shape, count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Points (n, 3) and triangles (T, 3) of the surface of a shape in three dimensions: the facets of a mesh, few ones
    cut into a quarter of `count` and more; of other shapes the faces of about so many points' tetrahedra."""
    if isinstance(shape, Placed):
        points, triangles = surface(shape.shape, count)
        return points @ shape.turn.numpy().T + shape.shift.numpy(), triangles
    if isinstance(shape, Mesh):
        points, triangles = _used(shape.read.rim, shape.read.facets)
        while 4 * len(triangles) < count:
            points, triangles = _quartered(points, triangles)
        return points, triangles
    points, cells = triangulated(shape, count)
    faces = np.concatenate([data[:, list(face)] for kind, data in cells for face in FACES[kind]])
    _, first, counts = np.unique(np.sort(faces, axis=1), axis=0, return_index=True, return_counts=True)
    return _used(points, faces[first[counts == 1]])


def _quartered(
    points: npt.NDArray[np.float64], triangles: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Each triangle cut into four by the middles of its edges."""
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    once_each, number = np.unique(edges, axis=0, return_inverse=True)
    (a, b, c), (ab, bc, ca) = triangles.T, len(points) + number.reshape(-1, 3).T
    four = [np.c_[a, ab, ca], np.c_[ab, b, bc], np.c_[ca, bc, c], np.c_[ab, bc, ca]]
    return np.concatenate([points, points[once_each].mean(1)]), np.concatenate(four)


def _used(
    points: npt.NDArray[np.float64], cells: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Without the points that belong to no cell."""
    used, renumbered = np.unique(cells, return_inverse=True)
    return points[used], renumbered.reshape(cells.shape).astype(np.int64)


def _delaunay(shape: Shape, count: int) -> tuple[npt.NDArray[np.float64], Cells]:
    from scipy.spatial import Delaunay  # of all runs, only those that write files need it

    dimension = len(shape.bounds)
    width = (shape.measure / count) ** (1 / dimension)
    boundary = _on_boundary(shape, width)
    if dimension == 3:  # points of two facets may all but coincide, between which tetrahedra are flat
        boundary = _parted(boundary, width / 4)
    points = torch.cat([boundary, _within(shape, width)]).numpy()
    points = np.unique(points.round(12 - int(np.floor(np.log10(shape.size)))), axis=0)
    low, high = points.min(0), points.max(0)
    cells = Delaunay((points - low) / (high - low).max(), qhull_options="QJ Qbb").simplices.astype(np.int64)
    corners = points[cells]
    volume = np.linalg.det(corners[:, 1:] - corners[:, :1])
    cells[volume < 0, :2] = cells[volume < 0, 1::-1]
    flat = (1e-4 if dimension == 2 else 1e-7) * width**dimension  # between points of one straight side
    inside = shape.contains(torch.from_numpy(corners.mean(1))).numpy()
    cells = cells[inside & (np.abs(volume) > flat)]
    points, cells = _used(points, cells)
    return points, [(SIMPLICES[dimension], cells)]


def _within(shape: Shape, width: float) -> Tensor:
    """A lattice, as far as it is not too close to the boundary."""
    axes = [torch.arange(low + width / 2, high, width, dtype=torch.float64) for low, high in shape.bounds.values()]
    lattice = torch.cartesian_prod(*axes)
    if len(axes) == 3:  # no eight of them on one sphere, between which tetrahedra are flat
        generator = torch.Generator().manual_seed(8)
        lattice += 0.2 * width * (torch.rand(lattice.shape, generator=generator, dtype=torch.float64) - 0.5)
    return lattice[shape.signed(lattice) > 0.4 * width]


def _on_boundary(shape: Shape, width: float) -> Tensor:
    """Points of the sides, with their ends."""
    found = []
    for side in shape.sides:
        if side.patch.axes == 1:
            for begin, end in side.intervals.tolist():
                steps = max(2, round(side.size * (end - begin) / (width * _length(side.intervals))))
                parts = torch.linspace(begin, end, steps + 1, dtype=torch.float64)
                found.append(side.patch.at(parts[:, None]).points)
        else:
            points = side.patch.at(_over_surface(side.patch, width)).points
            found.append(_apart(points[shape.signed(points).abs() < 1e-9 * shape.size], width / 2))
    return torch.cat(found)


def _over_surface(patch: Patch, width: float) -> Tensor:
    """Parameters (N, 2) of places on a surface that lie about as far apart; first those on its own edges."""
    if patch.shares is None:
        coarse = torch.linspace(0, 1, 9, dtype=torch.float64)
        seen = patch.at(torch.cartesian_prod(coarse, coarse)).points.view(9, 9, -1)
        lengths = [float(seen.diff(dim=axis).norm(dim=-1).sum(axis).max()) for axis in (0, 1)]
        ticks = [torch.linspace(0, 1, max(2, round(n / width)) + 1, dtype=torch.float64) for n in lengths]
        parts = torch.cartesian_prod(*ticks)
        inner = ((parts > 0) & (parts < 1)).all(1)
        return torch.cat([parts[~inner], parts[inner]])
    ends, each = patch.shares, float(patch.at(torch.full((1, 2), 0.5, dtype=torch.float64)).density) / len(patch.shares)
    steps = max(1, round((2 * each) ** 0.5 / width))
    root = torch.linspace(1e-6, 1, steps + 1, dtype=torch.float64)
    root, along = torch.cartesian_prod(root, torch.linspace(0, 1, steps + 1, dtype=torch.float64)).T
    begin = torch.cat([ends.new_zeros(1), ends[:-1]])
    parts = begin[:, None] + (ends - begin)[:, None] * root**2
    return torch.stack([parts, along.expand_as(parts)], -1).flatten(0, 1)


def _apart(points: Tensor, width: float) -> Tensor:
    """The first of all points in each cube of this width."""
    _, first = np.unique((points / width).round().numpy(), axis=0, return_index=True)
    return points[np.sort(first)]


def _parted(points: Tensor, width: float) -> Tensor:
    """Without those that lie so close to one before them."""
    from scipy.spatial import cKDTree  # of all runs, only those that write files need it

    kept = np.ones(len(points), dtype=bool)
    for first, later in sorted(cKDTree(points.numpy()).query_pairs(width)):
        kept[later] &= ~kept[first]
    return points[torch.from_numpy(kept)]


def _length(intervals: Tensor) -> float:
    return float((intervals[:, 1] - intervals[:, 0]).sum())
