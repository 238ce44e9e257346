"""A general condition that says the same as a prescribed value, rate or normal derivative, recognised by probing.

A condition whose residual is s (D u - f) with a constant s that is known, D u the value of one unknown, its rate at a
moment or its outward normal derivative on a face, and f free of unknowns, prescribes D u = f. It then is the same thing
as what `dirichlet`, `initial`, `initial_rate` or `neumann` would have made, and is solved in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.piece import Piece
from pinnsolve.jets.enclosures import enclosing
from pinnsolve.jets.intervals import Interval
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha, raised
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.conditions import normal_derivative, rate
from pinnsolve.problem.equation import Equation, Prescribed, What
from pinnsolve.problem.probes import Prober

LEFT: dict[What, Callable[[Fields, str], Jet]] = {
    "value": lambda at, u: at[u], "rate": rate, "normal derivative": normal_derivative,
}  # fmt: skip


def recognised(equation: Equation, prober: Prober, bent: frozenset[str] = frozenset()) -> Equation:
    """The equation with what it prescribes, if that is all that it says; otherwise, or where it asks for a function of
    an unknown, which is `bent` whatever it looks like at first, the equation as it is."""
    if equation.prescribes is not None or equation.function is None or equation.integrates or equation.asks & bent:
        return equation
    try:
        found = {_form(equation, piece, prober) for piece in equation.on.resolve(prober.domain)}
    except Exception:  # a mistake in the user's function is told by the checks, with its place
        return equation
    form = found.pop() if len(found) == 1 else None
    if form is None:
        return equation
    unknown, what, slope = form
    if what != "normal derivative" and any(f"n{c}" in equation.asks for c in prober.domain.space_coordinates):
        return equation  # away from the face there is no normal, and so no value to build in

    def given(at: Fields) -> Jet:
        names = frozenset(at.chart.names)
        nothing = {u: Jet(at.chart, lambda alpha: None, (at.chart.size,), names) for u in prober.unknowns}
        return equation.residual(at.replaced(nothing)) * (-1 / slope)

    prescribes = Prescribed(unknown, what, given, equation.asks - set(prober.unknowns))
    return replace(equation, residual=lambda at: LEFT[what](at, unknown) - given(at), prescribes=prescribes)


def _form(equation: Equation, piece: Piece, prober: Prober) -> tuple[str, What, float] | None:
    """Unknown, what of it, and the slope s, where the residual is s (D u - f) on this piece."""
    phases = (0.0, 1.9)  # of the probes: what is affine has the same slope at both, whatever is unknown beside
    answers = [prober.answer(equation, piece.grid(), phase, guessed=not phase) for phase in phases]
    if not all(len(a.slopes) == 1 and bool(torch.isfinite(a.residual).all()) for a in answers):
        return None
    ((unknown, alpha, _),) = answers[0].slopes
    what, sign = _what(piece, prober.domain, alpha)
    if what is None or any(a.slopes[0][:2] != (unknown, alpha) for a in answers):
        return None
    slopes = torch.cat([a.slopes[0][2] for a in answers])
    mean = float(slopes.mean())
    if (slopes - mean).abs().max() > EQUAL * abs(mean) or not _everywhere(equation, piece, prober):
        return None
    return unknown, what, mean * sign


def _everywhere(equation: Equation, piece: Piece, prober: Prober) -> bool:
    """Whether the slope s is the same between the points of a grid too, by its enclosure on the whole piece.

    One more coordinate moves all derivatives of all unknowns alike: along it the residual's slope is s, and a
    coefficient of anything else that is zero on the grid alone shows. What has no enclosure is believed.
    """
    names, points = prober.domain.coordinates, piece.grid()[:1]
    chart = Chart((*names, "all unknowns"), 1, torch.float64, torch.device("cpu"))
    at: dict[str, Jet] = {}
    for c in names:
        low, high = (torch.full((1,), end, dtype=torch.float64) for end in prober.domain.ends(c))
        whole: Any = points.coordinates[c] if c in piece.fixed else enclosing(low, high)
        at[c] = chart.coordinate(c, whole)

    def rule(alpha: Alpha) -> Tensor | None:
        return None if alpha[-1] > 1 else torch.full((1,), 1.0 if alpha[-1] else 0.4, dtype=torch.float64)

    try:
        unknowns = {u: Jet(chart, rule, (1,), frozenset(names)) for u in prober.unknowns}
        fields = prober.known(chart, at, unknowns, points)
        slope = Interval.of(equation.residual(fields).dense(raised(chart.zeroth, len(names))))
    except Exception:  # a user's function may do anything with an interval
        return True
    return bool((slope.high - slope.low).abs().max() <= EQUAL * slope.high.abs().max())


def _what(piece: Piece, domain: Domain, alpha: tuple[int, ...]) -> tuple[What | None, int]:
    """Which of the three a derivative is on a piece, and the sign with which it counts."""
    nothing = (0,) * len(alpha)
    if alpha == nothing:
        return "value", 1
    names = domain.coordinates
    if domain.time is not None and piece.moment is not None and alpha == raised(nothing, names.index(domain.time)):
        return "rate", 1
    if piece.normal is not None and alpha == raised(nothing, names.index(piece.normal[0])):
        return "normal derivative", piece.normal[1]
    return None, 1
