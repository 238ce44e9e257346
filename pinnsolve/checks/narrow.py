"""Narrow places: stretches that are short beside the domain, and on which the equations or their data vary.

A film of glue in a wall, a pulse in time, a charge: evenly spread points pass it by, and a solution that does not know
of it looks converged. Those are found by enclosures (`checks.hidden`), in any number of coordinates.

Of a single coordinate cells can be as small as is needed, so what points do see is looked for as well, and all is
measured closely. The coefficients of every equation, the derivatives c = dr/dp of its residual by all fields p that it
holds and the rest without them, are evaluated with constants for the unknowns, on points in bins. A bin is looked into
where

    sum |c(x_k+1) - c(x_k)|  >  20 times the median bin's  +  a millionth of c's usual size,

again in bins, until what varies fills its interval. What stays in one bin however short that is, is a jump
(`checks.interfaces`); two jumps that are close together are the two sides of one narrow place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL, SAME
from pinnsolve.checks.hidden import Hidden
from pinnsolve.checks.tables import breaks
from pinnsolve.checks.variation import constants
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.places import Narrow
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem

Interval = tuple[float, float]


@dataclass(frozen=True)
class Rules:
    """What is looked into, and what is told. Lengths are parts of the domain. But for `narrow` none was measured.

    Parameters
    ----------
    narrow : float
        A place that is longer needs no care. With 0.02, a march gave up whose first cells did not see a film of 0.03.
        Larger: smooth problems begin with more cells than they need.
    unseen : float
        Below it a place is told: 400 points, as few features take them, leave eight for it.
    first, then : pair of int
        Bins, and points in each: of the domain, and of what is looked into. More: shorter places are met; more time.
    at_once : int
        Bins whose numbers stay in the cache: 65,000 points.
    concentrated : float
        Times the median bin's variation: a bin with less is not looked into. Larger: weak sources are missed.
        Smaller: slopes are looked into.
    least : float
        And of the usual size of a coefficient: what varies less does not matter.
    most : int
        Stretches that are looked into at once: with more the equations are rough everywhere.
    fills : float
        Of an interval: what varies on more of it is resolved there.
    jump : float
        What is shorter is a jump.
    outside : float
        Of the variation, on either side of the width: of exp(-(x/w)^2) the width is then 3 w.
    alone : float
        Times its width: what the same share of the variation takes at most on a stretch four times as long. Larger:
        a part of a slope is taken for a narrow place.
    """

    narrow: float = 0.1
    unseen: float = 0.02
    first: tuple[int, int] = (1024, 65)
    then: tuple[int, int] = (64, 129)
    at_once: int = 64
    concentrated: float = 20.0
    least: float = 1e-6
    most: int = 32
    fills: float = 0.2
    jump: float = 1e-10
    outside: float = 0.05
    alone: float = 1.2


RULES = Rules()
WHOLE: Interval = (0.0, 1.0)  # the domain, in parts of itself


@dataclass(frozen=True)
class Found:
    """An interval (in parts of the domain) on which something varies; a jump where it is of no length."""

    low: float
    high: float

    @classmethod
    def around(cls, middle: float, width: float) -> Found:
        return cls(middle - width / 2, middle + width / 2)

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        return self.high - self.low


def narrow(problem: Problem, sizes: Mapping[str, Size], hidden: Sequence[Hidden]) -> tuple[Narrow, ...]:
    """The narrow places of a problem, of one coordinate in its order; of several those that are `hidden`.

    The unknowns are taken to be of these sizes.
    """
    domain = problem.domain
    if len(problem.coordinates) == 1:
        (coordinate,) = problem.coordinates
        along = _along(problem, sizes, [Found.around(h.middle[coordinate], h.width[coordinate]) for h in hidden])
        hidden = [Hidden({coordinate: f.middle}, {coordinate: f.width}) for f in along]
    return tuple(
        Narrow(
            {c: domain.place(c, v) for c, v in h.middle.items()}, {c: w * domain.length(c) for c, w in h.width.items()}
        )
        for h in hidden
    )


def _along(problem: Problem, sizes: Mapping[str, Size], hidden: Sequence[Found]) -> list[Found]:
    """The narrow stretches of the one coordinate."""
    found = list(hidden)
    for equation in problem.equations:
        coefficients = _Coefficients(problem, equation, sizes)
        if coefficients.vary():
            found += _search(coefficients, WHOLE, RULES.first)
            for h in hidden:
                found += _search(coefficients, (max(0.0, h.low - h.width), min(1.0, h.high + h.width)), RULES.then)
    (coordinate,), near = problem.coordinates, 100 * SAME
    known = [float(problem.domain.unit(coordinate, b)) for b in breaks(problem, coordinate, problem.equations)]
    return _distinct([f for f in found if f.width or all(abs(f.low - k) > near for k in known)])


def told(places: Sequence[Narrow], domain: Domain) -> list[str]:
    """What is done about places that evenly spread points would not see."""
    unseen = [p.name for p in places if any(w <= RULES.unseen * domain.length(c) for c, w in p.width.items())]
    if not unseen:
        return []
    cells = ", and cells are small there" * (len(domain.coordinates) == 1)
    return [
        f"the equations or their data vary within a small part of the domain, at {' and '.join(unseen)}, which evenly "
        f"spread points would not see: more points are drawn there{cells}"
    ]


def _distinct(found: Sequence[Found]) -> list[Found]:
    """Each narrow place once: what overlaps is one place, as narrow as its narrowest; jumps close together are one."""
    jumps = sorted({f.low for f in found if not f.width})
    pairs = [Found(a, b) for a, b in pairwise(jumps) if RULES.jump < b - a <= RULES.unseen]
    kept: list[Found] = []
    for f in sorted([f for f in found if 0 < f.width <= RULES.narrow] + pairs, key=lambda f: f.width):
        if all(f.high < other.low or f.low > other.high for other in kept):
            kept.append(f)
    return sorted(kept, key=lambda f: f.low)


# ------------------------------------------------------------ what is evaluated


class _Coefficients:
    """The coefficients of one equation, each divided by its usual size."""

    def __init__(self, problem: Problem, equation: Equation, sizes: Mapping[str, Size]) -> None:
        self.problem, self.equation, self.sizes = problem, equation, sizes
        (self.coordinate,) = problem.coordinates

    def _fields(self, points: Points) -> tuple[Fields, dict[str, Jet]]:
        chart, at = points.chart()
        unknowns = constants(self.problem, chart, self.sizes, Tensor.requires_grad_)
        return self.problem.looked_at(chart, at, unknowns, points), unknowns

    def vary(self) -> bool:
        """Whether the equation reads where it is."""
        fields, _ = self._fields(self.problem.domain.line())
        self.equation.residual(fields).value  # noqa: B018
        return fields.chart.zeroth in fields[self.coordinate].known

    def __call__(self, parts: Tensor) -> Tensor:
        """At parts (N,) of the domain: (coefficients, N)."""
        return self._bare(parts) / self._usual[:, None]

    @cached_property
    def _usual(self) -> Tensor:
        found = self._bare((torch.arange(1000, dtype=torch.float64) + 0.5) / 1000).abs()
        median, largest = found.median(1).values, found.max(1).values
        return torch.where(median > 0, median, torch.where(largest > 0, largest, 1.0))

    def _bare(self, parts: Tensor) -> Tensor:
        place = self.problem.domain.place(self.coordinate, parts)
        fields, unknowns = self._fields(Points({self.coordinate: place}, torch.ones_like(parts)))
        with torch.enable_grad():
            residual = self.equation.residual(fields).value
        leaves = [leaf for u in unknowns.values() for leaf in u.known.values() if leaf is not None]
        slopes: Sequence[Tensor] = []
        if residual.requires_grad:
            slopes = torch.autograd.grad(residual.sum(), leaves, materialize_grads=True)
        rest, made = residual.detach().clone(), torch.zeros_like(parts)
        for slope, leaf in zip(slopes, leaves, strict=True):
            term = slope * leaf.detach()
            rest -= term
            made += term.abs()
        rest[rest.abs() <= EQUAL * made] = 0.0
        return torch.stack([*slopes, rest]).nan_to_num_(posinf=0.0, neginf=0.0)


# ------------------------------------------------------------ where it varies


def _search(coefficients: _Coefficients, interval: Interval, bins: tuple[int, int]) -> list[Found]:
    """The intervals on which the coefficients vary, within one: found where that is resolved, else looked into."""
    low, length = interval[0], interval[1] - interval[0]
    if length < RULES.jump:
        return [Found(low, low)]
    changes, own = _changes(coefficients, interval, bins), length / bins[0]
    inside = changes.sum(2)
    large = (inside > RULES.concentrated * inside.median(1, keepdim=True).values + RULES.least).any(0)
    stretches = _stretches(large)
    if interval != WHOLE and (not stretches or int(large.sum()) > RULES.fills * bins[0]):
        return _resolved(coefficients, interval)
    total = inside.sum(0).cumsum(0)
    strongest = sorted(stretches, key=lambda s: float(total[s[0]] - total[s[1] - 1]) - float(inside[:, s[0]].sum()))
    found: list[Found] = []
    for first, last in strongest[: RULES.most]:
        around = (max(0.0, low + (first - 0.5) * own), min(1.0, low + (last + 0.5) * own))
        found += _search(coefficients, around, RULES.then)
    return found


def _changes(coefficients: _Coefficients, interval: Interval, bins: tuple[int, int]) -> Tensor:
    """The changes of the coefficients from point to point, bin by bin: (coefficients, bins, points - 1)."""
    count, points = bins
    low, length = interval[0], interval[1] - interval[0]
    steps = torch.linspace(0, 1, points, dtype=torch.float64)
    found = []
    for some in torch.arange(count, dtype=torch.float64).split(RULES.at_once):
        parts = low + length * ((some[:, None] + steps) / count)
        found.append(coefficients(parts.flatten()).view(-1, len(some), points).diff(dim=2).abs_())
    return torch.cat(found, 1)


def _stretches(large: Tensor) -> list[tuple[int, int]]:
    """Runs of bins that are large, those with one small bin between them together: first, and one after the last."""
    where = large.nonzero()[:, 0].tolist()
    found: list[tuple[int, int]] = []
    for k in where:
        if found and k - found[-1][1] <= 1:
            found[-1] = (found[-1][0], k + 1)
        else:
            found.append((k, k + 1))
    return found


def _resolved(coefficients: _Coefficients, interval: Interval) -> list[Found]:
    """The narrow stretch that an interval shows; wider ones are tried while as much varies beside it, as beside a part
    of a slope."""
    low, high = interval
    while True:
        found = _shortest(_changes(coefficients, (low, high), RULES.then), (low, high))
        if found is None or found.width > RULES.narrow:
            return []
        wider = (max(0.0, found.middle - 2 * found.width), min(1.0, found.middle + 2 * found.width))
        again = _shortest(_changes(coefficients, wider, RULES.then), wider)
        if again is not None and again.width < RULES.alone * found.width:
            return [found]
        if (low, high) == WHOLE:
            return []
        low, high = max(0.0, 2 * low - high), min(1.0, 2 * high - low)


def _shortest(changes: Tensor, interval: Interval) -> Found | None:
    """The shortest stretch, over the coefficients that vary, between a twentieth of the variation on either side."""
    low, length = interval[0], interval[1] - interval[0]
    along = changes.flatten(1)
    along = along[along.sum(1) > RULES.least].cumsum(1)
    if not len(along):
        return None
    sides = along[:, -1:] * torch.tensor([RULES.outside, 1 - RULES.outside], dtype=torch.float64)
    places = torch.searchsorted(along, sides).to(torch.float64) / along.shape[1]
    begin, end = places[(places[:, 1] - places[:, 0]).argmin()].tolist()
    return Found(low + length * begin, low + length * end)
