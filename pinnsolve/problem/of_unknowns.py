"""A series of a field: k(u) = sum_k c_k P_k(s(u)), with all derivatives by the chain rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.arithmetic import chart_of
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha, raised
from pinnsolve.jets.rules import STRUCTURAL

Curve = Callable[[Tensor, int], Tensor]  # at places (N,) within (-1, 1), and how often derived: (N,)


def tangent_beyond(curve: Curve) -> Curve:
    """The same, which goes on beyond (-1, 1) with the value and the slope that it has there: polynomials would grow
    without bound where nothing is known of them."""

    def whole(s: Tensor, order: int) -> Tensor:
        inner = s.clamp(-1.0, 1.0)
        values = curve(inner, order)
        beyond = s.detach().abs() > 1.0
        if order == 1 or not bool(beyond.any()):
            return values
        return values * ~beyond if order else values + curve(inner, 1) * (s - inner)

    return whole


def composed(curve: Curve, s: Any) -> Any:
    """A curve of a field: a tensor, a jet, or what else acts for tensors."""
    if isinstance(s, Jet):
        return type(s).__torch_function__(composed, (), (curve, s))
    return curve(torch.as_tensor(s), 0)


def _of_jet(curve: Curve, s: Jet, order: int = 0) -> Jet:
    """The field f(s), or a derivative of it by s: D f(s) = f'(s) D s."""
    chart, slopes = chart_of((s,)), dict[int, Jet]()

    def rule(alpha: Alpha) -> Tensor | None:
        if not any(alpha):
            return curve(s.value, order)
        axis = next(i for i, k in enumerate(alpha) if k)
        if axis not in slopes:
            slopes[axis] = _of_jet(curve, s, order + 1) * s.along(axis)
        return slopes[axis].partial(raised(alpha, axis, -1))

    return Jet(chart, rule, (chart.size,), s.depends)


STRUCTURAL["composed"] = _of_jet
