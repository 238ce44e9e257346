"""Nested autograd: what stands in for a function, or a whole network, that has no Taylor rule.

It is exact and slow. The chart of the fields notes each use, so that the checks can say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha, leibniz, raised

OTHER = "Write it with other functions: most of torch's have derivatives of every order."


def by_autograd(chart: Chart, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Jet:
    """A pointwise function without a rule, differentiated by nested autograd."""
    jets = [a for a in args if isinstance(a, Jet)]
    moved = [v for v in kwargs.values() if isinstance(v, Jet) or (isinstance(v, Tensor) and v.requires_grad)]
    if moved or not jets:
        raise ProblemError(f"torch.{name} has no rule for fields", "Write it with functions that act point by point.")

    def plain(*values: Tensor) -> Tensor:
        given = iter(values)
        return func(*(next(given) if isinstance(a, Jet) else a for a in args), **kwargs)

    kwargs = {k: v for k, v in kwargs.items() if k != "inplace"}
    if not _pointwise(func, [a.value if isinstance(a, Jet) else a for a in args], kwargs, tuple(jets[0].shape)):
        raise ProblemError(
            f"torch.{name} does not act on each point alone",
            "A residual treats every point alike; write it point by point.",
        )
    _check_differentiable(plain, [j.value.detach() for j in jets], name)
    chart.fallbacks.add(f"torch.{name}")
    return _nested(chart, plain, jets, name)


def _check_differentiable(f: Callable[..., Tensor], values: Sequence[Tensor], name: str) -> None:
    """Refuse a function that PyTorch can evaluate but not differentiate, or whose values are complex."""
    with torch.enable_grad():
        leaves = [v.clone().requires_grad_() for v in values]
        y = f(*leaves)
        if remedy := if_complex(y):
            raise ProblemError(f"torch.{name} makes complex numbers of a field", remedy.strip())
        if not y.requires_grad:
            raise ProblemError(f"torch.{name} cannot be differentiated by PyTorch", OTHER)
        _slope(y, leaves[0], name)


def _slope(y: Tensor, leaf: Tensor, name: str) -> Tensor:
    """dy/d leaf, point by point."""
    try:
        return torch.autograd.grad(y.sum(), leaf, create_graph=True, materialize_grads=True)[0]
    except (RuntimeError, NotImplementedError) as error:  # no derivative, or none of this order
        raise ProblemError(f"torch.{name} cannot be differentiated (so often) by PyTorch: {error}", OTHER) from None


def _pointwise(func: Any, values: Sequence[Any], kwargs: dict[str, Any], shape: tuple[int, ...]) -> bool:
    """Whether each entry of the result comes from its own entry alone: a few of them, disordered, give the same."""
    few = [torch.tensor([n - 1, 0, n // 2, n - 1]) for n in shape]
    index = few[0] if len(shape) == 1 else (few[0][:, None], few[-1])
    try:
        whole = func(*values, **kwargs)
        part = func(*(v[index] if isinstance(v, Tensor) and tuple(v.shape) == shape else v for v in values), **kwargs)
        if tuple(whole.shape) != shape or part.shape != whole[index].shape:
            return False
    except (RuntimeError, ValueError, IndexError, AttributeError):
        return False
    return bool(torch.allclose(whole[index], part, rtol=1e-6, atol=1e-9, equal_nan=True))


def _nested(chart: Chart, f: Callable[..., Tensor], jets: Sequence[Jet], name: str) -> Jet:
    @cache
    def slope(k: int) -> Jet:
        def df(*values: Tensor) -> Tensor:
            with torch.enable_grad():
                # views, so that an argument's slope leaves out what another argument owes to it
                leaves = [v.view_as(v) if v.requires_grad else v.detach().requires_grad_() for v in values]
                y = f(*leaves)
                if not y.requires_grad:  # a constant slope
                    return torch.zeros_like(values[k])
                return _slope(y, leaves[k], name)

        return _nested(chart, df, jets, name)

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
    with torch.enable_grad():  # derivatives need the graph even where only values are asked for
        columns = forward(leaves).unbind(1)

    def field(column: Tensor) -> Jet:
        known: dict[Alpha, Tensor] = {chart.zeroth: column}

        def rule(alpha: Alpha) -> Tensor | None:
            reached = chart.zeroth
            for axis, name in enumerate(chart.names):
                for _ in range(alpha[axis]):
                    lower, reached = known[reached], raised(reached, axis)
                    if reached not in known and not lower.requires_grad:
                        return None
                    if reached not in known:
                        known[reached] = slope(lower, leaves[name])
            return known[reached]

        return Jet(chart, rule, (chart.size,), frozenset(chart.names))

    def slope(part: Tensor, leaf: Tensor) -> Tensor:
        with torch.enable_grad():
            return torch.autograd.grad(part.sum(), leaf, create_graph=True, materialize_grads=True)[0]

    return [field(column) for column in columns]
