"""Boxes that tile a box and are halved and joined again: intervals of a line, rectangles of a plane, bricks of space.

Over a shape they are those boxes that hold something of it. A cell's own box is then the smallest one around that, in
which its features are at home, so that what is left of a box at the rim is as well conditioned as a whole one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.geometry.clip_points import RULES as CLIP_POINTS
from pinnsolve.geometry.clip_points import Inside, points_inside
from pinnsolve.geometry.clipped import Clip, Place
from pinnsolve.geometry.part_shapes import ClippedParts, Region

GONE = -2  # of a tile that holds nothing, in place of the coordinate along which it is halved


@dataclass(frozen=True)
class Tiles:
    """Dyadic parts of a few first boxes. Along a line they stand from left to right.

    Parameters
    ----------
    ends : tuple by coordinate of tuple of float
        The ends of the first intervals, in the coordinates' units.
    places : tuple of Place
        Along each coordinate, part `index` of 2^level equal ones of a first interval; at last, where curves of
        materials cut the domain into parts, the number of the part.
    device : torch.device
    region : Region, optional
        What of the box belongs to the domain; without it, all.
    """

    ends: tuple[tuple[float, ...], ...]
    places: tuple[Place, ...]
    device: torch.device
    region: Region | None = None

    @classmethod
    def begun(
        cls, extent: Sequence[tuple[float, float]], count: int, joints: Sequence[Sequence[float]], device: torch.device,
        region: Region | None = None,
    ) -> Tiles:  # fmt: skip
        """About so many equal ones along each coordinate, with ends at the given places."""
        ends = []
        for (low, high), fixed in zip(extent, joints, strict=True):
            bounds = [low]
            for a, b in itertools.pairwise([low, *sorted(j for j in fixed if low < j < high), high]):
                pieces = max(1, round(count * (b - a) / (high - low)))
                bounds += [a + (b - a) * (k + 1) / pieces for k in range(pieces)]
                bounds[-1] = b
            ends.append(tuple(bounds))
        parts = [range(region.count)] if isinstance(region, ClippedParts) else []
        firsts = itertools.product(*(range(len(b) - 1) for b in ends), *parts)
        mesh = cls(tuple(ends), tuple(tuple((k, 0, 0) for k in first) for first in firsts), device, region)
        return mesh if region is None else mesh.split(mesh.empty())

    @classmethod
    def placed(
        cls, ends: tuple[tuple[float, ...], ...], places: Tensor, device: torch.device, region: Region | None = None
    ) -> Tiles:
        """Those whose places are given as numbers (n, dims, 3), or (n, dims + 1, 3) with the numbers of parts."""
        numbers = places.to(torch.int64).tolist()
        return cls(ends, tuple(tuple((k, level, i) for k, level, i in place) for place in numbers), device, region)

    @classmethod
    def along(cls, edges: Sequence[float], device: torch.device) -> Tiles:
        """Those of a line with the given ends, none of which are parts of others."""
        made = cls((tuple(edges),), tuple(((k, 0, 0),) for k in range(len(edges) - 1)), device)
        ends = torch.tensor(edges, dtype=torch.float64, device=device)
        made.__dict__.update(edges=ends, lows=ends[:-1, None], widths=ends.diff()[:, None])
        return made

    def __len__(self) -> int:
        return len(self.places)

    @property
    def dims(self) -> int:
        return len(self.ends)

    @cached_property
    def units(self) -> tuple[Tensor, Tensor]:
        """Where each tile begins and ends, (n, dims) each, in first intervals: exact numbers; one column more where
        there are parts, whose numbers these are."""
        k, level, i = torch.tensor(self.places, dtype=torch.float64).unbind(-1)
        size = torch.exp2(-level)
        return k + i * size, k + (i + 1) * size

    def _placed(self, units: Tensor) -> Tensor:
        return torch.stack([self.along_axis(axis, units[:, axis]) for axis in range(self.dims)], -1).to(self.device)

    @property
    def whole(self) -> Tensor:
        """From where to where each tile reaches, (n, dims, 2), whatever it holds of a shape."""
        return torch.stack([self._placed(u) for u in self.units], -1)

    def along_axis(self, axis: int, units: Tensor) -> Tensor:
        """Places along a coordinate, (p,), from those in first intervals."""
        bounds = torch.tensor(self.ends[axis], dtype=torch.float64)
        k = units.floor().clamp(max=len(bounds) - 2).to(torch.int64)
        return bounds[k] + (bounds[k + 1] - bounds[k]) * (units - k)

    @cached_property
    def clips(self) -> list[Clip]:
        """What each of them holds of a shape."""
        assert self.region is not None
        return self.region.clips(self.ends, self.places)

    @cached_property
    def cut(self) -> Tensor:
        """Those of which not all belongs to the domain, (k,)."""
        found = [] if self.region is None else [j for j, clip in enumerate(self.clips) if not clip.whole]
        return torch.tensor(found, dtype=torch.int64, device=self.device)

    @cached_property
    def parts(self) -> Tensor:
        """The number of the part to which each belongs, (n,)."""
        several = isinstance(self.region, ClippedParts)
        return torch.tensor([place[-1][0] if several else 0 for place in self.places], dtype=torch.int64)

    def holds(self, cells: Tensor, x: Tensor) -> Tensor:
        """Which places (m, dims) lie inside of that to which tiles (m,) belong."""
        assert self.region is not None
        found, part = torch.zeros(len(x), dtype=torch.bool), self.parts[cells]
        for number in part.unique().tolist():
            mine = torch.eq(part, number)
            found[mine] = self.region.shapes[number].contains(x[mine])
        return found

    def _held(self, part: int) -> Inside:
        """Whether points lie inside of a part, as `points_inside` asks it."""
        assert self.region is not None
        shape = self.region.shapes[part]
        return lambda x, _: shape.contains(x)

    def inside_cut(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Points (k, count^dims, dims) inside of what the cut ones hold, weights, and shares of their frames (k,)."""
        assert self.region is not None
        frames, along = self.frames
        many = count**self.dims
        x, w = frames.new_zeros(len(frames), many, self.dims), frames.new_zeros(len(frames), many)
        shares, part = frames.new_zeros(len(frames)), self.parts[self.cut.cpu()]
        for number in part.unique().tolist():
            mine = torch.eq(part, number)
            held = self._held(number)
            x[mine], w[mine], shares[mine] = points_inside(held, frames[mine], along[mine], count)
        return x, w, shares

    @cached_property
    def lows(self) -> Tensor:
        """The lower ends, (n, dims); of a cell over a shape those of what it holds."""
        low = self._placed(self.units[0])
        if len(self.cut):
            low[self.cut] = torch.stack([self.clips[j].frame[0] for j in self.cut.tolist()]).to(self.device)
        return low

    @cached_property
    def widths(self) -> Tensor:
        """(n, dims)."""
        high = self._placed(self.units[1])
        if len(self.cut):
            high[self.cut] = torch.stack([self.clips[j].frame[1] for j in self.cut.tolist()]).to(self.device)
        return high - self.lows

    @cached_property
    def edges(self) -> Tensor:
        """Where the tiles of a line begin, and the last one ends, (n + 1,)."""
        return torch.cat([self.lows[:, 0], (self.lows[-1:] + self.widths[-1:])[:, 0]])

    @property
    def length(self) -> float:
        """Of a line."""
        return float(self.lengths[0])

    @cached_property
    def lengths(self) -> Tensor:
        """Of the whole box, (dims,)."""
        return torch.tensor([b[-1] - b[0] for b in self.ends], dtype=torch.float64, device=self.device)

    @cached_property
    def frames(self) -> tuple[Tensor, Tensor]:
        """Of the cut ones the boxes around what they hold, (k, 2, dims), and along which coordinate lines cross the
        rim, (k,)."""
        clips = [self.clips[j] for j in self.cut.tolist()]
        return torch.stack([clip.frame for clip in clips]), torch.tensor([clip.along for clip in clips])

    @cached_property
    def shares(self) -> Tensor:
        """Each tile's part of the whole, (n,)."""
        found = (self.widths / self.lengths).prod(-1)
        if self.region is None:
            return found
        if len(self.cut):
            found[self.cut] *= self.inside_cut(CLIP_POINTS.lines[self.dims - 1])[2].to(self.device)
        return found / found.sum()

    def points(self, xi: Tensor) -> Tensor:
        """The places (n, P, dims) of points (P, dims) of the reference cell."""
        return self.lows[:, None] + self.widths[:, None] * (xi + 1) / 2

    # ------------------------------------------------------------ halving and joining

    def split(self, axes: Sequence[int]) -> Tiles:
        """Halve each tile along a coordinate; -1 leaves it, and those that are gone are left out."""
        places: list[Place] = []
        for place, axis in zip(self.places, axes, strict=True):
            if axis < 0:
                places += [place] * (axis != GONE)
                continue
            k, level, i = place[axis]
            for half in (2 * i, 2 * i + 1):
                places.append((*place[:axis], (k, level + 1, half), *place[axis + 1 :]))
        return replace(self, places=tuple(places))

    def empty(self) -> list[int]:
        """Which of them hold nothing of a shape, as `split` takes it."""
        return [-1 if clip.inside else GONE for clip in self.clips]

    def siblings(self, calm: Sequence[bool]) -> list[tuple[int, int, int]]:
        """Pairs that make one tile, where both are calm, and the coordinate along which they do; each tile once."""
        number = {place: j for j, place in enumerate(self.places)}
        found, used = [], set[int]()
        for axis in range(self.dims):
            for j, place in enumerate(self.places):
                k, level, i = place[axis]
                if not (calm[j] and level and i % 2 == 0):
                    continue
                other = number.get((*place[:axis], (k, level, i + 1), *place[axis + 1 :]))
                if other is not None and calm[other] and not {j, other} & used:
                    found.append((j, other, axis))
                    used |= {j, other}
        return sorted(found)

    def joined(self, pairs: Sequence[tuple[int, int, int]]) -> Tiles:
        """One tile in place of each pair, where its first one was."""
        places, gone = list(self.places), {second for _, second, _ in pairs}
        for j, _, axis in pairs:
            k, level, i = places[j][axis]
            places[j] = (*places[j][:axis], (k, level - 1, i // 2), *places[j][axis + 1 :])
        return replace(self, places=tuple(p for j, p in enumerate(places) if j not in gone))

    # ------------------------------------------------------------ neighbours

    def pieces(self, rings: Sequence[bool]) -> list[tuple[int, Tensor, Tensor, Tensor, Tensor]]:
        """What tiles share, by coordinate across: axis, the tiles below and above, (p,), and from where to where along
        the other coordinates, (p, dims - 1), in first intervals.

        Parameters
        ----------
        rings : sequence of bool
            For each coordinate, whether its last tile meets its first.
        """
        low, high = self.units
        found = []
        for axis in range(self.dims):
            last = len(self.ends[axis]) - 1
            above = torch.where(high[:, axis] == last, 0.0, high[:, axis]) if rings[axis] else high[:, axis]
            others = [k for k in range(self.dims) if k != axis]
            a, b = (above[:, None] == low[None, :, axis]).nonzero(as_tuple=True)
            begin = torch.maximum(low[a][:, others], low[b][:, others])
            end = torch.minimum(high[a][:, others], high[b][:, others])
            meets = (begin < end).all(1) & torch.eq(self.parts[a], self.parts[b])
            found.append((axis, a[meets], b[meets], begin[meets], end[meets]))
        return found

    def uneven(self, rings: Sequence[bool]) -> list[int]:
        """The coordinate along which each tile must be halved, so that none is more than twice as long as its
        neighbours, along any coordinate; and so that it holds no parts that do not hang together. -1: none, as always
        along a line."""
        if self.dims == 1:
            return [-1] * len(self)
        chosen: dict[int, int] = {}
        low, high = self.units
        for j, clip in enumerate(self.clips if self.region is not None else ()):
            if clip.torn:
                size = clip.high - clip.low
                beside_wall = self.dims > 2 and float(size[clip.along]) > float(size.max()) / 4
                chosen[j] = clip.along if beside_wall else int(size.argmax())
        for axis, a, b, begin, end in self.pieces(rings):
            size, others = high - low, [k for k in range(self.dims) if k != axis]
            for tile, other in ((a, b), (b, a)):
                across = size[tile, axis] > 2 * size[other, axis]
                chosen |= dict.fromkeys(tile[across].tolist(), axis)
                wide = size[tile][:, others] > 2 * (end - begin)
                for k, mine in zip(others, wide.unbind(1), strict=True):
                    chosen |= dict.fromkeys(tile[mine].tolist(), k)
        return [chosen.get(j, -1) for j in range(len(self))]


def sizes_of(c: Tensor, mesh: Tiles) -> Tensor:
    """The root mean square of each unknown, (F,)."""
    return (c.square().sum(-1).T @ mesh.shares).sqrt()
