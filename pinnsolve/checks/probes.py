"""Smooth fields in place of the unknowns, which record what of their derivatives a residual asks for."""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet, on_jets
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.problem import Problem

COUNT = 61  # points of the probe; no user's constant array has this length by accident


class Probe:
    """A smooth field in place of an unknown, whose every derivative is a leaf that records being asked for."""

    def __init__(self, chart: Chart, at: dict[str, Jet], problem: Problem, phase: float) -> None:
        wave: Jet | None = None
        for k, (name, x) in enumerate(at.items()):
            low, high = problem.domain.bounds[name]
            term = (1.3 + 0.2 * k) * (x - low) / (high - low)
            wave = term if wave is None else wave + term
        assert wave is not None
        self._smooth = on_jets.sin(wave + phase)
        self.field = Jet(chart, self._leaf, (chart.size,), frozenset(chart.names))

    def _leaf(self, alpha: Alpha) -> Tensor:
        return self._smooth.dense(alpha).detach().clone().requires_grad_()

    @property
    def asked(self) -> dict[Alpha, Tensor]:
        return {alpha: leaf for alpha, leaf in self.field.known.items() if leaf is not None}


def probes(problem: Problem, points: Points, shift: float = 0.0) -> tuple[Chart, dict[str, Jet], dict[str, Probe]]:
    """A chart over the points, its coordinates, and a probe for each unknown; other probes for another `shift`."""
    chart, at = points.chart()
    return chart, at, {u: Probe(chart, at, problem, 0.7 * (k + 1) + shift) for k, u in enumerate(problem.unknowns)}


def inside(problem: Problem) -> Points:
    """A line of points through the domain, none on its boundary and none twice in any coordinate."""
    steps = (torch.arange(COUNT, dtype=torch.float64) + 0.5) / COUNT
    values = {}
    for k, (name, (low, high)) in enumerate(problem.domain.bounds.items()):
        values[name] = low + (high - low) * ((steps * (1 + 7 * k)) % 1.0)
    return Points(values, torch.ones(COUNT, dtype=torch.float64))
