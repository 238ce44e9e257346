"""Quadrature over a shape in the plane, by strips.

The sides are cut into arcs along which y grows or falls all the way; the ends of arcs are where strips end. A line
through a strip crosses the same arcs everywhere in it, each once, and what lies between two of them is inside on the
whole strip or nowhere. So nothing that is thin is overlooked, and what is summed is smooth over each strip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import torch
from torch import Tensor

from pinnsolve.geometry.cutting import between
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

    def places(self, part: Tensor) -> Tensor:
        return self.side.patch.at(part[:, None]).points

    def crossed(self, y: Tensor) -> Tensor:
        """Where (N,) lines of these heights cross it, by bisection."""
        low, high = torch.full_like(y, self.begin), torch.full_like(y, self.end)
        rising = bool(self.places(high[:1])[0, 1] > self.places(low[:1])[0, 1])
        for _ in range(RULES.halvings):
            middle = (low + high) / 2
            beyond = (self.places(middle)[:, 1] > y) == rising
            low, high = torch.where(beyond, low, middle), torch.where(beyond, middle, high)
        return self.places((low + high) / 2)[:, 0]


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

    def nodes(self, pieces: int, count: int) -> tuple[Tensor, Tensor]:
        """Points (N, 2), and weights (N,) that sum to the area: `count` lines in every strip, and as many nodes on each
        of the pieces of a line, of which there would be so many if it were as long as the shape."""
        points, weights = list[Tensor](), list[Tensor]()
        for low, high in pairwise(self.ends):
            middle = (low + high) / 2
            y, along = between(torch.tensor([low, high], dtype=torch.float64), 1, count)
            crossed = torch.stack([arc.crossed(y) for arc in self.arcs if arc.low < middle < arc.high])
            crossed = crossed[crossed.mean(1).argsort()]
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


def _arcs(side: Side) -> list[Arc]:
    """A side cut where y turns."""
    found = []
    for begin, end in side.intervals.tolist():
        cuts = [begin, *_turns(side, begin, end), end]
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
