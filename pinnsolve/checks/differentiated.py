"""What an equation differentiates, and what multiplies each derivative.

residual = ... + c d(F, x) + ...
"""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet
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


def weights(equation: Equation, at: Fields) -> tuple[list[str], Tensor]:
    """Along which coordinate each derivative is taken, and what multiplies it, (derivatives, N)."""
    chart, names, leaves = at.chart, list[str](), list[Tensor]()

    def watch(before: Jet, name: str, after: Jet) -> Jet:
        names.append(name)
        leaves.append(torch.zeros(chart.size, dtype=chart.dtype, requires_grad=True))
        return after + chart.constant(leaves[-1], after.depends)

    kept, chart.differentiated = chart.differentiated, watch
    try:
        with torch.enable_grad():
            residual = equation.residual(at).value
            slopes = torch.autograd.grad(residual.sum(), leaves, materialize_grads=True) if leaves else ()
    finally:
        chart.differentiated = kept
    return names, torch.stack(slopes) if slopes else torch.zeros(0, chart.size, dtype=chart.dtype)


def twice(equation: Equation, at: Fields) -> list[bool]:
    """Which of the derivatives are of something that holds a derivative itself, as k T_x does and T does not."""
    chart, found, leaves = at.chart, list[bool](), list[Tensor]()

    def watch(before: Jet, name: str, after: Jet) -> Jet:
        value = before.value
        known = torch.autograd.grad(value.sum(), leaves, retain_graph=True, allow_unused=True) if (
            leaves and value.requires_grad
        ) else ()  # fmt: skip
        found.append(any(slope is not None and bool(slope.any()) for slope in known))
        leaves.append(torch.zeros(chart.size, dtype=chart.dtype, requires_grad=True))
        return after + chart.constant(leaves[-1], after.depends)

    kept, chart.differentiated = chart.differentiated, watch
    try:
        with torch.enable_grad():
            equation.residual(at).value  # noqa: B018
    finally:
        chart.differentiated = kept
    return found
