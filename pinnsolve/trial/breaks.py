"""Where equations and data of an evolution break, and on which lengths of space and time they vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.inner_joins import inner_places
from pinnsolve.checks.resolution import Resolution
from pinnsolve.checks.varying import RULES as LOOK
from pinnsolve.checks.varying import each_along, everywhere, together_along, varying_along
from pinnsolve.geometry.points import Points
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
    """

    grading: float = 4.0
    same: float = 1e-6
    inner: float = 3e-5


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
    equations = everywhere(problem)
    inside = [each_along(problem, c, equations, planes) for c in space]
    begun = [[*found, *each_along(problem, c, starts, planes)] for c, found in zip(space, inside, strict=True)]
    told = [tuple(map(partial(together_along, problem), space, found)) for found in (inside, begun)]
    return told[0], told[1], varying_along(problem, time, walls)


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
        lines = {c: [domain.place(c, part) for part in LOOK.lines for _ in ends] for c in domain.coordinates}
        lines |= {str(domain.time): [begin] * (2 * len(LOOK.lines)), name: [*ends] * len(LOOK.lines)}
        at = {c: torch.tensor(x, dtype=torch.float64) for c, x in lines.items()}
        points = Points(at, torch.ones(2 * len(LOOK.lines), dtype=torch.float64))
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
