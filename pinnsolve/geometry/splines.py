"""Tensor products of B-splines: values, derivatives and bounds, wherever a jet, a difference or an interval stands.

    f(x, y, ...) = sum over i, j, ... of c_ij.. B_i(x) B_j(y) ...

The derivative of a spline is one of a degree less. On a box it lies between the least and the largest coefficient whose
B-splines reach into the box, since these are positive and sum to one.

Source: de Boor, A Practical Guide to Splines (2001), chapters IX to XI.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, prod
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.arithmetic import chart_of
from pinnsolve.jets.branches import jumped
from pinnsolve.jets.intervals import Interval, UnenclosedError
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha, raised
from pinnsolve.jets.rules import STRUCTURAL


@dataclass(frozen=True)
class Limits:
    """Chosen, not measured.

    Parameters
    ----------
    bounded : int
        Numbers of the table by which a spline is bounded on boxes: larger ones are looked at point by point. More:
        more memory. Fewer: narrow places of large tables are found by chance.
    seen : int
        Sets of places whose values are kept: a march asks for the same ones at each iteration. Fewer: they are found
        anew. More: memory.
    room : float
        Of its length: what lies beyond its ends by less is at them. Larger: a domain that is too large is not refused.
        Smaller: ends that were rounded in a file are.
    """

    bounded: int = 2**22
    seen: int = 4
    room: float = 1e-6


LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Spline:
    """A function of as many places as it has knot sequences; beyond its ends the values there, without slope.

    Parameters
    ----------
    knots : tuple of tensor
        Along each coordinate, ascending, the first and the last as often as the degree asks.
    degrees : tuple of int
    coefficients : tensor (n, m, ...)
    flat : tuple of bool
        Along which coordinates it is zero beyond its ends, as what is derived along them.
    """

    knots: tuple[Tensor, ...]
    degrees: tuple[int, ...]
    coefficients: Tensor
    flat: tuple[bool, ...]

    @property
    def ends(self) -> list[tuple[float, float]]:
        return [(float(t[p]), float(t[-1 - p])) for t, p in zip(self.knots, self.degrees, strict=True)]

    @cached_property
    def _derived(self) -> dict[int, Spline | None]:
        return {}

    def derived(self, axis: int) -> Spline | None:
        """The derivative along one coordinate; None where it is zero."""
        if axis not in self._derived:
            self._derived[axis] = self._derive(axis)
        return self._derived[axis]

    def _derive(self, axis: int) -> Spline | None:
        t, p, c = self.knots[axis], self.degrees[axis], self.coefficients
        if p == 0:
            return None
        shape = [1] * c.ndim
        shape[axis] = -1
        steps = (t[p + 1 : -1] - t[1 : -p - 1])[: c.shape[axis] - 1]
        made = p * c.diff(dim=axis) / steps.view(shape)
        knots, degrees, flat = list(self.knots), list(self.degrees), list(self.flat)
        knots[axis], degrees[axis], flat[axis] = t[1:-1], p - 1, True
        return Spline(tuple(knots), tuple(degrees), made, tuple(flat))

    def spans(self, axis: int, x: Tensor) -> Tensor:
        """The number of the last B-spline that reaches to each place (N,)."""
        t, p = self.knots[axis].to(x.device), self.degrees[axis]
        inner = t[p + 1 : len(t) - p - 1].to(x.dtype).contiguous()
        return torch.searchsorted(inner, x.detach().contiguous(), right=True) + p

    def _basis(self, axis: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """The numbers of the B-splines that reach to each place, and their values, (N, p + 1) each."""
        t, p = self.knots[axis].to(x.device, x.dtype), self.degrees[axis]
        last = self.spans(axis, x)
        values = [torch.ones_like(x)]
        for k in range(1, p + 1):
            found = [torch.zeros_like(x) for _ in range(k + 1)]
            for i, value in enumerate(values):
                left, right = t[last - k + 1 + i], t[last + 1 + i]
                part = value / (right - left)
                found[i] = found[i] + (right - x) * part
                found[i + 1] = found[i + 1] + (x - left) * part
            values = found
        numbers = last[:, None] + torch.arange(-p, 1, device=x.device)
        return numbers, torch.stack(values, 1)

    def at(self, places: Sequence[Tensor]) -> Tensor:
        """The values (N,) at places (N,) along each coordinate; those at the last few places are known."""
        if any(x.requires_grad for x in places):
            return self._at(places)
        for before, values in self._seen:
            if values.device == places[0].device and all(map(torch.equal, before, places)):
                return values
        values = self._at(places)
        self._seen.appendleft((tuple(x.clone() for x in places), values))
        return values

    @cached_property
    def _seen(self) -> deque[tuple[tuple[Tensor, ...], Tensor]]:
        return deque(maxlen=LIMITS.seen)

    def _at(self, places: Sequence[Tensor]) -> Tensor:
        first = places[0]
        index = torch.zeros(len(first), 1, dtype=torch.int64, device=first.device)
        weight = torch.ones(len(first), 1, dtype=first.dtype, device=first.device)
        within = torch.ones_like(first)
        for axis, (x, (low, high)) in enumerate(zip(places, self.ends, strict=True)):
            if self.flat[axis]:
                within = within * ((x.detach() >= low) & (x.detach() <= high))
            numbers, values = self._basis(axis, x.clamp(low, high))
            size = self.coefficients.shape[axis]
            index = (index[:, :, None] * size + numbers[:, None]).flatten(1)
            weight = (weight[:, :, None] * values[:, None]).flatten(1)
        return (self.coefficients.to(first.device, first.dtype).flatten()[index] * weight).sum(1) * within

    # ------------------------------------------------------------ on boxes

    @cached_property
    def _extremes(self) -> dict[tuple[int, ...], tuple[Tensor, Tensor]]:
        """The least and the largest of 2^l neighbours along each coordinate, by the levels l."""
        c = self.coefficients
        levels = [range(n.bit_length()) for n in c.shape]
        if c.numel() * prod(map(len, levels)) > LIMITS.bounded:
            raise UnenclosedError("table")
        found = {(0,) * c.ndim: (c, c)}
        for level in itertools.product(*levels):
            if level in found:
                continue
            axis = next(k for k, n in enumerate(level) if n)
            low, high = found[raised(level, axis, -1)]
            half, count = 2 ** (level[axis] - 1), c.shape[axis] - 2 ** level[axis] + 1
            a, b = (low.narrow(axis, at, count) for at in (0, half))
            d, e = (high.narrow(axis, at, count) for at in (0, half))
            found[level] = torch.minimum(a, b), torch.maximum(d, e)
        return found

    def hull(self, boxes: Sequence[Interval]) -> tuple[Tensor, Tensor]:
        """Bounds (N,) by the coefficients that count."""
        first, last = [], []
        for axis, (box, (low, high)) in enumerate(zip(boxes, self.ends, strict=True)):
            begin = self.spans(axis, box.low.nan_to_num(low, inf, -inf).clamp(low, high))
            first.append(begin - self.degrees[axis])
            last.append(self.spans(axis, box.high.nan_to_num(high, inf, -inf).clamp(low, high)))
        level = torch.stack([torch.log2((b - a + 1).double()).floor().long() for a, b in zip(first, last, strict=True)])
        least_of, most_of = torch.full_like(boxes[0].low, inf), torch.full_like(boxes[0].low, -inf)
        for levels in level.T.unique(dim=0).tolist():
            here = (level == torch.tensor(levels)[:, None]).all(0)
            least, most = self._extremes[tuple(levels)]
            ends = [(a[here], b[here] - 2**n + 1) for a, b, n in zip(first, last, levels, strict=True)]
            for corner in itertools.product(*ends):
                least_of[here] = torch.minimum(least_of[here], least[corner])
                most_of[here] = torch.maximum(most_of[here], most[corner])
        for axis, (box, ends_of) in enumerate(zip(boxes, self.ends, strict=True)):
            if self.flat[axis]:  # zero beyond
                out = (box.low < ends_of[0]) | (box.high > ends_of[1])
                least_of = torch.where(out, least_of.clamp(max=0.0), least_of)
                most_of = torch.where(out, most_of.clamp(min=0.0), most_of)
        return least_of, most_of

    def on(self, boxes: Sequence[Interval]) -> Interval:
        """Bounds that come closer as boxes become small: by the middle and the slopes, where these are better."""
        low, high = self.hull(boxes)
        middle = [((b.low + b.high) / 2).nan_to_num(0.0, 0.0, 0.0) for b in boxes]
        finite = torch.stack([b.low.isfinite() & b.high.isfinite() for b in boxes]).all(0)
        away = torch.zeros_like(low)
        for axis, box in enumerate(boxes):
            slope = self.derived(axis)
            if slope is None:  # steps: there is no slope between them
                jumped()
                return Interval.outward(low, high)
            a, b = slope.hull(boxes)
            away = away + torch.maximum(a.abs(), b.abs()) * (box.high - box.low) / 2
        value = self.at(middle)
        better = finite & (away < (high - low) / 2)
        return Interval.outward(
            torch.where(better, torch.maximum(low, value - away), low),
            torch.where(better, torch.minimum(high, value + away), high),
        )


def tabulated(spline: Spline, *places: Any) -> Any:
    """A spline at places: tensors, intervals, jets, or what else acts for tensors."""
    jets = [x for x in places if isinstance(x, Jet)]
    if jets:
        return type(jets[0]).__torch_function__(tabulated, (), (spline, *places))
    if any(isinstance(x, Interval) for x in places):
        count = max((Interval.of(x).low.numel() for x in places), default=1)
        return spline.on([Interval.of(x).both(lambda bound: bound.expand(count)) for x in places])
    tensors = torch.broadcast_tensors(*(torch.as_tensor(x) for x in places))
    return spline.at([x.reshape(-1) for x in tensors]).view(tensors[0].shape)


def _of_jets(spline: Spline, *places: Any) -> Jet:
    """The spline as a field: D f(g) = sum over its coordinates of f_k(g) D g_k."""
    chart = chart_of(places)
    jets = [x if isinstance(x, Jet) else chart.numbers(float(x)) for x in places]

    def slope(axis: int) -> Jet:
        total: Any = None
        for k, g in enumerate(jets):
            part = spline.derived(k)
            if part is not None:
                term = _of_jets(part, *jets) * g.along(axis)
                total = term if total is None else total + term
        return chart.constant(torch.zeros(chart.size, dtype=chart.dtype)) if total is None else total

    def rule(alpha: Alpha) -> Tensor | None:
        if not any(alpha):
            found: Tensor = tabulated(spline, *(g.value for g in jets))
            return found
        axis = next(i for i, k in enumerate(alpha) if k)
        return slope(axis).partial(raised(alpha, axis, -1))

    return Jet(chart, rule, (chart.size,), frozenset().union(*(g.depends for g in jets)))


STRUCTURAL["tabulated"] = _of_jets
