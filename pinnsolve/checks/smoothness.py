"""Whether what a problem differentiates is smooth: prescribed values, and expressions inside a d(...) of its equations.

Prescribed values are built into the trial function and differentiated with it, as often as the equations do. So their
derivatives of that order, up to the second, are compared with differences (`pinnsolve.checks.roughness`); so are the
equations, on smooth fields in place of the unknowns. What has a jump or a kink is not built in; it is approximated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.as_regular import kept_apart
from pinnsolve.checks.contradictions import Part, parts
from pinnsolve.checks.roughness import RULES, rough
from pinnsolve.checks.two_ways import Both, Expression, residual_of
from pinnsolve.geometry.piece import Piece
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
    lost : list of str
        Those of expressions that an equation differentiates.
    endless : list of (Equation, Piece)
        What is prescribed there is finite, and its derivatives are not.
    """

    parts: list[Part]
    warnings: list[str]
    lost: list[str]
    endless: list[Part]


def smoothness(problem: Problem, derivatives: Mapping[str, set[Alpha]], sizes: Mapping[str, Size]) -> Smoothness:
    """What of the prescribed values and of the equations is not smooth enough for what is asked of it."""
    found, told, endless = [], list[str](), list[Part]()
    known = [(c, p) for c in problem.known for p in problem.pieces(c)]
    once = {n: [_unit(problem, c) for c in f.coordinates] for n, f in problem.functions.items()}  # in d(k * d(u, x), x)
    for equation, piece in parts(problem) + known:
        prescribed = equation.prescribes
        unbuilt = prescribed is None or prescribed.what == "normal derivative" or piece.side is not None or piece.kept
        if prescribed is None or unbuilt or problem.to_be_found(prescribed):
            continue  # what is not built in is not differentiated
        orders = _orders(problem, {**derivatives, **once}[prescribed.unknown], piece.fixed)
        if no_slope := _endless(problem, prescribed, piece, orders):
            endless.append((equation, piece))
            told.append(f"{equation.name} {no_slope}")
        elif rough_along := _of_data(problem, prescribed, piece, orders):
            found.append((equation, piece))
            told.append(f"{equation.name} {rough_along}")
    warnings = [f"{text}: it is approximated there, not built in" for text in dict.fromkeys(told)]
    lost = _of_equations(problem, derivatives, sizes)
    return Smoothness(found, warnings + lost, lost, endless)


def _orders(problem: Problem, alphas: Iterable[Alpha], held: Mapping[str, float]) -> dict[str, int]:
    """The highest derivative along each coordinate that is not fixed."""
    names = enumerate(problem.coordinates)
    return {c: max((a[k] for a in alphas), default=0) for k, c in names if c not in held}


def _unit(problem: Problem, coordinate: str) -> Alpha:
    """The first derivative along a coordinate."""
    return tuple(int(c == coordinate) for c in problem.coordinates)


def _endless(problem: Problem, prescribed: Prescribed, piece: Piece, orders: Mapping[str, int]) -> str:
    """Where prescribed values have no finite derivative of the orders that the equations need: 1 / (1 + exp(z)) where
    exp overflows, sqrt(f) where f underflows. Empty where all are finite."""
    points = piece.draw(RULES.points, "sobol", torch.Generator().manual_seed(17))
    chart, at = points.chart()
    fields = problem.fields(chart, at, {}, points)
    for c in (c for c, order in orders.items() if order and c in prescribed.asks):
        slopes = _derivative(prescribed, problem.coordinates.index(c), orders[c])(fields)
        bad = ~torch.isfinite(slopes.detach())
        if bool(bad.any()):
            k = int(bad.to(torch.int).argmax())
            names = [n for n in orders if n in prescribed.asks]
            place = ", ".join(f"{n}={float(points.coordinates[n][k]):.4g}" for n in names)
            return (
                f"has no finite derivative along {c} at {place}, where its values are finite (an overflow as in "
                "1 / (1 + exp(z)), which sigmoid(-z) has not, or a root of zero)"
            )
    return ""


def _of_data(problem: Problem, prescribed: Prescribed, piece: Piece, orders: Mapping[str, int]) -> str:
    """What jumps of a prescribed value, or else of its slopes, where the equations need that many derivatives.

    Empty for what is smooth."""

    def fields_at(points: Points) -> Fields:
        chart, at = points.chart()
        return problem.fields(chart, at, {}, points)

    free = [c for c, order in orders.items() if order and c in prescribed.asks]
    if not free:
        return ""
    values = prescribed.given(fields_at(piece.grid())).value
    swing, largest = float((values - values.mean()).abs().max()), float(values.abs().max())
    small = 0.1 * problem.tolerance
    rounding = max(SAME, RULES.noise * torch.finfo(torch.float64).eps / small)  # a front's tail on a wall: 0.3 + 1e-12
    swing = swing if swing > rounding * largest else largest or 1.0
    for c in free:
        told = ""
        for order in range(min(orders[c], 2), 0, -1):  # what jumps has a kink, too
            scale = swing / problem.domain.length(c) ** order
            expression = _derivative(prescribed, problem.coordinates.index(c), order)
            both = Both(problem, [expression], fields_at, piece)
            size = torch.tensor([scale], dtype=torch.float64)
            found = rough(both, {c: order}, size, small)
            if not found.places:
                break
            by = found.jump * scale * problem.domain.length(c)
            what = "jumps" if order == 1 else f"has a kink: its slope along {c} changes"
            told = f"{what} by {by:.2g} {found.where([n for n in orders if n in prescribed.asks])}"
        if told:
            return told
    return ""


def _derivative(prescribed: Prescribed, axis: int, order: int) -> Expression:
    def expression(fields: Fields) -> Tensor:
        value: Jet = prescribed.given(fields)
        for _ in range(order):
            value = value.along(axis)
        return value.value

    return expression


def away_from_interfaces(problem: Problem, points: Points) -> Tensor:
    """One (N,) where no difference reaches across an interface of materials, or near a source in a point, and zero
    elsewhere: a slope may jump there, or has no bound."""
    found = torch.ones_like(points.weights)
    if problem.parts is not None:
        found[problem.parts.near(points.coordinates, 2.0 ** (1 - RULES.first))] = 0.0
    rest = kept_apart(problem)
    if rest is not None:
        found[rest.near(points.coordinates, 2.0 ** (3 - RULES.first))] = 0.0
    return found


def _of_equations(
    problem: Problem, derivatives: Mapping[str, set[Alpha]], sizes: Mapping[str, Size]
) -> list[str]:  # fmt: skip
    """Warnings about expressions that an equation differentiates although they jump or have kinks."""

    def fields_at(points: Points) -> Fields:
        chart, at, found = probes(problem.domain, problem.unknowns, points, sizes=sizes)
        return problem.looked_at(chart, at, {u: p.smooth for u, p in found.items()}, points)

    orders = _orders(problem, [a for alphas in derivatives.values() for a in alphas], {})
    warnings = []
    for equation in problem.equations:
        both = Both(problem, [residual_of(equation)], fields_at)
        size = torch.tensor([problem.prober.size(equation, sizes)], dtype=torch.float64)
        found = rough(both, orders, size, 0.1 * problem.tolerance, lambda points: away_from_interfaces(problem, points))
        if found.places:
            warnings.append(
                f"equation '{equation.name}' differentiates something that jumps or has a kink "
                f"{found.where(problem.coordinates)}: at points its derivative does not see that"
            )
    return warnings
