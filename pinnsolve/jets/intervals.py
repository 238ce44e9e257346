"""Intervals that stand where a jet's tensors stand: for each of many boxes one that holds every value on it.

How torch's functions act on them stands in `pinnsolve.jets.enclosures`.

Source: Moore, Kearfott & Cloud, Introduction to Interval Analysis (SIAM 2009), chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.branches import jumped, told

# Of a bound, outwards, after each operation: sixteen roundings, more than any function loses. Larger: boxes must be
# smaller to be decided. Smaller: a bound may be wrong by its last digit.
OUTWARD = 16 * 2.0**-53
RULES: dict[str, Callable[..., Any]] = {}  # `pinnsolve.jets.enclosures` enters how functions act, by their names
JUMPS: set[str] = set()  # and which of them jump


class UnenclosedError(Exception):
    """A function without an enclosure: its values have to be looked at point by point."""


class Interval:
    """For each of N boxes an interval that holds all values; `low` and `high` are (N,).

    Bounds that are not finite stand for unbounded values; what is no number may be anything. `told` is what it was
    computed from, where that matters (`pinnsolve.jets.branches`).
    """

    told: int | None = None

    def __init__(self, low: Tensor, high: Tensor) -> None:
        self.low, self.high = low, high

    @classmethod
    def outward(cls, low: Tensor, high: Tensor) -> Interval:
        """The interval between two bounds that were rounded."""
        less, more = 1 - OUTWARD, 1 + OUTWARD
        low, high = torch.minimum(low * less, low * more), torch.maximum(high * less, high * more)
        return cls(low.nan_to_num_(-inf, inf, -inf), high.nan_to_num_(inf, inf, -inf))

    @classmethod
    def of(cls, value: Any) -> Interval:
        """A number or a tensor as an interval of one value."""
        if isinstance(value, Interval):
            return value
        tensor = value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)
        return cls(tensor, tensor)

    def both(self, change: Callable[[Tensor], Tensor]) -> Interval:
        """The same change of both bounds: another type, another shape."""
        return Interval(change(self.low), change(self.high))

    # ------------------------------------------------------------ what a jet asks of a tensor

    @property
    def shape(self) -> torch.Size:
        return self.low.shape if self.low.ndim >= self.high.ndim else self.high.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> torch.dtype:
        return self.low.dtype

    requires_grad = False

    def detach(self) -> Interval:
        return self

    def to(self, *where: Any) -> Interval:
        return self.both(lambda bound: bound.to(*where)).named(self.told)

    def expand(self, *shape: Any) -> Interval:
        return self.both(lambda bound: bound.expand(*shape)).named(self.told)

    def named(self, told: int | None) -> Interval:
        """The same, with what it was computed from."""
        self.told = told
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnenclosedError(name)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", str(func)).strip("_")
        rule = RULES.get(name)
        if rule is None or kwargs:
            raise UnenclosedError(name)
        if name in JUMPS:
            jumped()
        try:
            made = rule(*args)
            return made.named(told(name, *args)) if isinstance(made, Interval) else made
        except TypeError:  # called in another way than the rule knows
            raise UnenclosedError(name) from None

    def __add__(self, other: Any) -> Interval:
        return add(self, other).named(told("add", self, other))

    def __sub__(self, other: Any) -> Interval:
        return add(self, -Interval.of(other)).named(told("sub", self, other))

    def __rsub__(self, other: Any) -> Interval:
        return add(-self, other).named(told("sub", other, self))

    def __mul__(self, other: Any) -> Interval:
        return mul(self, other).named(told("mul", self, other))

    def __truediv__(self, other: Any) -> Interval:
        return mul(self, reciprocal(Interval.of(other))).named(told("div", self, other))

    def __rtruediv__(self, other: Any) -> Interval:
        return mul(reciprocal(self), other).named(told("div", other, self))

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low).named(told("neg", self))

    def __or__(self, other: Any) -> Interval:
        other = Interval.of(other)
        return Interval(self.low | other.low, self.high | other.high).named(told("or", self, other))

    __radd__ = __add__
    __rmul__ = __mul__


def hull(bounds: Sequence[Tensor]) -> Interval:
    """The smallest interval around bounds that were rounded."""
    low = high = bounds[0]
    for bound in bounds[1:]:
        low, high = torch.minimum(low, bound), torch.maximum(high, bound)
    return Interval.outward(low, high)


# ------------------------------------------------------------ arithmetic


def add(a: Any, b: Any) -> Interval:
    a, b = Interval.of(a), Interval.of(b)
    return Interval.outward(a.low + b.low, a.high + b.high)


def mul(a: Any, b: Any) -> Interval:
    """a b; zero times a bound without end is zero (IEEE 1788): no value is infinite, all are below such a bound."""
    if not isinstance(a, Interval):
        a, b = b, a
    factors = (b.low, b.high) if isinstance(b, Interval) else (b,)
    return hull([(bound * f).nan_to_num_(0.0, inf, -inf) for bound in (a.low, a.high) for f in factors])


def reciprocal(a: Interval) -> Interval:
    """1 / a; with zero inside anything is possible, with zero at an end everything on one side."""
    low = torch.where(a.high == 0, -inf, 1 / a.high)
    high = torch.where(a.low == 0, inf, 1 / a.low)
    inside = (a.low < 0) & (a.high > 0)
    return Interval.outward(torch.where(inside, -inf, low), torch.where(inside, inf, high))
