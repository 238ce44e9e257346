"""A series of fields, k(u) or k(u, v, x): sum_k c_k P_k(s), with all derivatives by the chain rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.arithmetic import chart_of
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha, raised
from pinnsolve.jets.rules import STRUCTURAL

# At places within (-1, 1), (N,) along each argument, and how often derived by each: (N,)
Curve = Callable[[Sequence[Tensor], Alpha], Tensor]


def tangent_beyond(curve: Curve) -> Curve:
    """The same, which goes on beyond (-1, 1) with the value and the slopes that it has there: polynomials would grow
    without bound where nothing is known of them."""

    def whole(s: Sequence[Tensor], orders: Alpha) -> Tensor:
        inner = [place.clamp(-1.0, 1.0) for place in s]
        values = curve(inner, orders)
        beyond = [place.detach().abs() > 1.0 for place in s]
        if not any(bool(b.any()) for b in beyond):
            return values
        straight = sum(k * b for k, b in zip(orders, beyond, strict=True))  # how often derived where it is straight
        found = values * (straight < 2)
        for axis, (place, end, b) in enumerate(zip(s, inner, beyond, strict=True)):
            if bool(b.any()):
                found = found + curve(inner, raised(orders, axis)) * (place - end) * (straight == 0)
        return found

    return whole


def composed(curve: Curve, *fields: Any) -> Any:
    """A curve of fields: tensors, jets, or what else acts for tensors."""
    for field in fields:
        if isinstance(field, Jet):
            return type(field).__torch_function__(composed, (), (curve, *fields))
    return curve([torch.as_tensor(f) for f in fields], (0,) * len(fields))


def _of_jets(curve: Curve, *fields: Any, orders: Alpha = ()) -> Jet:
    """The field f(s_1, s_2, ...), or a derivative of it by these: D f = sum_i f_i D s_i."""
    chart, slopes = chart_of(fields), dict[int, Jet]()
    each = [f if isinstance(f, Jet) else chart.numbers(float(f)) for f in fields]
    orders = orders or (0,) * len(each)

    def rule(alpha: Alpha) -> Tensor | None:
        if not any(alpha):
            return curve([f.value for f in each], orders)
        axis = next(i for i, k in enumerate(alpha) if k)
        if axis not in slopes:
            one, *more = (_of_jets(curve, *each, orders=raised(orders, k)) * f.along(axis) for k, f in enumerate(each))
            slopes[axis] = sum(more, one)
        return slopes[axis].partial(raised(alpha, axis, -1))

    return Jet(chart, rule, (chart.size,), frozenset().union(*(f.depends for f in each)))


STRUCTURAL["composed"] = _of_jets
