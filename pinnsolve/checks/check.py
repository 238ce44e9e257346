"""What can be known of a problem before any training: shapes, derivatives, coverage, sizes.

What cannot be right raises; what may be meant comes back as a warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.contradictions import Contradiction, contradictions, meeting
from pinnsolve.checks.corners import NEAR, REACH, Corner, corners
from pinnsolve.checks.coverage import derivative_name, uncovered
from pinnsolve.checks.divergence import check_solenoidal
from pinnsolve.checks.interfaces import Plane, interfaces
from pinnsolve.checks.probes import Probe, inside, probes
from pinnsolve.checks.unused import unused
from pinnsolve.errors import ProblemError, place_of
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.conditions import Condition
from pinnsolve.problem.observations import copies
from pinnsolve.problem.problem import Problem

RATIO = 1e5  # coefficients further apart than this are named


@dataclass(frozen=True)
class Findings:
    """What the checks saw.

    Parameters
    ----------
    derivatives : dict from unknown to multi-indices
        The derivatives that the equations ask for.
    warnings : list of str
    contradictions : list of Contradiction
    planes : tuple of Plane
        Where the equations jump, and slopes of the unknowns may.
    """

    derivatives: dict[str, set[Alpha]]
    warnings: list[str]
    contradictions: list[Contradiction]
    planes: tuple[Plane, ...] = ()


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
    warnings += unused(problem) + check_solenoidal(problem) + uncovered(problem, derivatives) + _spread(sizes)
    if 0 < len(problem.equations) + len(problem.solenoidal) < len(problem.unknowns):
        warnings.append(f"{len(problem.unknowns)} unknowns, but only {len(problem.equations)} equations")
    for unknown, alphas in derivatives.items():
        if not alphas and problem.equations:
            raise ProblemError(
                f"no equation uses the unknown '{unknown}'", "It is named as an argument, but never used."
            )
    planes, jumps = interfaces(problem, derivatives) if problem.equations else ((), [])
    warnings += _around(corners(found)) + jumps + [w for o in problem.observations for w in copies(o)]
    return Findings(derivatives, warnings, found, planes)


def _around(singular: Sequence[Corner]) -> list[str]:
    """What is done about singular corners."""
    if not singular:
        return []
    names = " and ".join(f"({corner.name})" for corner in singular)
    return [
        f"prescribed values jump at {names}: residuals are weighted down closer to it than {REACH:g} of the domain's "
        f"length, and no error is measured closer than {NEAR:g}"
    ]


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
