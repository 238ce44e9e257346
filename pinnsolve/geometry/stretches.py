"""The boundary of a plane shape in stretches, and where these cross lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.shape import Shape


@dataclass(frozen=True)
class Rules:
    """How closely it is looked at. Chosen, not measured.

    Parameters
    ----------
    samples : int
        Of a stretch, between which it crosses a line at most once. More: more time.
    steps : int
        Of the search for such a place; it begins between two samples and gains digits with each.
    same : float
        Of the shape's size: what is closer lies on a line.
    apart : float
        Of a stretch: what is left out between two of them. Larger: they do not meet. Smaller: rounding takes one for
        the next.
    """

    samples: int = 17
    steps: int = 60
    same: float = 1e-12
    apart: float = 1e-10


RULES = Rules()


class Stretches:
    """The boundary of a shape in smooth stretches, (K, 3): the number of a side, and from which of its parameters to
    which.

    Parameters
    ----------
    shape : Shape
        Of two coordinates.
    breaks : mapping from the number of a side to parameters
        Where more stretches of it shall end.
    """

    def __init__(self, shape: Shape, breaks: Mapping[int, Sequence[float]] | None = None) -> None:
        self.shape, self.breaks = shape, dict(breaks or {})

    def whole(self) -> Tensor:
        """All of it."""
        found = []
        for number, side in enumerate(self.shape.sides):
            count = side.patch.stretches
            near = RULES.apart / count
            inner = [*(k / count for k in range(1, count)), *self.breaks.get(number, ())]
            for begin, end in side.intervals.tolist():
                cuts = [begin, *sorted(t for t in inner if begin + near < t < end - near), end]
                # of a level set and a mesh the next stretch is anywhere, and begins where this one ends
                found += [(float(number), a + near, b - near) for a, b in pairwise(cuts)]
        return torch.tensor(found, dtype=torch.float64).reshape(-1, 3)

    def at(self, sides: Tensor, parts: Tensor, outward: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Points (K, P, 2), unit normals there, and lengths for a unit of the parameter (K, P), at parameters (K, P) of
        sides (K,); normals point outward where that is asked for."""
        found = [torch.zeros(*parts.shape, 2, dtype=torch.float64) for _ in range(2)]
        density = torch.zeros_like(parts)
        for number in sides.unique().tolist():
            mine = (sides == number).nonzero()[:, 0]
            side, flat = self.shape.sides[int(number)], parts[mine].reshape(-1, 1)
            surface = side.taken(flat)[0] if outward else side.patch.at(flat)
            found[0][mine] = surface.points.view(len(mine), -1, 2)
            found[1][mine] = surface.normals.reshape(len(mine), -1, 2)
            density[mine] = surface.density.reshape(len(mine), -1)
        return found[0], found[1], density

    def nodes(self, arcs: Tensor, boxes: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """So many of Gauss' points on stretches (K, 3), in whatever boxes: places (K, P, 2), outward normals, and
        lengths (K, P)."""
        return along(self.at, arcs, count)

    def parted(self, ends: Sequence[Sequence[float]]) -> list[tuple[tuple[int, ...], Tensor]]:
        """What of the whole lies in boxes between given places along both coordinates: by their numbers, stretches."""
        strips: list[tuple[tuple[int, ...], Tensor]] = [((), self.whole())]
        for axis, bounds in enumerate(ends):
            found = []
            for before, whole in strips:
                arcs = whole
                for k, at in enumerate(bounds[1:-1]):
                    lines = torch.full((len(arcs),), at, dtype=torch.float64)
                    pieces, _, upper = self.cut(arcs, torch.full_like(lines, axis, dtype=torch.int64), lines)
                    found.append(((*before, k), pieces[~upper]))
                    arcs = pieces[upper]
                found.append(((*before, len(bounds) - 2), arcs))
            strips = found
        return strips

    def cut(
        self, arcs: Tensor, axis: Tensor, at: Tensor, boxes: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """Stretches (K, 3), in whatever boxes, where they cross lines on which a coordinate (K,) has a value (K,):
        pieces, the number of the stretch of which each is one, and whether it lies above the line."""
        if not len(arcs):
            return arcs, axis[:0], axis[:0] == 1
        near, number = RULES.same * self.shape.size, torch.arange(len(arcs))
        share = torch.linspace(0, 1, RULES.samples, dtype=torch.float64)
        parts = arcs[:, 1:2] + (arcs[:, 2:] - arcs[:, 1:2]) * share
        above = self.at(arcs[:, 0], parts)[0][number, :, axis] - at[:, None]
        level = above.abs() <= near
        middle = above[:, RULES.samples // 2]
        flat = level.all(1)
        if bool(flat.any()):  # along the line: what is inside tells to which side they belong
            outward = self.at(arcs[flat, 0], parts[flat][:, RULES.samples // 2 :][:, :1], outward=True)[1]
            middle[flat] = -outward[torch.arange(len(outward)), 0, axis[flat]]
        above = torch.where(level, middle[:, None], above)
        k, j = ((above[:, 1:] > 0) != (above[:, :-1] > 0)).nonzero(as_tuple=True)
        crossing = self._crossing(
            arcs[k, 0], axis[k], at[k], parts[k, j], parts[k, j + 1], above[k, j], above[k, j + 1]
        )
        pieces, source, upper = list[Tensor](), list[int](), list[bool]()
        places: dict[int, list[float]] = {}
        for one, place in zip(k.tolist(), crossing.tolist(), strict=True):
            places.setdefault(one, []).append(place)
        signs = above > 0
        for one, (side, begin, end) in enumerate(arcs.tolist()):
            cuts, sign = [begin, *places.get(one, ()), end], bool(signs[one, 0])
            for a, b in pairwise(cuts):
                if b - a > 1e-14:
                    pieces.append(torch.tensor([side, a, b], dtype=torch.float64))
                    source.append(one)
                    upper.append(sign)
                sign = not sign
        return torch.stack(pieces), torch.tensor(source), torch.tensor(upper)

    def _crossing(
        self, sides: Tensor, axis: Tensor, at: Tensor, a: Tensor, b: Tensor, low: Tensor, high: Tensor
    ) -> Tensor:
        """Parameters (K,) between a and b at which sides cross lines: regula falsi, halved where one end stays (the
        Illinois rule)."""
        if not len(a):
            return a
        near, number = 0.01 * RULES.same * self.shape.size, torch.arange(len(a))
        found = a
        for _ in range(RULES.steps):
            found = (a * high - b * low) / (high - low)
            here = self.at(sides, found[:, None])[0][number, 0, axis] - at
            if bool(((here.abs() <= near) | ((b - a).abs() <= 1e-15)).all()):
                break
            stays = (here > 0) == (high > 0)
            low, high = torch.where(stays, low / 2, here), torch.where(stays, here, high / 2)
            low = torch.where(low == 0, -high.sign() * near, low)
            a, b = torch.where(stays, a, found), torch.where(stays, found, b)
        return found


def along(at: Callable[..., tuple[Tensor, Tensor, Tensor]], arcs: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points on stretches, as `Stretches.nodes`, by what tells these (`Stretches.at`)."""
    xi, w = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(count))
    parts = arcs[:, 1:2] + (arcs[:, 2:] - arcs[:, 1:2]) * (xi + 1) / 2
    x, normals, density = at(arcs[:, 0], parts, outward=True)
    return x, normals, density * (w / 2) * (arcs[:, 2] - arcs[:, 1])[:, None]
