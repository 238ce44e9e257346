"""The rim of a shape, as cells need it: which conditions stand on which of its sides, and whether they say
enough."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from pinnsolve.checks.told_across import told_relations
from pinnsolve.geometry.clipped import Clipped
from pinnsolve.geometry.cube import seen
from pinnsolve.geometry.part_shapes import ClippedParts, PartShape, Region
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.side import Side
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.blocks import fluxed_blocks
from pinnsolve.trial.determined import UnmarchableError, Wall, determined, needed

_REGIONS: WeakKeyDictionary[Problem, Region] = WeakKeyDictionary()


def shape_of(problem: Problem) -> Shape:
    """The space of a problem as a shape, whose sides are the pieces of its walls, in the same order."""
    assert problem.domain.space is not None
    return problem.domain.space


def in_parts(problem: Problem) -> bool:
    """Whether curves of materials cut cells of a plane; in space these end at layers, and where fluxes join blocks at
    the sides of these."""
    plane = len(problem.domain.space_coordinates) == 2
    return problem.parts is not None and plane and not fluxed_blocks(problem)


def at_rim(problem: Problem) -> bool:
    """Whether cells are cut by a rim, or by curves of materials."""
    return problem.domain.shape is not None or in_parts(problem)


def region_of(problem: Problem) -> Region | None:
    """What of a plane a problem lives on, as cells see it, made once; nothing where it is all of a box."""
    if not at_rim(problem):
        return None
    if problem not in _REGIONS:
        standing = [(c, p) for c in problem.conditions for p in problem.pieces(c) if p.moment is None]
        walls = [wall_on_rim(problem, c, p) for c, p in standing]
        shape, breaks = shape_of(problem), dict[int, list[float]]()
        for wall in walls:
            plane = len(problem.domain.space_coordinates) == 2
            if plane and wall.rim is not None and wall.part is not None and wall.part.kept:
                breaks.setdefault(wall.rim, []).extend(ends_along_rim(shape.sides[wall.rim], wall.part))
        _REGIONS[problem] = _parted(problem, breaks) if in_parts(problem) else Clipped(shape, breaks)
    return _REGIONS[problem]


def _parted(problem: Problem, breaks: dict[int, list[float]]) -> ClippedParts:
    """The parts that materials make of a plane."""
    parts, shape = problem.parts, shape_of(problem)
    assert parts is not None
    return ClippedParts([PartShape(shape, parts, k, problem.interfaces) for k in range(parts.count)], breaks)


def wall_on_rim(problem: Problem, condition: Equation, piece: Piece) -> Wall:
    """A condition on a piece of a shape, as one on a side of it, or at a point.

    Raises
    ------
    UnmarchableError
        If it stands anywhere else.
    """
    names, domain = problem.domain.space_coordinates, problem.domain
    fixed = {names.index(c): value for c, value in piece.fixed.items()}
    if len(fixed) == len(names):
        return Wall(condition, fixed)
    bare = [(p.side, p.fixed, p.normal) for p in domain.walls.pieces]
    here = (piece.side, piece.fixed, piece.normal)
    if here not in bare:
        raise UnmarchableError(f"{condition.name} stands inside")
    if any(c not in names for part in piece.kept for c in part.asks):
        raise UnmarchableError(f"{condition.name} stands on a part of the rim that changes in time")
    return Wall(condition, fixed, None, piece, bare.index(here))


def through(problem: Problem) -> frozenset[int]:
    """The sides of a shape through which everything goes on at the other end of a period."""
    return problem.domain.walls.at_ends([p.coordinate for p in problem.periodic])


def told_on_rim(problem: Problem, equations: Sequence[Equation], walls: Sequence[Wall]) -> None:
    """Whether enough stands everywhere on the rim, but where it is no end, along what is periodic.

    Of elliptic equations the determinant of the highest derivatives has the same order along each coordinate, and they
    ask for half as many conditions at each place of a rim.

    Raises
    ------
    UnmarchableError
        If they are no such equations, or too little is said somewhere.
    """
    along = [needed(problem, equations, problem.coordinates.index(c)) for c in problem.domain.space_coordinates]
    if len(set(along)) > 1 or along[0] % 2:
        raise UnmarchableError(
            "over a shape cells solve what is elliptic: of the same even order along all coordinates"
        )
    open_ends = through(problem)
    for number, side in enumerate(shape_of(problem).sides):
        if number in open_ends:
            continue
        here = [w for w in walls if w.rim == number]
        held = (
            torch.stack([held_on_rim(side, w.part) for w in here if w.part is not None]) if here else torch.zeros(1, 1)
        )
        told = int(held.double().sum(0).min())
        if told < along[0] // 2:
            raise UnmarchableError(
                f"{told} conditions stand on {side.name}, and such equations ask for {along[0] // 2}"
            )


def relations_of(problem: Problem, equations: Sequence[Equation]) -> tuple[Equation, ...]:
    """What holds across curves between materials.

    Raises
    ------
    UnmarchableError
        If that is more or less than such equations ask for.
    """
    if not in_parts(problem):
        return ()
    found = told_relations(problem)
    asked = needed(problem, equations, problem.coordinates.index(problem.space_coordinates[0]))
    if len(found) != asked:
        raise UnmarchableError(f"{len(found)} relations hold across curves, and such equations ask for {asked}")
    return found


def _places(side: Side) -> Tensor:
    """Parameters (N,) of a curve, each smooth stretch of it looked at alike; or (N, 2) of a surface."""
    if side.patch.axes > 1:
        parts = seen(2)[:2048]
        return parts[side.taken(parts)[1]]
    count = max(257, 8 * side.patch.stretches)  # so that a short part of a side is seen, and one of each chord
    share = (torch.arange(count, dtype=torch.float64) + 0.382) / count
    ends = side.intervals
    return (ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * share).flatten()


def held_on_rim(side: Side, part: Piece | None, parts: Tensor | None = None) -> Tensor:
    """Whether places of a side belong to a part of it, (N,)."""
    t = _places(side) if parts is None else parts
    if part is None or not part.kept:
        return torch.ones(len(t), dtype=torch.bool)
    x = side.patch.at(t if t.dim() == 2 else t[:, None]).points
    at = dict(zip(part.space, x.T, strict=True))
    return torch.stack([kept.holds(at) for kept in part.kept]).all(0)


def ends_along_rim(side: Side, part: Piece) -> list[float]:
    """Parameters at which a part of a side begins or ends, by halving."""
    t = _places(side)
    held = held_on_rim(side, part)
    change = (held[1:] != held[:-1]).nonzero()[:, 0]
    low, high, before = t[change], t[change + 1], held[change]
    for _ in range(50 if len(low) else 0):
        middle = (low + high) / 2
        same = held_on_rim(side, part, middle) == before
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    return ((low + high) / 2).tolist()


def enough(
    problem: Problem, equations: Sequence[Equation], walls: Sequence[Wall], rings: tuple[bool, ...],
    space: Sequence[int],
) -> None:  # fmt: skip
    """Whether walls say enough, and whether cells go with what they enclose."""
    if not at_rim(problem):
        determined(problem, equations, walls, rings, space)
        return
    if problem.observations:
        raise UnmarchableError("over a shape measurements are fitted by others")
    if problem.lines:
        raise UnmarchableError("over a shape no cells end where conditions stand inside")
    told_on_rim(problem, equations, walls)
