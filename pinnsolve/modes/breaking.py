"""Where along a line coefficients jump or have a kink, where a ring closes among these places."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.varying import varying_along
from pinnsolve.geometry.places import Plane
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """Chosen, not measured.

    Parameters
    ----------
    same : float
        Of the largest: two ends of a ring that differ by less go on into each other. Larger: small kinks are missed.
        Smaller: the rounding of the user's formula is one.
    slopes : int
        Derivatives of coefficients that are compared there. Fewer: kinks are missed.
    """

    same: float = 1e-6
    slopes: int = 2


RULES = Rules()


def breaking(problem: Problem) -> tuple[Plane, ...]:
    """The places, of a problem along one coordinate."""
    (along,) = problem.space_coordinates
    found = list(varying_along(problem, along).breaks)
    if problem.periodic and (found or not all(_goes_on(problem, e) for e in problem.equations)):
        found.insert(0, problem.domain.ends(along)[0])
    return tuple(Plane(along, place) for place in found)


def _goes_on(problem: Problem, equation: Equation) -> bool:
    """Whether what multiplies each derivative goes on where the ring closes."""
    (along,), probes = problem.space_coordinates, problem.prober.inside(equation).probes
    points, length = problem.domain.line(2), problem.domain.length(along)
    low, high = problem.domain.ends(along)
    points.coordinates[along][:] = torch.tensor([low, high], dtype=torch.float64)
    for unknown, probe in probes.items():
        for (order,) in probe.asked:
            chart, coordinates = points.chart()
            fields = {u: _power(chart, order if u == unknown else -1) for u in problem.unknowns}
            residual = equation.residual(problem.looked_at(chart, coordinates, fields, points))
            for k in range(RULES.slopes + 1):
                told = residual.dense((k,)) * length**k
                size = float(residual.value.detach().abs().max()) + float(told.abs().max())
                if float((told[0] - told[1]).abs()) > RULES.same * size:
                    return False
    return True


def _power(chart: Chart, order: int) -> Jet:
    """A field of which that derivative is one, and all others are zero."""

    def rule(alpha: Alpha) -> Tensor | None:
        return torch.ones(chart.size, dtype=chart.dtype) if alpha == (order,) else None

    return Jet(chart, rule, (chart.size,), frozenset(chart.names))
