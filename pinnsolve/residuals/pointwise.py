"""What equations say at points of fields that are given by their derivatives there, and how it answers to these."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.across import ACROSS, BEYOND
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.leaves import Leaves
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.jets.programs import Recording
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals.replayed import noting, replayed

Derivative = Callable[[int, Alpha], Tensor]  # of an unknown, by its number: (N,)
RESIDUALS = "residuals"  # among the outputs of a program


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
    by : mapping from (equation, name of a constant) to tensor (N,)
        d residual / d constant with all fields held, where that was asked for and is not zero.
    """

    residuals: Tensor
    slopes: Mapping[tuple[int, int, Alpha], Tensor]
    values: Mapping[tuple[int, Alpha], Tensor]
    by: Mapping[tuple[int, str], Tensor] = field(default_factory=dict)

    def by_constants(self, names: Sequence[str]) -> Tensor:
        """d residual / d constant, (E, K, N)."""
        found = self.residuals.new_zeros(len(self.residuals), len(names), self.residuals.shape[1])
        for e, k in itertools.product(range(len(found)), range(len(names))):
            if (e, names[k]) in self.by:
                found[e, k] = self.by[e, names[k]]
        return found

    def sizes(self) -> Tensor:
        """What each equation is made of, sum |slope x derivative|, (E, N); of an unknown itself what it differs from
        its mean counts, so that nothing is made of an offset."""
        found = torch.zeros_like(self.residuals)
        for (e, f, alpha), slope in self.slopes.items():
            value = self.values[f, alpha]
            found[e] += (slope * (value if any(alpha) else value - value.mean())).abs()
        return found


def side_by_side(parts: Sequence[tuple[Answers, int]], stages: int) -> Answers:
    """Those of some cells at a time, each with how many cells these are, as those of all: (E, q n P)."""

    def whole(found: Sequence[Tensor]) -> Tensor:
        split = [v.unflatten(-1, (stages, n, -1)) for v, (_, n) in zip(found, parts, strict=True)]
        return torch.cat(split, -2).flatten(-3)

    first = parts[0][0]
    if len(parts) == 1:
        return first
    slopes, values, by = (
        {key: whole([getattr(a, name)[key] for a, _ in parts]) for key in getattr(first, name)}
        for name in ("slopes", "values", "by")
    )
    return Answers(whole([a.residuals for a, _ in parts]), slopes, values, by)


def answers(
    problem: Problem, equations: Sequence[Equation], points: Points, derivative: Derivative, slopes: bool = False,
    constants: Mapping[str, float] | None = None,
) -> Answers:  # fmt: skip
    """Evaluate equations on fields whose derivatives are known at points.

    Points do not mix, so one backward pass an equation gives its slopes at all of them, and those by `constants`, which
    stand at these values there. On an interface the unknowns beyond it are numbered after all others. What was
    evaluated before is made again without the equations' functions (`residuals.replayed`).
    """
    known = None if constants else replayed(problem, equations, points, slopes)
    if known is None:
        return evaluated(problem, equations, points, derivative, slopes, constants)[0]
    if known.stands(points):
        leaves, made = known.run(points, lambda key: derivative(*key).detach())
        return Answers(made.pop(RESIDUALS), made, leaves)
    recording = None
    if known.noted:
        recording, looking = noting(points)
        with looking, recording:
            found, leaves = evaluated(problem, equations, points, derivative, slopes, recording=recording)
    else:
        found, leaves = evaluated(problem, equations, points, derivative, slopes)
    outputs: dict[Any, Tensor] = {RESIDUALS: found.residuals, **found.slopes}
    if recording is not None:
        known.keep(recording, points, leaves, outputs)
    known.compare(points, leaves, outputs)
    return found


def evaluated(
    problem: Problem, equations: Sequence[Equation], points: Points, derivative: Derivative, slopes: bool,
    constants: Mapping[str, float] | None = None, recording: Recording | None = None,
) -> tuple[Answers, dict[tuple[int, Alpha], Tensor]]:  # fmt: skip
    """The answers, by the equations' functions, and the derivatives that these asked for."""
    chart, at = points.chart()
    leaves: dict[tuple[int, Alpha], Tensor] = {}
    held = Leaves.on(chart, constants or {})

    def field_of(number: int) -> Jet:
        def rule(alpha: Alpha) -> Tensor:
            with nullcontext() if recording is None else recording.quiet():
                value = derivative(number, alpha).detach()
                leaves[number, alpha] = value.requires_grad_() if slopes else value
            if recording is not None:
                recording.given(leaves[number, alpha])
            return leaves[number, alpha]

        return Jet(chart, rule, (chart.size,), frozenset(chart.names))

    names = [*problem.unknowns, *(BEYOND + u for u in problem.unknowns if ACROSS in points.measured)]
    unknowns = {u: field_of(k) for k, u in enumerate(names)}
    found: dict[tuple[int, int, Alpha], Tensor] = {}
    by: dict[tuple[int, str], Tensor] = {}
    with torch.set_grad_enabled(slopes or bool(held.values)):
        fields = problem.fields(chart, at, unknowns, points, held.fields(chart))
        values = [equation.residual(fields).value for equation in equations]
    residuals = torch.stack([v.detach() for v in values])
    for e, value in enumerate(values):
        if value.requires_grad:
            known = [*(leaves.values() if slopes else ()), *held.values.values()]
            shared = e + 1 < len(values)  # an unknown function is one field for all equations
            grads = torch.autograd.grad(value.sum(), known, allow_unused=True, retain_graph=shared)
            fields_too = len(grads) - len(held.values)
            found |= {(e, *k): g for k, g in zip(leaves, grads[:fields_too], strict=False) if g is not None}
            by |= {(e, name): g for name, g in zip(held.values, grads[fields_too:], strict=True) if g is not None}
    return Answers(residuals, found, {key: leaf.detach() for key, leaf in leaves.items()}, by), leaves
