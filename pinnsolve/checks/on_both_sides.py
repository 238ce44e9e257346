"""Conditions on curves as residuals there: on points that stand by turns just before a curve and just beyond."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.geometry.across import BEYOND
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class OnBothSides:
    """A condition as a residual on points of an interface: the mean of what it says just before it and just beyond."""

    condition: Equation

    def __call__(self, at: Fields) -> Jet:
        made = self.at_some(at, torch.arange(at.chart.size, device=at.chart.device))
        return at.chart.constant(made)

    def at_some(self, at: Fields, mine: Tensor) -> Tensor:
        """What it leaves at some of the points, (M,)."""
        return self.condition.residual(_paired(at, mine)).value.view(-1, 2).mean(1)


def both_sides_of(problem: Problem, condition: Equation, count: int) -> Points:
    """Points (N,) of the first curve on which a condition stands, by turns just before it and just beyond."""
    piece = next(p for c, p in problem.cuts if c is condition)
    return piece.scattered(count, 17)


def _paired(at: Fields, mine: Tensor) -> Fields:
    """The fields at some points (M,), by turns on the side from which normals come and on the other."""
    chart = Chart(at.chart.names, 2 * len(mine), at.chart.dtype, at.chart.device)
    chart.paired = True

    def both(name: str, here: Jet) -> Jet:
        there = at.get(BEYOND + name, here)

        def rule(alpha: Alpha) -> Tensor | None:
            parts = [field.partial(alpha) for field in (there, here)]
            if all(part is None for part in parts):
                return None
            return torch.stack([field.dense(alpha)[mine] for field in (there, here)], 1).flatten()

        made = Jet(chart, rule, (chart.size,), here.depends | there.depends, name=here.name)
        made.boolean = here.boolean
        return made

    fields = {n: both(n, v) if isinstance(v, Jet) else v for n, v in at.items() if not n.startswith(BEYOND)}
    return Fields(chart, fields, at.time, at.around)
