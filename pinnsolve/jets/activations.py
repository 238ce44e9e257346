"""Activations whose derivatives are computed all at once, and differentiated backwards by hand.

It is the arithmetic of `pinnsolve.jets.arithmetic.elementary`, y' = s w' with Leibniz' rule, over a known set of
multi-indices. One node of the graph instead of some dozens: no sum stands apart from its products, forwards or
backwards, and what several derivatives share is computed once. A slope s is known by its own derivative,

    quadratic   s = q(y), p = dq/dy = b + c y:   D^a s = p D^a y + c/2 sum_{0 < k < a} C(a, k) D^k y D^(a-k) y
    wave        s' = -y w'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha, firsts, is_sum, raised, splits

Term = tuple[float, int, int]  # a number times one buffer times another
VALUE, SLOPE, BEND, WHOLE, FIRST = range(5)  # the buffers y, s, p and w; from FIRST on derivatives of w, then sums


@dataclass(frozen=True)
class Curve:
    """y = f(w) and its slope s.

    Parameters
    ----------
    value : callable
    slope : callable
        From w and y.
    bend : (b, c), optional
        p = b + c y of a quadratic slope; None for a wave.
    """

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    bend: tuple[float, float] | None = None


CURVES = {
    "tanh": Curve(torch.tanh, lambda w, y: torch.addcmul(y.new_ones(()), y, y, value=-1), (0.0, -2.0)),
    "sigmoid": Curve(torch.sigmoid, lambda w, y: torch.addcmul(y, y, y, value=-1), (1.0, -2.0)),
    "sin": Curve(torch.sin, lambda w, y: torch.cos(w)),
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """Which buffers are sums of which products, in an order that can be computed; and where each D^alpha y lies."""

    steps: tuple[tuple[Term, ...], ...]
    results: dict[Alpha, int]


@lru_cache(maxsize=256)
def program(name: str, wanted: tuple[Alpha, ...], present: tuple[Alpha, ...]) -> Program:
    """The derivatives `wanted` of y, from those of w that are not zero everywhere (`present`, but the value)."""
    zeroth = (0,) * len(wanted[0])
    w = {alpha: FIRST + k for k, alpha in enumerate(present)}
    y: dict[Alpha, int | None] = {zeroth: VALUE}
    s: dict[Alpha, int | None] = {zeroth: SLOPE}
    steps: list[tuple[Term, ...]] = []
    bend = CURVES[name].bend

    def add(terms: Sequence[tuple[float, int | None, int | None]]) -> int | None:
        full = tuple((c, a, b) for c, a, b in terms if a is not None and b is not None)
        if not full:
            return None
        steps.append(full)
        return FIRST + len(present) + len(steps) - 1

    def value(alpha: Alpha) -> int | None:
        if alpha not in y:
            y[alpha] = add(chained(slope, alpha, 1) if not is_sum(alpha) else summed(alpha))
        return y[alpha]

    def summed(alpha: Alpha) -> list[tuple[float, int | None, int | None]]:
        """Delta y = s Delta w + s' |grad w|^2, s' = p s or -y the slope of s."""
        squares = add([(1.0, w.get(first), w.get(first)) for first in firsts(alpha)])
        bent = VALUE if bend is None else add([(1.0, BEND, SLOPE)])
        return [(1.0, SLOPE, w.get(alpha)), (-1.0 if bend is None else 1.0, bent, squares)]

    def slope(alpha: Alpha) -> int | None:
        if alpha not in s and bend is None:
            s[alpha] = add(chained(value, alpha, -1))
        elif alpha not in s and bend is not None:
            inner = [(0.5 * bend[1] * count, b, c) for count, b, c in splits(alpha) if any(b) and any(c)]
            pairs = [(k if b == c else 2 * k, value(b), value(c)) for k, b, c in inner if b <= c]
            s[alpha] = add([(1.0, BEND, value(alpha)), *pairs])
        return s[alpha]

    def chained(
        of: Callable[[Alpha], int | None], alpha: Alpha, sign: int
    ) -> list[tuple[float, int | None, int | None]]:
        axis = next(i for i, k in enumerate(alpha) if k)
        pairs = [(sign * count, b, w.get(raised(c, axis))) for count, b, c in splits(raised(alpha, axis, -1))]
        return [(float(count), of(b), part) for count, b, part in pairs if part is not None]

    results = {alpha: value(alpha) for alpha in sorted(wanted, key=sum)}
    return Program(tuple(steps), {alpha: at for alpha, at in results.items() if at is not None})


class Fused(torch.autograd.Function):
    """From w and those of its derivatives that are not zero everywhere to y and its derivatives."""

    @staticmethod
    def forward(ctx: Any, name: str, plan: Program, w: Tensor, *parts: Tensor) -> tuple[Tensor, ...]:
        curve = CURVES[name]
        y = curve.value(w)
        buffers: list[Any] = [y, curve.slope(w, y), None if curve.bend is None else line(y, *curve.bend), None, *parts]
        for terms in plan.steps:
            total: Tensor | None = None
            for count, a, b in terms:
                total = added(total, buffers[a], buffers[b], count)
            buffers.append(total)
        ctx.save_for_backward(*buffers)
        ctx.bend, ctx.plan, ctx.count = curve.bend, plan, len(parts)
        ctx.set_materialize_grads(False)
        return tuple(buffers[k] for k in plan.results.values())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *slopes: Tensor | None) -> tuple[Tensor | None, ...]:
        buffers, sums = ctx.saved_tensors, Sums(ctx.plan.results.values(), slopes)
        for step in reversed(range(len(ctx.plan.steps))):
            g = sums.of.pop(FIRST + ctx.count + step, None)
            for count, a, b in ctx.plan.steps[step] if g is not None else ():
                sums.add(a, g, buffers[b], count)
                sums.add(b, g, buffers[a], count)
        if ctx.bend is not None:
            sums.add(VALUE, sums.of.get(SLOPE), buffers[BEND], 1)
            sums.add(VALUE, sums.of.get(BEND), buffers[VALUE].new_full((), ctx.bend[1]), 1)
        else:
            sums.add(WHOLE, sums.of.get(SLOPE), buffers[VALUE], -1)
        sums.add(WHOLE, sums.of.get(VALUE), buffers[SLOPE], 1)
        return (None, None, *(sums.of.get(WHOLE + k) for k in range(1 + ctx.count)))


class Sums:
    """Gradients by buffer: added up in place, but never in what came from outside."""

    def __init__(self, buffers: Iterable[int], slopes: Iterable[Tensor | None]) -> None:
        self.of = {k: g for k, g in zip(buffers, slopes, strict=True) if g is not None}
        self.foreign = set(self.of)

    def add(self, buffer: int, a: Tensor | None, b: Tensor, count: float) -> None:
        if a is None:
            return
        total = self.of.get(buffer)
        if buffer in self.foreign and total is not None:
            self.foreign.remove(buffer)
            self.of[buffer] = torch.addcmul(total, a, b, value=count)
        else:
            self.of[buffer] = added(total, a, b, count)


def line(y: Tensor, b: float, c: float) -> Tensor:
    return y * c if b == 0 else (y * c).add_(b)


def added(total: Tensor | None, a: Tensor, b: Tensor, count: float) -> Tensor:
    """total + count a b, in place."""
    if total is not None:
        return total.addcmul_(a, b, value=count)
    return a * b if count == 1 else (a * b).mul_(count)


def fused(name: str, w: Jet, plan: Callable[[], tuple[Alpha, ...]], lazy: Jet) -> Jet:
    """An activation of a network's columns: planned derivatives at the first call, others as `lazy` has them."""
    found: dict[Alpha, Tensor] = {}

    def rule(alpha: Alpha) -> Tensor | None:
        wanted = plan()
        if alpha not in wanted:
            return lazy.partial(alpha)
        if not found:
            parts = {a: p for a in wanted if any(a) and (p := w.partial(a)) is not None}
            steps = program(name, wanted, tuple(parts))
            parts_of_y = Fused.apply(name, steps, w.value, *parts.values())  # type: ignore[no-untyped-call]
            found.update(zip(steps.results, parts_of_y, strict=True))
        return found.get(alpha)

    return Jet(w.chart, rule, tuple(w.shape), w.depends, sums=True)
