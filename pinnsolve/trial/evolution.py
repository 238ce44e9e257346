"""A problem as an evolution over cells of one coordinate of space: what is joined, where it starts, what walls say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.checks.resolution import Resolution
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.equation import Prescribed as Given
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.breaks import bends, cuts, kinked, varying
from pinnsolve.trial.exact import Plan

Derivatives = dict[str, set[Alpha]]


class UnmarchableError(Exception):
    """Why a problem is no evolution over cells of one coordinate of space, in words."""


@dataclass(frozen=True)
class Wall:
    """A condition at the left (0) or right (1) end."""

    equation: Equation
    end: int


@dataclass(frozen=True)
class Evolution:
    """What a march over cells needs to know of a problem.

    Parameters
    ----------
    problem : Problem
    space, time : int
        Which of the coordinates they are.
    joins : tuple of int
        For each unknown, so many traces are joined between cells: its value and the derivatives below the highest.
    orders : tuple of int
        For each unknown, the order of the equations in time; zero where they give it algebraically.
    starts, rates : dict from unknown to what is prescribed
    walls : tuple of Wall
    periodic : bool
    bends : mapping from place to tensor (D, D)
        Where fluxes are continuous, and slopes are not: the traces on the right from those on the left.
    joints : tuple of float
        Where cells must end, since slopes may jump, or the equations vary on a small scale.
    moments : tuple of float
        When steps must end, for the same reasons.
    inside : Resolution
        On which lengths of space the equations vary.
    begun : Resolution
        The same, with what is prescribed at the start.
    driven : Resolution
        On which lengths of time equations and walls vary.
    rough : bool
        Whether data jump or have kinks, inside or where a ring closes.
    sizes : tuple of float
        How large the variation of each unknown is, as far as data tell.
    """

    problem: Problem
    space: int
    time: int
    joins: tuple[int, ...]
    orders: tuple[int, ...]
    starts: dict[str, Given]
    rates: dict[str, Given]
    walls: tuple[Wall, ...]
    periodic: bool
    bends: Mapping[float, Tensor]
    joints: tuple[float, ...]
    moments: tuple[float, ...]
    inside: Resolution
    begun: Resolution
    driven: Resolution
    rough: bool
    sizes: tuple[float, ...]

    @property
    def name(self) -> str:
        return self.problem.coordinates[self.space]

    @property
    def ends(self) -> tuple[float, float]:
        return self.problem.domain.ends(self.name)

    @property
    def times(self) -> tuple[float, float]:
        assert self.problem.time is not None
        return self.problem.time

    @property
    def second(self) -> bool:
        """Whether an equation is of second order in time."""
        return max(self.orders) > 1

    def derivative(self, alpha: Alpha) -> tuple[int, int]:
        """How often it derives along space and along time."""
        return alpha[self.space], alpha[self.time]

    def points(self, x: Tensor, t: Tensor, end: int | None = None) -> Points:
        """Points (N,); with outward normals where they lie at an end."""
        found = {self.space: x, self.time: t}
        coordinates = {name: found[k] for k, name in enumerate(self.problem.coordinates)}
        normals: dict[str, Tensor] = {}
        if end is not None:
            normals = {self.name: torch.full_like(x, 2.0 * end - 1.0)}
        return Points(coordinates, torch.ones_like(x), normals)

    def given(self, told: Given, x: Tensor, t: float) -> Tensor:
        """What is prescribed at places (N,) and one time."""
        points = self.points(x, torch.full_like(x, t))
        chart, at = points.chart()
        return told.given(self.problem.fields(chart, at, {}, points)).value.detach()


def evolution(problem: Problem, made: Plan, derivatives: Derivatives) -> Evolution:
    """Read a problem as an evolution.

    Raises
    ------
    UnmarchableError
        With the reason.
    """
    domain = problem.domain
    if domain.time is None or len(domain.space_coordinates) != 1 or len(domain.coordinates) != 2:
        raise UnmarchableError("cells are marched over one coordinate of space and time")
    if problem.indivisible:
        raise UnmarchableError(problem.indivisible)
    if len(problem.equations) < len(problem.unknowns):
        raise UnmarchableError("there are fewer equations than unknowns")
    space, time = (problem.coordinates.index(c) for c in (domain.space_coordinates[0], domain.time))
    starts, rates, walls = _conditions(problem)
    orders = {u: max((a[time] for a in derivatives[u]), default=0) for u in problem.unknowns}
    joins = {u: max((a[space] for a in derivatives[u]), default=0) for u in problem.unknowns}
    needed = sum(joins.values())
    if not problem.periodic and len(walls) < needed:
        # least squares would find a solution, and nothing says that it is the only one
        raise UnmarchableError(f"{len(walls)} conditions stand at the walls, and such equations ask for {needed}")
    for wall in walls:  # what a condition asks for at a wall must be a trace
        for u, asked in _asked(problem, wall.equation).items():
            joins[u] = max(joins[u], max((a[space] + 1 for a in asked), default=0))
    for u, order in orders.items():
        if order > 2:
            raise UnmarchableError(f"{u} is derived more than twice along time")
        if order > 0 and u not in starts:
            raise UnmarchableError(f"nothing says where {u} starts")
        if order > 1 and u not in rates:
            raise UnmarchableError(f"nothing says at which rate {u} starts")
    _even(problem, joins, orders, space)
    periodic = bool(problem.periodic)
    name = domain.space_coordinates[0]
    inside, begun, driven = varying(problem, name, domain.time)
    bent = bends(problem, made, name, joins, inside)
    if bent is None:
        raise UnmarchableError("a coefficient jumps, and no flux says how slopes go on there")
    joints, moments = (cuts(problem, made, c, r) for c, r in ((name, begun), (domain.time, driven)))
    rough = bool(begun.breaks or driven.breaks or made.rough or made.corners) or kinked(problem, made, starts, joins)
    sizes = tuple(made.size(u).scale for u in problem.unknowns)
    return Evolution(
        problem, space, time, tuple(joins.values()), tuple(orders.values()), starts, rates, tuple(walls),
        periodic, bent, joints, moments, inside, begun, driven, rough, sizes,
    )  # fmt: skip


def read_evolution(problem: Problem, made: Plan) -> Evolution | None:
    """A problem as an evolution, where it is one."""
    derivatives: Derivatives = {u: set() for u in problem.unknowns}
    for equation in problem.equations:
        for u, probe in problem.prober.answer(equation, problem.domain.line()).probes.items():
            derivatives[u] |= set(probe.asked)
    try:
        return evolution(problem, made, derivatives)
    except UnmarchableError:
        return None


def _conditions(problem: Problem) -> tuple[dict[str, Given], dict[str, Given], list[Wall]]:
    assert problem.time is not None
    starts: dict[str, Given] = {}
    rates: dict[str, Given] = {}
    walls: list[Wall] = []
    for condition in problem.conditions:
        for piece in problem.pieces(condition):
            if piece.moment is not None:
                told = condition.prescribes
                kept = {"value": starts, "rate": rates}.get(told.what) if told is not None else None
                if kept is None or told is None or piece.face != (problem.domain.time, problem.time[0]):
                    raise UnmarchableError(f"{condition.name} is no value or rate at the start")
                kept[told.unknown] = told
            elif piece.face is None:
                raise UnmarchableError(f"{condition.name} stands inside")
            else:
                name, value = piece.face
                walls.append(Wall(condition, int(value == problem.domain.ends(name)[1])))
    return starts, rates, walls


def _even(problem: Problem, joins: dict[str, int], orders: dict[str, int], space: int) -> None:
    """Where an equation says that one unknown is the rate of another (u_t = v), both are joined alike."""
    for equation in problem.equations:
        slopes = problem.prober.answer(equation, problem.domain.line()).slopes
        if any(alpha[space] for _, alpha, _ in slopes):
            continue
        rated = [u for u, alpha, _ in slopes if any(alpha)]
        named = {u for u, alpha, _ in slopes if not any(alpha) and orders[u]}
        for u in named if rated else ():
            joins[u] = max(joins[u], *(joins[v] for v in rated))


def _asked(problem: Problem, equation: Equation) -> dict[str, set[Alpha]]:
    """The derivatives that a condition asks for."""
    found: dict[str, set[Alpha]] = {}
    for piece in problem.pieces(equation):
        answer: Any = problem.prober.answer(equation, piece.grid())
        for unknown, probe in answer.probes.items():
            found.setdefault(unknown, set()).update(probe.asked)
    return found
