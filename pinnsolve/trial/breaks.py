"""Where equations and data of an evolution break, and on which lengths of space and time they vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.inner_joins import inner_places
from pinnsolve.checks.resolution import Resolution, resolution, together
from pinnsolve.checks.tables import breaks
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.equation import Prescribed as Given
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.rim import at_rim


@dataclass(frozen=True)
class Rules:
    """How equations and data are looked at. Chosen, not measured.

    Parameters
    ----------
    grading : float
        Each cell or step towards a narrow place is so many times shorter than the one before. Larger: fewer cells,
        which are halved where they do not suffice.
    same : float
        Of a slope: two ends that differ by less go on into each other. Larger: small kinks are missed. Smaller: the
        rounding of the user's formula is a kink.
    inner : float
        Of the length: a kink this close to an inner place stands there. Larger: thin films beside one are lost.
        Smaller: a cell as thin as a kink is placed badly.
    lines : tuple of float
        Parts of the other coordinate's length, where lines run. More: fewer jumps are missed; more time.
    across : tuple of float
        The same in a plane, where what breaks along two of them is a plane.
    """

    grading: float = 4.0
    same: float = 1e-6
    inner: float = 3e-5
    lines: tuple[float, ...] = (0.31, 0.77)
    across: tuple[float, ...] = (0.13, 0.31, 0.46, 0.59, 0.77)


RULES = Rules()


Spaces = tuple[Resolution, ...]


def varying(problem: Problem, space: Sequence[str], time: str) -> tuple[Spaces, Spaces, Resolution]:
    """On which lengths equations vary along each coordinate of space, they and the start, and they and walls along
    time."""
    conditions = [(c, piece) for c in problem.conditions for piece in problem.pieces(c)]
    starts = [(c, piece) for c, piece in conditions if piece.moment is not None]
    walls = [(c, piece) for c, piece in conditions if piece.moment is None]
    planes = len(space) > 1
    if at_rim(problem):  # lines leave a shape, or enter another part: there is what no cell sees
        return *((Resolution(),) * len(space),) * 2, varying_along(problem, time, walls)
    equations = _interior(problem)
    inside = [_found_along(problem, c, equations, planes) for c in space]
    begun = [[*found, *_found_along(problem, c, starts, planes)] for c, found in zip(space, inside, strict=True)]
    told = [tuple(map(partial(_together, problem), space, found)) for found in (inside, begun)]
    return told[0], told[1], varying_along(problem, time, walls)


def varying_along(
    problem: Problem, coordinate: str, conditions: Sequence[tuple[Equation, Piece]] = (), planes: bool = False
) -> Resolution:
    """On which lengths equations, and some conditions, vary along a coordinate; or on which planes they break."""
    found = _found_along(problem, coordinate, [*_interior(problem), *conditions], planes)
    return _together(problem, coordinate, found)


def _interior(problem: Problem) -> list[tuple[Equation, Piece]]:
    return [(e, problem.domain.interior) for e in problem.equations]


def _found_along(
    problem: Problem, coordinate: str, chosen: Sequence[tuple[Equation, Piece]], planes: bool
) -> list[Resolution]:  # fmt: skip
    """The same of each of those that ask for the coordinate."""
    asking = [(c, piece) for c, piece in chosen if coordinate in _asks(c)]
    if planes:
        return [_across(problem, c, piece, coordinate) for c, piece in asking]
    return [_resolution(problem, c, piece, coordinate, RULES.lines) for c, piece in asking]


def _together(problem: Problem, coordinate: str, found: Sequence[Resolution]) -> Resolution:
    return together(found, problem.domain.length(coordinate))


def _across(problem: Problem, equation: Equation, piece: Piece, coordinate: str) -> Resolution:
    """The breaks that stand at the same place on two lines: planes. Others bend, and no cell ends at them; what is
    short on a line may be long beside it, and cells find it."""
    if not _resolution(problem, equation, piece, coordinate, RULES.across).breaks:  # seen together it costs a fifth
        return Resolution()
    near, kept = RULES.same * problem.domain.length(coordinate), list[float]()
    lines = [_resolution(problem, equation, piece, coordinate, [part]).breaks for part in RULES.across]
    for k, line in enumerate(lines):
        others = [c for other in lines[k + 1 :] for c in other]
        kept += [b for b in line if any(abs(b - c) < near for c in others) and all(abs(b - c) > near for c in kept)]
    return Resolution(tuple(sorted(kept)))


def _asks(equation: Equation) -> frozenset[str]:
    return equation.asks | (frozenset() if equation.prescribes is None else equation.prescribes.asks)


def _resolution(
    problem: Problem, equation: Equation, piece: Piece, coordinate: str, parts: Sequence[float]
) -> Resolution:
    """On which lengths the coefficients and sources of an equation vary along a coordinate: seen on smooth fields, on
    lines. Of numbers that are sought it counts how they enter: two may be guessed alike, and differ."""
    domain, sought = problem.domain, {n: v for n, v in problem.sought.items() if n in _asks(equation)}
    rim = None if piece.side is None else piece.draw(len(parts), "sobol", torch.Generator().manual_seed(5))

    def curves(x: Tensor) -> Tensor:
        """All lines at once, (curves x lines, points)."""
        line = torch.arange(len(parts)).repeat_interleave(len(x))
        along, part = x.repeat(len(parts)), torch.tensor(parts, dtype=x.dtype)[line]
        at = {c: domain.place(c, part) for c in problem.coordinates}
        at |= {c: torch.full_like(part, v) for c, v in piece.fixed.items()}
        normals = {c: torch.full_like(part, v) for c, v in piece.outward.items()}
        if rim is not None:  # places of its own, since they are nowhere on a line
            at |= {c: rim.coordinates[c][line] for c in piece.space}
            normals = {c: v[line] for c, v in rim.normals.items()}
        at[coordinate] = along
        given = {name: torch.full_like(part, value).requires_grad_() for name, value in sought.items()}
        answer = problem.prober.answer(equation, Points(at, torch.ones_like(part), normals), given=given)
        by = [answer.by.get(name, torch.zeros_like(part)) for name in sought]
        rows = torch.stack([answer.residual, *(slope.detach() for slope in (*(s for *_, s in answer.slopes), *by))])
        return rows.view(-1, len(x))

    return resolution(curves, *domain.ends(coordinate), breaks(problem, coordinate, [equation]))


def cuts(
    problem: Problem, made: Plan, coordinate: str, found_along: Resolution, narrow: bool = True
) -> tuple[float, ...]:  # fmt: skip
    """Where equations and data jump along a coordinate, and around what is narrow along it, if that is asked for: ends
    of cells or of steps, closer and closer to it."""
    low, high = problem.domain.ends(coordinate)
    found = set(inner_places(problem, coordinate))
    kinks = [b for b in found_along.breaks if all(abs(b - v) > RULES.inner * (high - low) for v in found)]
    near = SAME * (high - low) * 100  # a break is placed no closer than that
    for others in ([p.value for p in made.planes if p.coordinate == coordinate], kinks):
        found |= {b for b in others if all(abs(b - v) > near for v in found)}
    for place in made.narrow if narrow else ():
        if coordinate in place.middle:
            middle, away = place.middle[coordinate], place.width[coordinate]
            while away < high - low:
                found |= {middle - away, middle + away}
                away *= RULES.grading
            found.add(middle)
    return tuple(sorted(v for v in found if low < v < high))


def kinked(
    problem: Problem, made: Plan, starts: Mapping[str, Given], joins: Mapping[str, Sequence[int]], sign: int
) -> bool:
    """Whether a start does not go on where a ring closes, in its value or in a derivative that is joined."""
    domain = problem.domain
    begin = domain.ends(str(domain.time))[::sign][0]
    for name in (p.coordinate for p in problem.periodic):
        ends, axis = domain.ends(name), problem.coordinates.index(name)
        lines = {c: [domain.place(c, part) for part in RULES.lines for _ in ends] for c in domain.coordinates}
        lines |= {str(domain.time): [begin] * (2 * len(RULES.lines)), name: [*ends] * len(RULES.lines)}
        at = {c: torch.tensor(x, dtype=torch.float64) for c, x in lines.items()}
        points = Points(at, torch.ones(2 * len(RULES.lines), dtype=torch.float64))
        number = domain.space_coordinates.index(name)
        for u, told in starts.items():
            chart, jets = points.chart()
            jet = told.given(problem.fields(chart, jets, {}, points))
            for k in range(joins[u][number]):
                values = jet.dense(tuple(k * (i == axis) for i in range(len(domain.coordinates)))).reshape(-1, 2)
                size = max(float(values.abs().max()), made.size(u).scale / domain.length(name) ** k)
                if float((values[:, 0] - values[:, 1]).abs().max()) > RULES.same * size:
                    return True
    return False
