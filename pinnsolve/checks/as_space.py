"""Time that cannot be marched: what is periodic in time, and what is known at both of its ends.

No moment is known there to begin at. Time becomes one more coordinate of space, a ring where it is periodic: cells of
space and time are solved at once, as those of a plane are.
"""

from __future__ import annotations

from dataclasses import replace

from pinnsolve.checks.as_folded import as_folded
from pinnsolve.checks.as_materials import as_materials
from pinnsolve.checks.as_regular import as_regular, kept_apart, rest_of
from pinnsolve.checks.as_time import along_time, as_evolution
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.once import once
from pinnsolve.geometry.regions import Region, moved
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


def as_solved(problem: Problem) -> Problem:
    """A declaration as it is solved: with time where it is an evolution, without where it is none, for what is bounded
    of its unknowns, with parts of space folded, and with curves on which `where` jumps told as materials. Told and
    checked once, however often it is solved."""

    def told() -> Problem:
        regular = as_folded(problem) or as_regular(problem) or problem
        found = as_evolution(regular) or as_steady(regular) or as_materials(regular) or regular
        if found is not problem:
            kept_apart(found, rest_of(problem))
        return found

    return once(problem, ("as solved",), told)


def as_steady(problem: Problem) -> Problem | None:
    """The same declaration with its time told as a coordinate of a box; None where it can be marched, and on shapes."""
    return once(problem, ("as steady",), lambda: _steady(problem))


def _steady(problem: Problem) -> Problem | None:
    domain = problem.domain
    if domain.time is None or domain.shape is not None or not (_repeats(problem) or _between(problem)):
        return None
    box = Box(**{c: domain.extent[c] for c in (*domain.space_coordinates, domain.time)})
    conditions = [_beside(c, problem) if isinstance(c, Equation) else c for c in problem.declared_conditions]
    try:
        return problem.replaced(space=box, time=None, conditions=conditions, quantities=None, reference=None)
    except ProblemError:  # a name that the normal along time takes
        return None


def _repeats(problem: Problem) -> bool:
    return problem.domain.time in {p.coordinate for p in problem.periodic}


def _between(problem: Problem) -> bool:
    """Whether conditions stand at the first moment and at the last, and time is not the only coordinate: along that one
    cells find them anyway."""
    moments = {piece.moment for c in problem.conditions for piece in problem.pieces(c)}
    return bool(problem.space_coordinates) and set(problem.domain.ends(str(problem.domain.time))) <= moments


def _beside(condition: Equation, problem: Problem) -> Equation:
    """A condition that holds on the same places: the boundary of space has no ends of time. A rate is a normal
    derivative there, or the opposite of one."""
    pieces, told = problem.pieces(condition), condition.prescribes
    if told is not None and told.what == "rate":
        sign = 1 if pieces[0].moment == problem.domain.ends(str(problem.domain.time))[1] else -1
        condition = along_time(condition, told, "normal derivative", sign)
    return replace(condition, on=Region(condition.on.name, lambda domain: tuple(moved(pieces, domain))))
