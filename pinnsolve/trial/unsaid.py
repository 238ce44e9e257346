"""Starts and walls of which a problem with data says nothing, and unknown functions: series whose coefficients the data
tell.

    u(x, t0) = U sum_k c_k P_k(x),        u(wall, t) = u(wall, t0) + U tau sum_k w_k P_k(t),

P_k Legendre polynomials over the domain (sines and cosines where it is periodic), tau = (t - t0) / (t1 - t0), U the
size of the unknown. So start and walls agree at the corners. How many terms there are is the series' level: data decide
it, by what more of them bring (`methods.fitting`). Of an ordinary differential equation the values where it begins are
unknown numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from pinnsolve.checks.contradictions import Part
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import face
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.expansion import Expansion, Lifted, Reach
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.unknown import Unknown
from pinnsolve.trial.exact import known_ends
from pinnsolve.trial.lift import Ends, lift
from pinnsolve.trial.series import RULES, FunctionSeries, Series, guessed, size_of
from pinnsolve.trial.ties import Tie, ties_of


@dataclass(frozen=True)
class Unsaid:
    """What a problem does not say.

    Parameters
    ----------
    series : tuple of Series
    functions : tuple of FunctionSeries
        Unknown functions are series, too.
    """

    series: tuple[Series, ...] = field(default_factory=tuple)
    functions: tuple[FunctionSeries, ...] = field(default_factory=tuple)

    @property
    def levels(self) -> int:
        if self.functions:
            return len(RULES.functions)
        return len(RULES.levels) if any(s.along for s in self.series) else 1

    def declared(self, level: int) -> dict[str, Unknown]:
        """The coefficients, as numbers that are sought."""
        names = [name for s in self.series for name in s.names(level)]
        return dict.fromkeys([*names, *(name for f in self.functions for name in f.names(level))], Unknown(0.0))

    def equations(self, domain: Domain, level: int) -> list[Equation]:
        return [s.equation(domain, level) for s in self.series]

    def guessed(self, problem: Problem, level: int) -> list[float]:
        """Coefficients that come from data joined by a few smooth functions."""
        found: list[float] = []
        for s in self.series:
            found += guessed(problem, s, len(s.names(level)))
        return found + [0.0 for f in self.functions for _ in f.names(level)]

    def expansions(self, level: int, reach: Mapping[str, Reach]) -> dict[str, Expansion]:
        """The unknown functions, as functions of these numbers; those of unknowns over the reach of their arguments."""
        return {f.name: f.expansion(level, reach.get(f.name)) for f in self.functions}


def unsaid(problem: Problem) -> Unsaid:
    """The starts and walls that equations ask for and no condition speaks of; nothing where it is not clear which."""
    domain = problem.domain
    slopes = {u: set[tuple[int, ...]]() for u in problem.unknowns}
    for equation in problem.equations:
        for u, alpha in problem.prober.derivatives(equation):
            slopes[u].add(alpha)
    names = problem.coordinates
    rings = {p.coordinate for p in problem.periodic}
    functions = tuple(
        FunctionSeries(
            n,
            u,
            tuple(c for c in u.coordinates if c in rings),
            *_known_of(problem, n),
            problem.known_values.get(n, ()),
            problem.known_planes.get(n, ()),
        )
        for n, u in problem.functions.items()
    )
    steady = domain.time is None and len(names) > 1  # its walls would be series along each other
    if not problem.observations or len(names) > 2 or steady or problem.ranges or problem.solenoidal:
        return Unsaid((), functions)
    space = domain.space_coordinates
    found = list[Series]()
    for u, alphas in slopes.items():
        orders = {c: max((a[k] for a in alphas), default=0) for k, c in enumerate(names)}
        found += _starts(problem, u, orders)
        for c in space:
            found += _walls(problem, u, c, orders[c], found)
    return Unsaid(tuple(found), functions)


@dataclass(frozen=True)
class LiftedOn:
    """g and phi of an unknown function with values on faces."""

    problem: Problem
    ends: list[Ends]

    def __call__(self, chart: Chart, at: Mapping[str, Any]) -> tuple[Jet, Jet] | None:
        points = Points({}, torch.ones(chart.size, dtype=chart.dtype, device=chart.device))
        return lift(self.problem, self.ends, points, {c: at[c] for c in self.problem.coordinates})


def _known_of(problem: Problem, name: str) -> tuple[tuple[Tie, ...], Lifted | None]:
    """What conditions say of an unknown function, as its series holds it."""
    if len(problem.functions[name].coordinates) == 1:
        return ties_of(problem, name) or (), None
    ends = known_ends(problem)[0][name] if problem.known and name not in problem.of_unknowns else []
    return (), LiftedOn(problem, ends) if ends else None


def untied(problem: Problem, weighted: Sequence[Part]) -> str | None:
    """An unknown function of which something is known that its series cannot hold exactly."""
    loose = {name for c, _ in weighted if c in problem.known for name in c.asks}
    for name, unknown in problem.functions.items():
        alone = len(unknown.coordinates) == 1
        if ties_of(problem, name) is None if alone else name in loose:
            return name
    return None


def _starts(problem: Problem, unknown: str, orders: dict[str, int]) -> list[Series]:
    time = problem.domain.time
    if time is None:
        return []
    low, _ = problem.domain.ends(time)
    told = _told(problem, unknown, time, low)
    if not orders[time] or told is None:
        return []
    along = "".join(problem.domain.space_coordinates)
    usual = size_of(problem, unknown)
    kinds = [w for w in ("value", "rate")[: orders[time]] if w not in told]
    sizes = {"value": usual, "rate": usual / problem.domain.length(time)}
    return [
        Series(unknown, face(**{time: low}), along, sizes[w], bool(problem.periodic), rated=w == "rate") for w in kinds
    ]


def _walls(problem: Problem, unknown: str, across: str, order: int, before: Sequence[Series]) -> list[Series]:
    """Values at the sides of which nothing is said: of equations of second order at both, of first order at the lower
    one where there is no time, since which way things go is not known otherwise."""
    if problem.periodic or order not in (1, 2) or (order == 1 and problem.domain.time is not None):
        return []
    time, found = problem.domain.time, list[Series]()
    sides = problem.domain.ends(across)
    if order == 1 and any(_told(problem, unknown, across, end) for end in sides):
        return []
    for end in sides[: 2 if order == 2 else 1]:
        if _told(problem, unknown, across, end) == set():
            start = _start_of(problem, unknown, before)
            found.append(
                Series(
                    unknown,
                    face(**{across: end}),
                    time or "",
                    size_of(problem, unknown),
                    start=start,
                    wall=time is not None,
                )
            )
    return found


def _start_of(problem: Problem, unknown: str, before: Sequence[Series]) -> Callable[[Fields], Any] | None:
    """What holds where time begins: what is declared, or sought."""
    domain = problem.domain
    if domain.time is None:
        return None
    for condition in problem.conditions:
        told = condition.prescribes
        if told is None or told.unknown != unknown or told.what != "value" or domain.time in told.asks:
            continue
        if all(p.moment is not None for p in problem.pieces(condition)):
            return told.given
    mine = next((s for s in before if s.unknown == unknown and not s.rated and not s.wall), None)
    if mine is None:
        return None

    def sought(at: Fields) -> Any:
        level = next(k for k in reversed(range(len(RULES.levels))) if all(n in at for n in mine.names(k)))
        equation = mine.equation(domain, level)
        assert equation.prescribes is not None
        return equation.prescribes.given(at)

    return sought


def _told(problem: Problem, unknown: str, coordinate: str, end: float) -> set[str] | None:
    """What conditions say of an unknown at an end of a coordinate; nothing at all where they stand elsewhere too."""
    found, time = set[str](), problem.domain.time
    for condition in problem.conditions:
        for piece in problem.pieces(condition):
            where = piece.fixed.get(coordinate)
            if coordinate == time and where is not None and where != end:
                return None  # another moment
            if where == end and unknown in condition.asks:
                found.add(condition.prescribes.what if condition.prescribes is not None else "condition")
    return found
