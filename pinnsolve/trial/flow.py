"""Divergence-free velocities: what the network holds in their place, and which conditions hold exactly.

    u = g + curl(phi A),

A the network's stream function (or vector potential), g the initial velocity, constant in time, and the flow into
singular corners, or zero. phi vanishes at the start; on a wall where the whole velocity is given it vanishes twice, so
that its gradient does too, and on one where only the normal velocity is given, once. Whatever g does not meet on the
walls is a weighted residual instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinnsolve.checks.contradictions import Piece, pieces
from pinnsolve.checks.corners import Corner
from pinnsolve.checks.divergence import velocity_of
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.conditions import Condition, Solenoidal
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.corner_flow import CornerFlow

Wall = tuple[str, float]  # a coordinate of space, and the end at which it stands


@dataclass(frozen=True)
class Flow:
    """A velocity and its exact conditions.

    Parameters
    ----------
    components : tuple of str
    start : dict from component to Condition
        The initial velocity; empty where there is none, or where it is not exact.
    walls : dict from (coordinate, end) to int
        How often phi vanishes there.
    corners : tuple of CornerFlow
        The flows into singular corners, which are part of g.
    """

    components: tuple[str, ...]
    start: dict[str, Condition]
    walls: dict[Wall, int]
    corners: tuple[CornerFlow, ...] = ()


def planned(
    problem: Problem, velocity: Solenoidal, given_up: list[Piece], around: Sequence[Corner]
) -> tuple[Flow, list[Piece]]:
    """What can be exact of a velocity's conditions, and the pieces that have to be weighted."""
    mine = [p for p in pieces(problem) if p[0].unknown in velocity.components]
    usable = [p for p in mine if p not in given_up and p[0].kind in ("dirichlet", "initial") and len(p[1].fixed) == 1]
    faces: dict[Wall, dict[str, Piece]] = {}
    for piece in usable:
        ((coordinate, end),) = piece[1].fixed.items()
        faces.setdefault((coordinate, end), {})[str(piece[0].unknown)] = piece
    start: dict[str, Condition] = {}
    possible: dict[Wall, int] = {}
    exact: list[Piece] = []
    normal = dict(zip(problem.space_coordinates, velocity.components, strict=True))
    for (coordinate, end), given in faces.items():
        whole = len(given) == len(velocity.components)
        if any(corner.fixed.get(coordinate) == end for corner in around):
            continue  # where the velocity jumps, A would have to be singular
        if coordinate not in problem.space_coordinates:
            start = {c: given[c][0] for c in velocity.components} if whole else {}
            exact += given.values() if whole else []
        elif whole or normal[coordinate] in given:
            possible[coordinate, end] = 2 if whole else 1
    walls = {wall: possible[wall] for wall in _together(problem, list(possible))}
    for wall, times in walls.items():
        exact += faces[wall].values() if times == 2 else [faces[wall][normal[wall[0]]]]
    turning = _corner_flows(problem, velocity, mine, around)
    return Flow(velocity.components, start, walls, turning), [p for p in mine if p not in exact]


def _together(problem: Problem, walls: list[Wall]) -> list[Wall]:
    """The walls on which phi may vanish together without fixing the flux of curl(phi A) between two of them.

    It may where the rest of the boundary is connected: then no closed line on the walls goes round a stream. It may on
    the whole boundary of a box that has no period.
    """
    periods = {p.coordinate for p in problem.periodic}
    ends = [(c, end) for c in problem.space_coordinates if c not in periods for end in problem.domain.bounds[c]]
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
    problem: Problem, velocity: Solenoidal, mine: list[Piece], around: Sequence[Corner]
) -> tuple[CornerFlow, ...]:
    """The singular corners of the plane where the whole velocity is given on both walls."""
    found = []
    for corner in around:
        if len(problem.space_coordinates) != 2 or set(corner.fixed) != set(problem.space_coordinates):
            continue
        x, y = problem.space_coordinates
        walls = []
        for end in ({y: corner.fixed[y]}, {x: corner.fixed[x]}):
            on = {c.unknown: c for c, s in mine if c.kind == "dirichlet" and s.fixed == end}
            if all(u in on for u in velocity.components):
                walls.append((on[velocity.components[0]], on[velocity.components[1]]))
        if len(walls) == 2:
            found.append(CornerFlow(corner, walls[0], walls[1]))
    return tuple(found)


def given(problem: Problem, flow: Flow, points: Points, at: Mapping[str, Jet]) -> dict[str, Jet]:
    """g, by component."""
    chart = next(iter(at.values())).chart
    g = {component: chart.numbers(0.0) for component in flow.components}
    for component, condition in flow.start.items():
        then = {**at, "t": chart.numbers(problem.domain.bounds["t"][0])}
        g[component] = problem.fields(chart, then, {}, points).value(condition.given, condition.name)
    for turning in flow.corners:
        parts = turning.velocity(problem, points, at)
        g = {c: g[c] + part for c, part in zip(flow.components, parts, strict=True)}
    return g


def vanishing(problem: Problem, flow: Flow, at: Mapping[str, Jet]) -> Jet | None:
    """phi, at most about one; None where nothing is exact."""
    factors = []
    if flow.start:
        low, high = problem.domain.bounds["t"]
        factors.append((at["t"] - low) * (1 / (high - low)))
    for (coordinate, end), times in flow.walls.items():
        low, high = problem.domain.bounds[coordinate]
        opposite = high if end == low else low
        slope = 2 if (coordinate, opposite) in flow.walls else 1  # so that the middle, or the open end, is at one
        factors += [(at[coordinate] - end) * (slope / (opposite - end))] * times
    phi: Jet | None = None
    for factor in factors:
        phi = factor if phi is None else phi * factor
    return phi


def velocity(
    problem: Problem, lift: tuple[Mapping[str, Jet], Jet | None], potentials: list[Jet], at: Mapping[str, Jet]
) -> dict[str, Jet]:
    """u = g + curl(phi A), by component."""
    start, phi = lift
    scaled = potentials if phi is None else [phi * a for a in potentials]
    whole = [Jet(a.chart, a.partial, tuple(a.shape), frozenset(a.chart.names)) for a in scaled]
    turned = velocity_of(whole, [at[c] for c in problem.space_coordinates])
    return {c: g + u for (c, g), u in zip(start.items(), turned, strict=True)}
