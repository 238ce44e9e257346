"""What of a patch counts, by intervals of its parameters; and quadrature over that.

Along the first parameter every line is cut where it enters and leaves; over a second one lines lie by Gauss between the
places at which the number of cuts changes, and over a third one planes. There lengths of lines end like square roots,
as the chords of a disc do: with s = (1 - cos(pi v)) / 2 in place of the parameter what is summed is smooth in v.
"""

from __future__ import annotations

from collections.abc import Callable
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
    halvings : int
        Of what lies between two of them.
    """

    def __init__(
        self, patch: Patch, taken: Taken, samples: int = RULES.lines, halvings: int = RULES.halvings
    ) -> None:  # fmt: skip
        self.patch, self.taken, self.samples, self.halvings = patch, taken, samples, halvings

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
        samples = self._samples if others.shape[1] else max(RULES.samples, 2 * self.patch.stretches)
        first = (torch.arange(samples, dtype=torch.float64) + 0.5) / samples

        def kept(x: Tensor, line: Tensor) -> Tensor:
            return self.taken(torch.cat([x[:, None], others[line]], 1))[1]

        some = torch.arange(len(others)).split(max(1, RULES.numbers // (samples * (1 + others.shape[1]))))
        each = [kept(first.repeat(len(k)), k.repeat_interleave(samples)).view(-1, samples) for k in some]
        on = torch.cat([*each, torch.zeros(0, samples, dtype=torch.bool)])
        padded = torch.cat([on[:, :1], on, on[:, -1:]], 1)
        edges = torch.cat([torch.zeros(1, dtype=torch.float64), first, torch.ones(1, dtype=torch.float64)])
        line, change = (padded[:, 1:] != padded[:, :-1]).nonzero(as_tuple=True)
        low, high, before = edges[change], edges[change + 1], padded[line, change]
        for _ in range(self.halvings if len(line) else 0):
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
        return self._on_lines(lines[:, None], line_weights, pieces, count)

    def _on_lines(self, lines: Tensor, line_weights: Tensor, pieces: int, count: int) -> Weighed:
        """On lines where all parameters but the first have these values (L, m - 1)."""
        line, intervals = self._cut(lines)
        parts, weights, owner = gauss_of(intervals, self.patch.stretches * pieces, count)
        where = line[owner]
        surface, _ = self.taken(torch.cat([parts[:, None], lines[where]], 1))
        return surface, weights * line_weights[where] * surface.density

    def _breaks(self, count: int) -> Tensor:
        """Where along the second parameter the number of cuts changes, with both ends."""
        return self._breaks_in(torch.zeros(1, 0, dtype=torch.float64), count)[0]

    def _breaks_in(self, planes: Tensor, count: int) -> list[Tensor]:
        """The same of planes on which further parameters have these values (K, r), of each by itself."""
        whose, low, high, before = self._changes(planes, count)
        few = (torch.bincount(whose, minlength=len(planes)) <= RULES.simple)[whose].nonzero()[:, 0]

        def cuts(at: Tensor) -> Tensor:
            return self._cuts(at, planes[whose[few]])

        halves = _closed_in(low[few], high[few], before[few], cuts, self.halvings)
        low[few], high[few] = halves
        middles = ((low + high) / 2).split(torch.bincount(whose, minlength=len(planes)).tolist())
        return [_with_ends(each) for each in middles]

    def _changes(self, planes: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Between which of so many places along the second parameter the number of cuts changes, on planes (K, r): of
        which one, from where to where, and that number before."""
        places = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        together = max(1, RULES.numbers // (self._samples * count * (2 + planes.shape[1])))
        each = [
            self._cuts(places.repeat(len(some)), some.repeat_interleave(count, 0)).view(-1, count)
            for some in planes.split(together)
        ]
        found = torch.cat([*each, torch.zeros(0, count, dtype=torch.int64)])
        plane, change = (found[:, 1:] != found[:, :-1]).nonzero(as_tuple=True)
        return plane, places[change], places[change + 1], found[plane, change]

    def _cuts(self, at: Tensor, beyond: Tensor) -> Tensor:
        """How often lines are cut on which the second parameter has these values (L,), and further ones those (L, r);
        twice that, and one more where they begin inside."""
        first = (torch.arange(self._samples, dtype=torch.float64) + 0.5) / self._samples
        others = torch.cat([at[:, None], beyond], 1).repeat_interleave(self._samples, 0)
        on = self.taken(torch.cat([first.repeat(len(at))[:, None], others], 1))[1].view(len(at), -1)
        return 2 * (on[:, 1:] != on[:, :-1]).sum(1) + on[:, 0]

    @property
    def _samples(self) -> int:
        """Places along a line of several at which it is asked where that is cut."""
        return max(self.samples, 2 * self.patch.stretches)

    # ------------------------------------------------------------ over planes, and over facets

    def over_planes(self, pieces: int, panels: int, count: int) -> Weighed:
        """A quadrature over three parameters: planes by Gauss between the places at which their form changes."""
        few = self.samples // RULES.fewer_in_planes
        within = Cutting(self.patch, self.taken, few, RULES.halvings_in_planes)
        places = torch.linspace(0, 1, RULES.planes + 1, dtype=torch.float64)
        found = within._forms(places)
        change = (found[1:] != found[:-1]).nonzero()[:, 0]
        ends = places[change], places[change + 1], found[change]
        low, high = _closed_in(*ends, within._forms, RULES.halvings_of_planes)
        breaks = _with_ends((low + high) / 2)
        planes, plane_weights = between(breaks, panels, count)
        each = [between(ends, panels, count) for ends in within._breaks_in(planes[:, None], within.samples)]
        plane = torch.arange(len(planes)).repeat_interleave(torch.tensor([len(lines) for lines, _ in each]))
        lines = torch.stack([torch.cat([lines for lines, _ in each]), planes[plane]], 1)
        weights = torch.cat([weights for _, weights in each]) * plane_weights[plane]
        return within._on_lines(lines, weights, pieces, count)

    def _forms(self, at: Tensor) -> Tensor:
        """How often the number of cuts changes along the second parameter of planes (K,), and whether anything counts
        in them at all."""
        ticks = (torch.arange(RULES.planes, dtype=torch.float64) + 0.5) / RULES.planes
        grid, planes = torch.cartesian_prod(ticks, ticks), at[:, None]
        changes = torch.bincount(self._changes(planes, RULES.planes)[0], minlength=len(at))
        every = torch.cat([grid.repeat(len(at), 1), planes.repeat_interleave(len(grid), 0)], 1)
        return 2 * changes + self.taken(every)[1].view(len(at), -1).any(1)

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


def _closed_in(
    low: Tensor, high: Tensor, before: Tensor, form: Callable[[Tensor], Tensor], halvings: int
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Closer places (K,) between which a whole number changes."""
    for _ in range(halvings if len(low) else 0):
        middle = (low + high) / 2
        same = form(middle) == before
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    return low, high


def _with_ends(inner: Tensor) -> Tensor:
    """Places, and the ends of (0, 1)."""
    return torch.cat([inner.new_zeros(1), inner, inner.new_ones(1)])


def _runs(begins: Tensor, ends: Tensor, line: Tensor, places: Tensor) -> Tensor:
    """Line, begin and end (K, 3) of each interval, from whether lines (L,) begin and end inside one and where they
    change."""
    first, last = begins.nonzero()[:, 0], ends.nonzero()[:, 0]
    whose = torch.cat([first, line, last])
    marks = torch.cat([torch.zeros(len(first)).to(places), places, torch.ones(len(last)).to(places)])
    order = whose.argsort(stable=True)
    return torch.cat([whose[order][::2, None].to(places), marks[order].view(-1, 2)], 1)
