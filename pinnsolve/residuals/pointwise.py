"""What equations say at points of fields that are given by their derivatives there, and how it answers to these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem

Derivative = Callable[[int, Alpha], Tensor]  # of an unknown, by its number: (N,)


@dataclass(frozen=True)
class Answers:
    """Residuals (E, N), and the slopes (N,) by equation, unknown and derivative where they were asked for.

    Parameters
    ----------
    residuals : tensor (E, N)
    slopes : mapping from (equation, unknown, multi-index) to tensor (N,)
        d residual / d (D^alpha u), point by point.
    values : mapping from (unknown, multi-index) to tensor (N,)
        The derivatives that were asked for.
    """

    residuals: Tensor
    slopes: Mapping[tuple[int, int, Alpha], Tensor]
    values: Mapping[tuple[int, Alpha], Tensor]

    def sizes(self) -> Tensor:
        """What each equation is made of, sum |slope x derivative|, (E, N)."""
        found = torch.zeros_like(self.residuals)
        for (e, f, alpha), slope in self.slopes.items():
            found[e] += (slope * self.values[f, alpha]).abs()
        return found


def answers(
    problem: Problem, equations: Sequence[Equation], points: Points, derivative: Derivative, slopes: bool = False
) -> Answers:
    """Evaluate equations on fields whose derivatives are known at points.

    Points do not mix, so one backward pass an equation gives its slopes at all of them.
    """
    chart, at = points.chart()
    leaves: dict[tuple[int, Alpha], Tensor] = {}

    def field(number: int) -> Jet:
        def rule(alpha: Alpha) -> Tensor:
            value = derivative(number, alpha).detach()
            leaves[number, alpha] = value.requires_grad_() if slopes else value
            return leaves[number, alpha]

        return Jet(chart, rule, (chart.size,), frozenset(chart.names))

    unknowns = {u: field(k) for k, u in enumerate(problem.unknowns)}
    found: dict[tuple[int, int, Alpha], Tensor] = {}
    with torch.set_grad_enabled(slopes):
        fields = problem.fields(chart, at, unknowns, points)
        values = [equation.residual(fields).value for equation in equations]
    residuals = torch.stack([v.detach() for v in values])
    if slopes:
        for e, value in enumerate(values):
            if value.requires_grad:
                grads = torch.autograd.grad(value.sum(), list(leaves.values()), allow_unused=True)
                found |= {(e, *key): g for key, g in zip(leaves, grads, strict=True) if g is not None}
    return Answers(residuals, found, {key: leaf.detach() for key, leaf in leaves.items()})
