"""What can be known of a problem before any training: shapes, derivatives, coverage, sizes.

The unknowns are replaced by smooth probes that record which of their derivatives are asked for. What cannot be right
raises; what may be meant comes back as a warning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, place_of
from pinnsolve.geometry.points import Points
from pinnsolve.problem.conditions import Condition
from pinnsolve.problem.contradictions import Contradiction, contradictions, meeting
from pinnsolve.problem.coverage import derivative_name, uncovered
from pinnsolve.problem.problem import Problem
from pinnsolve.taylor import Alpha, Chart, Jet, on_jets

RATIO = 1e5  # coefficients further apart than this are named
COUNT = 61  # points of the probe; no user's constant array has this length by accident


@dataclass(frozen=True)
class Findings:
    """What the checks saw.

    Parameters
    ----------
    derivatives : dict from unknown to multi-indices
        The derivatives that the equations ask for.
    warnings : list of str
    contradictions : list of Contradiction
    """

    derivatives: dict[str, set[Alpha]]
    warnings: list[str]
    contradictions: list[Contradiction]


def check(problem: Problem) -> Findings:
    """Evaluate every equation and condition on probes.

    Raises
    ------
    ProblemError
        If a residual has a wrong shape, is a constant, or does not involve any unknown; with the place of the function.
    """
    derivatives, sizes = _probe_equations(problem)
    _probe_conditions(problem)
    found = contradictions(problem)
    warnings = [str(c) + "; there it is weighted, not exact" * c.exact for c in found]
    warnings += uncovered(problem, derivatives) + _spread(sizes)
    if len(problem.equations) < len(problem.unknowns):
        warnings.append(f"{len(problem.unknowns)} unknowns, but only {len(problem.equations)} equations")
    for unknown, alphas in derivatives.items():
        if not alphas:
            raise ProblemError(
                f"no equation uses the unknown '{unknown}'", "It is named as an argument, but never used."
            )
    return Findings(derivatives, warnings, found)


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


def probes(problem: Problem, points: Points) -> tuple[Chart, dict[str, Jet], dict[str, Probe]]:
    """A chart over the points, its coordinates, and a probe for each unknown."""
    chart, at = points.chart()
    return chart, at, {u: Probe(chart, at, problem, 0.7 * (k + 1)) for k, u in enumerate(problem.unknowns)}


def inside(problem: Problem) -> Points:
    """A line of points through the domain, none on its boundary and none twice in any coordinate."""
    steps = (torch.arange(COUNT, dtype=torch.float64) + 0.5) / COUNT
    values = {}
    for k, (name, (low, high)) in enumerate(problem.domain.bounds.items()):
        values[name] = low + (high - low) * ((steps * (1 + 7 * k)) % 1.0)
    return Points(values, torch.ones(COUNT, dtype=torch.float64))


def _probe_equations(problem: Problem) -> tuple[dict[str, set[Alpha]], dict[str, float]]:
    points = inside(problem)
    derivatives: dict[str, set[Alpha]] = {u: set() for u in problem.unknowns}
    sizes: dict[str, float] = {}
    for equation in problem.equations:
        chart, at, unknowns = probes(problem, points)
        with torch.enable_grad():
            fields = problem.fields(chart, at, {u: p.field for u, p in unknowns.items()}, points)
            residual = equation.residual(fields).value
        if not residual.requires_grad:
            raise ProblemError(
                f"equation '{equation.name}' does not involve any unknown",
                f"Its residual must depend on one of {', '.join(problem.unknowns)}.",
                place_of(equation.function),
            )
        for unknown, probe in unknowns.items():
            derivatives[unknown] |= set(probe.asked)
            sizes |= _coefficients(problem, equation.name, unknown, probe, residual)
    return derivatives, sizes


def _coefficients(problem: Problem, name: str, unknown: str, probe: Probe, residual: Tensor) -> dict[str, float]:
    """How strongly the residual answers to each derivative, in units of the domain's lengths."""
    leaves = list(probe.asked.items())
    if not leaves:
        return {}
    slopes = torch.autograd.grad(
        residual.sum(), [leaf for _, leaf in leaves], retain_graph=True, materialize_grads=True
    )
    sizes = {}
    for (alpha, _), slope in zip(leaves, slopes, strict=True):
        lengths = [problem.domain.length(c) ** k for c, k in zip(problem.coordinates, alpha, strict=True)]
        size = float(slope.abs().nan_to_num().max()) / math.prod(lengths)
        if size > 0 and any(alpha):
            sizes[f"{derivative_name(unknown, alpha, problem.coordinates)} in '{name}'"] = size
    return sizes


def _spread(sizes: dict[str, float]) -> list[str]:
    if not sizes:
        return []
    small, large = min(sizes, key=lambda n: sizes[n]), max(sizes, key=lambda n: sizes[n])
    if sizes[large] <= RATIO * sizes[small]:
        return []
    return [
        f"coefficients of very different size: {large} weighs {sizes[large]:.1e}, {small} weighs {sizes[small]:.1e} "
        "(per length of the domain); dimensionless variables would bring them together"
    ]


def _probe_conditions(problem: Problem) -> None:
    for condition in problem.conditions:
        for slab in problem.slabs(condition):
            points = meeting(problem, slab.fixed, slab.normal)
            chart, at, unknowns = probes(problem, points)
            with torch.enable_grad():
                fields = problem.fields(chart, at, {u: p.field for u, p in unknowns.items()}, points)
                residual = fields.value(lambda: condition.residual(fields, condition.name), condition.name)  # noqa: B023
            given = place_of(condition.given) if callable(condition.given) else None
            if not residual.value.requires_grad:
                raise ProblemError(
                    f"{condition.name} does not involve any unknown", "Its residual is a constant.", given
                )
            if callable(condition.given) and condition.kind != "condition":
                values = fields.value(condition.given, condition.name).value
                _finite(condition, values, points, given)


def _finite(condition: Condition, values: Tensor, points: Points, where: tuple[str, int] | None) -> None:
    bad = ~torch.isfinite(values)
    if bad.any():
        k = int(bad.to(torch.int).argmax())
        place = ", ".join(f"{c}={float(v[k]):.4g}" for c, v in points.coordinates.items())
        raise ProblemError(
            f"{condition.name} prescribes {float(values[k])} at {place}", "Values must be finite.", where
        )
