"""The boundary of a solid in pieces of its patches, and what of these lies in boxes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.clip_points import points_inside
from pinnsolve.geometry.rules import RULES as SHAPES
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.side import edges_of
from pinnsolve.geometry.triangles import Triangles, held_in


@dataclass(frozen=True)
class Rules:
    """How closely it is looked at. Chosen, not measured.

    Parameters
    ----------
    samples, few : int
        Along each parameter of a piece, and of one that is small beside its box. More: shorter entries are seen; more
        time.
    small : float
        Of its box: what is no longer is a small piece.
    zooms : int
        Of a piece of which no sample lies in a box, around those that are near: it may enter only a little.
    across, halvings : int
        Samples along one parameter, and halvings of the other, by which it is known where a piece enters a box.
    together : int
        Triangles that are looked at at once, and pieces in both halves of boxes. More: memory.
    """

    samples: int = 9
    few: int = 4
    small: float = 0.3
    zooms: int = 3
    across: int = 17
    halvings: int = 14
    together: int = 4096


RULES = Rules()


class Surfaces:
    """The boundary of a shape in smooth pieces, (K, 5): the number of a side, and from which of its parameters to which
    along both.

    Parameters
    ----------
    shape : Shape
        Of three coordinates.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape, self._near = shape, SHAPES.beside * shape.size

    def whole(self) -> Tensor:
        """All of it."""
        found = []
        for number, side in enumerate(self.shape.sides):
            u, v = edges_of(side)
            for a, b in pairwise(u):
                found += [(float(number), a, b, c, e) for c, e in pairwise(v)]
        return torch.tensor(found, dtype=torch.float64).reshape(-1, 5)

    def taken(self, sides: Tensor, parts: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Points (N, 3), outward normals, areas for a unit of the parameters, and whether they are on the boundary,
        (N,), at parameters (N, 2) of sides (N,)."""
        x, normals = (torch.zeros(len(parts), 3, dtype=torch.float64) for _ in range(2))
        density, kept = torch.zeros_like(parts[:, 0]), torch.zeros(len(parts), dtype=torch.bool)
        for number in sides.unique().tolist():
            mine = (sides == number).nonzero()[:, 0]
            surface, held = self.shape.sides[int(number)].taken(parts[mine])
            x[mine], normals[mine], density[mine], kept[mine] = surface.points, surface.normals, surface.density, held
        return x, normals, density, kept

    def places(self, sides: Tensor, parts: Tensor) -> Tensor:
        """The points (N, 3) alone, on the boundary or not."""
        x = torch.zeros(len(parts), 3, dtype=torch.float64)
        for number in sides.unique().tolist():
            mine = (sides == number).nonzero()[:, 0]
            x[mine] = self.shape.sides[int(number)].patch.at(parts[mine]).points
        return x

    # ------------------------------------------------------------ in boxes

    def parted(self, ends: Sequence[Sequence[float]]) -> list[tuple[tuple[int, ...], Tensor]]:
        """What of the whole lies in boxes between given places along all coordinates: by their numbers, pieces."""
        keys = list(itertools.product(*(range(len(b) - 1) for b in ends)))
        corners = [[[b[k + end] for b, k in zip(ends, key, strict=True)] for end in (0, 1)] for key in keys]
        boxes = torch.tensor(corners, dtype=torch.float64)
        whole = self.whole()
        low, high = self._extents(whole)
        meets = ((low[None] <= boxes[:, None, 1]) & (high[None] >= boxes[:, None, 0])).all(-1)
        box, piece = meets.nonzero(as_tuple=True)
        found, source = self.held(whole[piece], boxes[box])
        return [(key, found[box[source] == k]) for k, key in enumerate(keys)]

    def _extents(self, pieces: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes (K, 3) that surely hold all of pieces."""
        low, high = pieces.new_zeros(2, len(pieces), 3)
        known = self._triangles.known(pieces)
        flat, others = (known >= 0).nonzero()[:, 0], (known < 0).nonzero()[:, 0]
        seen = self.places(*self._grid(pieces[others], RULES.samples)) if len(others) else low[:0]
        for mine, at, count in ((flat, self._triangles.x[known[flat]], RULES.few), (others, seen, RULES.samples)):
            x = at.view(len(mine), count, count, 3)
            steps = torch.stack([x.diff(dim=k).abs().flatten(1, 2).amax(1) for k in (1, 2)]).sum(0)
            low[mine], high[mine] = x.flatten(1, 2).amin(1) - steps, x.flatten(1, 2).amax(1) + steps
        return low, high

    def cut(self, pieces: Tensor, axis: Tensor, at: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pieces (K, 5) in both halves of boxes (K, 2, 3), which end where a coordinate (K,) has a value (K,): what
        lies there, the number of the piece of which each is a part, and whether it is in the upper half."""
        count, number, halves = len(pieces), torch.arange(len(pieces)), boxes.repeat(2, 1, 1)
        halves[number, 1, axis] = halves[number + count, 0, axis] = at
        # both at once, since calls take the time, but where points take memory
        few = max(2 * count if count <= RULES.together else count, 1)
        made = [self.held(*some) for some in zip(pieces.repeat(2, 1).split(few), halves.split(few), strict=True)]
        source = torch.cat([n + k * few for k, (_, n) in enumerate(made)])
        return torch.cat([parts for parts, _ in made]), source % max(count, 1), source >= count

    def held(self, pieces: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """What of pieces (K, 5) lies in boxes (K, 2, 3): windows around it, and the numbers of those."""
        if not len(pieces):
            return pieces, torch.zeros(0, dtype=torch.int64)
        known = self._triangles.known(pieces)
        flat, others = (known >= 0).nonzero()[:, 0], (known < 0).nonzero()[:, 0]
        size = torch.zeros_like(pieces[:, 0])
        size[flat] = self._triangles.sizes[known[flat]]
        if len(others):
            corners = self.places(*self._grid(pieces[others], 2)).view(len(others), -1, 3)
            size[others] = (corners.amax(1) - corners.amin(1)).amax(1)
        small = size <= RULES.small * (boxes[:, 1] - boxes[:, 0]).amin(1)
        small &= self._flat(pieces)  # of others corners may lie close together though what is between them does not
        mine = (small & (known >= 0)).nonzero()[:, 0]
        some = self._triangles.within(known[mine], boxes[mine], self._near).any(1)
        found, sources = [pieces[mine[some]]], [mine[some]]
        for chosen, closely in ((small & (known < 0), False), (~small, True)):
            mine = chosen.nonzero()[:, 0]
            if len(mine):
                windows, kept = self._windows(pieces[mine], boxes[mine], closely)
                found.append(windows)
                sources.append(mine[kept])
        return torch.cat(found), torch.cat(sources)

    def _windows(self, pieces: Tensor, boxes: Tensor, closely: bool) -> tuple[Tensor, Tensor]:
        """Windows around what lies in boxes, of pieces of which something does, and their numbers (J,)."""
        count = RULES.samples if closely else RULES.few
        windows, every = pieces.clone(), torch.arange(len(pieces))
        for _ in range(RULES.zooms * closely):
            x = self.places(*self._grid(windows[every], count)).view(-1, count, count, 3)
            windows[every], reached = _near(windows[every], x, boxes[every])
            every = every[reached]
        sides, parts = self._grid(windows[every], count)
        within = self._inside(sides, parts, boxes[every].repeat_interleave(count**2, 0)).view(-1, count, count)
        rows = within.sum(1)
        some = rows.any(1)
        every, fullest = every[some], rows[some].argmax(1) / (count - 1)
        if closely:
            v = windows[every, 3] + (windows[every, 4] - windows[every, 3]) * fullest
            windows[every] = self._closed_in(windows[every], v, boxes[every])
            # what only touches a box has no area there
            sides, parts = self._grid(windows[every], RULES.across, ends=False)
            within = self._inside(sides, parts, boxes[every].repeat_interleave(RULES.across**2, 0))
            every = every[within.view(len(every), RULES.across**2).any(1)]
        return windows[every], every

    def _closed_in(self, windows: Tensor, inner: Tensor, boxes: Tensor) -> Tensor:
        """Windows whose ends along the second parameter, beside one at which something lies in a box (K,), are where
        that ends."""
        windows, share = windows.clone(), torch.linspace(0, 1, RULES.across, dtype=torch.float64)
        every, ends = torch.arange(len(windows)).repeat(2), windows[:, 3:].T.flatten()

        def held(v: Tensor, rows: Tensor) -> Tensor:
            u = windows[rows, 1:2] + (windows[rows, 2:3] - windows[rows, 1:2]) * share
            parts = torch.stack([u, v[:, None].expand_as(u)], -1).flatten(0, 1)
            sides = windows[rows, 0].repeat_interleave(RULES.across)
            return self._inside(sides, parts, boxes[rows].repeat_interleave(RULES.across, 0)).view(u.shape).any(1)

        open_ends = (~held(ends, every)).nonzero()[:, 0]
        rows, out, within = every[open_ends], ends[open_ends], inner.repeat(2)[open_ends]
        for _ in range(RULES.halvings if len(rows) else 0):
            half = (out + within) / 2
            here = held(half, rows)
            out, within = torch.where(here, out, half), torch.where(here, half, within)
        ends[open_ends] = out
        windows[:, 3:] = ends.view(2, -1).T
        return windows

    def _inside(self, sides: Tensor, parts: Tensor, boxes: Tensor) -> Tensor:
        """Which points at parameters (N, 2) of sides bound what lies in boxes (N, 2, 3); what shape they bound is asked
        of those alone that are near their boxes."""
        x, reach = self.places(sides, parts), 11 * self._near  # no less than `held_in` moves them
        some = ((x >= boxes[:, 0] - reach) & (x <= boxes[:, 1] + reach)).all(-1).nonzero()[:, 0]
        x, normals, _, kept = self.taken(sides[some], parts[some])
        found = torch.zeros(len(parts), dtype=torch.bool)
        found[some] = kept & held_in(x, normals, boxes[some], self._near)
        return found

    @staticmethod
    def _grid(windows: Tensor, count: int, ends: bool = True) -> tuple[Tensor, Tensor]:
        """Sides (K n^2,) and parameters (K n^2, 2) of a grid over windows (K, 5), with their ends or without."""
        half = 0.0 if ends else 0.5 / count
        share = torch.cartesian_prod(*[torch.linspace(half, 1 - half, count, dtype=torch.float64)] * 2)
        low, high = windows[:, None, [1, 3]], windows[:, None, [2, 4]]
        return windows[:, 0].repeat_interleave(count**2), (low + (high - low) * share).flatten(0, 1)

    # ------------------------------------------------------------ points

    def nodes(self, pieces: Tensor, boxes: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Points (K, count^2, 3) of pieces (K, 5) within boxes (K, 2, 3), outward normals there, and areas
        (K, count^2)."""
        frames = torch.stack([pieces[:, [1, 3]], pieces[:, [2, 4]]], 1)
        cut = (~self._triangles.whole(pieces, boxes, self._near)).nonzero()[:, 0]

        def inside(parts: Tensor, number: Tensor) -> Tensor:
            return self._inside(pieces[cut[number], 0], parts, boxes[cut[number]])

        u, w = map(torch.from_numpy, np.polynomial.legendre.leggauss(count))
        parts = frames[:, :1] + (frames[:, 1:] - frames[:, :1]) * (torch.cartesian_prod(u, u) + 1) / 2
        weights, share = torch.outer(w, w).flatten().repeat(len(pieces), 1) / 4, torch.ones_like(pieces[:, 0])
        if len(cut):
            parts[cut], weights[cut], share[cut] = points_inside(inside, frames[cut], torch.zeros_like(cut), count)
        x, normals, density, _ = self.taken(pieces[:, 0].repeat_interleave(count**2), parts.flatten(0, 1))
        windows = share * (frames[:, 1] - frames[:, 0]).prod(1)
        shape = len(pieces), count**2
        areas = density.view(shape) * weights * windows[:, None]
        return x.view(*shape, 3), normals.view(*shape, 3), areas

    def outward(self, pieces: Tensor, boxes: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The integral of the outward normal over pieces within boxes, (K, 3), and their areas, (K,)."""
        whole, normals, sizes = (
            self._triangles.whole(pieces, boxes, self._near),
            pieces.new_zeros(len(pieces), 3),
            torch.zeros_like(pieces[:, 0]),
        )
        for mine, flat in ((whole, True), (~whole, False)):
            _, outer, areas = self.seen(pieces[mine]) if flat else self.nodes(pieces[mine], boxes[mine], count)
            normals[mine], sizes[mine] = (outer * areas[..., None]).sum(1), areas.sum(1)
        return normals, sizes

    def seen(self, pieces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Some points (K, P, 3) of pieces and around them, normals there, and areas (K, P)."""
        known = self._triangles.known(pieces)
        flat, others = (known >= 0).nonzero()[:, 0], (known < 0).nonzero()[:, 0]
        found = [torch.zeros(len(pieces), RULES.few**2, *more, dtype=torch.float64) for more in ((3,), (3,), ())]
        for v, mine in zip(found, self._triangles[1:], strict=True):
            v[flat] = mine[known[flat]]
        if len(others):
            x, normals, density, kept = self.taken(*self._grid(pieces[others], RULES.few))
            for v, mine in zip(found, (x, normals, density * kept), strict=True):
                v[others] = mine.view(len(others), *v.shape[1:])
        windows = (pieces[:, 2] - pieces[:, 1]) * (pieces[:, 4] - pieces[:, 3]) / RULES.few**2
        return found[0], found[1], found[2] * windows[:, None]

    # ------------------------------------------------------------ triangles

    def _flat(self, pieces: Tensor) -> Tensor:
        """Which of them are triangles of a mesh or a level set, (K,)."""
        return torch.tensor([side.patch.shares is not None for side in self.shape.sides])[pieces[:, 0].long()]

    @cached_property
    def _triangles(self) -> Triangles:
        """All of them, looked at once."""
        whole = self.whole()
        mine = whole[self._flat(whole)]
        inner = mine.clone()  # where one begins another ends
        inner[:, 1] += 1e-9 * (mine[:, 2] - mine[:, 1])
        parts = [self.taken(*self._grid(some, RULES.few)) for some in inner.split(RULES.together)]
        x, normals, density, kept = (torch.cat(column) for column in zip(*parts, strict=True))
        shape = len(mine), RULES.few**2
        return Triangles(mine, x.view(*shape, 3), normals.view(*shape, 3), (density * kept).view(shape))


def _near(windows: Tensor, x: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Windows (K, 5) around those samples of points (K, n, n, 3) between which and the next ones something may lie in a
    box (K, 2, 3); and whether there are any."""
    away = torch.maximum(boxes[:, None, None, 0] - x, x - boxes[:, None, None, 1]).amax(-1)
    count = x.shape[1]
    steps = [x.diff(dim=k).abs().amax(-1) for k in (1, 2)]
    along, across = (torch.nn.functional.pad(s, pad) for s, pad in zip(steps, ((0, 0, 1, 1), (1, 1)), strict=True))
    step = torch.maximum(along[:, 1:], along[:, :-1]) + torch.maximum(across[..., 1:], across[..., :-1])
    near = away <= step
    found, ticks = windows.clone(), torch.arange(count)
    for axis, (low, high) in enumerate(((1, 2), (3, 4))):
        some = near.any(2 - axis)
        first = torch.where(some, ticks, count - 1).amin(1) / (count - 1)
        last = torch.where(some, ticks, 0).amax(1) / (count - 1)
        size = windows[:, high] - windows[:, low]
        found[:, low], found[:, high] = windows[:, low] + first * size, windows[:, low] + last * size
    return found, near.flatten(1).any(1)
