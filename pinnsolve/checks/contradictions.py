"""Data that contradict each other where two parts of the boundary of space-time meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Elsewhere, Fields
from pinnsolve.problem.equation import Equation, What
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem

# Relative to how much the data vary: a smaller mismatch is rounding in the user's constants, written with eight digits.
# Larger: contradictions are missed. Smaller: such digits are told as contradictions. Chosen, not measured.
JUMP = 1e-7
Part = tuple[Equation, Piece]


@dataclass(frozen=True)
class Contradiction:
    """Two conditions that cannot both hold in the place where they meet.

    Parameters
    ----------
    first, second : (Equation, Piece)
    place : mapping from coordinate to value
        Where the jump is largest.
    jump : float
        The difference of what they prescribe (the unknown's own units).
    scale : float
        How much what they prescribe varies.
    exact : bool
        Whether both would otherwise be built into the trial function.
    """

    first: Part
    second: Part
    place: Mapping[str, float]
    jump: float
    scale: float
    exact: bool

    @property
    def kind(self) -> tuple[str, str, bool]:
        """Which conditions contradict each other, and whether both would otherwise be built in."""
        return self.first[0].name, self.second[0].name, self.exact

    def __str__(self) -> str:
        return self.told(1)

    def told(self, count: int) -> str:
        """In words, as the largest of so many of its kind."""
        place = ", ".join(f"{c}={v:.4g}" for c, v in self.place.items())
        where = f"at {place}: jump {self.jump:.3g}"
        where = f"at {count} places, most {where}" if count > 1 else where
        if self.first == self.second:
            return f"{self.first[0].name} does not continue across the period {where}"
        return f"{self.first[0].name} and {self.second[0].name} contradict each other {where}"


def each_kind(found: Sequence[Contradiction]) -> list[str]:
    """Each kind of contradictions once, in words."""
    kinds: dict[tuple[str, str, bool], list[Contradiction]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    worst = [(max(mine, key=lambda c: c.jump), len(mine)) for mine in kinds.values()]
    return [c.told(count) + "; there it is weighted, not exact" * c.exact for c, count in worst]


def parts(problem: Problem, what: What | None = None) -> list[Part]:
    """Each condition, or each that prescribes this, on each of its pieces."""
    return [(c, p) for c in problem.conditions if what is None or c.says(what) for p in problem.pieces(c)]


def _told(problem: Problem, what: What) -> list[Part]:
    """Those whose prescribed values are known before training."""
    return [(c, p) for c, p in parts(problem, what) if c.prescribes and not problem.to_be_found(c.prescribes)]


def contradictions(problem: Problem) -> list[Contradiction]:
    """All contradictions between values, and between initial values and what holds on faces of space."""
    found = _values(problem) + _rates(problem) + _derivatives(problem) + _periods(problem)
    return [c for c in found if c is not None]


Quantity = Callable[[Points], Tensor]


def _prescribed(problem: Problem, part: Part, along: str | None = None) -> Quantity:
    """What a part prescribes, as a function of points; or its derivative along one coordinate."""

    def values(points: Points) -> Tensor:
        chart, at = points.chart()
        assert part[0].prescribes is not None
        value = part[0].prescribes.given(problem.fields(chart, at, {}, points))
        if along is None:
            return value.value
        return d(value, at[along]).value if along in value.depends else torch.zeros_like(points.weights)

    return values


def _compare(
    a: Part, b: Part, left: Quantity, right: Quantity, exact: bool = True, size: float = 0.0, whole: Part | None = None
) -> Contradiction | None:
    """The largest jump where two parts meet, if it is more than rounding at the scale on which their data vary (or at
    `size`); `whole` is where the left one is known, if not all over the first part. None where they do not meet."""
    place = a[1].meets(b[1])
    if place is None:
        return None
    points = place.grid()
    jump = (left(points) - right(points)).abs()
    data = torch.cat([left((whole or a)[1].grid()), right(b[1].grid())])
    scale = max(size, float(data.max() - data.min()))
    worst = int(jump.argmax())
    left_of_offset = EQUAL * float(data.abs().max())  # what subtracting a large offset leaves
    if not float(jump[worst]) > max(JUMP * scale, left_of_offset):
        return None
    at = {c: float(v[worst]) for c, v in points.coordinates.items()}
    return Contradiction(a, b, at, float(jump[worst]), scale, exact)


def _values(problem: Problem) -> list[Contradiction | None]:
    return [
        _compare(a, b, _prescribed(problem, a), _prescribed(problem, b), bool(a[1].face and b[1].face))
        for a, b in combinations(_told(problem, "value"), 2)
        if a[0].unknown == b[0].unknown and a[1].meets(b[1])
    ]


def _rates(problem: Problem) -> list[Contradiction | None]:
    """A prescribed rate at a moment against the rate of the values on faces of space."""
    time = problem.domain.time
    return [
        _compare(rate, wall, _prescribed(problem, rate), _prescribed(problem, wall, along=time))
        for rate in _told(problem, "rate")
        for wall in _told(problem, "value")
        if rate[0].unknown == wall[0].unknown and wall[1].moment is None
    ]


def _derivatives(problem: Problem) -> list[Contradiction | None]:
    """Values at a moment put into the other conditions on faces of space; of rates in time they tell nothing."""
    found: list[Contradiction | None] = []
    walls = [(c, p) for c, p in parts(problem) if not c.says("value") and p.on_boundary]
    for moment in {p.moment: p for _, p in _told(problem, "value") if p.moment is not None and p.face}.values():
        starts = {str(c.unknown): (c, p) for c, p in _told(problem, "value") if p == moment}
        if set(starts) == set(problem.unknowns):
            found += [_against_start(problem, starts, wall) for wall in walls if _still(problem, wall)]
    return found


def _still(problem: Problem, wall: Part) -> bool:
    """Whether a condition holds no derivative in time, and nothing that is to be found."""
    if wall[0].asks & {*problem.constants, *problem.functions}:
        return False
    axis = problem.coordinates.index(str(problem.domain.time))
    answer = problem.prober.answer(wall[0], wall[1].grid())
    return not any(alpha[axis] for probe in answer.probes.values() for alpha in probe.asked)


def _against_start(problem: Problem, starts: Mapping[str, Part], wall: Part) -> Contradiction | None:
    def residual_of(weigh: float) -> Quantity:
        def fields_at(points: Points) -> Fields:
            chart, at = points.chart()
            fields = problem.fields(chart, at, {}, points, elsewhere=Elsewhere.of(fields_at))
            for unknown, (start, _) in starts.items():
                assert start.prescribes is not None
                jet = start.prescribes.given(fields)
                fields[unknown] = Jet(chart, _weighed(jet, weigh), (len(points),), frozenset(problem.coordinates))
            return fields

        return lambda points: wall[0].residual(fields_at(points)).value

    start = starts.get(str(wall[0].unknown), next(iter(starts.values())))
    residual, weighed = residual_of(0.0), residual_of(1.0)
    met = start[1].meets(wall[1])
    if met is None:
        return None
    whole = met if wall[1].side is not None else replace(start[1], normal=wall[1].normal)  # a curve has many normals
    slopes = float((weighed(whole.grid()) - residual(whole.grid())).abs().max())
    size = max(slopes, _integrated(problem, starts, wall)) if wall[0].integrates else slopes
    return _compare(start, wall, residual, _nothing, exact=False, size=size, whole=(start[0], whole))


def _integrated(problem: Problem, starts: Mapping[str, Part], wall: Part) -> float:
    """What a condition that holds integrals is made of at the start: of a mean of zero only rounding is left."""
    sizes = {}
    for unknown, part in starts.items():
        values = _prescribed(problem, part)(part[1].grid())
        sizes[unknown] = Size(0.0, float(values.abs().max()))
    return problem.prober.size(wall[0], sizes)


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
        high = problem.domain.ends(c)[1]
        for part in _told(problem, "value") + _told(problem, "rate"):
            if c in part[1].fixed or part[1].side is not None:
                continue
            on_shape = problem.domain.shape is not None and c != problem.domain.time
            ends = problem.domain.walls.in_plane(c, high) if on_shape else (part[1].at(**{c: high}),)
            found += [_at_period(problem, part, (part[0], end), c) for end in ends]
    return found


def _at_period(problem: Problem, part: Part, end: Part, c: str) -> Contradiction | None:
    """Where what a part prescribes jumps, or its slope does, at an end of a periodic coordinate."""
    size, (low, high) = 0.0, problem.domain.ends(c)
    for along in (None, c):
        value = _prescribed(problem, part, along)
        jump = _compare(part, end, value, _at_other_end(value, c, low), size=size)
        if jump is not None:
            return replace(jump, second=part)
        values = value(part[1].grid())
        size = float(values.max() - values.min()) / (high - low)
    return None


def _at_other_end(value: Quantity, coordinate: str, end: float) -> Quantity:
    def values(points: Points) -> Tensor:
        moved = {**points.coordinates, coordinate: torch.full_like(points.weights, end)}
        return value(Points(moved, points.weights, points.normals))

    return values


def weighted_parts(found: list[Contradiction]) -> list[Part]:
    """The fewest parts (greedily) without which the values that would be exact agree everywhere.

    On a tie the one declared later gives way.
    """
    open_pairs = [(c.first, c.second) for c in found if c.exact]
    given_up: list[Part] = []
    order: list[Part] = []
    for pair in open_pairs:
        order += [p for p in pair if p not in order]
    while open_pairs:
        counts = Counter(order.index(p) for pair in open_pairs for p in {order.index(q): q for q in pair}.values())
        worst = order[max(counts, key=lambda k: (counts[k], k))]
        given_up.append(worst)
        open_pairs = [pair for pair in open_pairs if worst not in pair]
    return given_up
