"""Starts and walls of which a problem with data says nothing: series whose coefficients the data tell.

    u(x, t0) = U sum_k c_k P_k(x),        u(wall, t) = u(wall, t0) + U tau sum_k w_k P_k(t),

P_k Legendre polynomials over the domain (sines and cosines where it is periodic), tau = (t - t0) / (t1 - t0), U the
size of the unknown. So start and walls agree at the corners. How many terms there are is the series' level: data decide
it, by what more of them bring (`methods.fitting`). Of an ordinary differential equation the values where it begins are
unknown numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.regions import Region, face
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.reference_cell import legendre
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.conditions import rate
from pinnsolve.problem.equation import Equation, Prescribed
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.unknown import Unknown

# Terms of a start's and of a wall's series at each level. Larger first ones: more numbers than few data tell. More
# levels: finer starts, each as dear as a fit from the beginning.
LEVELS = ((8, 4), (12, 6), (18, 9), (27, 13), (40, 20))
# Terms along space and time of what data are joined by for a first guess, and its ridge. More: wiggles between data.
GUESS, RIDGE = (8, 4), 1e-3


@dataclass(frozen=True)
class Series:
    """One condition that is not said.

    Parameters
    ----------
    unknown : str
    on : Region
    along : str
        The coordinate that it varies with; empty for a single number.
    size : float
        U.
    periodic : bool
    start : callable, optional
        Of a wall, what holds where time begins.
    rated : bool
        Whether it is the rate along time.
    """

    unknown: str
    on: Region
    along: str
    size: float
    periodic: bool = False
    start: Callable[[Fields], Any] | None = None
    rated: bool = False
    wall: bool = False

    def names(self, level: int) -> list[str]:
        """Of its coefficients."""
        count = LEVELS[level][self.wall] if self.along else 1
        what = "".join(c if c.isalnum() else "_" for c in self.on.name) + "_rate" * self.rated
        return [f"_{self.unknown}_{what}_{k}" for k in range(count)]

    def equation(self, domain: Domain, level: int) -> Equation:
        """The condition, for so many terms."""
        names = self.names(level)

        def given(at: Fields) -> Jet:
            total = self.size * self._sum(domain, at, names)
            if self.wall:
                total = total * domain.unit(self.along, at[self.along])
                total = total + (self.start(at) if self.start is not None else 0.0)
            return total

        left: Callable[[Fields], Jet] = (
            (lambda at: rate(at, self.unknown)) if self.rated else (lambda at: at[self.unknown])
        )
        prescribes = Prescribed(self.unknown, "rate" if self.rated else "value", given, frozenset(names))
        return Equation(f"{self.unknown} on {self.on.name}", self.on, lambda at: left(at) - given(at), prescribes)

    def _sum(self, domain: Domain, at: Fields, names: list[str]) -> Jet:
        """sum_k c_k P_k as a field whose derivatives are known; not term by term, since there are many."""
        chart = at.chart
        numbers = [at[name] for name in names]
        each = [c.value if isinstance(c, Jet) else torch.full((), c, dtype=chart.dtype) for c in numbers]
        c = torch.stack([v.to(chart.device).expand(chart.size) for v in each], -1)  # (N, count)
        if not self.along:
            return chart.constant(c[:, 0])
        axis, x = chart.axis(self.along), at[self.along].value.detach()
        stretch = 2 / domain.length(self.along)

        def rule(alpha: Alpha) -> Tensor | None:
            if any(a for k, a in enumerate(alpha) if k != axis):
                return None
            return (self.terms(domain, x, len(names), alpha[axis]) * c).sum(-1) * stretch ** alpha[axis]

        return Jet(chart, rule, (chart.size,), frozenset({self.along}))

    def terms(self, domain: Domain, x: Tensor, count: int, order: int = 0) -> Tensor:
        """The functions of its coordinate at places (N,), derived so many times in (-1, 1): (N, count)."""
        s = domain.scaled(self.along, x)
        return waves(s, count, order) if self.periodic and not self.wall else legendre(s, count - 1, order)


def waves(s: Tensor, count: int, order: int = 0) -> Tensor:
    """1, cos pi s, sin pi s, cos 2 pi s, ...: of period two, (N, count)."""
    k = torch.arange(1, count, dtype=s.dtype, device=s.device)
    frequency = math.pi * ((k + 1) // 2)
    turned = (order - 1.0 * (k % 2 == 0)) * math.pi / 2  # each derivative turns a wave by a quarter
    found = frequency**order * torch.cos(frequency * s[:, None] + turned)
    return torch.cat([torch.full_like(s[:, None], 0.0 if order else 1.0), found], 1)


@dataclass(frozen=True)
class Unsaid:
    """What a problem does not say.

    Parameters
    ----------
    series : tuple of Series
    """

    series: tuple[Series, ...] = field(default_factory=tuple)

    @property
    def levels(self) -> int:
        return len(LEVELS) if any(s.along for s in self.series) else 1

    def declared(self, level: int) -> dict[str, Unknown]:
        """The coefficients, as numbers that are sought."""
        return {name: Unknown(0.0) for s in self.series for name in s.names(level)}

    def equations(self, domain: Domain, level: int) -> list[Equation]:
        return [s.equation(domain, level) for s in self.series]

    def guessed(self, problem: Problem, level: int) -> list[float]:
        """Coefficients that come from data joined by a few smooth functions."""
        found: list[float] = []
        for s in self.series:
            found += _guess(problem, s, len(s.names(level)))
        return found


def unsaid(problem: Problem) -> Unsaid:
    """The starts and walls that equations ask for and no condition speaks of; nothing where it is not clear which."""
    domain = problem.domain
    slopes = {u: set[tuple[int, ...]]() for u in problem.unknowns}
    for equation in problem.equations:
        for u, alpha, _ in problem.prober.answer(equation, domain.line()).slopes:
            slopes[u].add(alpha)
    names = problem.coordinates
    if not problem.observations or len(names) > 2 or problem.ranges or problem.functions or problem.solenoidal:
        return Unsaid()
    space = domain.space_coordinates
    found = list[Series]()
    for u, alphas in slopes.items():
        orders = {c: max((a[k] for a in alphas), default=0) for k, c in enumerate(names)}
        found += _starts(problem, u, orders)
        for c in space:
            found += _walls(problem, u, c, orders[c], found)
    return Unsaid(tuple(found))


def _starts(problem: Problem, unknown: str, orders: dict[str, int]) -> list[Series]:
    time = problem.domain.time
    if time is None:
        return []
    low, _ = problem.domain.ends(time)
    told = _told(problem, unknown, time, low)
    if not orders[time] or told is None:
        return []
    along = "".join(problem.domain.space_coordinates)
    usual = _size(problem, unknown)
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
                    _size(problem, unknown),
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
        level = next(k for k in reversed(range(len(LEVELS))) if all(n in at for n in mine.names(k)))
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


def _size(problem: Problem, unknown: str) -> float:
    """How large measured values are; one where there are none."""
    values = [o.points.measured[unknown] for o in problem.observations if unknown in o.unknowns]
    return (float(torch.cat(values).square().mean().sqrt()) if values else 0.0) or 1.0


def _guess(problem: Problem, series: Series, count: int) -> list[float]:
    """The coefficients of one series."""
    domain = problem.domain
    mine = [o.points for o in problem.observations if series.unknown in o.unknowns]
    if not mine or series.rated:
        return [0.0] * count
    values = torch.cat([p.measured[series.unknown] for p in mine]) / series.size
    at = {c: torch.cat([p.coordinates[c] for p in mine]) for c in problem.coordinates}
    place = _place(series, domain)
    rows, there = _joined(problem, at), _joined(problem, place)
    ridge = RIDGE * torch.eye(rows.shape[1], dtype=rows.dtype) * len(values) ** 0.5
    given = torch.cat([values, values.new_zeros(len(ridge))])
    fit = torch.linalg.lstsq(torch.cat([rows, ridge]), given[:, None]).solution[:, 0]
    wanted = there @ fit
    if not series.along:
        return [float(wanted[0])]
    if series.wall:
        wanted = (wanted - wanted[0]) / domain.unit(series.along, place[series.along]).clamp(min=0.1)
    terms = series.terms(domain, place[series.along], min(count, sum(GUESS)))
    found = torch.linalg.lstsq(terms, wanted[:, None]).solution[:, 0]
    return [*found.tolist(), *[0.0] * (count - len(found))]


def _place(series: Series, domain: Domain) -> dict[str, Tensor]:
    """Points along a start or a wall, in order."""
    (piece,) = series.on.resolve(domain)
    count = 101 if series.along else 1
    part = torch.linspace(0, 1, count, dtype=torch.float64)
    found = {c: torch.full((count,), v, dtype=torch.float64) for c, v in piece.fixed.items()}
    return found | ({series.along: domain.place(series.along, part)} if series.along else {})


def _joined(problem: Problem, at: dict[str, Tensor]) -> Tensor:
    """Rows of the smooth functions by which data are joined."""
    domain, rows = problem.domain, torch.ones(len(next(iter(at.values()))), 1, dtype=torch.float64)
    for c in problem.coordinates:
        few = GUESS[c == domain.time and len(problem.coordinates) > 1]
        s = domain.scaled(c, at[c])
        mine = waves(s, few) if problem.periodic and c != domain.time else legendre(s, few - 1, 0)
        rows = (rows[:, :, None] * mine[:, None]).flatten(1)
    return rows
