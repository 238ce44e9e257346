"""What networks are made of, over jets: linear layers, columns, and activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import pi, sqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pinnsolve.errors import ProblemError
from pinnsolve.jets.arithmetic import chart_of, elementary, where
from pinnsolve.jets.jet import Chart, Jet, on_jets
from pinnsolve.jets.multi_index import Alpha, is_sum
from pinnsolve.jets.shapes import nothing


def linear(h: Jet, weight: Tensor, bias: Tensor | None = None) -> Jet:
    """W h + b, column by column: the weight acts on every derivative, the bias on the value alone."""
    if isinstance(weight, Jet):
        raise ProblemError("a field was used as the weight of a linear layer", "Weights are parameters.")
    tape = h.chart.tape
    record = tape.linear(weight, bias) if tape is not None else None

    def rule(alpha: Alpha) -> Tensor | None:
        h.chart.asked.add(alpha)
        part = h.partial(alpha)
        if part is None:
            return None if any(alpha) or bias is None else bias.expand(h.chart.size, -1)
        image = functional.linear(part, weight, None if any(alpha) else bias)
        if record is not None:
            record(alpha, part, image)
        return image

    return Jet(h.chart, rule, (h.chart.size, weight.shape[0]), h.depends, sums=True)


def matmul(a: Any, b: Any) -> Jet:
    if not isinstance(a, Jet) or not isinstance(b, Tensor) or a.ndim != 2 or b.ndim != 2:
        raise ProblemError("matmul of fields: only (N, C) @ (C, D) with a matrix of parameters")
    return linear(a, b.T)


def stack(jets: Sequence[Any], dim: int = 0) -> Jet:
    """Fields (N,) side by side as the columns of one jet (N, C)."""
    chart = chart_of(jets)
    columns = [column(chart, j) for j in jets]
    if dim not in (-1, 1) or any(j.ndim != 1 for j in columns):
        raise ProblemError("fields are stacked as columns", "Write torch.stack([a, b], -1).")
    return cat([j[:, None] for j in columns], -1)


def column(chart: Chart, part: Any) -> Jet:
    """A field, or a plain tensor that stands beside fields."""
    if isinstance(part, Tensor) and part.requires_grad:
        raise ProblemError("a parameter was joined to a field", "It has no Taylor rule; add it to the field instead.")
    return part if isinstance(part, Jet) else chart.constant(part)


def cat(jets: Sequence[Any], dim: int = 0) -> Jet:
    chart = chart_of(jets)
    columns = [column(chart, j) for j in jets]
    if dim not in (-1, 1):
        raise ProblemError("fields are joined along columns", "Write torch.cat([a, b], -1).")

    def rule(alpha: Alpha) -> Tensor | None:
        along = {name for name, k in zip(chart.names, alpha, strict=True) if k}
        meets = (lambda j: not along.isdisjoint(j.depends)) if is_sum(alpha) else (lambda j: along <= j.depends)
        parts = [j.partial(alpha) if meets(j) else None for j in columns]
        if all(p is None for p in parts):
            return None
        return torch.cat(list(_filled(parts, widths, chart)), -1)

    widths = [j.shape[1] for j in columns]
    return Jet(chart, rule, (chart.size, sum(widths)), frozenset().union(*(j.depends for j in columns)), sums=True)


def _filled(parts: Sequence[Tensor | None], widths: Sequence[int], chart: Chart) -> Iterator[Tensor]:
    """The columns there are, and one block of zeros for all that stand beside each other and are none."""
    for missing, group in groupby(zip(parts, widths, strict=True), lambda pair: pair[0] is None):
        if missing:
            yield torch.zeros(chart.size, sum(width for _, width in group), dtype=chart.dtype, device=chart.device)
        else:
            yield from (part for part, _ in group if part is not None)


def filled(like: Jet, value: float) -> Jet:
    return like.chart.constant(torch.full(like.shape, value, dtype=like.dtype, device=like.device))


def reshaped(a: Jet, map_: Callable[[Tensor], Tensor]) -> Jet:
    shape = tuple(map_(nothing(a.shape)).shape)
    if not shape or shape[0] != a.chart.size:
        raise ProblemError("a reshape that mixes points")
    return a.map(map_, shape)


def softplus(w: Jet, beta: float = 1, threshold: float = 20) -> Jet:
    if not isinstance(w, Jet) or isinstance(beta, Jet):
        raise ProblemError("torch.softplus was given a field as beta", "Write torch.log1p(torch.exp(beta * u)) / beta.")
    return elementary(lambda v: functional.softplus(v, beta, threshold), lambda v, _: on_jets.sigmoid(v * beta), w)


def gelu(w: Jet, approximate: str = "none") -> Jet:
    if approximate == "tanh":
        return 0.5 * w * (1 + on_jets.tanh(sqrt(2 / pi) * (w + 0.044715 * w**3)))
    return 0.5 * w * (1 + on_jets.erf(w / sqrt(2)))


def silu(w: Jet, inplace: bool = False) -> Jet:
    return w * on_jets.sigmoid(w)


def dropout(w: Jet, p: float = 0.5, training: bool = True, inplace: bool = False) -> Jet:
    if training and p > 0:
        raise ProblemError("dropout while training")
    return w


def sinc(w: Jet) -> Jet:
    """sin(pi w) / (pi w); near zero by its series, whose derivatives up to the fourth are good to 1e-12."""
    z = w * pi
    small = abs(z) < 0.15
    safe = where(small, 1.0, z)
    square = z * z
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72 * (1 - square / 110))))
    return where(small, series, on_jets.sin(z) / safe)
