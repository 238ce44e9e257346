"""A problem as an evolution over cells of space: what is joined, where it starts, what walls say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.checks.linearity import constant_in_time
from pinnsolve.checks.parts_apart import held
from pinnsolve.checks.resolution import Resolution, just_before
from pinnsolve.geometry.part_shapes import Region
from pinnsolve.geometry.places import Corner
from pinnsolve.geometry.points import Points
from pinnsolve.jets.leaves import Leaves
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.traces import Across, Crossed
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.equation import Prescribed as Given
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.breaks import cuts, kinked, varying
from pinnsolve.trial.crossings import check_seen, crossed, crossings_in_time
from pinnsolve.trial.determined import (
    UnmarchableError,
    Wall,
    derivatives_of,
    equations_of,
    rated,
    sign_of,
    traced,
    with_ends,
)
from pinnsolve.trial.exact import Plan, with_integrals
from pinnsolve.trial.fluxes import by_fluxes
from pinnsolve.trial.rim import at_rim, enough, relations_of
from pinnsolve.trial.rim_corners import of_rim
from pinnsolve.trial.standing import conditions_of


@dataclass(frozen=True)
class Evolution:
    """What a march over cells needs to know of a problem.

    Parameters
    ----------
    problem : Problem
    equations : tuple of Equation
        Those of the problem, and that velocities have no divergence where it says so.
    space : tuple of int
        Which of the coordinates are those of space.
    time : int, optional
        Which one is that of time; a steady problem has none (`trial.steady`).
    sign : int
        Minus one where conditions stand at the end of time and all is marched backwards. The times of a march are this
        times the problem's, so that they always grow.
    joins : tuple by unknown of tuple of int
        Along each coordinate of space, so many traces are joined between cells: the value and the derivatives below
        the highest.
    orders : tuple of int
        For each unknown, the order of the equations in time; zero where they give it algebraically.
    starts, rates : dict from unknown to what is prescribed
    walls : tuple of Wall
    rings : tuple of bool
        Along which coordinates of space everything is periodic.
    across : mapping from place to Across
        Where along a line something else is joined than the traces themselves: fluxes, or what conditions inside say.
    joints : tuple by coordinate of tuple of float
        Where cells must end, since slopes may jump, or the equations vary on a small scale.
    moments : tuple of float
        When steps must end, for the same reasons: just before something jumps (`checks.resolution.just_before`).
    inside : tuple by coordinate of Resolution
        On which lengths of space the equations vary.
    begun : tuple by coordinate of Resolution
        The same, with what is prescribed at the start.
    driven : Resolution
        On which lengths of time equations and walls vary.
    rough : bool
        Whether data jump or have kinks, inside or where a ring closes.
    sizes : tuple of float
        How large the variation of each unknown is, as far as data tell.
    rated : bool
        Whether an equation says that one unknown is the rate of another.
    crossed : tuple of Crossed
        What is joined otherwise in a plane.
    notches, jumps : tuple of Corner
        Of a rim: where slopes may grow without bound, and where prescribed values jump.
    region : Region, optional
        What of the plane belongs to it; without it, all of the box.
    relations : tuple of Equation
        What holds across the curves at which parts of it meet.
    held : tuple of bool
        Of each part, whether it has walls at which more is said than slopes.
    fluxed : tuple of int
        Where cells are joined by fluxes, for each equation the number of the unknown that evolves, or is spread, by it.
    """

    problem: Problem
    equations: tuple[Equation, ...]
    space: tuple[int, ...]
    time: int | None
    sign: int
    joins: tuple[tuple[int, ...], ...]
    orders: tuple[int, ...]
    starts: dict[str, Given]
    rates: dict[str, Given]
    walls: tuple[Wall, ...]
    rings: tuple[bool, ...]
    across: Mapping[float, Across]
    joints: tuple[tuple[float, ...], ...]
    moments: tuple[float, ...]
    inside: tuple[Resolution, ...]
    begun: tuple[Resolution, ...]
    driven: Resolution
    rough: bool
    sizes: tuple[float, ...]
    rated: bool
    crossed: tuple[Crossed, ...] = ()
    notches: tuple[Corner, ...] = ()
    jumps: tuple[Corner, ...] = ()
    region: Region | None = None
    relations: tuple[Equation, ...] = ()
    held: tuple[bool, ...] = ()
    fluxed: tuple[int, ...] = ()

    @property
    def dims(self) -> int:
        return len(self.space)

    @property
    def extent(self) -> list[tuple[float, float]]:
        """Where each coordinate of space begins and ends."""
        return [self.problem.domain.ends(self.problem.coordinates[k]) for k in self.space]

    @property
    def times(self) -> tuple[float, float]:
        """Where the march begins and ends."""
        assert self.problem.time is not None
        begin, end = (self.sign * t for t in self.problem.time[:: self.sign])
        return begin, end

    @property
    def cornered(self) -> bool:
        """Whether a rim has corners at which slopes may grow without bound."""
        return bool(self.notches or self.jumps)

    @property
    def second(self) -> bool:
        """Whether an equation is of second order in time."""
        return max(self.orders) > 1

    @property
    def spread_from(self) -> tuple[float, ...]:
        """When kinks may begin that are felt at once all along a line, and are not carried by waves of one speed."""
        at_once = self.dims == 1 and max((k for (k,) in self.joins), default=0) > max(self.orders)
        return (self.times[0], *self.moments) if at_once else ()

    @cached_property
    def constant(self) -> bool:
        """Whether equations and conditions are linear, with slopes that do not change in time."""
        return self.time is not None and constant_in_time(self.problem, self.equations)

    @property
    def places(self) -> dict[str, tuple[float, ...]]:
        """By coordinate, where something else is joined than the traces themselves."""
        found = [(0, place) for place in self.across] + [(c.axis, c.place) for c in self.crossed]
        names = [self.problem.coordinates[k] for k in self.space]
        return {names[axis]: tuple(p for a, p in found if a == axis) for axis in sorted({a for a, _ in found})}

    def derivative(self, alpha: Alpha) -> tuple[tuple[int, ...], int]:
        """How often it derives along the coordinates of space and along time."""
        return tuple(alpha[k] for k in self.space), 0 if self.time is None else alpha[self.time]

    def points(
        self, x: Tensor, t: Tensor, side: tuple[int, int] | None = None, outward: Tensor | None = None
    ) -> Points:  # fmt: skip
        """Points (N, dims); with outward normals where they lie at a side, or where these are given, (N, dims)."""
        found = {k: x[:, axis] for axis, k in enumerate(self.space)}
        if self.time is not None:
            found[self.time] = self.sign * t
        names = self.problem.coordinates
        normals: dict[str, Tensor] = {}
        if side is not None:
            across, upper = side
            for axis, k in enumerate(self.space):
                normals[names[k]] = torch.full_like(t, (2.0 * upper - 1.0) * (axis == across))
        if outward is not None:
            normals = {names[k]: outward[:, axis] for axis, k in enumerate(self.space)}
        return Points({name: found[k] for k, name in enumerate(names)}, torch.ones_like(t), normals)

    def given(self, told: Given, x: Tensor, t: float) -> Tensor:
        """What is prescribed at places (N, dims) and one time."""
        return self._given(told, x, t, {})[0].detach()

    def given_by(self, told: Given, x: Tensor, t: float, constants: Mapping[str, float]) -> dict[str, Tensor]:
        """Its derivatives by constants that stand at these values, each (N,), where they are not zero."""
        value, held = self._given(told, x, t, {n: v for n, v in constants.items() if n in told.asks})
        if not value.requires_grad:
            return {}
        grads = torch.autograd.grad(value.sum(), list(held.values.values()), allow_unused=True)
        return {name: g for name, g in zip(held.values, grads, strict=True) if g is not None}

    def _given(self, told: Given, x: Tensor, t: float, constants: Mapping[str, float]) -> tuple[Tensor, Leaves]:
        points = self.points(x, torch.full_like(x[:, 0], t))
        chart, at = points.chart()
        held = Leaves.on(chart, constants)
        value = told.given(self.problem.fields(chart, at, {}, points, held.fields(chart))).value
        return self.sign * value if told.what == "rate" else value, held


def evolution(
    problem: Problem, made: Plan, others: Sequence[Equation] = (), more: Sequence[Wall] = ()
) -> Evolution:  # fmt: skip
    """Read a problem as an evolution.

    Parameters
    ----------
    problem : Problem
    made : Plan
    others : sequence of Equation
        In place of its own ones.
    more : sequence of Wall
        Beside its own ones.

    Raises
    ------
    UnmarchableError
        With the reason.
    """
    _divisible(problem)
    made = with_integrals(problem, made)
    domain = problem.domain
    space = tuple(problem.coordinates.index(c) for c in domain.space_coordinates)
    if domain.time is None or not 1 <= len(space) <= 3 or len(domain.coordinates) != len(space) + 1:
        raise UnmarchableError("cells are for one coordinate, or one to three of space with time")
    equations, time = tuple(others) or equations_of(problem), problem.coordinates.index(domain.time)
    if len(equations) < len(problem.unknowns):
        raise UnmarchableError("there are fewer equations than unknowns")
    sign = sign_of(problem)
    starts, rates, walls = conditions_of(problem, problem.domain.ends(domain.time)[::sign][0])
    walls += more
    derivatives = derivatives_of(problem, equations)
    orders = {u: max((a[time] for a in derivatives[u]), default=0) for u in problem.unknowns}
    joins = {u: [max((a[k] for a in derivatives[u]), default=0) for k in space] for u in problem.unknowns}
    rings = tuple(any(p.coordinate == c for p in problem.periodic) for c in domain.space_coordinates)
    enough(problem, equations, walls, rings, space)
    for u, order in orders.items():
        if order > 2:
            raise UnmarchableError(f"{u} is derived more than twice along time")
        if order > 0 and u not in starts:
            raise UnmarchableError(f"nothing says where {u} starts")
        if order > 1 and u not in rates:
            raise UnmarchableError(f"nothing says at which rate {u} starts")
    if len(space) == 1:
        traced(problem, walls, joins, space[0])
    is_rate = rated(problem, equations, joins, orders, space)
    inside, begun, driven = varying(problem, domain.space_coordinates, domain.time)
    across = crossings_in_time(
        problem, made, {u: k[0] for u, k in joins.items()}, inside, sign, max(orders.values()) > 1
    )
    lines = crossed(problem, joins, inside, fluxes=bool(problem.lines)) if len(space) > 1 else ()
    if lines:
        check_seen(problem, made, [(domain.space_coordinates[c.axis], c.place) for c in lines])
    if lines and (is_rate or max(orders.values()) > 1):
        raise UnmarchableError("in a plane no cells end there where equations are of second order in time")
    narrow = len(space) < 3  # in space ends around what is narrow, along each coordinate, would make too many cells
    places = [cuts(problem, made, c, r, narrow) for c, r in zip(domain.space_coordinates, begun, strict=True)]
    moments = just_before([sign * m for m in cuts(problem, made, domain.time, driven)], *domain.ends(domain.time))
    across_curves = relations_of(problem, equations)
    broken = any(r.breaks for r in begun) or bool(driven.breaks)
    rough = broken or made.rough or bool(made.corners) or kinked(problem, made, starts, joins, sign)
    return Evolution(
        problem, equations, space, time, sign, tuple(map(tuple, joins.values())), tuple(orders.values()), starts, rates,
        tuple(walls), rings, across, with_ends(problem, walls, places), moments, inside, begun, driven.mirrored(sign),
        rough, tuple(made.size(u).scale for u in problem.unknowns), is_rate, lines, *of_rim(problem, made, walls),
        across_curves, tuple(held(problem).tolist()) if across_curves else (),
        by_fluxes(problem, equations, walls, joins, orders, space, rings, sign, bool(lines) or at_rim(problem)),
    )  # fmt: skip


def read_evolution(problem: Problem, made: Plan) -> Evolution | None:
    """A problem as an evolution, where it is one."""
    try:
        return evolution(problem, made)
    except UnmarchableError:
        return None


def _divisible(problem: Problem) -> None:
    """Raise an UnmarchableError if cells cannot take it."""
    if problem.indivisible:
        raise UnmarchableError(problem.indivisible)
    if len(problem.space_coordinates) < 3:
        return
    if problem.parts is not None:
        raise UnmarchableError("with time cells of space end at no interface of materials")
    if problem.inner:
        raise UnmarchableError("in three dimensions with time no cells end where conditions stand inside")
