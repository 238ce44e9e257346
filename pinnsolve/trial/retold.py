"""A problem as an evolution for other values of its constants, where cells and steps of a solution are there."""

from __future__ import annotations

from dataclasses import replace

from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import equations_of
from pinnsolve.trial.evolution import Evolution, read_evolution
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.standing import conditions_of
from pinnsolve.trial.steady import read_steady, walls_of


def retold(read: Evolution, problem: Problem, made: Plan) -> Evolution | None:
    """The same with the equations, starts and walls of a problem that differs in numbers alone; where cells and steps
    must end is known. Read anew where something else is joined than traces, since that may depend on these numbers."""
    if read.places or read.relations:
        return read_steady(problem, made) if read.time is None else read_evolution(problem, made)
    if read.time is None:
        return replace(read, problem=problem, equations=equations_of(problem), walls=tuple(walls_of(problem)))
    assert problem.domain.time is not None
    starts, rates, walls = conditions_of(problem, problem.domain.ends(problem.domain.time)[:: read.sign][0])
    return replace(
        read, problem=problem, equations=equations_of(problem), starts=starts, rates=rates, walls=tuple(walls)
    )
