"""What of a patch counts, by intervals of its parameters; and quadrature over that.

Along the first parameter every line is cut where it enters and leaves; over a second one lines lie by Gauss between the
places at which the number of cuts changes, and over a third one planes. There lengths of lines end like square roots,
as the chords of a disc do: with s = (1 - cos(pi v)) / 2 in place of the parameter what is summed is smooth in v.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from math import pi

import torch
from torch import Tensor

from pinnsolve.geometry.cube import sobol
from pinnsolve.geometry.gauss import gauss, gauss_of
from pinnsolve.geometry.patch import Patch, Surface
from pinnsolve.geometry.rules import RULES

Taken = Callable[[Tensor], tuple[Surface, Tensor]]
Weighed = tuple[Surface, Tensor]


class Cutting:
    """The part of a patch that counts.

    Parameters
    ----------
    patch : Patch
    taken : callable tensor (N, m) -> Surface, tensor (N,)
        The surface there, and which points count.
    samples : int
        Places along a line at which it is asked where that is cut, and lines that are looked at.
    """

    def __init__(self, patch: Patch, taken: Taken, samples: int = RULES.lines) -> None:
        self.patch, self.taken, self.samples = patch, taken, samples

    @cached_property
    def intervals(self) -> Tensor:
        """The intervals (K, 2) of a curve's parameter that count."""
        return self._cut(torch.zeros(1, 0, dtype=torch.float64))[1]

    def nodes(self, pieces: int = 1, panels: int = RULES.panels, count: int = RULES.nodes) -> Weighed:
        """A quadrature: the surface, and weights (N,) that sum to its measure.

        Parameters
        ----------
        pieces : int
            Into which each smooth stretch of a line is divided.
        panels : int
            Between two places at which the number of cuts changes.
        count : int
            Nodes on each piece, and lines on each panel.
        """
        if self.patch.axes == 1:
            return self._along_intervals(pieces, count)
        if self.patch.axes == 2:
            plain = self.patch.shares is None
            return self._along_lines(pieces, panels, count) if plain else self._over_facets(count)
        surface, kept = self.taken(sobol(RULES.counted, self.patch.axes, seed=5))
        return surface[kept], surface.density[kept] / RULES.counted

    # ------------------------------------------------------------ along lines

    def _cut(self, others: Tensor) -> tuple[Tensor, Tensor]:
        """The intervals (K, 2) of the first parameter that count, on lines where the others have these values
        (L, m - 1); and to which line each belongs."""
        samples = max(self.samples if others.shape[1] else RULES.samples, 2 * self.patch.stretches)
        lines = len(others)
        first = (torch.arange(samples, dtype=torch.float64) + 0.5) / samples

        def kept(x: Tensor, line: Tensor) -> Tensor:
            return self.taken(torch.cat([x[:, None], others[line]], 1))[1]

        index = torch.arange(lines).repeat_interleave(samples)
        on = kept(first.repeat(lines), index).view(lines, samples)
        padded = torch.cat([on[:, :1], on, on[:, -1:]], 1)
        edges = torch.cat([torch.zeros(1, dtype=torch.float64), first, torch.ones(1, dtype=torch.float64)])
        line, change = (padded[:, 1:] != padded[:, :-1]).nonzero(as_tuple=True)
        low, high, before = edges[change], edges[change + 1], padded[line, change]
        for _ in range(RULES.halvings if len(line) else 0):
            middle = (low + high) / 2
            same = kept(middle, line) == before
            low, high = torch.where(same, middle, low), torch.where(same, high, middle)
        ends = _runs(on[:, 0], on[:, -1], line, (low + high) / 2)
        return ends[:, 0].long(), ends[:, 1:]

    def _along_intervals(self, pieces: int, count: int) -> Weighed:
        parts, weights = gauss(self.intervals, self.patch.stretches * pieces, count)
        surface, _ = self.taken(parts[:, None])
        return surface, weights * surface.density

    def _along_lines(self, pieces: int, panels: int, count: int) -> Weighed:
        many = self.patch.stretches > RULES.simple
        lines, line_weights = between(self._breaks(RULES.nodes if many else self.samples), 1 if many else panels, count)
        line, intervals = self._cut(lines[:, None])
        parts, weights, owner = gauss_of(intervals, self.patch.stretches * pieces, count)
        where = line[owner]
        surface, _ = self.taken(torch.stack([parts, lines[where]], 1))
        return surface, weights * line_weights[where] * surface.density

    def _breaks(self, count: int) -> Tensor:
        """Where along the second parameter the number of cuts changes, with both ends."""
        places = (torch.arange(count, dtype=torch.float64) + 0.5) / count

        def cuts(at: Tensor) -> Tensor:
            samples = max(self.samples, 2 * self.patch.stretches)
            first = (torch.arange(samples, dtype=torch.float64) + 0.5) / samples
            both = torch.stack([first.repeat(len(at)), at.repeat_interleave(samples)], 1)
            on = self.taken(both)[1].view(len(at), samples)
            return 2 * (on[:, 1:] != on[:, :-1]).sum(1) + on[:, 0]

        found = cuts(places)
        change = (found[1:] != found[:-1]).nonzero()[:, 0]
        few = RULES.halvings if 0 < len(change) <= RULES.simple else 0
        return _closed_in(places[change], places[change + 1], found[change], cuts, few)

    # ------------------------------------------------------------ over planes, and over facets

    def over_planes(self, pieces: int, panels: int, count: int) -> Weighed:
        """A quadrature over three parameters: planes by Gauss between the places at which their form changes."""
        places = torch.linspace(0, 1, RULES.planes + 1, dtype=torch.float64)

        def form(at: Tensor) -> Tensor:
            return torch.tensor([self._plane(float(z))._form for z in at])

        found = form(places)
        change = (found[1:] != found[:-1]).nonzero()[:, 0]
        breaks = _closed_in(places[change], places[change + 1], found[change], form, RULES.halvings_of_planes)
        planes, plane_weights = between(breaks, panels, count)
        surfaces, weights = [], []
        for z, weight in zip(planes.tolist(), plane_weights, strict=True):
            surface, own = self._plane(z)._along_lines(pieces, panels, count)
            surfaces.append(surface)
            weights.append(own * weight)
        joined = [torch.cat([getattr(s, name) for s in surfaces]) for name in ("points", "normals", "density")]
        return Surface(*joined), torch.cat(weights)

    def _plane(self, z: float) -> Cutting:
        def with_last(parts: Tensor) -> Tensor:
            return torch.cat([parts, torch.full_like(parts[:, :1], z)], 1)

        patch = replace(self.patch, at=lambda parts: self.patch.at(with_last(parts)), axes=2)
        return Cutting(patch, lambda parts: self.taken(with_last(parts)), samples=self.samples // RULES.fewer_in_planes)

    @property
    def _form(self) -> int:
        """How often the number of cuts changes along the second parameter, and whether anything counts at all."""
        ticks = (torch.arange(RULES.planes, dtype=torch.float64) + 0.5) / RULES.planes
        return 2 * len(self._breaks(RULES.planes)) + int(self.taken(torch.cartesian_prod(ticks, ticks))[1].any())

    def _over_facets(self, count: int) -> Weighed:
        """Nodes on each of many triangles: a quarter as many along each of their sides."""
        assert self.patch.shares is not None
        x, w, _ = gauss_of(torch.tensor([[0.0, 1.0]], dtype=torch.float64), 1, max(2, count // 4))
        root, v = torch.cartesian_prod(x, x).T
        weights = torch.cartesian_prod(w, w).prod(1) * 2 * root
        ends = torch.cat([torch.zeros(1, dtype=torch.float64), self.patch.shares])
        u = ends[:-1, None] + ends.diff()[:, None] * root**2
        parts = torch.stack([u.reshape(-1), v.repeat(len(u))], 1)
        surface, kept = self.taken(parts)
        weight = (ends.diff()[:, None] * weights).reshape(-1)
        return surface[kept], (weight * surface.density)[kept]


def between(breaks: Tensor, panels: int, count: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights between breaks (K,), where what is summed may end like a square root at each."""
    v, weights = gauss(torch.tensor([[0.0, 1.0]], dtype=torch.float64), panels, count)
    low, length = breaks[:-1, None], breaks.diff()[:, None]
    nodes = low + length * (1 - torch.cos(pi * v)) / 2
    return nodes.reshape(-1), (length * weights * torch.sin(pi * v) * pi / 2).reshape(-1)


def _closed_in(low: Tensor, high: Tensor, before: Tensor, form: Callable[[Tensor], Tensor], halvings: int) -> Tensor:
    """Where a whole number changes between places, and the ends of (0, 1)."""
    for _ in range(halvings if len(low) else 0):
        middle = (low + high) / 2
        same = form(middle) == before
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    return torch.cat([ends[:1], (low + high) / 2, ends[1:]])


def _runs(begins: Tensor, ends: Tensor, line: Tensor, places: Tensor) -> Tensor:
    """Line, begin and end (K, 3) of each interval, from whether lines (L,) begin and end inside one and where they
    change."""
    first, last = begins.nonzero()[:, 0], ends.nonzero()[:, 0]
    whose = torch.cat([first, line, last])
    marks = torch.cat([torch.zeros(len(first)).to(places), places, torch.ones(len(last)).to(places)])
    order = whose.argsort(stable=True)
    return torch.cat([whose[order][::2, None].to(places), marks[order].view(-1, 2)], 1)
