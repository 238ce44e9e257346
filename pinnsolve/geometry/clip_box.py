"""A box that the boundary of a plane shape enters: its frame, and how many parts of the shape it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

INWARD = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]], dtype=torch.float64)


def corners_of(low: Tensor, high: Tensor) -> Tensor:
    """The corners (n, 4, 2) of boxes, one way round."""
    return torch.where(INWARD > 0, low[:, None], high[:, None])


@dataclass
class ClipBox:
    """A box with the stretches of the boundary that enter it.

    Parameters
    ----------
    low, high : tensor (2,)
    corners : tensor (4, 2)
    arcs : tensor (K, 3)
    points : tensor (K, samples, 2)
        Of the stretches, from end to end.
    steep : tensor (K, 2)
        How much of each faces along the coordinates.
    """

    low: Tensor
    high: Tensor
    corners: Tensor
    arcs: Tensor
    points: Tensor
    steep: Tensor

    @property
    def near(self) -> float:
        return 1e-9 * float((self.high - self.low).max())

    def on(self, k: int, points: Tensor) -> Tensor:
        """Which points (..., 2) lie on the k-th side."""
        a, axis = self.corners[k], k % 2 ^ 1  # sides go along x, y, x, y
        return (points[..., axis] - a[axis]).abs() <= self.near

    @property
    def sided(self) -> bool:
        """Whether all stretches lie along its sides."""
        return bool(torch.stack([self.on(k, self.points).all(1) for k in range(4)]).any(0).all())

    def segments(self, step: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """The parts of its sides between which the boundary enters or leaves, and places beside their middles."""
        ends, found, middles = self.points[:, [0, -1]].reshape(-1, 2), list[tuple[Tensor, Tensor]](), list[Tensor]()
        inward = torch.tensor([[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
        for k in range(4):
            a, b = self.corners[k], self.corners[(k + 1) % 4]
            here = ends[self.on(k, ends)]
            share = ((here - a) @ (b - a)) / (b - a).square().sum()
            order = share.sort().values
            cuts = [a, *(a + (b - a) * s for s in order if 1e-12 < float(s) < 1 - 1e-12), b]
            for p, q in pairwise(cuts):
                found.append((p, q))
                middles.append((p + q) / 2 + step * inward[k])
        return found, torch.stack(middles)

    def frame(self, segments: Sequence[tuple[Tensor, Tensor]], inside: Tensor) -> Tensor:
        """The smallest box around what lies inside: around its boundary."""
        sides = [p for pair, held in zip(segments, inside.tolist(), strict=True) if held for p in pair]
        points = torch.cat([self.points.reshape(-1, 2), torch.stack(sides) if sides else self.low.new_zeros(0, 2)])
        points = torch.minimum(torch.maximum(points, self.low), self.high)
        low, high = points.min(0).values, points.max(0).values
        return torch.stack([low, torch.maximum(high, low + 1e-12 * (self.high - self.low))])

    def parts(self, segments: Sequence[tuple[Tensor, Tensor]], inside: Tensor) -> int:
        """How many parts that are, by loops of the boundary that go along its sides."""
        chosen = [pair for pair, held in zip(segments, inside.tolist(), strict=True) if held]
        if len(chosen) < 2:
            return len(chosen)
        pairs = torch.cat([torch.stack([torch.stack(p) for p in chosen]), self.points[:, [0, -1]]])
        points = pairs.reshape(-1, 2)
        alike = torch.cdist(points, points) <= 10 * self.near
        group = alike.int().argmax(1).tolist()
        root = list(range(len(points)))

        def top(k: int) -> int:
            while root[k] != k:
                k = root[k]
            return k

        for k in range(len(pairs)):
            root[top(group[2 * k])] = top(group[2 * k + 1])
        return len({top(group[2 * k]) for k in range(len(chosen))})
