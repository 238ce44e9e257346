"""A problem along one coordinate, of space or of time: what is joined between cells, and what holds where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.resolution import Resolution
from pinnsolve.checks.varying import varying_along
from pinnsolve.geometry.points import Points
from pinnsolve.networks.traces import Across
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.breaks import cuts
from pinnsolve.trial.crossings import crossings
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.exact import Plan, with_integrals


@dataclass(frozen=True)
class Standing:
    """A condition at one place.

    Parameters
    ----------
    equation : Equation
    place : float
    outward : mapping from coordinate to float
        The normal, at an end of space.
    """

    equation: Equation
    place: float
    outward: Mapping[str, float]


@dataclass(frozen=True)
class Line:
    """What is needed to solve a problem over cells of its one coordinate.

    Parameters
    ----------
    problem : Problem
    joins : tuple of int
        For each unknown the order of the equations in it: so many traces are joined between cells.
    conditions : tuple of Standing
        As many as there are traces at a joint; none on a ring.
    periodic : bool
    across : mapping from place to Across
        Where something else is joined than the traces themselves: fluxes, or what conditions inside say.
    joints : tuple of float
        Where cells must end: where equations jump, and around what is narrow.
    inside : Resolution
        On which lengths the equations vary.
    rough : bool
        Whether data jump or have kinks.
    sizes : tuple of float
        How large the variation of each unknown is, as far as data tell.
    """

    problem: Problem
    joins: tuple[int, ...]
    conditions: tuple[Standing, ...]
    periodic: bool
    across: Mapping[float, Across]
    joints: tuple[float, ...]
    inside: Resolution
    rough: bool
    sizes: tuple[float, ...]

    @property
    def name(self) -> str:
        return self.problem.coordinates[0]

    @property
    def ends(self) -> tuple[float, float]:
        return self.problem.domain.ends(self.name)

    @property
    def begin(self) -> float | None:
        """Where all conditions stand, so that it can be marched from there; nothing where they stand apart."""
        places = {c.place for c in self.conditions}
        return places.pop() if len(places) == 1 else None

    def points(self, x: Tensor, outward: Mapping[str, float] | None = None) -> Points:
        """Points (N,)."""
        normals = {c: torch.full_like(x, v) for c, v in (outward or {}).items()}
        return Points({self.name: x}, torch.ones_like(x), normals)


def line(problem: Problem, made: Plan) -> Line:
    """Read a problem as one along a line.

    Raises
    ------
    UnmarchableError
        With the reason.
    """
    made = with_integrals(problem, made)
    if problem.indivisible:
        raise UnmarchableError(problem.indivisible)
    if len(problem.coordinates) != 1:
        raise UnmarchableError("it has more than one coordinate")
    if len(problem.equations) != len(problem.unknowns):
        raise UnmarchableError(f"{len(problem.equations)} equations stand for {len(problem.unknowns)} unknowns")
    name = problem.coordinates[0]
    orders = dict.fromkeys(problem.unknowns, 0)
    for equation in problem.equations:
        for u, probe in problem.prober.inside(equation).probes.items():
            orders[u] = max([orders[u], *(alpha[0] for alpha in probe.asked)])
    standing = standing_of(problem)
    asked = 0 if problem.periodic else sum(orders.values())
    if not sum(orders.values()):
        raise UnmarchableError("no equation derives an unknown")
    if len(standing) != asked:  # fewer: nothing says that what is found is alone; more: they may contradict each other
        raise UnmarchableError(f"there are {len(standing)} conditions, and such equations ask for {asked}")
    for condition in standing:
        answer = problem.prober.answer(condition.equation, problem.pieces(condition.equation)[0].grid())
        if any(alpha[0] >= orders[u] for u, probe in answer.probes.items() for alpha in probe.asked):
            raise UnmarchableError(f"{condition.equation.name} asks for a derivative that cells do not share")
    inside = varying_along(problem, name)
    across = crossings(problem, made, name, orders, inside)
    if len({c.place for c in standing}) == 1 and not all(a.marchable for a in across.values()):
        raise UnmarchableError("all conditions stand at one place, and beyond an inner one nothing says how it goes on")
    low, high = problem.domain.ends(name)
    joints = {*cuts(problem, made, name, inside), *(c.place for c in standing if low < c.place < high)}
    rough = bool(inside.breaks or made.rough)
    sizes = tuple(made.size(u).scale for u in problem.unknowns)
    return Line(
        problem,
        tuple(orders.values()),
        standing,
        bool(problem.periodic),
        across,
        tuple(sorted(joints)),
        inside,
        rough,
        sizes,
    )


def standing_of(problem: Problem) -> tuple[Standing, ...]:
    """The conditions where they stand."""
    name = problem.coordinates[0]
    return tuple(
        Standing(c, piece.fixed[name], piece.outward) for c in problem.conditions for piece in problem.pieces(c)
    )


def read_line(problem: Problem, made: Plan) -> Line | None:
    """A problem as one along a line, where it is one."""
    try:
        return line(problem, made)
    except UnmarchableError:
        return None
