"""How large the unknowns are, before anything is solved: an offset and a scale for each, in its own units.

What is prescribed and measured tells the offset, the middle of all values, and the scale, half of their range. For an
unknown of which that says nothing, an equation does: with S the size of all that is known of it (sources, and the terms
of unknowns whose scale is known), and C the size of its terms in this unknown for a field of scale one that varies over
the length of the domain, the scale is about S / C; of several equations the smallest counts. Where these tell nothing,
conditions of several terms do, as tractions on a rim. So networks begin at numbers near one whatever the units, and an
unknown that vanishes has a size that its error can be compared with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.as_regular import kept_apart
from pinnsolve.checks.some import some
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.places import Narrow
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Answer, Size
from pinnsolve.problem.problem import Problem

NONE = Size(0.0, 0.0)
# an equation, the points at which it is looked at (a line through the domain, where none are told), and its source
Said = tuple[Equation, Points | None, float]


def sizes_of(problem: Problem, narrow: Sequence[Narrow] = ()) -> dict[str, Size]:
    """Offset and scale of each unknown; both multiply and shift with its units.

    What is prescribed is looked at in narrow places too: a bump that a grid does not see may be all that there is. Of
    the equations' sources there is taken what they come to on the mean over the domain.
    """
    found = {u: _told(problem, u, narrow) for u in problem.unknowns}
    line, nothing = _line(problem, narrow), {u: Size(s.offset, 0.0) for u, s in found.items()}
    inside = [(e, line if narrow else None, _source(problem, e, line, narrow, nothing)) for e in problem.equations]
    found = _balanced(problem, found, inside)
    if not all(s.scale > 0 for s in found.values()):
        found = _balanced(problem, found, [*inside, *_rims(problem, nothing)])
    least = _beside(problem)
    found = {u: Size(s.offset, max(s.scale, least.get(u, 0.0))) for u, s in found.items()}
    return {u: s if s.scale > 0 else Size(s.offset, abs(s.offset) or 1.0) for u, s in found.items()}


def _balanced(problem: Problem, found: Mapping[str, Size], said: Sequence[Said]) -> dict[str, Size]:
    """The scales that balance what is said, as far as it tells them."""
    now = dict(found)

    @cache
    def answer(number: int, *sizes: Size) -> Answer:
        (equation, points, _), mine = said[number], dict(zip(problem.unknowns, sizes, strict=True))
        if points is None:
            return problem.prober.inside(equation, mine)
        return problem.prober.answer(equation, points, sizes=mine)

    def answers(sizes: Mapping[str, Size]) -> list[Answer]:
        """Of all equations; each anew where sizes have changed that it asks for."""
        asked = [[s if u in e.asks else NONE for u, s in sizes.items()] for e, *_ in said]
        return [answer(number, *mine) for number, mine in enumerate(asked)]

    for _ in problem.unknowns:
        grown = _grown(problem, now, answers(now), [source for *_, source in said])
        if grown == now:
            break
        now = grown
    return now


def _rims(problem: Problem, nothing: Mapping[str, Size]) -> list[Said]:
    """The conditions that prescribe no single unknown, as a traction or a loss of heat, each on a part of the boundary
    on which it says something of unknowns at rest."""
    said = list[Said]()
    for c in problem.conditions:
        if c.prescribes is not None or c.points is not None or c.integrates:
            continue
        for piece in some(problem.pieces(c)):
            points = piece.grid()
            if piece.on_boundary and len(points):
                source = _finite(problem.prober.answer(c, points, sizes=nothing).residual)
                said += [(c, points, source)] * (source > 0)
    return said


def _beside(problem: Problem) -> dict[str, float]:
    """How large what is handed out beside the unknowns is."""
    rest = kept_apart(problem)
    if rest is None:
        return {}
    places = problem.domain.interior.draw(1024, "sobol", torch.Generator().manual_seed(17)).coordinates
    return {u: _finite(rest.at_points(u, places)) for u in rest.unknowns}


def _told(problem: Problem, unknown: str, narrow: Sequence[Narrow]) -> Size:
    """What conditions and data say."""
    values = [v for v in _values(problem, unknown, narrow) if len(v)]
    if not values:
        return NONE
    together = torch.cat(values)
    low, high = float(together.min()), float(together.max())
    swing = max((high - low) / 2, _changes(problem, unknown))
    offset = (low + high) / 2
    return Size(offset, swing if swing > SAME * abs(offset) else 0.0)


def _values(problem: Problem, unknown: str, narrow: Sequence[Narrow]) -> Iterator[Tensor]:
    for c in problem.conditions:
        if c.unknown == unknown and c.prescribes is not None and c.says("value"):
            for piece in some(problem.pieces(c)):
                for points in (piece.grid(), _many(piece), *(_across(piece, place) for place in narrow)):
                    chart, at = points.chart()
                    yield c.prescribes.given(problem.fields(chart, at, {}, points)).value.detach()
    for o in problem.observations:
        if unknown in o.unknowns:
            yield o.points.measured[unknown]


def _many(piece: Piece) -> Points:
    """As many points as training has: what they see is not narrow."""
    return piece.draw(4096, "sobol", torch.Generator().manual_seed(11))


def _across(piece: Piece, place: Narrow) -> Points:
    """The grid of a piece, drawn together across a narrow place; none where the piece does not go through it."""
    points = piece.grid()
    part = torch.linspace(-1, 1, len(points), dtype=points.weights.dtype)
    there = {c: m + place.width[c] * part for c, m in place.middle.items() if c in points.coordinates}
    held = {c: v for c, v in piece.fixed.items() if c in there}
    if any(abs(v - place.middle[c]) > place.width[c] for c, v in held.items()):
        return points[:0]
    moved = {c: v for c, v in there.items() if c not in held}
    across = replace(points, coordinates={**points.coordinates, **moved})
    return across if piece.side is None else points[:0]


def _changes(problem: Problem, unknown: str) -> float:
    """How far prescribed rates and slopes go over the length of the domain, on the mean: a front's slope is that of its
    width, and it stands at few places of a wall."""
    found = 0.0
    for c in problem.conditions:
        if c.unknown != unknown or c.prescribes is None or c.says("value"):
            continue
        for piece in some(problem.pieces(c)):
            points = piece.grid()
            chart, at = points.chart()
            values = c.prescribes.given(problem.fields(chart, at, {}, points)).value.detach()
            if piece.on_boundary and piece.normal is None:
                length = max(problem.domain.length(x) for x in problem.space_coordinates)
            else:
                length = problem.domain.length(piece.normal[0] if piece.normal else str(problem.domain.time))
            mean = float((values.abs() * points.weights).sum() / points.weights.sum())
            found = max(found, mean * length)
    return found


def _line(problem: Problem, narrow: Sequence[Narrow]) -> Points:
    """A line through the domain, beside narrow places."""
    points = problem.domain.line()
    for place in narrow:
        points = points[~place.holds(points.coordinates)]
    return points


def _source(
    problem: Problem, equation: Equation, line: Points, narrow: Sequence[Narrow], nothing: Mapping[str, Size]
) -> float:
    """What an equation leaves where all unknowns are at rest: beside narrow places its size, and of these the integral
    over the domain, which is what is seen of them elsewhere."""
    domain = problem.domain

    def left(points: Points) -> Tensor:
        return problem.prober.answer(equation, points, sizes=nothing).residual

    found = _finite(left(line))
    if not narrow:
        return found
    points = domain.interior.draw(1024, "sobol", torch.Generator().manual_seed(13))
    at = points.coordinates
    for place in narrow:
        there = {c: m + place.width[c] * (2 * domain.unit(c, at[c]) - 1) for c, m in place.middle.items()}
        share = math.prod(min(2 * width / domain.length(c), 1.0) for c, width in place.width.items())
        whole = float(left(replace(points, coordinates={**at, **there})).mean().abs()) * share
        found = max(found, whole if math.isfinite(whole) else 0.0)
    return found


def _grown(
    problem: Problem, found: Mapping[str, Size], answers: Sequence[Answer], sources: Sequence[float]
) -> dict[str, Size]:
    """The scales that the equations give to unknowns without one, and raise where their sources do."""
    wanted: dict[str, list[float]] = {u: [] for u in problem.unknowns}
    raised: dict[str, list[float]] = {u: [] for u in problem.unknowns}
    orders = {u: max((sum(alpha) for a in answers for alpha in a.of(u)), default=0) for u in problem.unknowns}
    for source, answer in zip(sources, answers, strict=True):
        weight = {u: _weight(problem, answer, u) for u in problem.unknowns}
        known = max([source, *(weight[u] * s.scale for u, s in found.items())])
        for u, w in weight.items():
            if w > 0 and known > 0:
                wanted[u].append(known / w)
            # where it stands beside others' highest derivatives alone, it need not balance what there is
            own = any(sum(alpha) == orders[u] for alpha in answer.of(u))
            if w > 0 and source > 0 and own:
                raised[u].append(source / w)
    scales = {
        u: max(s.scale, min(raised[u], default=0.0)) if s.scale > 0 else min(wanted[u], default=0.0)
        for u, s in found.items()
    }
    return {u: Size(s.offset, scales[u]) for u, s in found.items()}


def _weight(problem: Problem, answer: Answer, unknown: str) -> float:
    """The size of an equation's terms in one unknown, for a field of scale one."""
    slopes = answer.of(unknown)
    return sum(_finite(slope) / _lengths(problem, alpha) for alpha, slope in slopes.items())


def _lengths(problem: Problem, alpha: Alpha) -> float:
    return math.prod(problem.domain.length(c) ** k for c, k in zip(problem.coordinates, alpha, strict=True))


def _finite(values: Tensor) -> float:
    """The root mean square; zero if it is not finite."""
    size = float(values.square().mean().sqrt())
    return size if math.isfinite(size) else 0.0
