"""Arithmetic of jets: sums, products, powers, and the choice between two fields."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.jets.beside import Beside
from pinnsolve.jets.jet import Chart, Jet, on_jets
from pinnsolve.jets.multi_index import Alpha, firsts, is_sum, leibniz, raised
from pinnsolve.jets.shapes import fits

SEVERAL = (list, tuple)  # of fields: what torch.stack and torch.cat take


def chart_of(operands: Sequence[Any]) -> Chart:
    """The one chart that all jets among the operands share."""
    chart: Chart | None = None
    one = True
    for a in operands:
        for b in a if isinstance(a, SEVERAL) else (a,):
            if isinstance(b, Jet):
                one = one and (chart is None or b.chart is chart)
                chart = b.chart
    if chart is None or not one:
        raise ProblemError(
            "fields over different sets of points were combined", "Use the arguments of one function only."
        )
    return chart


def brought(operands: Sequence[Any]) -> list[Any]:
    """The same, fields of where an equation stands among those of an integral around it as they are for each point."""
    charts = {id(a.chart): a.chart for a in operands if isinstance(a, Jet)}
    if len(charts) < 2:
        return list(operands)
    inner = next((c for c in charts.values() if c.beside is not None and id(c.beside.chart) in charts), None)
    if inner is None or inner.beside is None:
        return list(operands)
    beside = inner.beside
    return [_around(a, inner, beside) if isinstance(a, Jet) and a.chart is beside.chart else a for a in operands]


def _around(jet: Jet, inner: Chart, beside: Beside) -> Jet:
    """A field of where an equation stands at the points of an integral around it."""
    beside.met = True
    fixed = [k for k, c in enumerate(inner.names) if c in beside.over]

    def rule(alpha: Alpha) -> Tensor | None:
        if any(alpha[k] for k in fixed):
            return None
        part = jet.partial(alpha if beside.offset is None else beside.offset)
        return None if part is None else part[beside.owner]

    made = Jet(inner, rule, (inner.size, *jet.shape[1:]), jet.depends - beside.over)
    made.boolean = jet.boolean
    return made


def operand(chart: Chart, tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """A plain tensor about to meet a jet of some shape: if training moves it, the tape hands out one copy a point."""
    if tensor.is_floating_point() and tensor.dtype.itemsize < chart.dtype.itemsize:
        chart.coarse = True
    if chart.tape is not None and tensor.requires_grad:
        return chart.tape.copy(tensor, shape)
    return tensor


def same_rank(a: Jet, b: Jet | Tensor, what: str) -> tuple[int, ...]:
    """The shape of a combination, refusing what would broadcast silently."""
    if a.shape == b.shape:
        return a.shape
    columns = zip(a.shape[1:], b.shape[1:], strict=False)
    beside = a.ndim == b.ndim and a.shape[0] == b.shape[0] and all(m == n or 1 in (m, n) for m, n in columns)
    if not (fits(b, a.shape) if isinstance(b, Tensor) else beside):
        raise ProblemError(
            f"a field of shape {tuple(a.shape)} was combined ({what}) with one of shape {tuple(b.shape)}",
            "Fields are (N,), one number a point; such a combination would broadcast silently.",
        )
    other = a.shape if isinstance(b, Tensor) else b.shape  # a tensor that fits is never larger
    return tuple(n if m == 1 else m for m, n in zip(a.shape, other, strict=True))


def elementary(func: Callable[[Tensor], Tensor], derivative: Callable[[Jet, Jet], Any], w: Jet) -> Jet:
    """f(w), from f and its derivative."""

    slopes: list[Jet] = []

    def slope() -> Jet:
        if not slopes:
            again = Jet(w.chart, lambda alpha: itself().partial(alpha), tuple(w.shape), w.depends, sums=True)  # type: ignore[union-attr]
            s = derivative(w, again)
            slopes.append(s if isinstance(s, Jet) else w.chart.constant(s))
        return slopes[0]

    def rule(alpha: Alpha) -> Tensor | None:
        if not any(alpha):
            return func(w.value)
        if is_sum(alpha):
            return _laplacian(slope(), w, alpha)
        axis = next(i for i, k in enumerate(alpha) if k)
        return leibniz(slope().partial, w.along(axis).partial, raised(alpha, axis, -1))

    y = Jet(w.chart, rule, tuple(w.shape), w.depends, sums=True)
    itself = weakref.ref(y)  # its slope may hold y: a cycle would keep all tensors until Python looks for cycles
    return y


def _laplacian(slope: Jet, w: Jet, alpha: Alpha) -> Tensor | None:
    """Of f(w), f' Delta w + sum_i (D_i f') D_i w, where f' is the slope."""
    zeroth = (0,) * len(alpha)
    pairs = [(zeroth, alpha), *((first, first) for first in firsts(alpha))]
    total: Tensor | None = None
    for left, right in pairs:
        b = w.partial(right)
        a = slope.partial(left) if b is not None else None
        if a is not None and b is not None:
            total = a * b if total is None else total + a * b
    return total


def flat(func: Callable[..., Tensor], args: Sequence[Any], kwargs: dict[str, Any]) -> Jet:
    """A piecewise constant function of one or several fields: zero slope wherever it has one."""
    chart, first = chart_of(args), next(a for a in args if isinstance(a, Jet))
    for other in args:
        if other is not first and isinstance(other, Jet | Tensor):
            same_rank(first, other, getattr(func, "__name__", "function"))
    jets = [a for a in args if isinstance(a, Jet)]

    def plain(a: Any) -> Any:
        if isinstance(a, Tensor) and a.is_floating_point():
            return a.to(chart.device, chart.dtype)
        return a.value.detach() if isinstance(a, Jet) else a  # detached: torch has no derivative of some of them

    values = func(*map(plain, args), **kwargs)
    return chart.constant(values, frozenset().union(*(j.depends for j in jets)))


def ordered(a: Any, b: Any) -> tuple[Jet, Any, bool]:
    """The pair with a jet first, and whether it had to be swapped."""
    return (a, b, False) if isinstance(a, Jet) else (b, a, True)


def add(a: Any, b: Any, *, alpha: float = 1) -> Jet:
    if alpha != 1:
        b = mul(b, alpha) if isinstance(b, Jet) else b * alpha
    a, b, _ = ordered(a, b)
    if isinstance(b, Jet):
        return _both(a, b, "+", torch.add, lambda right: right)
    if isinstance(b, Tensor):
        same_rank(a, b, "+")
        b = operand(a.chart, b, a.shape)
    return Jet(a.chart, lambda k: a.partial(k) if any(k) else a.value + b, tuple(a.shape), a.depends, sums=True)


def _both(
    a: Jet, b: Jet, what: str, joined: Callable[[Tensor, Tensor], Tensor], alone: Callable[[Tensor], Tensor]
) -> Jet:  # fmt: skip
    """A sum or a difference of two fields, from that of their derivatives, and from the second's where it is alone."""
    shape = same_rank(a, b, what)

    def rule(k: Alpha) -> Tensor | None:
        left, right = a.partial(k), b.partial(k)
        if left is not None and right is not None:
            return joined(left, right)
        one = left if right is None else alone(right)
        return one if one is None or tuple(one.shape) == shape else one.expand(shape)

    return Jet(a.chart, rule, shape, a.depends | b.depends, sums=True)


def mul(a: Any, b: Any) -> Jet:
    a, b, _ = ordered(a, b)
    if isinstance(b, Jet):
        if a is b:
            return elementary(torch.square, lambda w, _: mul(w, 2.0), a)
        shape = same_rank(a, b, "*")
        return Jet(a.chart, lambda k: leibniz(a.partial, b.partial, k), shape, a.depends | b.depends, sums=True)
    if isinstance(b, Tensor):
        same_rank(a, b, "*")
        b = operand(a.chart, b, a.shape)
    return a.map(lambda part: part * b, tuple(a.shape))


def neg(a: Jet) -> Jet:
    return a.map(torch.neg, tuple(a.shape))


def sub(a: Any, b: Any, *, alpha: float = 1) -> Jet:
    if alpha == 1 and isinstance(a, Jet) and isinstance(b, Jet):
        return _both(a, b, "-", torch.sub, torch.neg)
    return add(a, mul(b, -alpha) if isinstance(b, Jet) else b * -alpha)


def div(a: Any, b: Any, *, rounding_mode: str | None = None) -> Jet:
    if rounding_mode is not None:
        return flat(torch.div, (a, b), {"rounding_mode": rounding_mode})
    if isinstance(b, Jet):
        inverse = elementary(torch.reciprocal, lambda _, y: neg(mul(y, y)), b)
        return inverse if isinstance(a, int | float) and a == 1 else mul(a, inverse)
    return mul(a, 1 / (b.to(a.dtype) if isinstance(b, Tensor) else b))


def power(a: Any, b: Any) -> Jet:
    """a ** b; a number b stays exact at a = 0, and takes a negative a."""
    if isinstance(b, Tensor) and b.numel() == 1 and b.ndim <= 1 and not b.requires_grad:
        b = float(b)
    if isinstance(b, Jet | Tensor):
        base = a if isinstance(a, Jet) else torch.as_tensor(a, dtype=b.dtype)
        return on_jets.exp(mul(b, on_jets.log(base)))
    if b == 0:
        return add(mul(a, 0.0), 1.0)
    if b == 1:
        return mul(a, 1.0)
    return elementary(lambda w: torch.pow(w, b), lambda w, _: mul(power(w, b - 1), b), a)


def spread(chart: Chart, value: Any, shape: Sequence[int]) -> Any:
    """A number or a plain tensor as a field of some shape, if that is what it would be beside one."""
    tensor = value if isinstance(value, Tensor) else torch.tensor(value, dtype=chart.dtype)
    tensor = tensor.to(chart.device)
    return chart.constant(operand(chart, tensor, shape).expand(shape) if fits(tensor, shape) else tensor)


def atan2(a: Any, b: Any) -> Jet:
    chart, shape = chart_of((a, b)), ordered(a, b)[0].shape
    a, b = (v if isinstance(v, Jet) else spread(chart, v, shape) for v in (a, b))
    square = a * a + b * b

    def rule(alpha: Alpha) -> Tensor | None:
        if not any(alpha):
            return torch.atan2(a.value, b.value)
        axis = next(i for i, k in enumerate(alpha) if k)
        return ((b * a.along(axis) - a * b.along(axis)) / square).partial(raised(alpha, axis, -1))

    return Jet(a.chart, rule, same_rank(a, b, "atan2"), a.depends | b.depends)


def where(condition: Any, a: Any, b: Any) -> Jet:
    """Choose point by point; the derivatives are those of the side that is chosen."""
    chart = chart_of((condition, a, b))
    if isinstance(condition, Jet):
        condition = condition.value
    if condition.dtype != torch.bool:
        raise ProblemError("the condition of torch.where is a field", "Compare it: torch.where(x < 0.5, a, b).")
    shape = tuple(condition.shape)
    jets = [s if isinstance(s, Jet) else spread(chart, s, shape) for s in (a, b)]

    def rule(alpha: Alpha) -> Tensor | None:
        parts = [j.partial(alpha) for j in jets]
        if parts[0] is None and parts[1] is None:
            return None
        zero = torch.zeros((), dtype=chart.dtype, device=chart.device)
        left, right = (zero if p is None else p for p in parts)
        return torch.where(condition, left, right)

    if any(tuple(j.shape) != shape for j in jets):
        raise ProblemError(
            f"torch.where got shapes {tuple(condition.shape)}, {tuple(jets[0].shape)} and {tuple(jets[1].shape)}",
            "Fields are (N,), one number a point; condition and both sides must agree.",
        )
    return Jet(chart, rule, shape, jets[0].depends | jets[1].depends)


def maximum(a: Any, b: Any) -> Jet:
    a, b, _ = ordered(a, b)
    return where((a > b) | on_jets.isnan(a), a, b)  # what is not a number stays so


def minimum(a: Any, b: Any) -> Jet:
    a, b, _ = ordered(a, b)
    return where((a < b) | on_jets.isnan(a), a, b)


def clamp(a: Jet, min: Any = None, max: Any = None) -> Jet:
    low = a if min is None else maximum(a, min)
    return low if max is None else minimum(low, max)
