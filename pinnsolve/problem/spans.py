"""Unknowns that live on parts of space: which part each has, and that parts go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.shape import Shape

WRITE = 'Write unknowns={"T1": Box(x=(0, 1)), "T2": Box(x=(1, 2))}: parts of a box along one coordinate, one for each.'


@dataclass(frozen=True)
class Span:
    """A part of space between two places of one coordinate."""

    coordinate: str
    low: float
    high: float

    def holds(self, value: float, length: float) -> bool:
        """Whether a place lies in it, up to rounding of the domain's length."""
        return self.low - SAME * length <= value <= self.high + SAME * length

    def __str__(self) -> str:
        return f"{self.coordinate} from {self.low:g} to {self.high:g}"


def spans_of(unknowns: Any, domain: Domain) -> dict[str, Span]:
    """The part of space of each unknown; empty where all have the whole of it.

    Raises
    ------
    ProblemError
        If parts are no boxes beside each other along one coordinate, or some unknowns have one and others none.
    """
    given = {n: v for n, v in unknowns.items() if isinstance(v, Shape)} if isinstance(unknowns, Mapping) else {}
    if not given:
        return {}
    first = next(iter(given))
    if domain.shape is not None or not all(isinstance(v, Box) for v in given.values()):
        raise ProblemError(
            f"unknowns: {first} has a part of space of its own, {given[first]!r}, and that is solved in boxes alone",
            WRITE,
        )
    found = {name: _span(name, box, domain) for name, box in given.items()}
    if len({span.coordinate for span in found.values() if span.coordinate}) > 1:
        raise ProblemError("unknowns: parts lie beside each other along several coordinates", WRITE)
    along = next((s.coordinate for s in found.values() if s.coordinate), "")
    if not along:
        return {}
    if rest := [n for n, v in unknowns.items() if n not in given and along in ((v,) if isinstance(v, str) else v)]:
        raise ProblemError(
            f"unknowns: {first} has a part of space, and {rest[0]} has none",
            f"What lives on several parts is one unknown in each, joined by conditions. {WRITE}",
        )
    low, high = domain.ends(along)
    found = {n: s if s.coordinate else Span(along, low, high) for n, s in found.items()}
    _check_beside(found, high - low)
    return found


def _span(name: str, box: Shape, domain: Domain) -> Span:
    """The part of one unknown; without a coordinate where it is all of space."""
    ends = Domain(box, None).extent
    if set(ends) != set(domain.space_coordinates):
        raise ProblemError(
            f"unknowns: the part of {name}, {box!r}, has other coordinates than space",
            f"It has to have {', '.join(domain.space_coordinates)}.",
        )
    shorter = []
    for c in domain.space_coordinates:
        (a, b), (low, high) = ends[c], domain.ends(c)
        room = SAME * (high - low)
        if a < low - room or b > high + room:
            raise ProblemError(
                f"unknowns: the part of {name} goes beyond space, {c} from {a:g} to {b:g}",
                f"Space goes from {low:g} to {high:g}: make it larger, or the part smaller.",
            )
        if a > low + room or b < high - room:
            shorter.append(c)
    if len(shorter) > 1:
        raise ProblemError(f"unknowns: the part of {name} is shorter than space along {' and '.join(shorter)}", WRITE)
    return Span(shorter[0], *map(float, ends[shorter[0]])) if shorter else Span("", 0.0, 0.0)


def _check_beside(found: Mapping[str, Span], length: float) -> None:
    """Refuse parts that overlap without being the same."""
    each = list(found.items())
    for k, (name, a) in enumerate(each):
        for other, b in each[k + 1 :]:
            same = abs(a.low - b.low) <= SAME * length and abs(a.high - b.high) <= SAME * length
            if not same and min(a.high, b.high) - max(a.low, b.low) > SAME * length:
                raise ProblemError(
                    f"unknowns: the parts of {name} ({a}) and {other} ({b}) overlap, and are not the same",
                    "Cut space where they begin and end: what lives on two pieces is one unknown in each, joined by "
                    "conditions.",
                )
