"""Places of a shape's boundary at which solutions are singular: corners, and ends of conditions.

Towards them derivatives grow without bound. Least squares of a residual that is not square-integrable are met by
another function than the solution (a Laplacian maps smooth functions of a notched plate to a closed space that lacks
one direction). So residuals are weighed down towards these places, and nodes are closer together.

Source: Grisvard, Elliptic Problems in Nonsmooth Domains (1985), chapter 4; Cox & Fix, Comput. Math. Appl. 10 (1984) 309
(weighted least squares).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from scipy.spatial import cKDTree

from pinnsolve.checks.kinks import Kink
from pinnsolve.classical.reading import Read
from pinnsolve.classical.segments import corners_in_a_row
from pinnsolve.classical.spread import Singular, columns, drawn_on
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.holes import Notch
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.side import Side
from pinnsolve.problem.equation import Equation


def singular_places(given: Read, kinks: Sequence[Kink] = ()) -> Singular:
    """Where conditions end, where data of a rim jump or have kinks, where the boundary turns inwards or its curvature
    jumps, and where interfaces of materials turn or end.

    With residuals times r^b, functions r^a are solutions with b > 1 - a, and r^-a are none with b < 1 + a: b = 1 is
    right for every a > 0. Where a value jumps, the solution has a = 0, and what could be added to it a >= 1/2.
    """
    names, groups, corners = given.coordinates, _groups(given), _corners(given)
    ends = _ends_of_conditions(given, groups)
    rims = [(np.array([k.place[c] for c in names]), not k.along) for k in kinks if set(k.place) == set(names)]
    ends += [(place, jumps) for place, jumps in rims if all(np.linalg.norm(place - p) > 0 for p, _ in ends)]
    turns, tips = [np.array([n.place[c] for c in names]) for n in corners], _ends_of_interfaces(given)
    bends = _jumps_of_curvature(given) + _in_a_row(given)
    places = np.array([*(place for place, _ in ends), *turns, *(p for p, _ in tips), *bends]).reshape(-1, len(names))
    usual, jumping, middling = 1.0, 1.4, 4 / 3
    powers = [jumping if both else usual for _, both in ends] + [usual] * len(turns + tips + bends)
    falls = [np.inf] * len(ends)
    if len(names) == 2:
        angles = [_angle(given, place) for place, _ in ends]
        wide = [angle > 0.6 * np.pi for angle in angles]
        falls = [
            np.inf if not w else middling if both else _falls(given, groups, place, angle)
            for (place, both), angle, w in zip(ends, angles, wide, strict=True)
        ]
    falls += [_falls(given, groups, place, n.angle) for place, n in zip(turns, corners, strict=True)]
    # around a corner of two materials slopes go as r^(a - 1), a >= pi / (pi + its turn) at any ratio of these
    falls += [2 * np.pi / (np.pi + min(turn, np.pi / 2)) for _, turn in tips] + [np.inf] * len(bends)
    by = [np.inf] * len(ends) + [abs(n.angle - np.pi) for n in corners]
    by += [turn for _, turn in tips] + [np.inf] * len(bends)
    inward = [place for place, n in zip(turns, corners, strict=True) if n.angle > 1.1 * np.pi]
    inwards = np.array(inward).reshape(-1, len(names))
    return Singular(places, np.array(falls, dtype=float), np.array(powers), inwards, np.array(by))


@dataclass(frozen=True)
class Group:
    """The parts of the boundary on which the same conditions hold.

    Parameters
    ----------
    places : array (P, d)
        Some of them.
    values : frozenset of str
        The unknowns of which a value is prescribed.
    near : float
        Places that are closer are beside it.
    """

    places: Array
    values: frozenset[str]
    near: float


def _falls(given: Read, groups: Sequence[Group], place: Array, angle: float) -> float:
    """The power of the distance of nodes around a corner as which the error falls that they make elsewhere.

    With values on both sides the solution goes as r^a, a = pi / angle, and what the nearest nodes get wrong spreads as
    r^-a: h^2a. With a value on one side a is half of that. With none there is log r in place of r^-a, a flow out of the
    corner: h^a.
    """
    beside = [g for g in groups if cKDTree(g.places).query(place)[0] <= g.near]
    second = {u for f, u in enumerate(given.problem.unknowns) if any(given.order(f, c) > 1 for c in given.coordinates)}
    known = bool(beside) and all(second <= g.values for g in beside)
    return float((2 if known else 1) * np.pi / angle)


def _corners(given: Read) -> Sequence[Notch]:
    """The corners of a plane of more than a right angle, and in space those that turn inwards: around an angle w slopes
    go as r^(pi/w - 1), and second derivatives, of which residuals consist, grow above a right one."""
    domain, names = given.problem.domain, given.coordinates
    shape, right = domain.space, 0.26  # of a circle: a little more than a right angle
    if len(names) == 2 and shape is not None and domain.shape is not None:
        return shape.notches(right)
    return [n for n in domain.notches if set(n.place) == set(names)]


def _jumps_of_curvature(given: Read) -> list[Array]:
    """In a plane, where one side goes over into another without a corner, as a line into an arc: second derivatives
    go as log r there, and what least squares leave of them is more than they leave elsewhere."""
    shape = given.problem.domain.space
    if len(given.coordinates) != 2 or given.problem.domain.shape is None or shape is None:
        return []
    near, straight, least = 1e-3 * shape.size, 1e-3, 0.1 / shape.size  # an arc's end is known to 1e-4 where it touches
    met: list[tuple[Array, Array, float]] = []
    found: list[Array] = []
    for side in (piece.side for piece in given.problem.domain.walls.pieces if piece.side is not None):
        for first, last in side.intervals.tolist():
            for end, other in ((first, last), (last, first)):
                place, normal, curvature = _bent(side, end, other)
                found += [
                    (place + at) / 2
                    for at, direction, bent in met
                    if np.linalg.norm(at - place) < near and direction @ normal > 1 - straight
                    and abs(bent - curvature) > least
                ]  # fmt: skip
                met.append((place, normal, curvature))
    return found


def _in_a_row(given: Read) -> list[Array]:
    """In a plane, the corners of what stands for curves."""
    problem = given.problem
    if len(given.coordinates) != 2 or problem.domain.space is None:
        return []
    pieces = (*problem.domain.walls.pieces, *problem.interfaces)
    return list(corners_in_a_row(pieces, problem.domain.space.size)[0])


def _bent(side: Side, end: float, other: float) -> tuple[Array, Array, float]:
    """The place at an end of a curve, the outward normal there, and the curvature beside it."""
    parts = torch.tensor([end + share * (other - end) for share in (0.0, 0.01, 0.02)], dtype=torch.float64)
    surface, _ = side.taken(parts[:, None])
    (place, a, b), (_, normal, turned) = surface.points.numpy(), surface.normals.numpy()
    curvature = float((turned - normal) @ (b - a) / ((b - a) @ (b - a)))
    return place, normal - (turned - normal), curvature


def _ends_of_interfaces(given: Read) -> list[tuple[list[float], float]]:
    """In a plane, the corners of interfaces with the angle by which they turn there, and, with an infinite one, where
    they meet each other or end on the boundary: around their ends they go on to one side alone, or normals differ."""
    names, pieces = given.coordinates, given.problem.interfaces
    if len(names) != 2 or not pieces:
        return []
    count, near, turn = 1024, 8, 0.2
    drawn = [drawn_on(piece, count) for piece in pieces]
    places = np.concatenate([columns(p.coordinates, names) for p in drawn])
    normals = np.concatenate([columns(p.normals, names) for p in drawn])
    found: list[tuple[list[float], float]] = []
    for side in (piece.side for piece in pieces if piece.side is not None):
        reach = near * side.size / count
        ends = side.ends
        for place, normal in zip(ends.points.numpy(), ends.normals.numpy(), strict=True):
            close = np.linalg.norm(places - place, axis=1) <= reach
            along = (places[close] - place) @ np.array([-normal[1], normal[0]])
            if not close.any():  # an end of what is not kept
                continue
            goes_on = along.min() < -reach / 2 and along.max() > reach / 2
            least = float(np.abs(normals[close] @ normal).min())
            straight = goes_on and least > 1 - turn**2
            if not straight and all(np.linalg.norm(place - other) > reach for other, _ in found):
                found.append((place.tolist(), float(np.arccos(min(least, 1.0))) if goes_on else np.inf))
    return found


def _groups(given: Read) -> list[Group]:
    """The boundary by what holds on it."""
    count, names = 1024, given.coordinates
    said: dict[object, tuple[Piece, list[Equation]]] = {}
    for equation, piece in given.walls:
        if not set(names) <= set(piece.fixed):
            place = (tuple(sorted(piece.fixed.items())), id(piece.side), piece.kept)
            said.setdefault(place, (piece, []))[1].append(equation)
    places: dict[tuple[int, ...], list[Array]] = {}
    values: dict[tuple[int, ...], frozenset[str]] = {}
    for piece, equations in said.values():
        group = tuple(sorted(map(id, equations)))
        places.setdefault(group, []).append(columns(drawn_on(piece, count).coordinates, names))
        values[group] = frozenset(e.prescribes.unknown for e in equations if e.prescribes and e.says("value"))
    made = [(np.concatenate(found), values[group]) for group, found in places.items()]
    return [Group(x, known, 3 * float(np.median(cKDTree(x).query(x, 2)[0][:, 1]))) for x, known in made]


def _ends_of_conditions(given: Read, groups: Sequence[Group]) -> list[tuple[Array, bool]]:
    """Where parts of the boundary with different conditions meet, and whether both prescribe a value of one unknown."""
    sides = [piece.side for _, piece in given.walls if piece.side is not None]
    exact = [s.ends.points.numpy() for s in sides if s.patch.axes == 1]
    known = cKDTree(np.concatenate(exact)) if exact else None
    found: list[tuple[Array, bool]] = []
    for first, second in combinations(groups, 2):
        a, b, both = first.places, second.places, bool(first.values & second.values)
        distance, nearest = cKDTree(b).query(a)
        close = max(first.near, second.near)
        for k in np.flatnonzero(distance <= close)[np.argsort(distance[distance <= close])]:
            middle = (a[k] + b[nearest[k]]) / 2
            if known is not None and known.query(middle)[0] <= close:  # the end of a side: there it is
                middle = known.data[known.query(middle)[1]]
            if all(np.linalg.norm(middle - other) > 4 * close for other, _ in found):
                found.append((middle, both))
    return found


def _angle(given: Read, place: Array) -> float:
    """How much of a small circle around a place of the boundary lies inside."""
    shape = given.problem.domain.space
    assert shape is not None
    angles = 2 * np.pi * (np.arange(360) + 0.5) / 360
    circle = place + 1e-2 * shape.size * np.stack([np.cos(angles), np.sin(angles)], 1)
    return 2 * np.pi * float(shape.contains(torch.from_numpy(circle)).double().mean())
