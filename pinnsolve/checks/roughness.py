"""Jumps and kinks that derivatives at points do not see.

A derivative is evaluated at points, and exists at all of them although what is differentiated has a kink: the delta
that belongs there is lost, and a residual that is zero at every point says nothing. So what is differentiated is looked
at once more, with differences of width h in place of derivatives (`pinnsolve.jets.differences`). Where all is smooth,

    mean |R_h - R|

falls fourfold with each halving of h; what is left when that is extrapolated belongs to steep places, or to jumps.
Points are drawn among the largest, and followed down to narrow widths: at what is only steep |R_h - R| h goes away, at
a jump of what is differentiated it stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.checks.two_ways import Both
from pinnsolve.geometry.cube import sobol
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points


@dataclass(frozen=True)
class Rules:
    """How jumps are looked for. Widths are parts of the domain's lengths. Chosen on the rough and the smooth problems
    of tests/cases and problems/, which it tells apart.

    Parameters
    ----------
    points : int
        Where differences and derivatives are compared. More: shorter jumps are met; more time.
    first, last : int
        The widths are 2^-first to 2^-last. A smaller last one: waves that are not resolved are followed in vain.
    followed : int
        Points that are followed down. More: a jump is met beside a front that takes most of the difference.
    beside : int
        Places among which the next one is chosen.
    rounding : float
        The smallest width h is where the rounding of a difference of order m, about 1e-16 h^-m times some hundred, is
        this: smaller widths show rounding.
    stays : float
        A jump keeps this part of |R_h - R| h down to the smallest width; a front loses all of it.
    noise : float
        Times the usual difference at the smallest width: what is less is rounding.
    """

    points: int = 1024
    first: int = 6
    last: int = 9
    followed: int = 32
    beside: int = 24
    rounding: float = 1e-10
    stays: float = 0.3
    noise: float = 30.0


RULES = Rules()


@dataclass(frozen=True)
class Rough:
    """What was found.

    Parameters
    ----------
    share : float
        The mean of |R_h - R| that jumps make, relative to what R is made of.
    places : list of mapping from coordinate to float
        Where jumps are, one for each that was followed.
    jump : float
        The largest of them: the integral of R_h - R across it, over the domain's length, relative to the size of R.
    """

    share: float = 0.0
    places: Sequence[Mapping[str, float]] = ()
    jump: float = 0.0

    def where(self, coordinates: Sequence[str]) -> str:
        """The planes on which jumps lie, or one place where they lie on none.

        >>> Rough(1.0, [{"x": 0.5, "t": 0.1}, {"x": 0.5, "t": 0.7}]).where("xt")
        'at x=0.5'
        """
        for c in coordinates:
            values = sorted({f"{place[c]:.3g}" for place in self.places}, key=float)
            if 2 * len(values) <= len(self.places) or len(coordinates) == 1:
                return "at " + " and ".join(f"{c}={v}" for v in values[:4]) + ", ..." * (len(values) > 4)
        return "as at " + ", ".join(f"{c}={v:.3g}" for c, v in self.places[0].items())


@dataclass(frozen=True)
class Levels:
    """|R_h - R| for widths that fall by halves.

    Parameters
    ----------
    points : Points
    units : tensor (expressions,)
        What each is made of.
    values : tensor (levels, N)
        The largest over the expressions, in these units.
    """

    points: Points
    units: Tensor
    values: Tensor


def levels(
    both: Both, moving: Mapping[str, int], sizes: Tensor, small: float, faded: Callable[[Points], Tensor] | None = None
) -> Levels:
    """Differences of one width after the other, until what is left when they are extrapolated is below `small`."""
    domain = both.domain
    count = RULES.points * (1 if domain.shape is None else 4)
    cube = sobol(count, len(domain.coordinates), seed=7)
    points = _inside(domain, cube, moving, 2.0**-RULES.first)[: RULES.points]
    if not len(points):  # of a shape that is nowhere as wide as a difference
        return Levels(points, sizes, torch.zeros(1, 0))
    exact, factor = both.exact(points), 1.0 if faded is None else faded(points)
    units, found = sizes, list[Tensor]()
    for level in range(RULES.first, RULES.last + 1):
        apart = both.apart(points, _widths(domain, 2.0**-level), exact) * factor
        units = torch.maximum(units, apart.mean(1)).clamp(min=1e-300)
        found.append((apart / units[:, None]).max(0).values)
        if len(found) > 1 and float((4 * found[-1].mean() - found[-2].mean()) / 3) <= small:
            break
    return Levels(points, units, torch.stack(found))


def rough(
    both: Both, orders: Mapping[str, int], sizes: Tensor, small: float, faded: Callable[[Points], Tensor] | None = None
) -> Rough:
    """The jumps that differences show; none where their share is surely below `small`.

    Parameters
    ----------
    both : Both
    orders : mapping from coordinate to int
        The highest derivative along each; along those of order zero nothing is differentiated.
    sizes : tensor (expressions,)
        Of what each is made of, by its derivatives.
    small : float
        Relative to that, or to what R_h is made of, where derivatives see nothing.
    faded : callable Points -> tensor (N,), optional
        Factors by which differences count, as near singular corners.
    """
    moving = {c: m for c, m in orders.items() if m and c not in both.held}
    if not moving:
        return Rough()
    seen = levels(both, moving, sizes, small, faded)
    if len(seen.values) <= RULES.last - RULES.first or not float(seen.values[-1].mean()) > small:
        return Rough()
    found = _followed(both, moving, seen.units, seen.points, seen.values[-1])
    return replace(found, jump=found.jump * float((seen.units / sizes.clamp(min=1e-300)).max()))


def _followed(both: Both, moving: Mapping[str, int], units: Tensor, points: Points, values: Tensor) -> Rough:
    """Which of the largest differences belong to jumps; their sizes relative to the units."""
    domain, generator = both.domain, torch.Generator().manual_seed(11)

    def sizes(at: Points, part: float) -> Tensor:
        return (both.apart(at, _widths(domain, part)) / units[:, None]).max(0).values * part

    taken = torch.multinomial(values, RULES.followed, replacement=True, generator=generator)
    centre, part = points[taken], 2.0**-RULES.last
    last = max(2.0**-18, RULES.rounding ** (1 / max(moving.values())))
    first, size = torch.zeros(len(taken)), torch.zeros(len(taken))
    while part > last:
        beside = _beside(domain, centre, moving, part, generator)
        part /= 2
        size, best = sizes(beside, part).view(len(taken), RULES.beside).max(1)
        centre = beside[torch.arange(len(taken)) * RULES.beside + best]
        first = first if bool(first.any()) else size
    usual = float(sizes(points[:256], part).median())
    stays = (size > RULES.stays * first) & (size > RULES.noise * usual)
    where = [
        {c: rounded(float(v[k]), domain.length(c)) for c, v in centre.coordinates.items()}
        for k in stays.nonzero()[:, 0].tolist()
    ]
    return Rough(float(values.mean()) * float(stays.double().mean()), where, float(size[stays].max()) if where else 0.0)


def rounded(value: float, length: float) -> float:
    """A place to a ten-thousandth of the length, or closer: 0 is 0, and not what the last width makes of it."""
    return round(value, 4 - math.floor(math.log10(length))) + 0.0


def _widths(domain: Domain, part: float) -> dict[str, float]:
    return {c: part * domain.length(c) for c in domain.coordinates}


def _inside(domain: Domain, cube: Tensor, moving: Mapping[str, int], part: float) -> Points:
    """Points of the unit cube (N, n) in the domain, far enough from its ends for differences of this width."""
    found = {}
    for k, c in enumerate(domain.coordinates):
        room = 0.5 * moving.get(c, 0) * part
        found[c] = domain.place(c, room + (1 - 2 * room) * cube[:, k])
    points = Points(found, torch.ones(len(cube), dtype=torch.float64))
    if domain.shape is None:
        return points
    away = [moving.get(c, 0) * part * domain.length(c) for c in domain.space_coordinates]
    deep = domain.shape.signed(torch.stack([found[c] for c in domain.space_coordinates], 1)) > max(away)
    return points[deep]


def _beside(
    domain: Domain, centre: Points, moving: Mapping[str, int], part: float, generator: torch.Generator
) -> Points:
    """Places within reach of each point's differences, one point after the other: as many as `Rules.beside`."""
    count = len(centre) * RULES.beside
    found = {}
    for c, values in centre.coordinates.items():
        order = moving.get(c, 0)
        away = (torch.rand(count, generator=generator, dtype=torch.float64) - 0.5) * order * part
        unit = domain.unit(c, values.repeat_interleave(RULES.beside)) + away
        room = 0.25 * order * part
        found[c] = domain.place(c, unit.clamp(room, 1 - room))
    return Points(found, torch.ones(count, dtype=torch.float64))
