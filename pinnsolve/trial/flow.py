"""Divergence-free velocities: what the network holds in their place, and which conditions hold exactly.

    u = g + curl(phi A),

A the network's stream function (or vector potential), g the initial velocity, constant in time, or where there is none
a uniform one, and the flow into singular corners. phi vanishes at the start; on a wall where the whole velocity is
given it vanishes twice, so that its gradient does too, and on one where only the normal velocity is given, once.
Whatever g does not meet on the walls is a weighted residual instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.checks.contradictions import Part, parts
from pinnsolve.checks.divergence import velocity_of
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.places import Corner
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.conditions import Solenoidal
from pinnsolve.problem.equation import Prescribed
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.corner_flow import CornerFlow

Wall = tuple[str, float]  # a coordinate of space, and the end at which it stands


@dataclass(frozen=True)
class Flow:
    """A velocity and its exact conditions.

    Parameters
    ----------
    components : tuple of str
    start : dict from component to Prescribed
        The initial velocity; empty where there is none, or where it is not exact.
    moment : Piece, optional
        When that is.
    walls : dict from (coordinate, end) to int
        How often phi vanishes there.
    uniform : dict from component to float
        The velocity that is part of g without a start. A potential of it would have to grow across the domain.
    corners : tuple of CornerFlow
        The flows into singular corners, which are part of g.
    """

    components: tuple[str, ...]
    start: dict[str, Prescribed]
    moment: Piece | None
    walls: dict[Wall, int]
    uniform: dict[str, float]
    corners: tuple[CornerFlow, ...] = ()


def planned(
    problem: Problem, velocity: Solenoidal, given_up: list[Part], around: Sequence[Corner], sizes: Mapping[str, Size]
) -> tuple[Flow, list[Part]]:
    """What can be exact of a velocity's conditions, and what has to be weighted."""
    mine = [p for p in parts(problem) if p[0].unknown in velocity.components]
    faces: dict[Wall, dict[str, Part]] = {}
    for part in mine:
        told = part[0].prescribes
        assert told is not None
        if part not in given_up and part[1].face and told.what == "value" and not problem.to_be_found(told):
            faces.setdefault(part[1].face, {})[told.unknown] = part
    start: dict[str, Prescribed] = {}
    moment: Piece | None = None
    possible: dict[Wall, int] = {}
    exact: list[Part] = []
    normal = dict(zip(problem.space_coordinates, velocity.components, strict=True))
    for (coordinate, end), given in faces.items():
        whole = len(given) == len(velocity.components)
        if any(corner.fixed.get(coordinate) == end for corner in around):
            continue  # where the velocity jumps, A would have to be singular
        if coordinate not in problem.space_coordinates:
            if whole and moment is None:
                start = {c: told for c in velocity.components if (told := given[c][0].prescribes) is not None}
                moment = next(iter(given.values()))[1]
                exact += given.values()
        elif whole or normal[coordinate] in given:
            possible[coordinate, end] = 2 if whole else 1
    walls = {wall: possible[wall] for wall in _together(problem, list(possible))}
    for wall, times in walls.items():
        exact += faces[wall].values() if times == 2 else [faces[wall][normal[wall[0]]]]
    turning = _corner_flows(problem, velocity, mine, around)
    uniform = {} if start else {c: _level(problem, c, exact, sizes) for c in normal.values()}
    flow = Flow(velocity.components, start, moment, walls, uniform, turning)
    return flow, [p for p in mine if p not in exact]


def _level(problem: Problem, component: str, exact: Sequence[Part], sizes: Mapping[str, Size]) -> float:
    """What a component is everywhere before the network adds to it: what most of its exact walls say that say one
    number, and without any the middle of what is known of it."""
    found, mine = [], [part for part in exact if part[0].unknown == component]
    for equation, piece in mine:
        points = piece.grid()
        chart, at = points.chart()
        assert equation.prescribes is not None
        value = equation.prescribes.given(problem.fields(chart, at, {}, points)).value.detach()
        if float(value.max() - value.min()) <= EQUAL * float(value.abs().max()):
            found.append(float(value[0]))
    return max(found, key=found.count, default=0.0) if mine else sizes.get(component, Size()).offset


def _together(problem: Problem, walls: list[Wall]) -> list[Wall]:
    """The walls on which phi may vanish together without fixing the flux of curl(phi A) between two of them.

    It may where the rest of the boundary is connected: then no closed line on the walls goes round a stream. It may on
    the whole boundary of a box that has no period.
    """
    periods = {p.coordinate for p in problem.periodic}
    ends = [(c, end) for c in problem.space_coordinates if c not in periods for end in problem.domain.ends(c)]
    chosen: list[Wall] = []
    for wall in walls * len(walls):  # one that does not fit yet may do so beside later ones
        rest = [other for other in ends if other not in chosen and other != wall]
        reached = rest[:1]
        for one in reached:
            reached += [other for other in rest if other[0] != one[0] and other not in reached]
        if wall not in chosen and len(reached) == len(rest) and (rest or not periods):
            chosen.append(wall)
    return chosen


def _corner_flows(
    problem: Problem, velocity: Solenoidal, mine: list[Part], around: Sequence[Corner]
) -> tuple[CornerFlow, ...]:
    """The singular corners of the plane where the whole velocity is given on both walls."""
    found = []
    for corner in around:
        if len(problem.space_coordinates) != 2 or set(corner.fixed) != set(problem.space_coordinates):
            continue
        x, y = problem.space_coordinates
        walls = []
        for end in ({y: corner.fixed[y]}, {x: corner.fixed[x]}):
            told = [c.prescribes for c, p in mine if c.prescribes and c.says("value") and p.fixed == end]
            on = {t.unknown: t for t in told if not problem.to_be_found(t)}
            if all(u in on for u in velocity.components):
                walls.append((on[velocity.components[0]], on[velocity.components[1]]))
        if len(walls) == 2:
            found.append(CornerFlow(corner, walls[0], walls[1]))
    return tuple(found)


def given(problem: Problem, flow: Flow, points: Points, at: Mapping[str, Jet]) -> dict[str, Jet]:
    """g, by component."""
    chart = next(iter(at.values())).chart
    g = {component: chart.numbers(flow.uniform.get(component, 0.0)) for component in flow.components}
    for component, told in flow.start.items():
        assert flow.moment is not None
        then = {**at, **{c: chart.fixed(c, v) for c, v in flow.moment.fixed.items()}}
        g[component] = told.given(problem.fields(chart, then, {}, points))
    for turning in flow.corners:
        parts = turning.velocity(problem, points, at)
        g = {c: g[c] + part for c, part in zip(flow.components, parts, strict=True)}
    return g


def vanishing(problem: Problem, flow: Flow, at: Mapping[str, Jet]) -> Jet | None:
    """phi, at most about one; None where nothing is exact."""
    factors = [flow.moment.level(at)] if flow.moment is not None else []
    for (coordinate, end), times in flow.walls.items():
        low, high = problem.domain.ends(coordinate)
        opposite = high if end == low else low
        slope = 2 if (coordinate, opposite) in flow.walls else 1  # so that the middle, or the open end, is at one
        factors += [(at[coordinate] - end) * (slope / (opposite - end))] * times
    phi: Jet | None = None
    for factor in factors:
        phi = factor if phi is None else phi * factor
    return phi


def scales(problem: Problem, flow: Flow, size: Callable[[str], Size]) -> list[float]:
    """How large each potential is whose curl has the scales of the velocity."""
    mine = {c: size(u).scale for c, u in zip(problem.space_coordinates, flow.components, strict=True)}
    reach = [
        max(mine[a] * problem.domain.length(b) for a in mine for b in mine if a != b and c not in (a, b))
        for c in problem.space_coordinates
        if len(mine) == 3
    ]
    if reach:
        return reach
    x, y = problem.space_coordinates
    return [max(mine[x] * problem.domain.length(y), mine[y] * problem.domain.length(x))]


def velocity(
    problem: Problem, lift: tuple[Mapping[str, Jet], Jet | None], potentials: list[Jet], at: Mapping[str, Jet]
) -> dict[str, Jet]:
    """u = g + curl(phi A), by component."""
    start, phi = lift
    scaled = potentials if phi is None else [phi * a for a in potentials]
    whole = [Jet(a.chart, a.partial, tuple(a.shape), frozenset(a.chart.names)) for a in scaled]
    turned = velocity_of(whole, [at[c] for c in problem.space_coordinates])
    return {c: g + u for (c, g), u in zip(start.items(), turned, strict=True)}
