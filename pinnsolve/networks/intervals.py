"""Intervals that tile a line and are halved and joined again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.networks.reference_cell import ReferenceCell


@dataclass(frozen=True)
class Intervals:
    """Dyadic parts of a few first intervals, from left to right.

    Parameters
    ----------
    ends : tuple of float
        The ends of the first intervals, in the coordinate's units.
    places : tuple of (first interval, level, index)
        Part `index` of 2^level equal ones.
    device : torch.device
    """

    ends: tuple[float, ...]
    places: tuple[tuple[int, int, int], ...]
    device: torch.device

    @classmethod
    def begun(cls, low: float, high: float, count: int, joints: Sequence[float], device: torch.device) -> Intervals:
        """About so many equal ones, with ends at the given places."""
        fixed = [low, *sorted(j for j in joints if low < j < high), high]
        bounds = [low]
        for a, b in itertools.pairwise(fixed):
            parts = max(1, round(count * (b - a) / (high - low)))
            bounds += [a + (b - a) * (k + 1) / parts for k in range(parts)]
            bounds[-1] = b
        return cls(tuple(bounds), tuple((k, 0, 0) for k in range(len(bounds) - 1)), device)

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def edges(self) -> Tensor:
        """(n + 1,)."""
        b = self.ends
        left = [b[k] + (b[k + 1] - b[k]) * i / 2**level for k, level, i in self.places]
        return torch.tensor([*left, b[-1]], dtype=torch.float64, device=self.device)

    @cached_property
    def widths(self) -> Tensor:
        return self.edges.diff()

    @property
    def length(self) -> float:
        return self.ends[-1] - self.ends[0]

    def points(self, xi: Tensor) -> Tensor:
        """The places (n, P) of points of the reference cell."""
        return self.edges[:-1, None] + self.widths[:, None] * (xi + 1) / 2

    # ------------------------------------------------------------ halving and joining

    def split(self, chosen: Sequence[bool]) -> Intervals:
        places: list[tuple[int, int, int]] = []
        for (k, level, i), bad in zip(self.places, chosen, strict=True):
            places += [(k, level + 1, 2 * i), (k, level + 1, 2 * i + 1)] if bad else [(k, level, i)]
        return Intervals(self.ends, tuple(places), self.device)

    def siblings(self, calm: Sequence[bool]) -> list[int]:
        """The left ones of pairs that were one interval, where both are calm."""
        found, n = [], len(self)
        for j in range(n - 1):
            (k, level, i), right = self.places[j], self.places[j + 1]
            if calm[j] and calm[j + 1] and level and i % 2 == 0 and right == (k, level, i + 1):
                found.append(j)
        return found

    def joined(self, left: Sequence[int]) -> Intervals:
        """One interval in place of each pair."""
        places = list(self.places)
        for j in reversed(left):
            k, level, i = places[j]
            places[j : j + 2] = [(k, level - 1, i // 2)]
        return Intervals(self.ends, tuple(places), self.device)


def refined(c: Tensor, chosen: Sequence[bool], cell: ReferenceCell) -> Tensor:
    """Coefficients (..., n, F, M) on the intervals after `split`: the same function."""
    kind = torch.tensor([s for bad in chosen for s in ((1, 2) if bad else (0,))], device=c.device)
    source = torch.tensor([k for k, bad in enumerate(chosen) for _ in range(1 + bad)], device=c.device)
    steps = torch.stack([torch.eye(cell.count, dtype=c.dtype, device=c.device), *cell.halves])[kind]
    return (c[..., source, :, :] @ steps.mT).contiguous()


def coarsened(c: Tensor, left: Sequence[int], cell: ReferenceCell, orders: Sequence[int]) -> Tensor:
    """Coefficients (..., n, F, M) on the intervals after `joined`: outer traces of a pair are kept."""
    at = torch.tensor(left, device=c.device)
    whole = torch.stack([cell.merged(c[..., at, f, :], c[..., at + 1, f, :], k) for f, k in enumerate(orders)], -2)
    made = c.clone()
    made[..., at, :, :] = whole
    keep = torch.ones(c.shape[-3], dtype=torch.bool, device=c.device)
    keep[at + 1] = False
    return made[..., keep, :, :]


def carried(c: Tensor, old: Intervals, new: Intervals, cell: ReferenceCell, orders: Sequence[int]) -> Tensor:
    """Coefficients (..., n, F, M) on other intervals of the same first ones: halved where these are smaller, joined
    where they are larger."""
    wanted = set(new.places)
    above = {(k, level - up, i >> up) for k, level, i in wanted for up in range(1, level + 1)}
    while any(place in above for place in old.places):
        chosen = [place in above for place in old.places]
        c, old = refined(c, chosen, cell), old.split(chosen)
    while old.places != new.places:
        left = old.siblings([place not in wanted for place in old.places])
        c, old = coarsened(c, left, cell, orders), old.joined(left)
    return c
