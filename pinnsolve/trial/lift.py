"""g, which takes all values that are prescribed on faces, and phi, which vanishes there.

g is built coordinate by coordinate, each step adding what the faces of that coordinate still miss, interpolated between
them (transfinite interpolation): g_k = g_(k-1) + P_k (f - g_(k-1)). Where a rate is prescribed beside a value, P_k is
Hermite's polynomial through both, and phi vanishes twice.

In d coordinates with walls all around, f is needed on all 3^d - 1 faces, edges and corners, unless they all
have the same number. Those on which the same coordinates are fixed are evaluated together.

Source: Gordon & Hall, Numer. Math. 21 (1973) 109.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Prescribed
from pinnsolve.problem.problem import Problem

Place = tuple[tuple[str, float], ...]  # fixed coordinates and their values, in the order of the ends


@dataclass
class End:
    """What is prescribed on one face."""

    value: Prescribed | None = None
    rate: Prescribed | None = None

    @property
    def times(self) -> int:
        """How often phi vanishes there: a rate is exact only on top of an exact value."""
        return 0 if self.value is None else 1 if self.rate is None else 2


@dataclass
class Ends:
    """What is prescribed on the two faces of one coordinate."""

    coordinate: str
    in_time: bool
    low: End = field(default_factory=End)
    high: End = field(default_factory=End)

    def places(self, domain: Domain) -> list[float]:
        """Where values are given."""
        ends = zip((self.low, self.high), domain.ends(self.coordinate), strict=True)
        return [place for end, place in ends if end.value is not None]


def too_many(problem: Problem, ends: list[Ends]) -> bool:
    """Whether there are more places at which one point needs prescribed values than are worth their cost."""
    return math.prod(1 + len(e.places(problem.domain)) for e in _needed(problem, ends)[0]) - 1 > _Interpolation.most


def lift(problem: Problem, ends: list[Ends], points: Points, at: Mapping[str, Jet]) -> tuple[Jet, Jet] | None:
    """g and phi of one unknown on these points, or None where nothing is exact."""
    phi = vanishing(problem.domain, ends, at)
    if phi is None:
        return None
    needed, level = _needed(problem, ends)
    if not needed:
        return phi.chart.numbers(level), phi
    return _Interpolation(problem, needed, points, at).over(len(needed), ()), phi


def vanishing(domain: Domain, ends: list[Ends], at: Mapping[str, Jet]) -> Jet | None:
    """phi of one unknown, or None where nothing is exact."""
    phi: Jet | None = None
    for e in ends:
        factor = _vanishing(domain, e, at[e.coordinate])
        phi = factor if phi is None else phi * factor
    return phi


def _needed(problem: Problem, ends: list[Ends]) -> tuple[list[Ends], float]:
    """Those of which g has to be made, and the number that it is where there are none.

    Walls that all have one number are met by that number, or by a start that agrees with them, as most do to rounding;
    where they are few they are met to rounding all the same.
    """
    moments = [e for e in ends if e.in_time]
    count = math.prod(1 + len(e.places(problem.domain)) for e in ends) - 1
    few = moments and count <= _Interpolation.most
    level = None if few else _level(problem, [e for e in ends if not e.in_time])
    return (ends, 0.0) if level is None else (moments, level)


def _level(problem: Problem, walls: list[Ends]) -> float | None:
    """The number that is prescribed on all of these; None where it is not the same, or none."""
    values = [end.value for e in walls for end in (e.low, e.high) if end.value is not None]
    if any(value.asks for value in values):
        return None
    chart, at = problem.domain.interior.midpoints(1).chart()
    fields = problem.fields(chart, at, {}, Points({}, torch.ones(1)))
    found = {float(value.given(fields).value) for value in values}
    return found.pop() if len(found) == 1 else None


def _vanishing(domain: Domain, e: Ends, x: Jet) -> Jet:
    """A factor that is zero where values are given (twice where the rate is too), and at most about one."""
    s = domain.unit(e.coordinate, x)
    factors = [s] * e.low.times + [1 - s] * e.high.times
    found = factors[0] if len(factors) == 1 or not (e.low.times and e.high.times) else 4 * factors[0]
    for factor in factors[1:]:
        found = found * factor
    return found


@lru_cache
def hermite(low: int, high: int) -> tuple[tuple[float, ...], ...]:
    """The polynomials in s from 0 to 1 that are one in one of these and zero in all others, lowest power first: value
    and slope at 0 (the first `low` of them), value and slope at 1 (the first `high`).

    >>> hermite(1, 1)
    ((1.0, -1.0), (0.0, 1.0))
    """
    count = low + high
    rows = [[float(k == m) for k in range(count)] for m in range(low)]
    rows += [[1.0] * count, [float(k) for k in range(count)]][:high]
    inverse = torch.linalg.inv(torch.tensor(rows, dtype=torch.float64)).round(decimals=12) + 0.0
    return tuple(tuple(column) for column in inverse.T.tolist())


@dataclass(frozen=True)
class _Interpolation:
    """g on some points, and all that it is made of."""

    # Faces, edges and corners on which one point may need prescribed values: five coordinates with walls all around
    # have 242. More: walls of more coordinates are exact, and every evaluation takes longer, threefold with each
    # (`python -m benchmarks.command tests/cases/poisson_5d.py`: its report takes 3.3 s of the 5 that one may).
    most: ClassVar[int] = 250
    problem: Problem
    ends: list[Ends]
    points: Points
    at: Mapping[str, Jet]
    together: dict[tuple[int, tuple[str, ...]], dict[Place, Jet]] = field(default_factory=dict)

    @property
    def chart(self) -> Chart:
        return next(iter(self.at.values())).chart

    def over(self, count: int, fixed: Place) -> Jet:
        """g by the first `count` of the ends, on the face where the coordinates of later ones are fixed."""
        found = self.chart.numbers(0.0)
        for k, e in enumerate(self.ends[:count]):
            for (prescribed, place), shape in zip(self._wanted(e), self.shapes[e.coordinate], strict=True):
                there = ((e.coordinate, place), *fixed)
                value = self._given(k, prescribed, there)
                if prescribed.what == "rate":
                    value = value * self.problem.domain.length(e.coordinate)
                elif k:  # rates stand at moments, which come first
                    value = value - self.over(k, there)
                found = found + value * shape
        return found

    def _wanted(self, e: Ends) -> list[tuple[Prescribed, float]]:
        """What is prescribed on the faces of a coordinate, and where."""
        wanted: list[tuple[Prescribed, float]] = []
        for end, place in zip((e.low, e.high), self.problem.domain.ends(e.coordinate), strict=True):
            if end.value is not None:
                wanted.append((end.value, place))
            if end.times == 2 and end.rate is not None:
                wanted.append((end.rate, place))
        return wanted

    @cached_property
    def shapes(self) -> dict[str, list[Jet | float]]:
        """The polynomials by which each coordinate's values go inwards."""
        domain = self.problem.domain
        return {
            e.coordinate: [
                _polynomial(powers, domain.unit(e.coordinate, self.at[e.coordinate]))
                for powers in hermite(e.low.times, e.high.times)
            ]
            for e in self.ends
        }

    def _given(self, first: int, prescribed: Prescribed, fixed: Place) -> Jet:
        """What is prescribed where some coordinates are fixed, of which the end with the number `first` is the first.

        It is evaluated on all faces, edges or corners at once that fix the same coordinates.
        """
        names = tuple(name for name, _ in fixed)
        key = (id(prescribed), names)
        if key not in self.together:
            later = {e.coordinate: e.places(self.problem.domain) for e in self.ends[first + 1 :]}
            own = [place for p, place in self._wanted(self.ends[first]) if p is prescribed]
            faces = [tuple(zip(names, v, strict=True)) for v in product(own, *(later[n] for n in names[1:]))]
            self.together[key] = self._evaluated(prescribed, faces)
        return self.together[key][fixed]

    def _evaluated(self, prescribed: Prescribed, faces: list[Place]) -> dict[Place, Jet]:
        """The values on each of some faces, by one evaluation on the points of all of them."""
        count, size, near = len(faces), self.chart.size, self.chart
        chart = Chart(near.names, count * size, near.dtype, near.device)
        chart.fallbacks = near.fallbacks
        there = {name: chart.coordinate(name, x.value.repeat(count)) for name, x in self.at.items()}
        for k, (name, _) in enumerate(faces[0]):
            values = torch.tensor([face[k][1] for face in faces], dtype=near.dtype, device=near.device)
            there[name] = chart.fixed(name, values.repeat_interleave(size))
        value = prescribed.given(self.problem.fields(chart, there, {}, Points({}, self.points.weights)))

        def part(k: int) -> Jet:
            def rule(alpha: Alpha) -> Tensor | None:
                whole = value.partial(alpha)
                near.coarse = near.coarse or chart.coarse
                return None if whole is None else whole.expand(value.shape)[k * size : (k + 1) * size]

            return Jet(near, rule, (size,), value.depends)

        return {face: part(k) for k, face in enumerate(faces)}


def _polynomial(powers: tuple[float, ...], s: Jet) -> Jet | float:
    """sum of c_k s^k, by Horner's rule."""
    found: Jet | float = powers[-1]
    for c in powers[-2::-1]:
        found = found * s + c
    return found
