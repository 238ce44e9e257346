"""What cells of one coordinate share at their joints, and their coefficients in terms of it.

A cell's coefficients are c = free z + lift [left; right], z numbers of its own and left, right the traces at its ends
(`networks.reference_cell`). A joint has one number for each trace, s^k u^(k), s the length of the smaller neighbour.
Across a place where something else is joined than the traces themselves, such as fluxes, both sides' traces are linear
functions of as many numbers (`Across`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import torch
from torch import Tensor

from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Across:
    """What is joined across a place: left @ (the traces on its left) + right @ (those on its right) = given.

    Parameters
    ----------
    left, right : tensor (D, D)
        In the coordinate's units.
    given : callable, optional
        From times (q,) to (q, D); without it zero.
    by : callable, optional
        From constants and the values at which they stand to derivatives of all of this; without it nothing depends on
        any.
    """

    left: Tensor
    right: Tensor
    given: Callable[[Tensor], Tensor] | None = None
    by: Callable[[Mapping[str, float]], Mapping[str, Across]] | None = None

    def solved(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """All traces (2 D,) that are joined, left ones first and each times its `units` (D,): `free` y + `fixed` given,
        the columns of `free` (2 D, D) orthonormal, so that y are free."""
        rows = torch.cat([self.left.to(units) / units, self.right.to(units) / units], -1)
        norms = rows.norm(dim=-1, keepdim=True)
        q, r = torch.linalg.qr((rows / norms).T, mode="complete")
        d = len(units)
        return q[:, d:], q[:, :d] @ torch.linalg.inv(r[:d]).T / norms.T

    def offset(self, times: Tensor) -> Tensor | None:
        """What is given, (q, D)."""
        return None if self.given is None else self.given(times)

    def left_over(self, below: Tensor, above: Tensor, times: Tensor | None) -> Tensor:
        """What traces (..., q, D) on both sides leave of it at times (q,)."""
        given = None if times is None else self.offset(times)
        found = below @ self.left.to(below).T + above @ self.right.to(above).T
        return found if given is None else found - given.to(found)

    def beyond(self, traces: Tensor, to_right: bool) -> Tensor:
        """The traces (D,) on the other side of those on the left, or on the right."""
        here, there = (self.left, self.right) if to_right else (self.right, self.left)
        given = self.offset(torch.zeros(1, dtype=torch.float64))
        told = -(here.to(traces) @ traces) + (0.0 if given is None else given[0].to(traces))
        return torch.linalg.solve(there.to(traces), told)

    @property
    def marchable(self) -> bool:
        """Whether each side tells the other one."""
        return all(float(torch.linalg.cond(m)) < 1 / torch.finfo(m.dtype).eps for m in (self.left, self.right))


Relation = tuple[int, tuple[float, ...], tuple[float, ...]]  # an unknown, by order what is below and above


@dataclass(frozen=True)
class Crossed:
    """What is joined across a line of a plane, or a plane of space, otherwise than the traces themselves.

    Parameters
    ----------
    axis : int
        The coordinate across.
    place : float
    relations : tuple of Relation
        Each says of one unknown  sum_k below[k] u^(k) + sum_k above[k] u^(k) = given,  derivatives across on either
        side.
    given : callable, optional
        From times (N,) and places along the other coordinates, (N, dims - 1), to (N, relations); without it zero.
    by : callable, optional
        From constants and the values at which they stand to derivatives of all of this; without it nothing depends on
        any.
    """

    axis: int
    place: float
    relations: tuple[Relation, ...]
    given: Callable[[Tensor, Tensor], Tensor] | None = field(default=None, compare=False)
    by: Callable[[Mapping[str, float]], Mapping[str, Crossed]] | None = field(default=None, compare=False)


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
        For each unknown, so many features of a cell it has, the first ones.
    cell : ReferenceCell
        With as many as the unknown that has most.
    ring : bool
        Whether the last joint is the first one.
    across : mapping from place to Across
        Where something else is joined than the traces themselves.
    """

    mesh: Tiles
    joins: tuple[int, ...]
    counts: tuple[int, ...]
    cell: ReferenceCell
    ring: bool = False
    across: Mapping[float, Across] = field(default_factory=dict)

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
        found = []
        for count, k in zip(self.counts, self.joins, strict=True):
            more = (0, 0, 0, self.cell.count - count)
            lift, free = self.cell.joins(k, count)
            found.append((torch.nn.functional.pad(lift, more), torch.nn.functional.pad(free, more)))
        return found

    @cached_property
    def orders(self) -> Tensor:
        """(D,): how often each trace derives."""
        orders = [k for joins in self.joins for k in range(joins)]
        return torch.tensor(orders, dtype=torch.float64, device=self.mesh.device)

    @cached_property
    def _solved(self) -> dict[int, tuple[Tensor, Tensor, Across]]:
        """By joint, what is free there and what is fixed, and what it comes from."""
        found = {}
        for place, across in self.across.items():
            k = int((self.mesh.edges - place).abs().argmin())
            found[k] = (*across.solved(self.scales[k] ** self.orders), across)
        return found

    @cached_property
    def sides(self) -> tuple[Tensor, Tensor] | None:
        """(n, D, D) each: from the numbers of a cell's left joint, and of its right one, to its traces there; nothing
        where they are the same."""
        if not self.across:
            return None
        n, d = len(self.mesh), len(self.orders)
        left, right = torch.eye(d, dtype=torch.float64, device=self.mesh.device).repeat(2, n, 1, 1).unbind(0)
        for k, (free, _, _) in self._solved.items():
            right[k - 1], left[k % n] = free[:d], free[d:]
        return left, right

    @cached_property
    def _stretches(self) -> tuple[Tensor, Tensor]:
        k = torch.arange(max(self.joins, default=0), dtype=torch.float64, device=self.mesh.device)
        h = self.mesh.widths
        return (h / (2 * self.scales[:-1, None])) ** k, (h / (2 * self.scales[1:, None])) ** k

    def stretch(self, joins: int) -> tuple[Tensor, Tensor]:
        """What a joint's numbers are in the reference cell's units, (n, joins) at the left and right."""
        left, right = self._stretches
        return left[:, :joins], right[:, :joins]

    @cached_property
    def shared(self) -> Tensor:
        """(own + 2 D, F M): from own numbers, and traces in the reference cell's units, to coefficients."""
        d, at, joint = len(self.orders), 0, self.own
        found = torch.zeros(
            joint + 2 * d, len(self.joins), self.cell.count, dtype=torch.float64, device=self.mesh.device
        )
        for f, (count, joins, (lift, free)) in enumerate(zip(self.counts, self.joins, self.maps, strict=True)):
            mine = count - 2 * joins
            found[at : at + mine, f] = free.T
            found[joint : joint + joins, f], found[joint + d : joint + d + joins, f] = lift.T.split([joins, joins])
            at, joint = at + mine, joint + joins
        return found.flatten(1)

    @cached_property
    def _units(self) -> Tensor:
        """What numbers of cells are multiplied by first, (n, own + 2 D)."""
        left, right = (torch.cat([each[:, :k] for k in self.joins], 1) for each in self._stretches)
        return torch.cat([left.new_ones(len(left), self.own), left, right], 1)

    def rows(self, part: Tensor) -> Tensor:
        """From rows on coefficients (..., n, R, F, M) to rows on own numbers and joints, (..., n, R, own + 2 D)."""
        rows = (part.flatten(-2) @ self.shared.T) * self._units[:, None]
        if self.sides is None:
            return rows
        own, *at = rows.split([self.own, len(self.orders), len(self.orders)], -1)
        return torch.cat([own, *(a @ side for a, side in zip(at, self.sides, strict=True))], -1)

    def coefficients(self, numbers: Tensor) -> Tensor:
        """From own numbers and joints at both sides (..., n, own + 2 D) to coefficients (..., n, F, M)."""
        if self.sides is not None:
            own, *at = numbers.split([self.own, len(self.orders), len(self.orders)], -1)
            turned = ((side.to(a.dtype) @ a[..., None])[..., 0] for a, side in zip(at, self.sides, strict=True))
            numbers = torch.cat([own, *turned], -1)
        c = (numbers * self._units) @ self.shared.to(numbers.dtype)
        return c.unflatten(-1, (len(self.joins), -1))

    def of(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """The numbers (..., n, D) of coefficients (..., n, F, M) at the left and right end of each cell."""
        sides: list[list[Tensor]] = [[], []]
        for f, joins in enumerate(self.joins):
            for found, ends, stretch in zip(sides, self._ends, self._stretches, strict=True):
                found.append(c[..., f, :] @ ends[:, :joins] / stretch[:, :joins])
        left, right = (torch.cat(s, -1) for s in sides)
        return left, right

    @cached_property
    def _ends(self) -> tuple[Tensor, Tensor]:
        """The features' derivatives at the left and right end of a cell, (M, D) each."""
        cell, most = self.cell, max(self.joins)
        tables = [torch.stack([cell.end(k)[side] for k in range(most)], -1) if most else None for side in (0, 1)]
        left, right = (torch.zeros(cell.count, 0, dtype=torch.float64) if t is None else t for t in tables)
        return left, right

    def joined(self, c: Tensor, given: Mapping[int, Tensor] = MappingProxyType({})) -> Tensor:
        """Coefficients (..., n, F, M) with the traces of neighbours made equal to their mean; across other places with
        those nearest that are joined, as is given by joint, (..., D) each; zero where nothing is."""
        left, right = self.of(c)
        if not left.shape[-1]:
            return c
        mean = (left[..., 1:, :] + right[..., :-1, :]) / 2
        first, last = left[..., :1, :], right[..., -1:, :]
        if self.ring:
            first = last = (first + last) / 2
        new_left, new_right = torch.cat([first, mean], -2), torch.cat([mean, last], -2)
        for k, (free, fixed, _) in self._solved.items():
            more = given[k].to(c) @ fixed.T if k in given else 0.0
            both = torch.cat([right[..., k - 1, :], left[..., k % len(self.mesh), :]], -1) - more
            both = both @ free @ free.T + more
            new_right[..., k - 1, :], new_left[..., k % len(self.mesh), :] = both.chunk(2, -1)
        return c + self._lifted(new_left - left, new_right - right)

    def given(self, times: Tensor) -> dict[int, Tensor]:
        """By joint what is given across it at times (q,), (q, D)."""
        told = {k: across.offset(times) for k, (_, _, across) in self._solved.items()}
        return {k: v for k, v in told.items() if v is not None}

    def given_by(self, c: Tensor, constants: Mapping[str, float], times: Tensor | None) -> dict[int, Tensor]:
        """By joint what is given across it at times (q,), (q, K, D), for the derivatives of coefficients (q, n, F, M)
        by K constants that stand at these values: with L l + R r = g joined, L l' + R r' = g' - (dL l + dR r)."""
        (left, right), found = self.of(c), dict[int, Tensor]()
        for k, (_, _, across) in self._solved.items():
            units, told = self.scales[k] ** self.orders, {} if across.by is None else across.by(constants)
            below, above = right[:, k - 1] / units, left[:, k % len(self.mesh)] / units
            nothing = torch.zeros_like(below)
            each = [-told[n].left_over(below, above, times) if n in told else nothing for n in constants]
            found[k] = torch.stack(each, 1)
        return found

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
