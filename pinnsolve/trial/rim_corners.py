"""Places of a rim to which cells are graded: where slopes may grow without bound, and where prescribed values jump."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.checks.corners import SERIOUS
from pinnsolve.geometry.part_shapes import ClippedParts, Region
from pinnsolve.geometry.places import Corner
from pinnsolve.geometry.points import Points
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import Wall
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.rim import at_rim, ends_along_rim, held_on_rim, region_of, shape_of, through


@dataclass(frozen=True)
class _End:
    """Of a part of a side: where it is, and which values are given there, by unknown and moment."""

    place: Tensor
    values: Mapping[tuple[str, float], float]


def corners_of_rim(
    problem: Problem, made: Plan, walls: Sequence[Wall]
) -> tuple[tuple[Corner, ...], tuple[Corner, ...]]:  # fmt: skip
    """The corners that turn inwards and the ends of parts beside which other unknowns are given; and those at which
    values jump. Of a plane: edges of space are not graded towards."""
    if len(problem.domain.space_coordinates) > 2:
        return (), ()
    domain, names = problem.domain, problem.domain.space_coordinates
    near, ends = 1e-6 * shape_of(problem).size, list(_ends(problem, walls))
    places = torch.stack([end.place for end in ends]) if ends else torch.zeros(0, 2, dtype=torch.float64)
    region = region_of(problem)
    turning = [*(n.place for n in domain.notches), *(region.corners if isinstance(region, ClippedParts) else ())]
    sharp = [torch.tensor([place[c] for c in names], dtype=torch.float64) for place in turning]
    jumps = list[Tensor]()
    for end in ends:
        close = ((places - end.place).norm(dim=1) <= near).nonzero()[:, 0].tolist()
        beside = [ends[k].values for k in close]
        far = [
            abs(other[key] - v) > SERIOUS * 2 * made.size(key[0]).scale
            for key, v in end.values.items() for other in beside if key in other
        ]  # fmt: skip
        found = jumps if any(far) else sharp if any(set(other) != set(end.values) for other in beside) else None
        if found is not None and all(float((end.place - p).norm()) > near for p in (*sharp, *jumps)):
            found.append(end.place)
    first, second = (
        tuple(Corner(dict(zip(names, place.tolist(), strict=True))) for place in kind) for kind in (sharp, jumps)
    )
    return first, second


def _ends(problem: Problem, walls: Sequence[Wall]) -> Iterator[_End]:
    open_ends = through(problem)
    for number, side in enumerate(shape_of(problem).sides):
        if number in open_ends:
            continue
        here = [w for w in walls if w.rim == number]
        cuts = [t for w in here if w.part is not None and w.part.kept for t in ends_along_rim(side, w.part)]
        for begin, end in side.intervals.tolist():
            for a, b in pairwise([begin, *sorted(t for t in cuts if begin < t < end), end]):
                t = torch.tensor([a + 1e-13, (a + b) / 2, b - 1e-13], dtype=torch.float64)
                mine = [w for w in here if bool(held_on_rim(side, w.part, t[1:2]))]
                for place in side.patch.at(t[[0, 2], None]).points:
                    yield _End(place, _given(problem, mine, place))


def _given(problem: Problem, walls: Sequence[Wall], place: Tensor) -> dict[tuple[str, float], float]:
    """The values that walls give at a place; in an evolution when it begins, in the middle, and when it ends."""
    domain, found = problem.domain, dict[tuple[str, float], float]()
    one = {c: v[None] for c, v in zip(domain.space_coordinates, place, strict=True)}
    for share in (0.0,) if domain.time is None else (0.0, 0.5, 1.0):
        moment = {} if domain.time is None else {domain.time: one[domain.space_coordinates[0]].new_tensor([share])}
        moment = {c: domain.place(c, t) for c, t in moment.items()}
        points = Points({c: (one | moment)[c] for c in problem.coordinates}, torch.ones(1, dtype=torch.float64))
        for told in (w.equation.prescribes for w in walls):
            if told is not None and told.what == "value":
                chart, at = points.chart()
                given = told.given(problem.fields(chart, at, {}, points))
                found[told.unknown, share] = float(given.value[0])
    return found


def singular(problem: Problem, corners: Sequence[Corner]) -> tuple[Corner, ...]:
    """Those of which more than a right angle, and a little, lies inside: in others slopes stay bounded, whatever is
    given on their sides."""
    shape, names = shape_of(problem), problem.domain.space_coordinates
    angles = 2 * math.pi * (torch.arange(720, dtype=torch.float64) + 0.382) / 720
    around = 1e-4 * shape.size * torch.stack([angles.cos(), angles.sin()], 1)

    def wide(corner: Corner) -> bool:
        place = torch.tensor([corner.fixed[c] for c in names], dtype=torch.float64)
        return float(shape.contains(place + around).double().mean()) > 0.27

    return tuple(corner for corner in corners if wide(corner))


def of_rim(
    problem: Problem, made: Plan, walls: Sequence[Wall]
) -> tuple[tuple[Corner, ...], tuple[Corner, ...], Region | None]:  # fmt: skip
    """The corners of a shape, and what of the plane belongs to it."""
    if not at_rim(problem):
        return (), (), None
    notches, jumps = corners_of_rim(problem, made, walls)
    return singular(problem, notches), jumps, region_of(problem)
