"""A problem for other values of its constants, as cells of a solution that is there read it.

Where cells and steps must end is known. A place where something else is joined than traces, and no longer is, has moved
with a constant: then all is read anew.
"""

from __future__ import annotations

from dataclasses import replace

from pinnsolve.problem.problem import Problem
from pinnsolve.trial.crossings import crossed, crossings, crossings_in_time
from pinnsolve.trial.determined import UnmarchableError, equations_of
from pinnsolve.trial.evolution import Evolution, read_evolution
from pinnsolve.trial.exact import Plan, with_integrals
from pinnsolve.trial.line import Line, read_line, standing_of
from pinnsolve.trial.rim import relations_of
from pinnsolve.trial.standing import conditions_of
from pinnsolve.trial.steady import read_steady, walls_of


def retold(read: Evolution, problem: Problem, made: Plan) -> Evolution | None:
    """The same with the equations, starts, walls and joins of a problem that differs in numbers alone."""
    try:
        found = _steady(read, problem) if read.time is None else _evolution(read, problem, made)
    except UnmarchableError:
        return None
    if found.places == read.places:
        return found
    return read_steady(problem, made) if read.time is None else read_evolution(problem, made)


def retold_line(read: Line, problem: Problem, made: Plan) -> Line | None:
    """The same along a line."""
    orders = dict(zip(problem.unknowns, read.joins, strict=True))
    try:
        across = crossings(problem, with_integrals(problem, made), read.name, orders, read.inside)
    except UnmarchableError:
        return None
    if across.keys() != read.across.keys():
        return read_line(problem, made)
    return replace(read, problem=problem, conditions=standing_of(problem), across=across)


def _steady(read: Evolution, problem: Problem) -> Evolution:
    equations, joins = equations_of(problem), dict(zip(problem.unknowns, read.joins, strict=True))
    return replace(
        read, problem=problem, equations=equations, walls=tuple(walls_of(problem)),
        crossed=crossed(problem, joins, read.inside, fluxes=True) if read.crossed else (),
        relations=relations_of(problem, equations),
    )  # fmt: skip


def _evolution(read: Evolution, problem: Problem, made: Plan) -> Evolution:
    assert problem.domain.time is not None
    starts, rates, walls = conditions_of(problem, problem.domain.ends(problem.domain.time)[:: read.sign][0])
    joins, across = dict(zip(problem.unknowns, read.joins, strict=True)), read.across
    if across:
        first = {u: k for u, (k,) in joins.items()}
        across = crossings_in_time(problem, made, first, read.inside, read.sign, read.second)
    return replace(
        read, problem=problem, equations=equations_of(problem), starts=starts, rates=rates, walls=tuple(walls),
        across=across, crossed=crossed(problem, joins, read.inside, bool(problem.lines)) if read.crossed else (),
    )  # fmt: skip
