"""What cells of one coordinate share at their joints, and their coefficients in terms of it.

A cell's coefficients are c = free z + lift [left; right], z numbers of its own and left, right the traces at its ends
(`networks.reference_cell`). A joint has one number for each trace, s^k u^(k), s the length of the smaller neighbour, on
its left side; across a place where fluxes are joined, and not slopes, the traces on its right side are a matrix times
these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Traces:
    """The joints of cells.

    Parameters
    ----------
    mesh : Tiles
        Of a line.
    joins : tuple of int
        For each unknown, so many traces are joined: its value and derivatives.
    counts : tuple of int
        For each unknown, so many features of a cell it has.
    ring : bool
        Whether the last joint is the first one.
    bends : mapping from place to tensor (D, D)
        Where traces on the right are this times those on the left, unknown by unknown, in the coordinate's units.
    """

    mesh: Tiles
    joins: tuple[int, ...]
    counts: tuple[int, ...]
    ring: bool = False
    bends: Mapping[float, Tensor] = field(default_factory=dict)

    @property
    def own(self) -> int:
        return sum(count - 2 * k for count, k in zip(self.counts, self.joins, strict=True))

    @cached_property
    def scales(self) -> Tensor:
        """(n + 1,): the length in which derivatives at joints are counted, that of the smaller neighbour."""
        h = self.mesh.widths[:, 0]
        beside = torch.minimum(h[1:], h[:-1])
        if self.ring:
            around = torch.minimum(h[:1], h[-1:])
            return torch.cat([around, beside, around])
        return torch.cat([h[:1], beside, h[-1:]])

    @cached_property
    def maps(self) -> list[tuple[Tensor, Tensor]]:
        """For each unknown lift (M, 2 joins) and free (M, own), M the most features there are."""
        most, device, found = max(self.counts), self.mesh.device, []
        for count, k in zip(self.counts, self.joins, strict=True):
            more = (0, 0, 0, most - count)
            lift, free = reference_cell(count - 1, device).joins(k)
            found.append((torch.nn.functional.pad(lift, more), torch.nn.functional.pad(free, more)))
        return found

    @cached_property
    def orders(self) -> Tensor:
        """(D,): how often each trace derives."""
        orders = [k for joins in self.joins for k in range(joins)]
        return torch.tensor(orders, dtype=torch.float64, device=self.mesh.device)

    @cached_property
    def bent(self) -> Tensor | None:
        """(n, D, D): from a joint's numbers to the traces of the cell on its right, as such numbers; nothing where all
        are the same."""
        if not self.bends:
            return None
        n, d = len(self.mesh), len(self.orders)
        found = torch.eye(d, dtype=torch.float64, device=self.mesh.device).repeat(n, 1, 1)
        for place, bend in self.bends.items():
            k = int((self.mesh.edges - place).abs().argmin())
            units = self.scales[k] ** self.orders
            found[k % n] = bend.to(found) * units[:, None] / units
        return found

    def stretch(self, joins: int) -> tuple[Tensor, Tensor]:
        """What a joint's numbers are in the reference cell's units, (n, joins) at the left and right."""
        k = torch.arange(joins, dtype=torch.float64, device=self.mesh.device)
        h = self.mesh.widths
        return (h / (2 * self.scales[:-1, None])) ** k, (h / (2 * self.scales[1:, None])) ** k

    def rows(self, part: Tensor) -> Tensor:
        """From rows on coefficients (n, R, F, M) to rows on own numbers and joints, (n, R, own + 2 D)."""
        own, left, right = [], [], []
        for f, (joins, (lift, free)) in enumerate(zip(self.joins, self.maps, strict=True)):
            own.append(part[:, :, f] @ free)
            lifted = part[:, :, f] @ lift
            a, b = self.stretch(joins)
            left.append(lifted[..., :joins] * a[:, None])
            right.append(lifted[..., joins:] * b[:, None])
        at_left = torch.cat(left, -1)
        if self.bent is not None:
            at_left = at_left @ self.bent.to(at_left.dtype)
        return torch.cat([*own, at_left, *right], -1)

    def coefficients(self, z: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """From own numbers (..., n, Z) and joints (..., n, D) at both sides to (..., n, F, M)."""
        if self.bent is not None:
            left = (self.bent.to(left.dtype) @ left[..., None])[..., 0]
        made, at, joint = [], 0, 0
        for count, joins, (lift, free) in zip(self.counts, self.joins, self.maps, strict=True):
            own = count - 2 * joins
            c = z[..., at : at + own] @ free.T.to(z.dtype)
            if joins:
                a, b = self.stretch(joins)
                ends = torch.cat([left[..., joint : joint + joins] * a, right[..., joint : joint + joins] * b], -1)
                c = c + ends @ lift.T.to(z.dtype)
            made.append(c)
            at, joint = at + own, joint + joins
        return torch.stack(made, -2)

    def of(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """The numbers (..., n, D) of coefficients (..., n, F, M) at the left and right end of each cell."""
        cell, h = reference_cell(max(self.counts) - 1, self.mesh.device), self.mesh.widths[:, 0]
        sides: list[list[Tensor]] = [[], []]
        for f, joins in enumerate(self.joins):
            for k in range(joins):
                for side, found in enumerate(sides):
                    scale = self.scales[side : side + len(h)]
                    found.append((c[..., f, :] @ cell.end(k)[side]) * (2 * scale / h) ** k)
        empty = c[..., 0, :0]
        left, right = (torch.stack(s, -1) if s else empty for s in sides)
        return left, right

    def joined(self, c: Tensor) -> Tensor:
        """Coefficients (..., n, F, M) with the traces of neighbours made equal to their mean."""
        left, right = self.of(c)
        if not left.shape[-1]:
            return c
        at_joint = left if self.bent is None else torch.linalg.solve(self.bent, left[..., None])[..., 0]
        mean = (at_joint[..., 1:, :] + right[..., :-1, :]) / 2
        first, last = at_joint[..., :1, :], right[..., -1:, :]
        if self.ring:
            first = last = (first + last) / 2
        new_left, new_right = torch.cat([first, mean], -2), torch.cat([mean, last], -2)
        if self.bent is not None:
            new_left = (self.bent @ new_left[..., None])[..., 0]
        return c + self._lifted(new_left - left, new_right - right)

    def _lifted(self, left: Tensor, right: Tensor) -> Tensor:
        """The coefficients of changes of the traces alone, which are those of each cell's own sides."""
        made, joint = [], 0
        for joins, (lift, _) in zip(self.joins, self.maps, strict=True):
            a, b = self.stretch(joins)
            part = slice(joint, joint + joins)
            made.append(torch.cat([left[..., part] * a, right[..., part] * b], -1) @ lift.T)
            joint += joins
        return torch.stack(made, -2)


def number_of(joins: Sequence[int], unknown: int, order: int) -> int:
    """Which of a joint's numbers a trace is."""
    return sum(joins[:unknown]) + order
