"""Enclosures: how torch's functions act on intervals, by the name of the function.

An `Interval` stands where a jet's tensors stand. So the jets' own rules (`pinnsolve.jets.rules`) enclose derivatives
too. A comparison that is not decided on a box is an interval from false to true, and `where` then takes the hull of
both sides.

Source: Moore, Kearfott & Cloud, Introduction to Interval Analysis (SIAM 2009), chapters 5 and 6.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.branches import Branches
from pinnsolve.jets.intervals import JUMPS, OUTWARD, RULES, Interval, UnenclosedError, add, hull, mul, reciprocal


def enclosing(low: Tensor, high: Tensor) -> Interval:
    """All numbers between two bounds (N,): a coordinate on boxes."""
    return Interval(low, high)


def _magnitude(a: Interval) -> Interval:
    """|a|."""
    one, other = a.low.abs(), a.high.abs()
    inside = (a.low <= 0) & (a.high >= 0)
    return Interval(torch.where(inside, 0.0, torch.minimum(one, other)), torch.maximum(one, other))


def power(a: Any, b: Any) -> Interval:
    """a ** b for a number b; a base without a root counts from zero up."""
    if isinstance(b, Interval | Tensor) or not isinstance(a, Interval):
        raise UnenclosedError("pow")
    if b < 0:
        return reciprocal(power(a, -b))
    whole = float(b).is_integer()
    base = a if whole and b % 2 else _magnitude(a) if whole else a.both(lambda bound: bound.clamp(min=0.0))
    return Interval.outward(torch.pow(base.low, b), torch.pow(base.high, b))


# ------------------------------------------------------------ functions of one field


def _rising(func: Callable[[Tensor], Tensor], least: float = -inf, most: float = inf) -> Callable[[Interval], Interval]:
    """A function that rises on (least, most), where it is defined."""
    return lambda a: Interval.outward(func(a.low.clamp(least, most)), func(a.high.clamp(least, most)))


def _falling(
    func: Callable[[Tensor], Tensor], least: float = -inf, most: float = inf
) -> Callable[[Interval], Interval]:
    return lambda a: Interval.outward(func(a.high.clamp(least, most)), func(a.low.clamp(least, most)))


def _wave(func: Callable[[Tensor], Tensor], crest: float) -> Callable[[Interval], Interval]:
    """A sine that has its crest in some place, and its trough half a period on."""

    def holds(a: Interval, place: float) -> Tensor:
        """Whether such a place lies within; a half-open count, with room for the rounding of large arguments."""
        room = OUTWARD * (1 + torch.maximum(a.low.abs(), a.high.abs()))
        last = torch.floor((a.high + room - place) / (2 * pi)) * (2 * pi) + place
        return ~(last < a.low - room)  # infinite ones hold everything

    def rule(a: Interval) -> Interval:
        one, other = func(a.low), func(a.high)
        low = torch.where(holds(a, crest + pi), -1.0, torch.minimum(one, other))
        high = torch.where(holds(a, crest), 1.0, torch.maximum(one, other))
        return Interval.outward(low, high)

    return rule


def _tangent(a: Interval) -> Interval:
    pole = torch.floor(a.low / pi + 0.5) != torch.floor(a.high / pi + 0.5)
    return Interval.outward(torch.where(pole, -inf, torch.tan(a.low)), torch.where(pole, inf, torch.tan(a.high)))


def _gentle(func: Callable[[Tensor], Tensor], slope: float, low: float, high: float) -> Callable[[Interval], Interval]:
    """A function whose slope and values have bounds."""

    def rule(a: Interval) -> Interval:
        middle, half = func((a.low + a.high) / 2), slope * (a.high - a.low) / 2
        return Interval.outward((middle - half).clamp(low, high), (middle + half).clamp(low, high))

    return rule


# ------------------------------------------------------------ functions of several


def where(condition: Any, a: Any, b: Any) -> Interval:
    """The hull of all sides that are possible; one of them where it is said which (`pinnsolve.jets.branches`)."""
    condition, a, b = Interval.of(condition), Interval.of(a), Interval.of(b)
    branches = Branches.current
    if branches is not None and condition.told is not None and bool((condition.high & ~condition.low).any()):
        branches.asked[condition.told] = None
        if condition.told in branches.answers:
            certain = condition.high if branches.answers[condition.told] else condition.low
            return Interval(torch.where(certain, a.low, b.low), torch.where(certain, a.high, b.high))
    low = torch.where(condition.low, a.low, torch.where(condition.high, torch.minimum(a.low, b.low), b.low))
    high = torch.where(condition.low, a.high, torch.where(condition.high, torch.maximum(a.high, b.high), b.high))
    return Interval(low, high)


def _less(strictly: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Any, Any], Interval]:
    """A comparison: from whether it is certain to whether it is possible."""

    def rule(a: Any, b: Any) -> Interval:
        a, b = Interval.of(a), Interval.of(b)
        return Interval(strictly(a.high, b.low), strictly(a.low, b.high))

    return rule


def _equal(a: Any, b: Any) -> Interval:
    a, b = Interval.of(a), Interval.of(b)
    certain = (a.low == b.high) & (a.high == b.low)
    return Interval(certain, (a.low <= b.high) & (b.low <= a.high))


def _bound_by_bound(func: Callable[..., Tensor]) -> Callable[..., Interval]:
    """A function of truth values or bounds that rises with each of them."""

    def rule(*given: Any) -> Interval:
        intervals = [Interval.of(g) for g in given]
        return Interval(func(*(g.low for g in intervals)), func(*(g.high for g in intervals)))

    return rule


def _opposite(a: Interval) -> Interval:
    return Interval(~a.high, ~a.low)


def angle(a: Any, b: Any) -> Interval:
    """atan2: at corners of the box, unless it touches the half-line on which it jumps."""
    a, b = Interval.of(a), Interval.of(b)
    found = hull([torch.atan2(y, x) for y in (a.low, a.high) for x in (b.low, b.high)])
    jumps = (a.low <= 0) & (a.high >= 0) & (b.low <= 0)
    return Interval(torch.where(jumps, -pi, found.low), torch.where(jumps, pi, found.high))


def _divided(a: Any, b: Any) -> Interval:
    return mul(a, reciprocal(b)) if isinstance(b, Interval) else mul(a, 1 / b)


def _floor_divided(a: Any, b: Any) -> Interval:
    return _divided(a, b).both(torch.floor)


_less_than, _at_most = _less(torch.lt), _less(torch.le)
_special = torch.special
RULES |= {
    "add": add, "radd": add, "mul": mul, "rmul": mul, "multiply": mul, "neg": lambda a: -a,
    "sub": lambda a, b: add(a, -Interval.of(b)), "rsub": lambda a, b: add(b, -Interval.of(a)),
    "div": _divided, "truediv": _divided, "rdiv": lambda a, b: _divided(b, a), "rtruediv": lambda a, b: _divided(b, a),
    "floor_divide": _floor_divided, "reciprocal": reciprocal, "pow": power, "square": lambda a: power(a, 2),
    "exp": _rising(torch.exp), "exp2": _rising(torch.exp2), "expm1": _rising(torch.expm1),
    "log": _rising(torch.log, 0.0), "log2": _rising(torch.log2, 0.0), "log10": _rising(torch.log10, 0.0),
    "log1p": _rising(torch.log1p, -1.0), "sqrt": _rising(torch.sqrt, 0.0), "rsqrt": _falling(torch.rsqrt, 0.0),
    "sin": _wave(torch.sin, pi / 2), "cos": _wave(torch.cos, 0.0), "tan": _tangent,
    "asin": _rising(torch.asin, -1.0, 1.0), "acos": _falling(torch.acos, -1.0, 1.0), "atan": _rising(torch.atan),
    "sinh": _rising(torch.sinh), "cosh": lambda a: _rising(torch.cosh)(_magnitude(a)), "tanh": _rising(torch.tanh),
    "asinh": _rising(torch.asinh), "acosh": _rising(torch.acosh, 1.0), "atanh": _rising(torch.atanh, -1.0, 1.0),
    "sigmoid": _rising(torch.sigmoid), "logsigmoid": _rising(torch.nn.functional.logsigmoid),
    "log_sigmoid": _rising(torch.nn.functional.logsigmoid),
    "softplus": lambda a, *how: a.both(lambda bound: torch.nn.functional.softplus(bound, *how)),
    "erf": _rising(torch.erf), "erfc": _falling(torch.erfc), "special_erf": _rising(torch.erf),
    "special_erfc": _falling(torch.erfc), "special_expit": _rising(torch.sigmoid),
    "special_bessel_j0": _gentle(_special.bessel_j0, 0.582, -0.403, 1.0),
    "special_bessel_j1": _gentle(_special.bessel_j1, 0.5, -0.582, 0.582),
    "abs": _magnitude, "absolute": _magnitude, "relu": _rising(torch.relu),
    "sign": _bound_by_bound(torch.sign), "sgn": _bound_by_bound(torch.sign), "floor": _bound_by_bound(torch.floor),
    "ceil": _bound_by_bound(torch.ceil), "round": _bound_by_bound(torch.round), "trunc": _bound_by_bound(torch.trunc),
    "heaviside": _bound_by_bound(torch.heaviside), "where": where, "atan2": angle, "arctan2": angle,
    "lt": _less_than, "less": _less_than, "le": _at_most, "less_equal": _at_most,
    "gt": lambda a, b: _less_than(b, a), "greater": lambda a, b: _less_than(b, a),
    "ge": lambda a, b: _at_most(b, a), "greater_equal": lambda a, b: _at_most(b, a), "eq": _equal,
    "ne": lambda a, b: _opposite(_equal(a, b)), "not_equal": lambda a, b: _opposite(_equal(a, b)),
    "logical_and": _bound_by_bound(torch.logical_and), "logical_or": _bound_by_bound(torch.logical_or),
    "logical_not": _opposite, "or": _bound_by_bound(torch.logical_or), "and": _bound_by_bound(torch.logical_and),
    "invert": _opposite, "isnan": lambda a: a.both(lambda bound: torch.zeros_like(bound, dtype=torch.bool)),
}  # fmt: skip
JUMPS |= {
    "floor_divide", "sign", "sgn", "floor", "ceil", "round", "trunc", "heaviside", "where", "atan2", "arctan2",
    "lt", "less", "le", "less_equal", "gt", "greater", "ge", "greater_equal", "eq", "ne", "not_equal",
}  # fmt: skip
