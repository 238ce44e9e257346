"""Time that is called a coordinate of space: a problem that begins at one face of a box, and of which nothing is said
at the opposite one, is an evolution along the coordinate between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pinnsolve.checks.backwards import backwards
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.along import Along
from pinnsolve.geometry.piece import Piece
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.conditions import LEFT
from pinnsolve.problem.equation import Equation, Prescribed, What
from pinnsolve.problem.problem import Problem


def as_evolution(problem: Problem) -> Problem | None:
    """The same declaration with such a coordinate told as time; None where there is none."""
    domain = problem.domain
    if domain.time is not None or domain.shape is not None or len(domain.space_coordinates) < 2:
        return None
    told = (_along(problem, c) for c in domain.space_coordinates)
    return next((found for found in told if found is not None), None)


def _along(problem: Problem, coordinate: str) -> Problem | None:
    standing = [[p for p in problem.pieces(c) if coordinate in p.fixed] for c in problem.conditions]
    faces = {piece.face for pieces in standing for piece in pieces}
    if problem.inner or len(faces) != 1 or None in faces or any(p.coordinate == coordinate for p in problem.periodic):
        return None
    starting = {c.name: pieces for c, pieces in zip(problem.conditions, standing, strict=True) if pieces}
    if any(c.prescribes is None for c in problem.conditions if c.name in starting):
        return None
    conditions = [
        _at_start(c, starting[c.name]) if isinstance(c, Equation) and c.name in starting else c
        for c in problem.declared_conditions
    ]
    try:
        told = problem.replaced(time=Along(coordinate), conditions=conditions)
        return told if _begins(told, coordinate) and _evolves(told, coordinate) and not backwards(told) else None
    except ProblemError:
        return (
            None  # what is said of all faces at once, or of a velocity without divergence, can be said of space alone
        )


def _at_start(condition: Equation, pieces: Sequence[Piece]) -> Equation:
    """A condition where time begins; a normal derivative there is a rate, or the opposite of one."""
    told, normal = condition.prescribes, pieces[0].normal
    if told is None or told.what != "normal derivative" or normal is None:
        return condition
    return along_time(condition, told, "rate", normal[1])


def along_time(condition: Equation, told: Prescribed, what: What, sign: int) -> Equation:
    """A condition on a derivative along time with that told as a rate, or as normal: it is the one, times a sign."""

    def given(at: Fields) -> Any:
        return told.given(at) * sign

    left = LEFT[what]
    known = Prescribed(told.unknown, what, given, told.asks, None if told.number is None else sign * told.number)
    return replace(condition, residual=lambda at: left(at, told.unknown) - given(at), prescribes=known, function=None)


def _begins(problem: Problem, coordinate: str) -> bool:
    """Whether a value, and a rate where one is needed, is prescribed of every unknown that is derived along it."""
    k = problem.coordinates.index(coordinate)
    at_start = [c.prescribes for c in problem.conditions if all(p.moment is not None for p in problem.pieces(c))]
    told = {(p.unknown, p.what) for p in at_start if p is not None}
    orders = dict.fromkeys(problem.unknowns, 0)
    for equation in problem.equations:
        for unknown, alpha in problem.prober.derivatives(equation):
            orders[unknown] = max(orders[unknown], alpha[k])
    needed = {(u, what) for u, order in orders.items() for what in ("value", "rate")[:order]}
    return max(orders.values()) <= 2 and needed <= told


def _evolves(problem: Problem, coordinate: str) -> bool:
    """Whether what is derived most often along it is so with the same factor everywhere: what is carried neither stops
    nor turns."""
    k = problem.coordinates.index(coordinate)
    for equation in problem.equations:
        slopes = problem.prober.slopes(equation)
        order = max((alpha[k] for _, alpha in slopes), default=0)
        for (_, alpha), slope in slopes.items():
            if order > 0 and alpha[k] == order and bool((slope != slope[0]).any()):
                return False
    return True
