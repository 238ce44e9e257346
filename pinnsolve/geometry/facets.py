"""Closed polygons and surfaces of many facets: what lies inside, and how far from them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.rules import RULES


class Facets:
    """Line segments in the plane, or triangles in space, that enclose something.

    Parameters
    ----------
    points : tensor (n, d)
    facets : integers (F, d)
        In any orientation.
    bent : tensor (F, d, d), optional
        What is normal, at their corners, to the curve or surface of which they are parts, of either sign; zeros where
        they are straight.

    Attributes
    ----------
    corners : tensor (F, d, d)
    normals : tensor (F, d)
        Outward.
    bends : tensor (F, d, d)
        The outward normals at their corners, which vary along what is bent: those of straight facets would turn by a
        jump from one to the next, and what flows across is off by as much.
    sizes : tensor (F,)
        Lengths or areas.
    """

    def __init__(self, points: Tensor, facets: Tensor, bent: Tensor | None = None) -> None:
        self.corners = points[facets]
        edges = self.corners[:, 1:] - self.corners[:, :1]
        if points.shape[1] == 2:
            across = torch.stack([edges[:, 0, 1], -edges[:, 0, 0]], 1)
            self.sizes = across.norm(dim=1)
        else:
            across = torch.linalg.cross(edges[:, 0], edges[:, 1])
            self.sizes = across.norm(dim=1) / 2
        self.normals = across / across.norm(dim=1, keepdim=True)
        size = float((points.max(0).values - points.min(0).values).norm())
        middle, step = self.corners.mean(1), 1e-6 * size
        inward = self.inside(middle + step * self.normals)
        self.normals = torch.where(inward[:, None], -self.normals, self.normals)
        own = self.normals[:, None].expand(self.corners.shape)
        along = torch.zeros_like(own) if bent is None else bent * (bent * own).sum(2, keepdim=True).sign()
        self.bends = torch.where((along == 0).all(2, keepdim=True), own, along)

    @cached_property
    def _meeting(self) -> tuple[Tensor, Tensor]:
        ends = self.corners.reshape(-1, self.corners.shape[2])
        place, count = ends.unique(dim=0, return_inverse=True, return_counts=True)[1:]
        order = place.argsort(stable=True)
        two = (count == 2)[place[order]]  # where more meet, none is the one beside
        pairs = order[two].view(-1, 2)
        other = torch.full_like(place, -1)
        other[pairs[:, 0]], other[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
        shape = self.corners.shape[:2]
        return (other // shape[1]).view(shape), (other % shape[1]).view(shape)

    @property
    def beside(self) -> Tensor:
        """Of line segments: the number (F, 2) of the one that begins or ends where one of them does; minus one where
        more than two meet."""
        return self._meeting[0]

    @property
    def whose(self) -> Tensor:
        """With which of its ends, (F, 2)."""
        return self._meeting[1]

    def signed(self, x: Tensor) -> Tensor:
        """The distance (N,) of points (N, d), positive inside."""
        if not len(x):
            return x[:, 0]
        return torch.where(self.inside(x), 1.0, -1.0) * self.distance(x)

    def distance(self, x: Tensor) -> Tensor:
        """The distance (N,) of points (N, d) from the nearest facet."""
        size = max(1, RULES.numbers // (8 * RULES.facets))
        return torch.cat([self._distance(p) for p in x.split(size)]) if len(x) else x[:, 0]

    def inside(self, x: Tensor) -> Tensor:
        """Whether a ray along the last coordinate crosses an odd number of facets."""
        begin, facets, _ = self._lists
        size = max(1, RULES.numbers * (len(begin) - 1) // (8 * max(1, len(facets))))
        return torch.cat([self._odd(part) for part in x.split(size)]) if len(x) else x[:, 0] > 0

    # ------------------------------------------------------------ how far

    def _distance(self, x: Tensor) -> Tensor:
        """From the nearest of the facets whose middles are nearest."""
        count = min(RULES.facets, len(self.corners))
        near = torch.from_numpy(self._tree.query(x.numpy(), k=list(range(1, count + 1)))[1])
        corners = self.corners[near]
        found = [
            _to_segment(x, corners[:, :, a], corners[:, :, b])
            for a, b in ((0, 1), (1, 2), (2, 0))[: 2 * x.shape[1] - 3]
        ]
        nearest = torch.stack(found).amin(0)
        if x.shape[1] == 3:
            height = ((x[:, None] - corners[:, :, 0]) * self.normals[near]).sum(2).abs()
            nearest = torch.where(self._above(x, corners), height, nearest)
        return nearest.min(1).values

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree  # only who has a mesh waits for it

        return cKDTree(self.corners.mean(1).numpy())

    @staticmethod
    def _above(x: Tensor, corners: Tensor) -> Tensor:
        """Which triangles (N, K) points (N, 3) lie above or below of."""
        across = torch.linalg.cross(corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0])
        above = torch.ones(corners.shape[:2], dtype=torch.bool)
        for k in range(3):
            a, b = corners[:, :, k], corners[:, :, (k + 1) % 3]
            above &= (torch.linalg.cross(across, b - a) * (x[:, None] - a)).sum(2) >= 0
        return above

    # ------------------------------------------------------------ what lies inside

    @cached_property
    def _columns(self) -> tuple[Tensor, Tensor, int]:
        """A grid over all coordinates but the last: its low corner, the width of its columns, and how many along each
        coordinate."""
        axes = self.corners.shape[2] - 1
        flat = self.corners[:, :, :axes].reshape(-1, axes)
        low, high = flat.min(0).values, flat.max(0).values
        count = max(1, round((len(self.corners) / 2) ** (1 / axes)))
        return low, ((high - low) / count).clamp(min=1e-300), count

    @cached_property
    def _lists(self) -> tuple[Tensor, Tensor, Tensor]:
        """The facets in all columns, one column after the other, without those that are seen edge on and never crossed:
        where each column begins and ends, (columns + 1,); their numbers; and of each facet the lowest and highest of
        all coordinates, (F, 2 d)."""
        low, width, count = self._columns
        lowest, highest = self.corners.amin(1), self.corners.amax(1)
        first, last = (self._place(ends, low, width, count) for ends in (lowest, highest))
        many = last - first + 1
        seen = self._planes[0][3, :, 0].isfinite() if len(low) > 1 else lowest[:, 0] < highest[:, 0]
        each = many.prod(1) * seen
        facet = torch.arange(len(each)).repeat_interleave(each)
        step = torch.arange(len(facet)) - (each.cumsum(0) - each)[facet]
        column = torch.zeros_like(facet)
        for axis in range(len(low)):
            column += (first[facet, axis] + step % many[facet, axis]) * count**axis
            step = step // many[facet, axis]
        begin = torch.cat([column.new_zeros(1), torch.bincount(column, minlength=count ** len(low)).cumsum(0)])
        return begin, facet[column.argsort(stable=True)], torch.cat([lowest, highest], 1)

    @staticmethod
    def _place(x: Tensor, low: Tensor, width: Tensor, count: int) -> Tensor:
        """Numbers of columns along each coordinate but the last, (N, d - 1)."""
        return ((x[:, : len(low)] - low) / width).floor().long().clamp(0, count - 1)

    def _odd(self, x: Tensor) -> Tensor:
        low, width, count = self._columns
        begin, facets, extents = self._lists
        if x.shape[1] == 3:
            # a ray through a corner, where edges meet, would cross two or none by the rounding of these
            aside = RULES.aside * (self.corners - self._planes[2])[..., :2].abs().max()
            x = torch.cat([x[:, :2] + aside * torch.tensor([0.617, 0.371], dtype=x.dtype), x[:, 2:]], 1)
        column = (self._place(x, low, width, count) * count ** torch.arange(len(low))).sum(1)
        each = begin[column + 1] - begin[column]
        which = torch.arange(len(x)).repeat_interleave(each)
        near = facets[torch.arange(len(which)) + (begin[column] - (each.cumsum(0) - each)).repeat_interleave(each)]
        at, (lowest, highest) = x[which], extents[near].chunk(2, 1)
        beside = (at <= highest).all(1) & (at[:, : len(low)] >= lowest[:, : len(low)]).all(1)
        which, near = which[beside], near[beside]
        crossed = self._below(x[which], near) if x.shape[1] == 3 else _under(x[which], self.corners[near])
        return torch.bincount(which[crossed], minlength=len(x)) % 2 == 1

    @cached_property
    def _planes(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of triangles seen from above: on which side of each edge a place is, and the height there, as three numbers
        each, (4, F, 3), of (1, x, y) from a middle (3,); and which edges are seen the other way round, (3, F).

        Two triangles see an edge that they share in the same numbers, from left to right: a place on it counts as one
        below it, and lies in one of the two."""
        middle = self.corners.mean((0, 1))
        corners = self.corners - middle
        made, other = [], []
        for k in range(3):
            a, b = corners[:, k, :2], corners[:, (k + 1) % 3, :2]
            swapped = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
            first, second = (torch.where(swapped[:, None], p, q) for p, q in ((b, a), (a, b)))
            along = second - first
            level = along[:, 1] * first[:, 0] - along[:, 0] * first[:, 1]
            made.append(torch.stack([level, -along[:, 1], along[:, 0]], 1))
            other.append(swapped)
        begin = corners[:, 0]
        n = torch.linalg.cross(corners[:, 1] - begin, corners[:, 2] - begin)
        flat = n / torch.where(n[:, 2] == 0, 1.0, n[:, 2])[:, None]
        height = torch.stack([(flat * begin).sum(1), -flat[:, 0], -flat[:, 1]], 1)
        height[n[:, 2] == 0] = torch.tensor([-torch.inf, 0.0, 0.0], dtype=torch.float64)  # edge on: never above
        return torch.stack([*made, height]), torch.stack(other), middle

    def _below(self, x: Tensor, near: Tensor) -> Tensor:
        """Which triangles (P,) lie above points (P, 3), each above its own."""
        planes, other, middle = self._planes
        x = x - middle

        def at(k: int) -> Tensor:
            level, by_x, by_y = planes[k][near].unbind(1)
            return level + by_x * x[:, 0] + by_y * x[:, 1]

        sides = [(at(k) > 0) != other[k][near] for k in range(3)]
        return (sides[0] == sides[1]) & (sides[1] == sides[2]) & (at(3) > x[:, 2])


def _to_segment(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The distances (N, K) of points (N, d) from segments (N, K, d)."""
    away, along = x[:, None] - a, b - a
    part = ((away * along).sum(2) / along.square().sum(2)).clamp(0, 1)
    return (away - part[..., None] * along).norm(dim=2)


def _under(x: Tensor, corners: Tensor) -> Tensor:
    """Which segments (P, 2, 2) lie above points (P, 2), each above its own."""
    (a, b), run = corners.unbind(1), corners[:, 1, 0] - corners[:, 0, 0]
    crossing = (a[:, 0] <= x[:, 0]) != (b[:, 0] <= x[:, 0])
    at = a[:, 1] + (x[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1]) / torch.where(run == 0, 1.0, run)
    return crossing & (at > x[:, 1])
