"""Data that contradict each other where two parts of the boundary of space-time meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Slab
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.conditions import Condition
from pinnsolve.problem.problem import Problem

JUMP = 1e-7  # relative to the data; below it a mismatch is rounding in the user's constants
VALUES = ("dirichlet", "initial")
Piece = tuple[Condition, Slab]


@dataclass(frozen=True)
class Contradiction:
    """Two conditions that cannot both hold in the place where they meet.

    Parameters
    ----------
    first, second : (Condition, Slab)
    place : mapping from coordinate to value
        Where the jump is largest.
    jump : float
        The difference of what they prescribe (the unknown's own units).
    scale : float
        The size of what they prescribe.
    exact : bool
        Whether both would otherwise be built into the trial function.
    """

    first: Piece
    second: Piece
    place: Mapping[str, float]
    jump: float
    scale: float
    exact: bool

    def __str__(self) -> str:
        where = ", ".join(f"{c}={v:.4g}" for c, v in self.place.items())
        if self.first == self.second:
            return f"{self.first[0].name} does not continue across the period at {where}: jump {self.jump:.3g}"
        return f"{self.first[0].name} and {self.second[0].name} contradict each other at {where}: jump {self.jump:.3g}"


def pieces(problem: Problem, *kinds: str) -> list[Piece]:
    """Each condition of these kinds, or of all, on each of its slabs."""
    return [(c, s) for c in problem.conditions if not kinds or c.kind in kinds for s in problem.slabs(c)]


def contradictions(problem: Problem) -> list[Contradiction]:
    """All contradictions between values, and between initial values and what holds on faces of space."""
    found = _values(problem) + _rates(problem) + _derivatives(problem) + _periods(problem)
    return [c for c in found if c is not None]


def meeting(problem: Problem, fixed: Mapping[str, float], normal: tuple[str, int] | None = None) -> Points:
    """A grid, ends included, on the part of the domain where some coordinates are fixed."""
    free = [c for c in problem.coordinates if c not in fixed]
    count = min(9, max(2, int(20_000 ** (1 / max(len(free), 1)))))
    axes = [_uneven(*problem.domain.bounds[c], count) for c in free]
    grid = torch.meshgrid(*axes, indexing="ij") if axes else ()
    size = grid[0].numel() if axes else 1
    values = {c: g.reshape(-1) for c, g in zip(free, grid, strict=True)}
    values |= {c: torch.full((size,), v, dtype=torch.float64) for c, v in fixed.items()}
    outward = {} if normal is None else dict.fromkeys(problem.space_coordinates, 0.0) | {normal[0]: float(normal[1])}
    normals = {c: torch.full((size,), n, dtype=torch.float64) for c, n in outward.items()}
    return Points({c: values[c] for c in problem.coordinates}, torch.ones(size, dtype=torch.float64), normals)


def _uneven(low: float, high: float, count: int) -> Tensor:
    """From one end to the other in uneven steps, which no wave's zeros follow."""
    steps = torch.linspace(0, 1, count, dtype=torch.float64) ** 1.1
    return torch.cat([(low + (high - low) * steps)[:-1], torch.tensor([high], dtype=torch.float64)])


Quantity = Callable[[Points], Tensor]


def _prescribed(problem: Problem, piece: Piece, along: str | None = None) -> Quantity:
    """What a piece prescribes, as a function of points; or its derivative along one coordinate."""

    def values(points: Points) -> Tensor:
        chart, at = points.chart()
        value = problem.fields(chart, at, {}, points).value(piece[0].given, piece[0].name)
        if along is None:
            return value.value
        return d(value, at[along]).value if along in value.depends else torch.zeros_like(points.weights)

    return values


def _compare(
    problem: Problem, a: Piece, b: Piece, left: Quantity, right: Quantity, exact: bool = True, size: float = 0.0
) -> Contradiction | None:
    """The largest jump where two pieces meet, if it is more than rounding at the scale of either's data (or `size`)."""
    points = meeting(problem, {**a[1].fixed, **b[1].fixed}, b[1].normal)
    jump = (left(points) - right(points)).abs()
    whole = [(left, meeting(problem, a[1].fixed, b[1].normal)), (right, meeting(problem, b[1].fixed, b[1].normal))]
    scale = max(size, *(float(quantity(everywhere).abs().max()) for quantity, everywhere in whole))
    worst = int(jump.argmax())
    if not float(jump[worst]) > JUMP * scale:
        return None
    place = {c: float(v[worst]) for c, v in points.coordinates.items()}
    return Contradiction(a, b, place, float(jump[worst]), scale, exact)


def _values(problem: Problem) -> list[Contradiction | None]:
    return [
        _compare(problem, a, b, _prescribed(problem, a), _prescribed(problem, b), _on_face(a) and _on_face(b))
        for a, b in combinations(pieces(problem, *VALUES), 2)
        if a[0].unknown == b[0].unknown and _meet(a[1], b[1])
    ]


def _on_face(piece: Piece) -> bool:
    """Whether a piece is a whole face, whose values can be built in."""
    return len(piece[1].fixed) == 1


def _meet(a: Slab, b: Slab) -> bool:
    """Whether two slabs have points in common."""
    return all(b.fixed[c] == value for c, value in a.fixed.items() if c in b.fixed)


def _rates(problem: Problem) -> list[Contradiction | None]:
    """A prescribed rate at the start against the rate of the values on faces of space."""
    return [
        _compare(problem, rate, wall, _prescribed(problem, rate), _prescribed(problem, wall, along="t"))
        for rate in pieces(problem, "initial_rate")
        for wall in pieces(problem, "dirichlet")
        if rate[0].unknown == wall[0].unknown and "t" not in wall[1].fixed
    ]


def _derivatives(problem: Problem) -> list[Contradiction | None]:
    """Initial values put into the conditions with derivatives on faces of space."""
    starts = {str(c.unknown): (c, s) for c, s in pieces(problem, "initial")}
    if set(starts) != set(problem.unknowns):
        return []

    def residual_of(condition: Condition, weigh: float = 0.0) -> Quantity:
        def values(points: Points) -> Tensor:
            chart, at = points.chart()
            fields = problem.fields(chart, at, {}, points)
            for unknown, (start, _) in starts.items():
                jet = fields.value(start.given, start.name)
                fields[unknown] = Jet(chart, _weighed(jet, weigh), (len(points),), frozenset(problem.coordinates))
            return condition.residual(fields, condition.name).value

        return values

    found: list[Contradiction | None] = []
    for wall in pieces(problem, "neumann", "condition"):
        if wall[1].normal is not None:
            start = starts.get(str(wall[0].unknown), next(iter(starts.values())))
            residual, weighed = residual_of(wall[0]), residual_of(wall[0], weigh=1.0)
            whole = meeting(problem, start[1].fixed, wall[1].normal)
            slopes = float((weighed(whole) - residual(whole)).abs().max())
            found.append(_compare(problem, start, wall, residual, _nothing, exact=False, size=slopes))
    return found


def _nothing(points: Points) -> Tensor:
    return torch.zeros_like(points.weights)


def _weighed(jet: Jet, weigh: float) -> Callable[[Alpha], Tensor | None]:
    """A field's derivatives, the higher ones larger: what changes in a residual is the size of its derivative terms."""

    def rule(alpha: Alpha) -> Tensor | None:
        part = jet.partial(alpha)
        return None if part is None else part * (1 + weigh * sum(alpha))

    return rule


def _periods(problem: Problem) -> list[Contradiction | None]:
    """Prescribed values, and their slopes, at both ends of a periodic coordinate."""
    found: list[Contradiction | None] = []
    for periodic in problem.periodic:
        c = periodic.coordinate
        low, high = problem.domain.bounds[c]
        for condition, slab in pieces(problem, *VALUES, "initial_rate"):
            size = 0.0
            for along in (None, c):
                value = _prescribed(problem, (condition, slab), along)
                end = (condition, Slab({**slab.fixed, c: high}))
                jump = _compare(problem, (condition, slab), end, value, _at_other_end(value, c, low), size=size)
                if jump is not None:
                    found.append(replace(jump, second=(condition, slab)))
                    break
                size = float(value(meeting(problem, slab.fixed)).abs().max()) / (high - low)
    return found


def _at_other_end(value: Quantity, coordinate: str, end: float) -> Quantity:
    def values(points: Points) -> Tensor:
        moved = {**points.coordinates, coordinate: torch.full_like(points.weights, end)}
        return value(Points(moved, points.weights, points.normals))

    return values


def weighted_pieces(found: list[Contradiction]) -> list[Piece]:
    """The fewest pieces (greedily) without which the values that would be exact agree everywhere.

    On a tie the piece declared later gives way.
    """
    open_pairs = [(c.first, c.second) for c in found if c.exact]
    given_up: list[Piece] = []
    order: list[Piece] = []
    for pair in open_pairs:
        order += [p for p in pair if p not in order]
    while open_pairs:
        counts = Counter(order.index(p) for pair in open_pairs for p in {order.index(q): q for q in pair}.values())
        worst = order[max(counts, key=lambda k: (counts[k], k))]
        given_up.append(worst)
        open_pairs = [pair for pair in open_pairs if worst not in pair]
    return given_up
