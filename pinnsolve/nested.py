"""Nested autograd: what stands in for a function, or a whole network, that has no Taylor rule.

It is exact and slow. The chart of the fields notes each use, so that the checks can say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.taylor import Alpha, Chart, Jet, leibniz, raised


def by_autograd(chart: Chart, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Jet:
    """A pointwise function without a rule, differentiated by nested autograd."""
    jets = [a for a in args if isinstance(a, Jet)]
    if any(isinstance(v, Jet) for v in kwargs.values()) or not jets:
        raise ProblemError(f"torch.{name} has no rule for fields", "Write it with functions that act point by point.")

    def plain(*values: Tensor) -> Tensor:
        given = iter(values)
        return func(*(next(given) if isinstance(a, Jet) else a for a in args), **kwargs)

    first, some = plain(*(j.value for j in jets)), plain(*(j.value[1::2] for j in jets))
    if not isinstance(first, Tensor) or first.shape != jets[0].shape or not _same(first[1::2], some):
        raise ProblemError(
            f"torch.{name} does not act on each point alone",
            "A residual treats every point alike; write it point by point.",
        )
    chart.fallbacks.add(f"torch.{name}")
    return _nested(chart, plain, jets)


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool(torch.allclose(a, b, rtol=1e-6, atol=1e-6, equal_nan=True))


def _nested(chart: Chart, f: Callable[..., Tensor], jets: Sequence[Jet]) -> Jet:
    @cache
    def slope(k: int) -> Jet:
        def df(*values: Tensor) -> Tensor:
            with torch.enable_grad():
                leaves = [v if v.requires_grad else v.detach().requires_grad_() for v in values]
                y = f(*leaves)
                (g,) = torch.autograd.grad(y.sum(), leaves[k], create_graph=True, materialize_grads=True)
            return g

        return _nested(chart, df, jets)

    def rule(alpha: Alpha) -> Tensor | None:
        if not any(alpha):
            return f(*(j.value for j in jets))
        axis = next(i for i, k in enumerate(alpha) if k)
        beta = raised(alpha, axis, -1)
        terms = [leibniz(slope(k).partial, j.along(axis).partial, beta) for k, j in enumerate(jets)]
        present = [t for t in terms if t is not None]
        return sum(present[1:], present[0]) if present else None

    return Jet(chart, rule, tuple(jets[0].shape), frozenset().union(*(j.depends for j in jets)))


def network_by_autograd(chart: Chart, forward: Callable[[dict[str, Tensor]], Tensor], at: dict[str, Jet]) -> list[Jet]:
    """The outputs of a network that cannot take jets, each as a field with derivatives by nested autograd.

    Parameters
    ----------
    forward : callable
        From the coordinates by name, (N,) each, to the outputs (N, C); pointwise.
    at : dict from name to Jet
        The coordinates.
    """
    leaves = {name: at[name].value.detach().clone().requires_grad_() for name in chart.names}
    chart.fallbacks.add("the network")
    with torch.enable_grad():
        outputs = forward(leaves)

    def field(column: Tensor) -> Jet:
        def rule(alpha: Alpha) -> Tensor | None:
            if not any(alpha):
                return column
            axis = next(i for i, k in enumerate(alpha) if k)
            lower = jet.partial(raised(alpha, axis, -1))
            if lower is None or not lower.requires_grad:
                return None
            leaf = leaves[chart.names[axis]]
            (slope,) = torch.autograd.grad(lower.sum(), leaf, create_graph=True, materialize_grads=True)
            return slope

        jet = Jet(chart, rule, (chart.size,), frozenset(chart.names))
        return jet

    return [field(outputs[:, k]) for k in range(outputs.shape[1])]
