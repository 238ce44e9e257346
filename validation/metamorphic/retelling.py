"""A problem told again: in a translation's words, its parts in another order, its conditions said in other ways."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from pinnsolve import (
    Box,
    Problem,
    Reference,
    Unknown,
    condition,
    d,
    dirichlet,
    face,
    initial,
    initial_rate,
    neumann,
    observed,
    periodic,
    point,
    solenoidal,
)
from pinnsolve.geometry.regions import Region
from validation.metamorphic.declaration import Said, conditions_of, parameters_of, time_of
from validation.metamorphic.translation import KEYWORD, Translation, Word

Made = list[Any]  # what the functions for conditions return


@dataclass(frozen=True, kw_only=True)
class Manner:
    """What is said in another way, besides the words.

    Parameters
    ----------
    split : bool
        Each value on each face by a `dirichlet` of its own.
    general : bool
        Every value, rate and slope by `condition(...)`.
    start : bool
        Initial values by `dirichlet(on=face(t=0))`.
    timeless : bool
        Time as one more coordinate of space.
    reverse : frozenset of str
        Which of "conditions", "coordinates", "unknowns" and "equations" stand in the opposite order.
    factor : float
        What the first equation is multiplied by.
    """

    split: bool = False
    general: bool = False
    start: bool = False
    timeless: bool = False
    reverse: frozenset[str] = field(default_factory=frozenset)
    factor: float = 1.0


def retold(problem: Problem, words: Translation, manner: Manner) -> Problem:
    """The same problem, told so."""
    teller = _Teller(problem, words, manner)
    time = time_of(problem)
    axes = [c for c in problem.domain.extent if c not in problem.ranges and (c != time or manner.timeless)]
    space = {words.coordinates[c].name: teller.bounds(c) for c in teller.ordered("coordinates", axes)}
    conditions = [*teller.others(), *(made for said in conditions_of(problem) for made in teller.said(said))]
    renamed = {
        name: replace(given, of=tuple(words.called(c) for c in given.coordinates))
        if isinstance(given, Unknown) and given.coordinates
        else given
        for name, given in parameters_of(problem).items()
    }
    return Problem(
        space=Box(**space) if space else None,
        time=teller.bounds(time) if time is not None and not manner.timeless else None,
        unknowns=[words.called(u) for u in teller.ordered("unknowns", problem.unknowns)],
        equations=teller.ordered("equations", teller.equations()),
        conditions=teller.ordered("conditions", conditions),
        parameters=renamed,
        reference=translated(problem, words),
        tolerance=problem.tolerance,
    )


@cache
def _known(problem: Problem, values: tuple[tuple[str, float], ...]) -> Reference:
    assert callable(problem.reference)
    found: Reference = problem.reference(problem.with_parameters(dict(values)))
    return found


def translated(problem: Problem, words: Translation) -> Callable[[Any], Reference]:
    """The problem's own reference, in other words."""

    def reference(asked: Any) -> Reference:
        values = tuple((name, asked.parameters[name]) for name in problem.ranges if name in asked.parameters)
        known = _known(problem, values)

        def field_of(name: str) -> Callable[..., np.ndarray]:
            word = words.unknowns.get(name, Word(name))
            return lambda **at: word.new(known.fields[name](**words.places(at)))

        fields = {words.called(name): field_of(name) for name in known.fields}
        return Reference(known.name, fields, known.own_error, known.seconds)

    return reference


class _Teller:
    """Says one part of a problem after the other."""

    def __init__(self, problem: Problem, words: Translation, manner: Manner) -> None:
        self.problem, self.words, self.manner = problem, words, manner
        self.time = time_of(problem)

    def ordered(self, what: str, things: Iterable[Any]) -> list[Any]:
        listed = list(things)
        return listed[::-1] if what in self.manner.reverse else listed

    def bounds(self, coordinate: str) -> tuple[float, float]:
        low, high = (self.words.coordinates[coordinate].new(end) for end in self.problem.domain.extent[coordinate])
        return (min(low, high), max(low, high))

    def equations(self) -> list[Callable[..., Any]]:
        functions = [e.function for e in self.problem.equations if e.function is not None]
        return [self.words.function(f, factor=1.0 if k else self.manner.factor) for k, f in enumerate(functions)]

    def others(self) -> Made:
        """Periods, solenoidal velocities and data."""
        found: Made = [periodic(self.words.called(p.coordinate)) for p in self.problem.periodic]
        found += [solenoidal(*map(self.words.called, flow.components)) for flow in self.problem.solenoidal]
        for data in self.problem.observations:
            values = {c: v.numpy() for c, v in data.points.coordinates.items()}
            columns = self.words.moved(values)
            noise: dict[str, np.ndarray] = {}
            for u in data.unknowns:
                word = self.words.unknowns[u]
                columns[word.name] = word.new(data.points.measured[u].numpy())
                if f"sigma {u}" in data.points.measured:
                    noise[word.name] = abs(word.scale) * data.points.measured[f"sigma {u}"].numpy()
            found.append(observed(**columns, sigma=noise or None, loss=data.loss))
        return found

    # ------------------------------------------------------------ one condition

    def said(self, told: Said) -> Made:
        if told.what == "equation":
            assert callable(told.given)
            return condition(self.words.function(told.given), on=self.region(told.places))
        if told.what == "value":
            return self.value(told)
        return self.rate(told) if told.what == "rate" else self.slope(told)

    def region(self, places: Iterable[Mapping[str, float]]) -> Region:
        made: Region | None = None
        for place in places:
            moved = self.words.moved(place)
            one = face(**moved) if len(moved) == 1 else point(**moved)
            made = one if made is None else made | one
        assert made is not None
        return made

    def given(self, told: Said, word: Word) -> Any:
        """The prescribed number or function in the words of `word`."""
        return self.words.function(told.given, word) if callable(told.given) else word.new(told.given)

    def at_start(self, told: Said) -> bool:
        """Whether the condition stands at the start, and at the start of the new time as well."""
        if self.time is None or self.manner.timeless or self.words.coordinates[self.time].scale < 0:
            return False
        return told.places == ({self.time: self.problem.domain.extent[self.time][0]},)

    def value(self, told: Said) -> Made:
        word = self.words.unknowns[told.unknown]
        given = self.given(told, word)
        if self.manner.general:
            return condition(equal(word.name, given), on=self.region(told.places))
        if self.at_start(told) and not self.manner.start:
            return initial(**{word.name: given})
        parts = [(p,) for p in told.places] if self.manner.split else [told.places]
        return [c for places in parts for c in dirichlet(**{word.name: given}, on=self.region(places))]

    def rate(self, told: Said) -> Made:
        assert self.time is not None
        word, t = self.words.unknowns[told.unknown], self.words.coordinates[self.time]
        given = self.given(told, Word("", word.scale / t.scale))
        if self.at_start(told) and not self.manner.general:
            return initial_rate(**{word.name: given})
        return condition(equal(word.name, given, t.name), on=self.region(told.places))

    def slope(self, told: Said) -> Made:
        """Faces whose coordinates have other units have other slopes, and so a condition each."""
        word, made = self.words.unknowns[told.unknown], []
        units: dict[float, list[Mapping[str, float]]] = {}
        for place in told.places:
            (coordinate,) = place
            units.setdefault(abs(self.words.coordinates[coordinate].scale), []).append(place)
        for scale, places in units.items():
            given, where = self.given(told, Word("", word.scale / scale)), self.region(places)
            if self.manner.general:
                axes = [self.words.called(c) for c in self.problem.space_coordinates]
                made += condition(equal(word.name, given, *axes, outward=True), on=where)
            else:
                made += neumann(**{word.name: given}, on=where)
        return made


def equal(unknown: str, given: Any, *along: str, outward: bool = False) -> Callable[..., Any]:
    """The function u - given, u_c - given or n . grad u - given for a condition, its arguments named."""
    asked = list(inspect.signature(given).parameters) if callable(given) else []
    normals = ["n" + c for c in along] if outward else []

    def residual(**at: Any) -> Any:
        parts = [d(at[unknown], at[c]) for c in along] or [at[unknown]]
        if outward:
            parts = [at[n] * part for n, part in zip(normals, parts, strict=True)]
        left = parts[0]
        for part in parts[1:]:
            left = left + part
        return left - (given(**{name: at[name] for name in asked}) if callable(given) else given)

    names = dict.fromkeys([unknown, *asked, *along, *normals])
    residual.__signature__ = inspect.Signature([inspect.Parameter(n, KEYWORD) for n in names])  # type: ignore[attr-defined]
    residual.__name__ = "_".join([unknown, *along])
    return residual
