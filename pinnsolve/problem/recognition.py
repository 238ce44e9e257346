"""A general condition that says the same as a prescribed value, rate or normal derivative, recognised by probing.

A condition whose residual is s (D u - f) with a constant s that is known, D u the value of one unknown, its rate at a
moment or its outward normal derivative on a face, and f free of unknowns, prescribes D u = f. It then is the same thing
as what `dirichlet`, `initial`, `initial_rate` or `neumann` would have made, and is solved in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.piece import Piece
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import raised
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.conditions import normal_derivative, rate
from pinnsolve.problem.equation import Equation, Prescribed, What
from pinnsolve.problem.probes import Prober

LEFT: dict[What, Callable[[Fields, str], Jet]] = {
    "value": lambda at, u: at[u], "rate": rate, "normal derivative": normal_derivative,
}  # fmt: skip


def recognised(equation: Equation, prober: Prober) -> Equation:
    """The equation with what it prescribes, if that is all that it says; otherwise the equation as it is."""
    if equation.prescribes is not None or equation.function is None:
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
    return (unknown, what, mean * sign) if bool((slopes - mean).abs().max() <= EQUAL * abs(mean)) else None


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
