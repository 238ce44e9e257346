"""Where points lie: in which cell of which step of a march."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.geometry.part_shapes import ClippedParts
from pinnsolve.geometry.points import Points
from pinnsolve.networks.reference_cell import ReferenceCell, derived
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.of_cells import InCells


@dataclass
class Located(InCells):
    """Points, with the cell of a step to which each belongs; tables of features are made once."""

    tau: Tensor = field(default_factory=lambda: torch.zeros(0))
    length: Tensor = field(default_factory=lambda: torch.zeros(0))
    steps: object = None  # that it was looked for in
    of: Tiles | None = None  # the cells that it was looked for in, where there is one step
    other: Located | None = None  # on an interface, the same on its other side
    # by order in time, or by degree and orders along space
    tables: dict[int | tuple[int, ...], Tensor] = field(default_factory=dict)

    def across(self, cell: ReferenceCell, orders: tuple[int, ...]) -> Tensor:
        """The features there, derived so many times along each coordinate of space, (N, M)."""
        key = (cell.degree, *orders)
        if key not in self.tables:
            for old in [k for k in self.tables if isinstance(k, tuple) and k[0] != cell.degree]:
                del self.tables[old]
            known = None
            if cell.dims == 1 and cell.series is None:  # along a line values of polynomials tell the rest
                known = self.tables.get((cell.degree, 0))
            features = cell.features(self.xi, orders) if known is None else derived(known, orders[0])
            powers = torch.tensor(orders, device=self.width.device)
            self.tables[key] = features * ((2 / self.width) ** powers).prod(-1)[:, None] if any(orders) else features
        return self.tables[key]


class Search:
    """Finds cells by their numbers among all of one size, size by size.

    Parameters
    ----------
    meshes : sequence of Tiles
        Of the same first boxes, one for each step.
    steps : sequence of (begin, length)
    """

    def __init__(self, meshes: Sequence[Tiles], steps: Sequence[tuple[float, float]]) -> None:
        device = meshes[0].device
        self.edges = [torch.tensor(b, dtype=torch.float64, device=device) for b in meshes[0].ends]
        if isinstance(region := meshes[0].region, ClippedParts):  # a cell's part is one more place of it
            self.edges.append(torch.arange(region.count + 1, dtype=torch.float64, device=device))
        counts = torch.tensor([len(mesh) for mesh in meshes])
        self.step = torch.arange(len(meshes)).repeat_interleave(counts).to(device)
        self.places = torch.cat([torch.tensor(mesh.places) for mesh in meshes]).to(device)  # (n, dims, 3)
        self.width = torch.cat([mesh.widths for mesh in meshes])
        begin, length = torch.tensor(steps, dtype=torch.float64, device=device).unbind(1)
        self.begin, self.length, self.ends = begin, length, begin + length
        self.over = list(dict.fromkeys(meshes)) if meshes[0].region is not None else []  # each of them once
        number = {mesh: k for k, mesh in enumerate(self.over)}
        self.mesh_of = torch.tensor([number.get(mesh, 0) for mesh in meshes], device=device)
        self.first = torch.tensor([0, *counts.cumsum(0).tolist()], device=device)
        self.low = torch.cat([mesh.lows for mesh in meshes])
        self.tables = []
        levels = self.places[:, :, 1]
        sizes = (levels * 64 ** torch.arange(levels.shape[1] - 1, -1, -1, device=device)).sum(
            1
        )  # a number for each size
        for size in sizes.unique():
            mine = (sizes == size).nonzero()[:, 0]
            level = levels[mine[0]]
            k, _, i = self.places[mine].unbind(-1)
            keys, order = self._key(self.step[mine], k * 2**level + i, level).sort()
            self.tables.append((level, keys, mine[order]))

    def _key(self, step: Tensor, number: Tensor, level: Tensor) -> Tensor:
        """One whole number for a step and a cell of this size."""
        key = step
        for axis, bounds in enumerate(self.edges):
            key = key * ((len(bounds) - 1) * 2 ** int(level[axis])) + number[:, axis]
        return key

    def _nearest(self, x: Tensor, cell: Tensor, step: Tensor, part: Tensor | None) -> Tensor:
        """The cells (N,) of a shape where those that were found hold points (N, 2); of other points the nearest: beside
        a rim may lie what holds nothing, or too little."""
        low, near = self.low[cell], 1e-9 * self.width[cell]
        high = low + self.width[cell]
        wrong = (cell < self.first[step]) | (cell >= self.first[step + 1])
        wrong |= False if part is None else self.places[cell, -1, 0] != part
        beyond = (wrong | ((x < low - near) | (x > high + near)).any(1)).nonzero()[:, 0]
        found = cell.clone()
        for k, mesh in enumerate(self.over):
            low, high = mesh.lows, mesh.lows + mesh.widths
            for some in beyond[self.mesh_of[step[beyond]] == k].split(max(1, 4_000_000 // len(mesh))):
                away = torch.maximum(low - x[some][:, None], x[some][:, None] - high).clamp(min=0).square().sum(-1)
                if part is not None:
                    away = torch.where(mesh.parts.to(away.device) == part[some][:, None], away, torch.inf)
                found[some] = self.first[step[some]] + away.argmin(1)
        return found

    def place(
        self, prepared: Located, x: Tensor, t: Tensor, near: Tensor | None = None, part: Tensor | None = None
    ) -> None:  # fmt: skip
        """Find the cells of points (N, dims) at times (N,), and where in them they lie; over a shape the cells of
        points near them, and where there are parts those of the part of that number, (N,)."""
        step = torch.bucketize(t.contiguous(), self.ends).clamp(max=len(self.ends) - 1)
        first, share = [], []
        for axis, b in enumerate(self.edges):
            if axis == x.shape[1]:
                assert part is not None
                at = part + 0.5
            else:
                at = x[:, axis] if near is None else near[:, axis]
            k = (torch.bucketize(at.contiguous(), b, right=True) - 1).clamp(0, len(b) - 2)
            first.append(k)
            share.append((at - b[k]) / (b[k + 1] - b[k]))
        k, u = torch.stack(first, 1), torch.stack(share, 1)
        cell = torch.zeros_like(step)
        for level, keys, numbers in self.tables:
            i = (u * 2.0**level).floor().clamp(min=0).to(torch.int64)
            i = torch.minimum(i, 2**level - 1)
            key = self._key(step, k * 2**level + i, level)
            at = torch.searchsorted(keys, key).clamp(max=len(keys) - 1)
            cell = torch.where(keys[at] == key, numbers[at], cell)
        _, level, i = self.places[cell].unbind(-1)
        prepared.cell, prepared.width, prepared.length = cell, self.width[cell], self.length[step]
        prepared.xi = (2 * (u * 2.0**level - i) - 1)[:, : x.shape[1]]
        if self.over:
            prepared.cell = cell = self._nearest(x if near is None else near, cell, step, part)
            prepared.width = self.width[cell]
            prepared.xi = 2 * (x - self.low[cell]) / prepared.width - 1
        prepared.tau = 2 * (t - self.begin[step]) / self.length[step] - 1


def inward(mesh: Tiles | None, points: Points, x: Tensor, names: Sequence[str]) -> Tensor:
    """Places a little inside of points (N, 2) of a rim, since that belongs to what lies there."""
    if mesh is None or mesh.region is None or not points.normals:
        return x
    outward = torch.stack([points.normals[c].to(x) for c in names], -1)
    return x - 1e-9 * mesh.lengths.norm() * outward
