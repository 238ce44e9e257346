"""The equations of an evolution, its walls, and whether these say enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra.assignment import largest_sum
from pinnsolve.algebra.tolerances import SAME
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.regions import interior
from pinnsolve.jets.calculus import d
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem

Derivatives = dict[str, set[Alpha]]
Asked = Sequence[tuple[str, Alpha]]  # by an equation, of the unknowns


class UnmarchableError(Exception):
    """Why a problem is no evolution over cells of space, in words."""


def sign_of(problem: Problem) -> int:
    """Minus one where what is prescribed at moments stands at the end of time alone, so that it is marched backwards
    from there; one otherwise."""
    assert problem.time is not None
    pieces = [piece for condition in problem.conditions for piece in problem.pieces(condition)]
    moments = {piece.moment for piece in pieces if piece.moment is not None}
    return -1 if moments == {problem.time[1]} else 1


@dataclass(frozen=True)
class Wall:
    """A condition at a side of the box, or at a point.

    Parameters
    ----------
    equation : Equation
    fixed : mapping from the number of a coordinate of space to where it is
    side : (number of a coordinate of space, 0 or 1), optional
        Which side it is, the lower or the upper one.
    part : Piece, optional
        What of the side it is, where it is not all of it.
    rim : int, optional
        Of a shape the number of its side.
    """

    equation: Equation
    fixed: Mapping[int, float]
    side: tuple[int, int] | None = None
    part: Piece | None = None
    rim: int | None = None


def wall_at(problem: Problem, condition: Equation, piece: Piece, parts: bool = False) -> Wall:
    """A condition on a piece, as one at a side, at a part of it if that is allowed, or, in a plane, at a point.

    Raises
    ------
    UnmarchableError
        If it stands anywhere else.
    """
    names = problem.domain.space_coordinates
    fixed = {names.index(c): value for c, value in piece.fixed.items()}
    if piece.face is not None:
        name, value = piece.face
        return Wall(condition, fixed, (names.index(name), int(value == problem.domain.ends(name)[1])))
    if len(names) > 1 and len(fixed) == len(names):
        return Wall(condition, fixed)
    if parts and piece.kept and piece.normal is not None and piece.side is None and piece.shape is None:
        if any(c not in names for part in piece.kept for c in part.asks):
            raise UnmarchableError(f"{condition.name} stands on a part of a side that changes in time")
        name, sign = piece.normal
        return Wall(condition, fixed, (names.index(name), int(sign > 0)), piece)
    raise UnmarchableError(f"{condition.name} stands inside")


def equations_of(problem: Problem) -> tuple[Equation, ...]:
    """The equations, and u_x + v_y = 0 for velocities that are declared to have no divergence."""
    found = list(problem.equations)
    for flow in problem.solenoidal:
        pairs = list(zip(flow.components, problem.space_coordinates, strict=True))

        def divergence(at: Fields, pairs: Sequence[tuple[str, str]] = pairs) -> Any:
            first, *others = (d(at[u], at[c]) for u, c in pairs)
            return sum(others, start=first)

        found.append(Equation(flow.name, interior, divergence))
    return tuple(found)


def determined(
    problem: Problem, equations: Sequence[Equation], walls: Sequence[Wall], rings: Sequence[bool], space: Sequence[int]
) -> None:
    """Least squares find a solution where walls say too little, and nothing says that it is the only one.

    Between the two sides of a coordinate equations ask for as many conditions as the determinant of their highest
    derivatives along it has: the largest sum of orders, each equation with an unknown of its own.
    """
    for axis, k in enumerate(space):
        if rings[axis]:
            continue
        asked, told = needed(problem, equations, k), _told(problem, walls, axis)
        if told < asked:
            raise UnmarchableError(f"{told} conditions stand at the walls, and such equations ask for {asked}")


def needed(problem: Problem, equations: Sequence[Equation], k: int) -> int:
    """How many conditions equations ask for between the two sides of the coordinate of that number."""
    return _needed([problem.prober.derivatives(e) for e in equations], problem.unknowns, k)


def _needed(asked: Sequence[Asked], unknowns: Sequence[str], k: int) -> int:
    """The largest sum of orders along a coordinate, each unknown with an equation of its own in which it stands."""
    nowhere = -1.0 - sum(a[k] for found in asked for _, a in found)
    highest = [
        [max((float(a[k]) for u, a in found if u == unknown), default=nowhere) for found in asked]
        for unknown in unknowns
    ]
    return max(int(largest_sum(highest)), 0)


def _told(problem: Problem, walls: Sequence[Wall], axis: int) -> int:
    """How many conditions stand at both sides of a coordinate together; of parts those that stand where fewest do, as
    what flows in here at one side and there at the other."""
    here = [w for w in walls if w.side is not None and w.side[0] == axis]
    parts = [w.part for w in here if w.part is not None]
    if not parts:
        return len(here)
    places = (0.618034 * torch.arange(1, 258, dtype=torch.float64)) % 1.0  # no part ends at one of them
    held = torch.stack([held_along(problem, part, places) for part in parts])
    return len(here) - len(parts) + int(held.sum(0).min())


def held_along(problem: Problem, part: Piece, shares: Tensor) -> Tensor:
    """Whether places along a part of a side of a plane belong to it, (N,), in shares of the side's length."""
    at = {c: problem.domain.place(c, shares) for c in problem.coordinates}
    return part.holds(at | {c: torch.full_like(shares, value) for c, value in part.fixed.items()})


def ends_along(problem: Problem, part: Piece) -> list[float]:
    """Where a part of a side begins and ends, by halving, in the unit of the coordinate along it."""
    shares = torch.linspace(0.0, 1.0, 513, dtype=torch.float64)
    held = held_along(problem, part, shares)
    low, high = (shares[k : -1 + k or None][held[1:] != held[:-1]] for k in (0, 1))
    before = held[:-1][held[1:] != held[:-1]]
    for _ in range(50 if len(low) else 0):
        middle = (low + high) / 2
        same = held_along(problem, part, middle) == before
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    along = next(c for c in problem.space_coordinates if c not in part.fixed)
    return [float(problem.domain.place(along, share)) for share in (low + high) / 2]


def with_ends(
    problem: Problem, walls: Sequence[Wall], places: Sequence[Sequence[float]]
) -> tuple[tuple[float, ...], ...]:  # fmt: skip
    """Where cells must end along each coordinate of space: at the given places, and where parts of sides do."""
    found = list[tuple[float, ...]]()
    for axis, (name, given) in enumerate(zip(problem.space_coordinates, places, strict=True)):
        mine, near = list(given), 100 * SAME * problem.domain.length(name)
        for wall in walls:
            if wall.part is not None and wall.side is not None and wall.side[0] != axis:
                mine += [end for end in ends_along(problem, wall.part) if all(abs(end - v) > near for v in mine)]
        found.append(tuple(sorted(mine)))
    return tuple(found)


def traced(problem: Problem, walls: Sequence[Wall], joins: dict[str, list[int]], space: int) -> None:
    """Along a line walls speak of traces alone: what a condition asks for at a wall must be one."""
    for wall in walls:
        for u, asked in _asked(problem, wall.equation).items():
            joins[u][0] = max(joins[u][0], max((a[space] + 1 for a in asked), default=0))


def _asked(problem: Problem, equation: Equation) -> dict[str, set[Alpha]]:
    """The derivatives that a condition asks for."""
    found: dict[str, set[Alpha]] = {}
    for piece in problem.pieces(equation):
        answer: Any = problem.prober.answer(equation, piece.grid())
        for unknown, probe in answer.probes.items():
            found.setdefault(unknown, set()).update(probe.asked)
    return found


def derivatives_of(problem: Problem, equations: Sequence[Equation]) -> Derivatives:
    """What the equations depend on: what is asked for and multiplied by zero is no derivative of theirs."""
    found: Derivatives = {u: set() for u in problem.unknowns}
    for equation in equations:
        for u, alpha in problem.prober.derivatives(equation):
            found[u].add(alpha)
    return found


def rated(
    problem: Problem, equations: Sequence[Equation], joins: dict[str, list[int]], orders: dict[str, int],
    space: Sequence[int],
) -> bool:  # fmt: skip
    """Where an equation says that one unknown is the rate of another (u_t = v), both are joined alike; whether one
    does."""
    found = False
    for equation in equations:
        asked = problem.prober.derivatives(equation)
        if any(alpha[k] for _, alpha in asked for k in space):
            continue
        rated = [u for u, alpha in asked if any(alpha)]
        named = {u for u, alpha in asked if not any(alpha) and orders[u]} - set(rated)
        for u in named if rated else ():
            found = True
            joins[u] = [max(mine) for mine in zip(joins[u], *(joins[v] for v in rated), strict=True)]
    return found
