"""Whether what a problem differentiates is smooth: prescribed values, and expressions inside a d(...) of its equations.

Prescribed values are built into the trial function and differentiated with it, as often as the equations do. So their
derivatives of that order, up to the second, are compared with differences (`pinnsolve.checks.roughness`); so are the
equations, on smooth fields in place of the unknowns. What has a jump or a kink is not built in; it is approximated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.contradictions import Part, parts
from pinnsolve.checks.roughness import Both, Expression, Rough, residual_of, rough
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Prescribed
from pinnsolve.problem.probes import Size, probes
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Smoothness:
    """What is not smooth.

    Parameters
    ----------
    parts : list of (Equation, Piece)
        What is prescribed there has jumps or kinks.
    warnings : list of str
    """

    parts: list[Part]
    warnings: list[str]


def smoothness(problem: Problem, derivatives: Mapping[str, set[Alpha]], sizes: Mapping[str, Size]) -> Smoothness:
    """What of the prescribed values and of the equations is not smooth enough for what is asked of it."""
    found, told = [], list[str]()
    for equation, piece in parts(problem):
        prescribed = equation.prescribes
        if prescribed is None or problem.to_be_found(prescribed):
            continue
        orders = {c: max((a[k] for a in derivatives[prescribed.unknown]), default=0)
                  for k, c in enumerate(problem.coordinates) if c not in piece.fixed}  # fmt: skip
        what, jumps = _of_data(problem, prescribed, piece.fixed, orders)
        if jumps.places:
            found.append((equation, piece))
            told.append(f"{equation.name} {what} {jumps.where(list(orders))} (by {jumps.jump:.2g})")
    warnings = [f"{text}: it is approximated there, not built in" for text in dict.fromkeys(told)]
    return Smoothness(found, warnings + _of_equations(problem, derivatives, sizes))


def _of_data(
    problem: Problem, prescribed: Prescribed, held: Mapping[str, float], orders: Mapping[str, int]
) -> tuple[str, Rough]:
    """The jumps of a prescribed value, or else of its slopes, where the equations need that many derivatives."""

    def fields_at(points: Points) -> Fields:
        chart, at = points.chart()
        return problem.fields(chart, at, {}, points)

    free = [c for c, order in orders.items() if order and c in prescribed.asks]
    if not free:
        return "", Rough()
    value = prescribed.given(fields_at(problem.domain.line()))
    for order, what in ((1, "jumps"), (2, "has a kink")):
        along = {c: order for c in free if orders[c] >= order}
        if not along:
            break
        expressions = [_derivative(prescribed, problem.coordinates.index(c), m) for c, m in along.items()]
        scale = max(float((value.value - value.value.mean()).abs().max()), float(value.value.abs().max()) * 1e-9)
        lengths = [scale / problem.domain.length(c) ** m for c, m in along.items()]
        both = Both(problem, expressions, fields_at, dict(held))
        found = rough(both, along, torch.tensor(lengths, dtype=torch.float64), 0.1 * problem.tolerance)
        if found.places:
            return what, found
    return "", Rough()


def _derivative(prescribed: Prescribed, axis: int, order: int) -> Expression:
    def expression(fields: Fields) -> Tensor:
        value: Jet = prescribed.given(fields)
        for _ in range(order):
            value = value.along(axis)
        return value.value

    return expression


def _of_equations(
    problem: Problem, derivatives: Mapping[str, set[Alpha]], sizes: Mapping[str, Size]
) -> list[str]:  # fmt: skip
    """Warnings about expressions that an equation differentiates although they jump or have kinks."""

    def fields_at(points: Points) -> Fields:
        chart, at, found = probes(problem.domain, problem.unknowns, points, sizes=sizes)
        return problem.fields(chart, at, {u: p.smooth for u, p in found.items()}, points)

    orders = {c: max((a[k] for alphas in derivatives.values() for a in alphas), default=0)
              for k, c in enumerate(problem.coordinates)}  # fmt: skip
    warnings = []
    for equation in problem.equations:
        both = Both(problem, [residual_of(equation)], fields_at)
        size = torch.tensor([problem.prober.size(equation, sizes)], dtype=torch.float64)
        found = rough(both, orders, size, 0.1 * problem.tolerance)
        if found.places:
            warnings.append(
                f"equation '{equation.name}' differentiates something that jumps or has a kink "
                f"{found.where(problem.coordinates)}: at points its derivative does not see that"
            )
    return warnings
