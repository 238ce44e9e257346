"""In which other words a problem is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from pinnsolve import Problem
from validation.metamorphic.declaration import conditions_of, time_of
from validation.metamorphic.retelling import Manner, retold, translated
from validation.metamorphic.translation import Translation, Word

LENGTHS, SIZES = (1e3, 1e-3, 1e-9), (1e6, 1e-6)  # by which coordinates and unknowns are multiplied
FAR, SWINGS = 100.0, 1000.0  # lengths by which an origin moves; swings of an unknown that are added to it
POINTS = 2048


@dataclass(frozen=True)
class Retelling:
    """One way to tell a problem.

    Parameters
    ----------
    name : str
    words : Translation
    manner : Manner
    """

    name: str
    words: Translation
    manner: Manner = field(default_factory=Manner)

    @property
    def redraws(self) -> bool:
        """Whether the same numbers drawn are other features and points: a mirrored axis, or things in another order.

        Then the answer may change by as much as another seed would change it.
        """
        mirrored = any(word.scale < 0 for word in self.words.coordinates.values())
        return mirrored or bool(self.manner.reverse)

    def problem(self, original: Problem) -> Problem:
        return retold(original, self.words, self.manner)


def same(problem: Problem) -> Translation:
    """Every name and unit as it is."""
    return Translation({c: Word(c) for c in problem.coordinates}, {u: Word(u) for u in problem.unknowns})


def retellings(problem: Problem) -> dict[str, Retelling]:
    """All that apply to a problem, by name."""
    found = [*_units(problem), *_origins(problem), *_names(problem), *_orders(problem), *_sayings(problem)]
    return {one.name: one for one in found}


def places(problem: Problem, count: int = POINTS) -> dict[str, np.ndarray]:
    """Random points of the domain, the same every time, which no training draws."""
    generator = np.random.default_rng(4711)
    return {c: generator.uniform(low, high, count) for c, (low, high) in problem.domain.extent.items()}


def _axes(problem: Problem) -> list[str]:
    return [c for c in problem.coordinates if c not in problem.ranges]


def _with(problem: Problem, coordinates: dict[str, Word], unknowns: dict[str, Word] | None = None) -> Translation:
    """Some words changed; a velocity that is to stay free of divergence takes the units of its coordinates."""
    words = same(problem)
    changed = dict(unknowns or {})
    space = problem.space_coordinates
    for flow in problem.solenoidal:
        for component, c in zip(flow.components, space, strict=True):
            scale = coordinates.get(c, Word(c)).scale
            if scale != 1:
                changed[component] = replace(changed.get(component, Word(component)), scale=scale)
    return Translation({**words.coordinates, **coordinates}, {**words.unknowns, **changed})


def _units(problem: Problem) -> list[Retelling]:
    found = [
        Retelling(f"{c} x {scale:g}", _with(problem, {c: Word(c, scale)})) for c in _axes(problem) for scale in LENGTHS
    ]
    for group in _groups(problem):
        for scale in SIZES:
            changed = {u: Word(u, scale) for u in group}
            found.append(Retelling(f"{', '.join(group)} x {scale:g}", _with(problem, {}, changed)))
    return found


def _groups(problem: Problem) -> list[tuple[str, ...]]:
    """The unknowns whose units change together: each alone, and the components of a solenoidal velocity."""
    flows = [flow.components for flow in problem.solenoidal]
    return flows + [(u,) for u in problem.unknowns if not any(u in flow for flow in flows)]


def _origins(problem: Problem) -> list[Retelling]:
    found = []
    known = translated(problem, same(problem))(problem)
    at = places(problem)
    for u in problem.unknowns:
        swing = float(np.ptp(known.fields[u](**at))) or 1.0
        found.append(Retelling(f"{u} offset", _with(problem, {}, {u: Word(u, 1.0, SWINGS * swing)})))
    for c in _axes(problem):
        low, high = problem.domain.extent[c]
        found.append(Retelling(f"{c} shifted", _with(problem, {c: Word(c, 1.0, FAR * (high - low))})))
        found.append(Retelling(f"{c} mirrored", _with(problem, {c: Word(c, -1.0, low + high)})))
    return found


def _names(problem: Problem) -> list[Retelling]:
    time = time_of(problem)
    axes = {c: Word(f"{c}_axis") for c in _axes(problem) if c != time}
    fields = {u: Word(f"{u}_field") for u in problem.unknowns}
    found = [Retelling("unknowns renamed", _with(problem, {}, fields))]
    return found + [Retelling("coordinates renamed", _with(problem, axes))] * bool(axes)


def _orders(problem: Problem) -> list[Retelling]:
    counts = {
        "conditions": len(problem.conditions) + len(problem.observations) + len(problem.periodic),
        "coordinates": len(problem.space_coordinates),
        "unknowns": len(problem.unknowns),
        "equations": len(problem.equations),
    }
    return [
        Retelling(f"{what} reversed", same(problem), Manner(reverse=frozenset({what})))
        for what, count in counts.items()
        if count > 1
    ]


def _sayings(problem: Problem) -> list[Retelling]:
    words, time, conditions = same(problem), time_of(problem), conditions_of(problem)
    starts = [c for c in conditions if c.what == "value" and time is not None and set(c.places[0]) == {time}]
    found = []
    if any(c.what == "value" and len(c.places) > 1 for c in conditions):
        found.append(Retelling("values face by face", words, Manner(split=True)))
    if any(c.what != "equation" for c in conditions):
        found.append(Retelling("all by condition()", words, Manner(general=True)))
    if starts:
        found.append(Retelling("start by dirichlet()", words, Manner(start=True)))
    inside = any(len(place) > 1 for c in conditions for place in c.places)
    if time is not None and problem.space is not None and not inside and not problem.solenoidal:
        found.append(Retelling("time as space", words, Manner(timeless=True)))
        fresh = _with(problem, {time: Word("s")})
        found.append(Retelling("time as space, renamed", fresh, Manner(timeless=True)))
    if problem.equations:
        found.append(Retelling("equation x 1e6", words, Manner(factor=1e6)))
    return found
