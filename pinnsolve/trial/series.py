"""Series that stand for a start or a wall of which a problem with data says nothing, and a first guess of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.regions import Region
from pinnsolve.jets.jet import Jet
from pinnsolve.networks.reference_cell import legendre
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.conditions import rate
from pinnsolve.problem.equation import Equation, Prescribed
from pinnsolve.problem.expansion import Expansion, Lifted, Products, Reach, Terms, summed
from pinnsolve.problem.on_planes import Plane
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.unknown import Unknown
from pinnsolve.trial.ties import Tie, Tied, ties_within


@dataclass(frozen=True)
class Rules:
    """How long series are. Chosen, not measured.

    Parameters
    ----------
    levels : tuple of (int, int)
        Terms of a start's and of a wall's series at each level. Larger first ones: more numbers than few data tell.
        More levels: finer starts, each as dear as a fit from the beginning.
    functions : tuple of int
        The same of an unknown function of one coordinate. Further apart: one level more than data ask for follows their
        noise.
    degrees : tuple of int
        Of one of several arguments the total degree of its terms.
    guess : (int, int)
        Terms along space and time of what joins the data for a first guess. More: wiggles between data.
    ridge : float
        Its ridge, relative to the data.
    """

    levels: tuple[tuple[int, int], ...] = ((6, 3), (9, 5), (13, 7), (19, 10), (28, 14), (40, 20))
    functions: tuple[int, ...] = (3, 5, 7, 9, 11, 14, 18, 24, 32)
    degrees: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 10)
    guess: tuple[int, int] = (8, 4)
    ridge: float = 1e-3


RULES = Rules()


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
        count = RULES.levels[min(level, len(RULES.levels) - 1)][self.wall] if self.along else 1
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
        """sum_k c_k P_k as a field."""
        if self.along:
            return summed(domain, at.chart, at, Products.alone(self.along, self.functions, len(names)), names)
        (c,) = (at[name] for name in names)
        return c if isinstance(c, Jet) else at.chart.numbers(c)

    def functions(self, s: Tensor, count: int, order: int = 0) -> Tensor:
        """Those of its coordinate at places (N,) of (-1, 1), derived so many times: (N, count)."""
        return waves(s, count, order) if self.periodic and not self.wall else legendre(s, count - 1, order)


@dataclass(frozen=True)
class FunctionSeries:
    """An unknown function.

    Parameters
    ----------
    name : str
    unknown : Unknown
    periodic : tuple of str
        Its coordinates along which it is a series of waves.
    ties : tuple of Tie
        What is known of it, if it is one of one coordinate.
    lifted : callable, optional
        The same of one of several coordinates.
    values : tuple of (float, float)
        The same of one of an unknown alone: where, and what.
    planes : tuple of Plane
        The same of one of several arguments, unknowns among them.
    """

    name: str
    unknown: Unknown
    periodic: tuple[str, ...] = ()
    ties: tuple[Tie, ...] = ()
    lifted: Lifted | None = None
    values: tuple[tuple[float, float], ...] = ()
    planes: tuple[Plane, ...] = ()

    def _numbers(self, level: int) -> list[tuple[int, ...]]:
        """Which terms along each coordinate its products have, those of low total degree first."""
        along = self.unknown.coordinates
        if len(along) == 1:
            return [(k,) for k in range(RULES.functions[level])]
        most = RULES.degrees[level]
        counts = [2 * most + 1 if c in self.periodic else most + 1 for c in along]

        def degree(numbers: tuple[int, ...]) -> int:
            return sum((k + 1) // 2 if c in self.periodic else k for c, k in zip(along, numbers, strict=True))

        every = itertools.product(*map(range, counts))
        return sorted((k for k in every if degree(k) <= most), key=degree)

    def names(self, level: int) -> list[str]:
        """Of its coefficients."""
        return [f"_{self.name}_{'_'.join(map(str, k))}" for k in self._numbers(level)]

    def expansion(self, level: int, reach: Reach | None = None) -> Expansion:
        """Those of so many terms; of one of unknowns over the reach of its arguments."""
        factors: list[Terms] = [waves if c in self.periodic else polynomials for c in self.unknown.coordinates]
        ties = self.ties if reach is None else ties_within(self.unknown, self.values, reach[0])
        tied = Tied(factors[0], ties) if ties else None
        terms = Products(
            self.unknown.coordinates, (tied,) if tied is not None else tuple(factors), tuple(self._numbers(level))
        )
        return Expansion(
            self.unknown, terms, tuple(self.names(level)), tied and tied.about, self.lifted, reach, self.planes
        )


def polynomials(s: Tensor, count: int, order: int = 0) -> Tensor:
    """Legendre's, orthonormal, at places (N,) of (-1, 1), derived so many times: (N, count)."""
    return legendre(s, count - 1, order)


def waves(s: Tensor, count: int, order: int = 0) -> Tensor:
    """1, cos pi s, sin pi s, cos 2 pi s, ...: of period two, (N, count)."""
    k = torch.arange(1, count, dtype=s.dtype, device=s.device)
    frequency = math.pi * ((k + 1) // 2)
    turned = (order - 1.0 * (k % 2 == 0)) * math.pi / 2  # each derivative turns a wave by a quarter
    found = frequency**order * torch.cos(frequency * s[:, None] + turned)
    return torch.cat([torch.full_like(s[:, None], 0.0 if order else 1.0), found], 1)


def size_of(problem: Problem, unknown: str) -> float:
    """How large measured values are; one where there are none."""
    values = [o.points.measured[unknown] for o in problem.observations if unknown in o.unknowns]
    return (float(torch.cat(values).square().mean().sqrt()) if values else 0.0) or 1.0


def guessed(problem: Problem, series: Series, count: int) -> list[float]:
    """The coefficients of one series."""
    domain = problem.domain
    mine = [o.points for o in problem.observations if series.unknown in o.unknowns]
    if not mine or series.rated:
        return [0.0] * count
    values = torch.cat([p.measured[series.unknown] for p in mine]) / series.size
    at = {c: torch.cat([p.coordinates[c] for p in mine]) for c in problem.coordinates}
    place = _place(series, domain)
    rows, there = _joined(problem, at), _joined(problem, place)
    ridge = RULES.ridge * torch.eye(rows.shape[1], dtype=rows.dtype) * len(values) ** 0.5
    given = torch.cat([values, values.new_zeros(len(ridge))])
    fit = torch.linalg.lstsq(torch.cat([rows, ridge]), given[:, None]).solution[:, 0]
    wanted = there @ fit
    if not series.along:
        return [float(wanted[0])]
    if series.wall:
        wanted = (wanted - wanted[0]) / domain.unit(series.along, place[series.along]).clamp(min=0.1)
    terms = series.functions(domain.scaled(series.along, place[series.along]), min(count, sum(RULES.guess)))
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
        few = RULES.guess[c == domain.time and len(problem.coordinates) > 1]
        s = domain.scaled(c, at[c])
        mine = waves(s, few) if problem.periodic and c != domain.time else legendre(s, few - 1, 0)
        rows = (rows[:, :, None] * mine[:, None]).flatten(1)
    return rows
