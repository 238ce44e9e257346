"""Cells that tile a box, and the smooth partition of unity that belongs to them.

Every cell has a bump, one inside and zero beyond the cells around it; the bumps over their sum are the weights w_s of

    f = sum_s w_s f_s,     sum_s w_s = 1,

so that functions which are good on one cell each become one smooth function. Coordinates are scaled to [-1, 1].

Source: Melenk & Babuska, Comput. Methods Appl. Mech. Engrg. 139 (1996) 289; Moseley, Markham & Nissen-Meyer, Adv.
Comput. Math. 49 (2023) 62.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.jets.jet import on_jets


@dataclass(frozen=True)
class Cells:
    """Boxes that tile [-1, 1]^k.

    Parameters
    ----------
    low, high : tensor (S, k)
    periodic : tuple of k bools
    """

    low: Tensor
    high: Tensor
    periodic: tuple[bool, ...]

    @classmethod
    def uniform(cls, counts: Sequence[int], periodic: Sequence[bool]) -> Cells:
        """A lattice with so many cells along each axis; one cell without axes."""
        edges = [torch.linspace(-1, 1, n + 1, dtype=torch.float64) for n in counts]
        places = list(product(*(range(n) for n in counts)))
        low = torch.tensor([[float(e[i]) for e, i in zip(edges, at, strict=True)] for at in places])
        high = torch.tensor([[float(e[i + 1]) for e, i in zip(edges, at, strict=True)] for at in places])
        shape = (prod(counts), len(counts))
        return cls(low.to(torch.float64).reshape(shape), high.to(torch.float64).reshape(shape), tuple(periodic))

    def __len__(self) -> int:
        return self.low.shape[0]

    @property
    def centre(self) -> Tensor:
        return (self.low + self.high) / 2

    @property
    def half(self) -> Tensor:
        return (self.high - self.low) / 2

    @cached_property
    def reach(self) -> Tensor:
        """How far each bump goes beyond its cell and falls off within it, (S, k, 2), below and above along each axis.

        That is the size of the smallest cell on either side of the face, and nothing at the ends of the box.
        """
        size = self.high - self.low
        found = torch.zeros(*self.low.shape, 2, dtype=torch.float64)
        for axis in range(self.low.shape[1]):
            beside = self._beside(axis)
            for side, (mine, theirs) in enumerate(((self.low, self.high), (self.high, self.low))):
                gap = (theirs[None, :, axis] - mine[:, None, axis]).abs()
                touching = gap < EQUAL
                if self.periodic[axis]:
                    touching |= (gap - 2).abs() < EQUAL
                touching &= beside
                others = torch.where(touching, size[None, :, axis], torch.inf).min(1).values
                found[:, axis, side] = torch.where(touching.any(1), torch.minimum(others, size[:, axis]), 0.0)
        return found

    def _beside(self, axis: int) -> Tensor:
        """Which pairs of cells overlap or touch in all other axes, (S, S)."""
        good = torch.ones(len(self), len(self), dtype=torch.bool)
        for other in range(self.low.shape[1]):
            if other != axis:
                low, high = self.low[:, other], self.high[:, other]
                gap = torch.maximum(low[:, None], low[None]) - torch.minimum(high[:, None], high[None])
                good &= (gap < EQUAL) | ((gap > 2 - 2 * EQUAL) & torch.tensor(self.periodic[other]))
        return good

    def from_centre(self, places: Tensor) -> Tensor:
        """From the centre of each cell to places (N, k), the short way round a period: (N, S, k)."""
        away = places[:, None, :] - self.centre[None]
        periods = torch.tensor([2.0 if p else torch.inf for p in self.periodic], dtype=torch.float64)
        return away - torch.where(periods.isinf(), 0.0, periods * torch.round(away / periods))

    def active(self, places: Tensor) -> Tensor:
        """Which bumps may differ from zero at places (N, k): (N, S)."""
        away = self.from_centre(places)
        edge = self.half[None] + EQUAL
        return ((away >= -edge - self.reach[None, ..., 0]) & (away <= edge + self.reach[None, ..., 1])).all(-1)

    def owner(self, places: Tensor) -> Tensor:
        """The cell in which each of the places (N, k) lies, (N,)."""
        inside = (self.from_centre(places).abs() / self.half[None]).amax(-1) if places.shape[1] else places.new_zeros(
            len(places), len(self)
        )  # fmt: skip
        return inside.argmin(1)

    def split(self, which: Tensor, axes: Tensor) -> Cells:
        """Cells (S,) of bools halved along their axis (S,) of whole numbers, and then those which are left more than
        twice as long as a cell beside them."""
        made = self._halved(which, axes)
        while True:
            size = made.high - made.low
            steep = ((made.reach > 0) & (size[..., None] > (2 + EQUAL) * made.reach)).any(2)
            if not bool(steep.any()):
                return made
            made = made._halved(steep.any(1), torch.where(steep, size, 0.0).argmax(1))

    def graded(self, axis: int, low: float, high: float, size: float) -> Cells:
        """Cells halved along one axis until none that meets (low, high) is longer than `size`, and none anywhere more
        than twice as long as one beside it."""
        made = self
        while True:
            length = made.high[:, axis] - made.low[:, axis]
            coarse = (made.high[:, axis] > low) & (made.low[:, axis] < high) & (length > size)
            if not bool(coarse.any()):
                return made
            made = made.split(coarse, torch.full((len(made),), axis))

    def _halved(self, which: Tensor, axes: Tensor) -> Cells:
        low, high = [], []
        for s in range(len(self)):
            if not which[s]:
                low.append(self.low[s])
                high.append(self.high[s])
                continue
            below, above = self.high[s].clone(), self.low[s].clone()
            below[axes[s]] = above[axes[s]] = self.centre[s, axes[s]]
            low += [self.low[s], above]
            high += [below, self.high[s]]
        return Cells(torch.stack(low), torch.stack(high), self.periodic)


def rising(x: Any) -> Any:
    """From zero at -1 to one at 1 with four continuous derivatives; a tensor or a jet."""
    s = (on_jets.clamp(x, -1.0, 1.0) + 1) * 0.5
    return s**5 * (126 + s * (-420 + s * (540 + s * (-315 + s * 70))))
