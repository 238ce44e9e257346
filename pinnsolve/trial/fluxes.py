"""Whether an evolution in a plane, or a steady problem there, can be solved by fluxes through the sides of cells.

Each equation says how one unknown evolves, and diffuses that one alone, or is its wave:

    m d_t^k u_i - a u_i,xx - b u_i,yy + (what is of lower order in space) = 0,        m a > 0,  m b > 0,

or, where nothing evolves, how one unknown is spread: m = 0, a b > 0.

a and b may vary in space and time but not with the unknowns, since their slopes are needed on the sides; and they
are no more unlike than cells that are small along both coordinates bear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import Wall

Pairs = tuple[int, ...]  # for each equation the number of the unknown that evolves by it


@dataclass(frozen=True)
class Rules:
    """When fluxes will not do.

    Parameters
    ----------
    unlike : float
        How many times as fast an unknown spreads along one coordinate, in the lengths of the domain. Larger: cells that
        are small across the other one count as if they were small along both, and `heat_many_scales` takes twice as
        long as by rows (`python -m benchmarks --only heat_many_scales --packages pinnsolve`). Smaller: fewer problems.
    """

    unlike: float = 1e3


RULES = Rules()


def by_fluxes(
    problem: Problem, equations: Sequence[Equation], walls: Sequence[Wall], joins: Mapping[str, Sequence[int]],
    orders: Mapping[str, int], space: Sequence[int], rings: Sequence[bool], sign: int, otherwise: bool,
) -> Pairs:  # fmt: skip
    """For each equation the number of the unknown that evolves, or is spread, by it; nothing where fluxes will not do.

    Parameters
    ----------
    otherwise : bool
        Whether a rim or curves cut cells, or something else than traces is joined across lines.
    """
    plane = len(space) == 2 and not problem.inner and not otherwise
    alike = len(set(orders.values())) == 1 and all(list(k) == [2, 2] for k in joins.values())
    if not (plane and alike and len(equations) == len(problem.unknowns)):
        return ()
    found = [_evolves(problem, e, next(iter(orders.values())), space, sign) for e in equations]
    if None in found or len(set(found)) < len(found) or not _walled(problem, walls, space, rings):
        return ()
    if not all(_closes(problem, e, k) for e in equations for k, ring in zip(space, rings, strict=True) if ring):
        return ()
    return tuple(problem.unknowns.index(u) for u in found if u is not None)


def _evolves(problem: Problem, equation: Equation, order: int, space: Sequence[int], sign: int) -> str | None:
    """The unknown that evolves by an equation, and diffuses there, or is a wave; the one that is spread."""
    points = problem.domain.line()
    one, other = (problem.prober.answer(equation, points, shift).slopes for shift in (0.0, 0.7))
    there = {(u, alpha): slope for u, alpha, slope in other}

    def in_space(alpha: Alpha) -> int:
        return sum(alpha[k] for k in space)

    if order:
        masses = [(u, m) for u, alpha, m in one if sum(alpha) - in_space(alpha) == order and not in_space(alpha)]
    else:  # of the sign of what is spread along the first coordinate
        masses = [(u, -s) for u, alpha, s in one if alpha[space[0]] == 2]
    if len(masses) != 1 or (order == 0 and float(masses[0][1].sign().sum().abs()) < len(points)):
        return None
    (own, mass), spread = masses[0], list[Tensor]()
    for u, alpha, slope in one:
        across = in_space(alpha)
        if across and (u != own or across < sum(alpha)):
            return None
        if across == 2:
            same = (u, alpha) in there and torch.equal(slope, there[u, alpha])
            if not (same and max(alpha) == 2 and bool((slope * mass * sign**order < 0).all())):
                return None
            low, high = problem.domain.ends(problem.coordinates[alpha.index(2)])
            spread.append(slope.abs() / (high - low) ** 2)
    if len(spread) != 2 or float((spread[0] / spread[1]).log().abs().max()) > math.log(RULES.unlike):
        return None
    return own


def _closes(problem: Problem, equation: Equation, k: int) -> bool:
    """Whether what an equation derives across a ring is the same where that closes."""
    points, name = problem.domain.line(), problem.coordinates[k]
    told = []
    for end in problem.domain.ends(name):
        moved = {c: torch.full_like(v, end) if c == name else v for c, v in points.coordinates.items()}
        slopes = problem.prober.answer(equation, replace(points, coordinates=moved)).slopes
        told.append({(u, alpha): slope for u, alpha, slope in slopes if max(alpha) == 2})
    low, high = told
    return low.keys() == high.keys() and all(torch.allclose(low[k], high[k], rtol=1e-6) for k in low)


def _walled(problem: Problem, walls: Sequence[Wall], space: Sequence[int], rings: Sequence[bool]) -> bool:
    """Whether at each side each unknown has one condition, on its value or its slope across."""
    told: dict[tuple[int, int], list[str]] = {}
    for wall in walls:
        if wall.side is None or wall.part is not None:
            return False
        axis, end = wall.side
        name = problem.domain.space_coordinates[axis]
        here = (name, problem.domain.ends(name)[end])
        piece = next(p for p in problem.pieces(wall.equation) if p.face == here)
        slopes = problem.prober.answer(wall.equation, piece.grid()).slopes
        if any(sum(alpha) > alpha[space[axis]] or alpha[space[axis]] > 1 for _, alpha, _ in slopes):
            return False
        highest = max(slopes, key=lambda s: s[1][space[axis]], default=None)
        if highest is None or bool((highest[2] == 0).any()):  # what it is divided by
            return False
        told.setdefault(wall.side, []).extend({u for u, _, _ in slopes})
    sides = [(axis, end) for axis in range(2) if not rings[axis] for end in (0, 1)]
    return all(sorted(told.get(side, ())) == sorted(problem.unknowns) for side in sides)
