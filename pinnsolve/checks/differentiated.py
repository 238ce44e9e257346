"""What an equation differentiates, and what multiplies each derivative.

residual = ... + c d(F, x) + ...
"""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet
from pinnsolve.jets.leaves import beside_derivatives
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation

Differentiated = list[tuple[Jet, str]]  # what, and along which coordinate


def differentiated(equation: Equation, at: Fields) -> tuple[Jet, Differentiated]:
    """The residual of an equation, and what it differentiates, in the order in which it does."""
    taken: Differentiated = []

    def watch(before: Jet, name: str, after: Jet) -> Jet:
        taken.append((before, name))
        return after

    kept, at.chart.differentiated = at.chart.differentiated, watch
    try:
        return equation.residual(at), taken
    finally:
        at.chart.differentiated = kept


def weights(equation: Equation, at: Fields, graph: bool = False) -> tuple[list[str], Tensor]:
    """Along which coordinate each derivative is taken, and what multiplies it, (derivatives, N); where asked for as a
    function of what the fields are made of."""
    with torch.enable_grad(), beside_derivatives(at.chart) as taken:
        residual, leaves = equation.residual(at).value, [leaf for *_, leaf in taken]
    slopes = torch.autograd.grad(residual.sum(), leaves, materialize_grads=True, create_graph=graph) if leaves else ()
    nothing = torch.zeros(0, at.chart.size, dtype=at.chart.dtype)
    return [name for _, name, _ in taken], torch.stack(slopes) if slopes else nothing


def twice(equation: Equation, at: Fields) -> list[bool]:
    """Which of the derivatives are of something that holds a derivative itself, as k T_x does and T does not."""
    return [any(held) for held in _holding(equation, at)]


def inner(equation: Equation, at: Fields) -> list[bool]:
    """Which of the derivatives stand within what is derived again, as T_x does in d(k T_x, x)."""
    held = _holding(equation, at)
    return [any(held[j][k] for j in range(k + 1, len(held))) for k in range(len(held))]


def _holding(equation: Equation, at: Fields) -> list[list[bool]]:
    """For each derivative, which of those before it are held by what it derives."""
    with torch.enable_grad(), beside_derivatives(at.chart) as taken:
        equation.residual(at)
        values, leaves = [field.value for field, *_ in taken], [leaf for *_, leaf in taken]

    def holds(k: int) -> list[bool]:
        if not k or not values[k].requires_grad:
            return [False] * k
        known = torch.autograd.grad(values[k].sum(), leaves[:k], retain_graph=True, allow_unused=True)
        return [slope is not None and bool(slope.any()) for slope in known]

    return [holds(k) for k in range(len(taken))]
