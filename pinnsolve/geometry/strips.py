"""Quadrature over a shape in the plane, by strips.

The sides are cut into arcs along which y grows or falls all the way; the ends of arcs are where strips end. A line
through a strip crosses the same arcs everywhere in it, each once, and what lies between two of them is inside on the
whole strip or nowhere. So nothing that is thin is overlooked, and what is summed is smooth over each strip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil, pi

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.gauss import gauss
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.side import Side


@dataclass(frozen=True)
class Arc:
    """A part of a side between two values of its parameter, over which y goes from `low` to `high` or back."""

    side: Side
    begin: float
    end: float
    low: float
    high: float


class Strips:
    """A shape in the plane between lines y = constant.

    Parameters
    ----------
    sides : sequence of Side
    contains : callable tensor (N, 2) -> tensor (N,)
    size : float
        Its diagonal: what differs by less than 1e-10 of it is one place.
    """

    def __init__(self, sides: Sequence[Side], contains: Callable[[Tensor], Tensor], size: float) -> None:
        self.contains, self.size = contains, size
        arcs = [arc for side in sides for arc in _arcs(side)]
        ends = sorted({end for arc in arcs for end in (arc.low, arc.high)})
        near = 1e-10 * size
        self.ends = [end for k, end in enumerate(ends) if not k or end - ends[k - 1] > near]
        self.arcs = [arc for arc in arcs if arc.high - arc.low > near]

    @cached_property
    def _strips(self) -> list[Strip]:
        found = []
        for low, high in pairwise(self.ends):
            middle = (low + high) / 2
            found.append(Strip(low, high, [arc for arc in self.arcs if arc.low < middle < arc.high], self.size))
        return found

    def nodes(self, pieces: int, count: int) -> tuple[Tensor, Tensor]:
        """Points (N, 2), and weights (N,) that sum to the area: `count` lines on every panel of a strip, and as many
        nodes on each of the pieces of a line, of which there would be so many if it were as long as the shape."""
        points, weights = list[Tensor](), list[Tensor]()
        for strip in self._strips:
            y, along = strip.lines(strip.panels, count)
            crossed = strip.crossed(y)
            half = len(y) // 2
            for left, right in pairwise(crossed):
                inside = torch.stack([(left[half] + right[half]) / 2, y[half]])[None]
                if bool(self.contains(inside)):
                    share = float((right - left).max()) / self.size
                    part, weight = gauss(torch.tensor([[0.0, 1.0]], dtype=torch.float64), ceil(pieces * share), count)
                    x = left[:, None] + (right - left)[:, None] * part
                    points.append(torch.stack([x, y[:, None].expand_as(x)], 2).reshape(-1, 2))
                    weights.append((along * (right - left))[:, None] * weight)
        return torch.cat(points), torch.cat([w.reshape(-1) for w in weights])


@dataclass(frozen=True, eq=False)
class Strip:
    """What lies between two lines y = constant, and the arcs that cross it."""

    low: float
    high: float
    arcs: Sequence[Arc]
    size: float

    def lines(self, panels: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Heights (N,) and their weights on panels (K, 2) of v, y = low + (high - low) (1 - cos(pi v)) / 2."""
        v, weights = gauss(panels, 1, count)
        length = self.high - self.low
        return self.low + length * (1 - torch.cos(pi * v)) / 2, length * weights * torch.sin(pi * v) * pi / 2

    def crossed(self, y: Tensor) -> Tensor:
        """Where each arc crosses lines of these heights, (arcs, N), from the left to the right."""
        found = torch.cat([_crossings([a for a in self.arcs if a.side is side], y) for side in self._sides])
        return found[found.mean(1).argsort()]

    @cached_property
    def _sides(self) -> list[Side]:
        return list({id(arc.side): arc.side for arc in self.arcs}.values())

    @cached_property
    def panels(self) -> Tensor:
        """The panels (K, 2) of v on each of which Legendre's polynomials hold all arcs: halved where the last two
        coefficients are not small, as beside an end at which an arc turns that lies a little beyond it."""
        whole = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
        settled, count = list[Tensor](), RULES.nodes
        for _ in range(RULES.halved):
            crossed = self.crossed(self.lines(whole, count)[0]).view(len(self.arcs), len(whole), count)
            last = (crossed @ _last(count)).abs().amax((0, 2))
            held = last <= RULES.held * self.size
            settled.append(whole[held])
            whole = whole[~held]
            middle = whole.mean(1, keepdim=True)
            whole = torch.cat([torch.cat([whole[:, :1], middle], 1), torch.cat([middle, whole[:, 1:]], 1)])
            if not len(whole):
                break
        found = torch.cat([*settled, whole])
        return found[found[:, 0].argsort()]


def _crossings(arcs: Sequence[Arc], y: Tensor) -> Tensor:
    """Where arcs of one side cross lines of heights (N,), (arcs, N): bisected while they may turn, then by regula
    falsi, where an end that stays twice counts half (the Illinois rule)."""
    ends = torch.tensor([[arc.begin, arc.end] for arc in arcs], dtype=torch.float64)

    def at(part: Tensor) -> Tensor:
        return arcs[0].side.patch.at(part.reshape(-1, 1)).points.view(*part.shape, 2)

    heights = at(ends)[:, None, :, 1] - y[:, None]
    (low, high), (begin, end) = heights.unbind(2), (e[:, None].expand(len(arcs), len(y)) for e in ends.unbind(1))
    near, before = RULES.same * float((heights + y[:, None]).abs().max()), torch.zeros_like(low)
    place = at(begin)
    for step in range(RULES.halvings):
        share = 0.5 if step < RULES.bisected else low / (low - high)
        found = begin + share * (end - begin)
        place = at(found)
        here = place[..., 1] - y
        if bool(((here.abs() <= near) | ((end - begin).abs() <= 1e-16)).all()):
            break
        last = torch.where((here > 0) == (high > 0), 1.0, -1.0)  # whether it is the end that moves
        less, stays = torch.where(last == before, 0.5, 1.0), last > 0
        low, high = torch.where(stays, less * low, here), torch.where(stays, here, less * high)
        begin, end, before = torch.where(stays, begin, found), torch.where(stays, found, end), last
    return place[..., 0]


def _last(count: int) -> Tensor:
    """What makes Legendre's last two coefficients of values at so many of Gauss' nodes, (count, 2)."""
    x, w = np.polynomial.legendre.leggauss(count)
    degrees = np.arange(count)[-2:]
    values = np.polynomial.legendre.legvander(x, count - 1)[:, -2:]
    return torch.from_numpy(values * w[:, None] * (2 * degrees + 1) / 2)


def _arcs(side: Side) -> list[Arc]:
    """A side cut where y turns."""
    found = []
    for begin, end in side.intervals.tolist():
        runs = side.patch.runs or ()
        near = RULES.off_runs if runs else 0.0  # where one ends the next is anywhere
        for start, stop in pairwise([begin, *(run for run in runs if begin < run < end), end]):
            first, last = start + near, stop - near
            cuts = [first, *_turns(side, first, last), last]
            heights = side.patch.at(torch.tensor(cuts, dtype=torch.float64)[:, None]).points[:, 1].tolist()
            for k in range(len(cuts) - 1):
                low, high = sorted(heights[k : k + 2])
                found.append(Arc(side, cuts[k], cuts[k + 1], low, high))
    return found


def _turns(side: Side, begin: float, end: float) -> list[float]:
    """Parameters at which y is the largest or smallest, by thirds."""

    def height(part: Tensor) -> Tensor:
        return side.patch.at(part[:, None]).points[:, 1]

    samples = max(RULES.samples, 4 * side.patch.stretches)
    parts = torch.linspace(begin, end, samples + 1, dtype=torch.float64)
    heights = height(parts)
    steps = heights.diff()
    steps = torch.where(steps.abs() <= 1e-13 * heights.abs().max(), 0.0, steps)  # of a line along x, rounding
    rising = steps > 0
    k = (rising[1:] != rising[:-1]).nonzero()[:, 0] if bool(steps.any()) else torch.zeros(0, dtype=torch.long)
    low, high, sign = parts[k], parts[k + 2], torch.where(rising[k], 1.0, -1.0)
    for _ in range(2 * RULES.halvings if len(k) else 0):
        third = (high - low) / 3
        left = sign * height(low + third) > sign * height(high - third)
        low, high = torch.where(left, low, low + third), torch.where(left, high - third, high)
    return ((low + high) / 2).tolist()
