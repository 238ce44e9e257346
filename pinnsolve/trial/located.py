"""Where points lie: in which cell of which step of a march."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.of_cells import InCells


@dataclass
class Located(InCells):
    """Points, with the cell of a step to which each belongs; tables of features are made once."""

    tau: Tensor = field(default_factory=lambda: torch.zeros(0))
    length: Tensor = field(default_factory=lambda: torch.zeros(0))
    version: int = -1  # of the steps that it was looked for in
    of: Tiles | None = None  # the cells that it was looked for in, where there is one step
    # by order in time, or by degree and orders along space
    tables: dict[int | tuple[int, ...], Tensor] = field(default_factory=dict)

    def across(self, cell: ReferenceCell, orders: tuple[int, ...]) -> Tensor:
        """The features there, derived so many times along each coordinate of space, (N, M)."""
        key = (cell.degree, *orders)
        if key not in self.tables:
            for old in [k for k in self.tables if isinstance(k, tuple) and k[0] != cell.degree]:
                del self.tables[old]
            powers = torch.tensor(orders, device=self.width.device)
            stretch = ((2 / self.width) ** powers).prod(-1)
            self.tables[key] = cell.features(self.xi, orders) * stretch[:, None]
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
        counts = torch.tensor([len(mesh) for mesh in meshes])
        self.step = torch.arange(len(meshes)).repeat_interleave(counts).to(device)
        self.places = torch.cat([torch.tensor(mesh.places) for mesh in meshes]).to(device)  # (n, dims, 3)
        self.width = torch.cat([mesh.widths for mesh in meshes])
        begin, length = torch.tensor(steps, dtype=torch.float64, device=device).unbind(1)
        self.begin, self.length, self.ends = begin, length, begin + length
        self.over = meshes[0] if meshes[0].region is not None else None  # over a shape there is one step
        self.tables = []
        levels = self.places[:, :, 1]
        for level in levels.unique(dim=0):
            mine = (levels == level).all(1).nonzero()[:, 0]
            k, _, i = self.places[mine].unbind(-1)
            keys, order = self._key(self.step[mine], k * 2**level + i, level).sort()
            self.tables.append((level, keys, mine[order]))

    def _key(self, step: Tensor, number: Tensor, level: Tensor) -> Tensor:
        """One whole number for a step and a cell of this size."""
        key = step
        for axis, bounds in enumerate(self.edges):
            key = key * ((len(bounds) - 1) * 2 ** int(level[axis])) + number[:, axis]
        return key

    def _nearest(self, mesh: Tiles, x: Tensor, cell: Tensor) -> Tensor:
        """The cells (N,) of a shape where those that were found hold points (N, 2); of other points the nearest: beside
        a rim may lie what holds nothing, or too little."""
        low, high = mesh.lows, mesh.lows + mesh.widths
        near = 1e-9 * mesh.widths
        beyond = ((x < low[cell] - near[cell]) | (x > high[cell] + near[cell])).any(1).nonzero()[:, 0]
        found = cell.clone()
        for some in beyond.split(max(1, 4_000_000 // len(mesh))):
            away = torch.maximum(low - x[some][:, None], x[some][:, None] - high).clamp(min=0).square().sum(-1)
            found[some] = away.argmin(1)
        return found

    def place(self, prepared: Located, x: Tensor, t: Tensor, near: Tensor | None = None) -> None:
        """Find the cells of points (N, dims) at times (N,), and where in them they lie; over a shape the cells of
        points near them."""
        step = torch.bucketize(t.contiguous(), self.ends).clamp(max=len(self.ends) - 1)
        first, part = [], []
        for axis, b in enumerate(self.edges):
            at = x[:, axis] if near is None else near[:, axis]
            k = (torch.bucketize(at.contiguous(), b, right=True) - 1).clamp(0, len(b) - 2)
            first.append(k)
            part.append((at - b[k]) / (b[k + 1] - b[k]))
        k, u = torch.stack(first, 1), torch.stack(part, 1)
        cell = torch.zeros_like(step)
        for level, keys, numbers in self.tables:
            i = (u * 2.0**level).floor().clamp(min=0).to(torch.int64)
            i = torch.minimum(i, 2**level - 1)
            key = self._key(step, k * 2**level + i, level)
            at = torch.searchsorted(keys, key).clamp(max=len(keys) - 1)
            cell = torch.where(keys[at] == key, numbers[at], cell)
        _, level, i = self.places[cell].unbind(-1)
        prepared.cell, prepared.width, prepared.length = cell, self.width[cell], self.length[step]
        prepared.xi = 2 * (u * 2.0**level - i) - 1
        if self.over is not None:
            prepared.cell = cell = self._nearest(self.over, x if near is None else near, cell)
            prepared.width = self.width[cell]
            prepared.xi = 2 * (x - self.over.lows[cell]) / prepared.width - 1
        prepared.tau = 2 * (t - self.begin[step]) / self.length[step] - 1
