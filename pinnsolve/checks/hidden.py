"""Hidden places: where sources, coefficients or data vary, and evenly spread points see nothing of it.

A charge of width 0.002 in a square, a contact on a wall, a resonance in a range of a parameter: points pass it by, and
a solution that does not know of it looks converged. So what varies of an equation, F, and its slopes are evaluated on
evenly spread points first, which gives limits with some room. Then they are enclosed on boxes. A box whose enclosures
lie within the limits holds nothing new; one whose middle is beyond them does; all others are halved, the smallest
first, until either is known. A place that is found is measured (`checks.peaks`), and the search goes on beside it.

What has no enclosure is scanned on a million points. What is not decided is said to be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.checks.peaks import Limits, Peak, climbed
from pinnsolve.checks.variation import Variation
from pinnsolve.geometry.piece import Piece
from pinnsolve.jets.intervals import UnenclosedError
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How it is searched. Chosen, but for what is said to be measured.

    Parameters
    ----------
    points : int
        Evenly spread, beside a grid: as many as a run has. More: fewer places are hidden; more time.
    few : float
        Of these points: a place in which fewer would lie is hidden from a run.
    value, slope : float
        Room beyond what they see: of the range of F, and times the largest slope. Larger: weak places are missed.
        Smaller: smooth functions take more boxes.
    least : float
        Of the size of F: what varies less does not matter.
    begin, at_once : int
        Boxes at the beginning, about, and boxes that are looked at together.
    most : int
        Boxes before it ends undecided. More: functions of many terms are decided, and take longer.
    places, climbs : int
        With more peaks, or points from which one is climbed, it is no place but a curve, or everywhere.
    smallest : float
        Of the domain: boxes that are not halved. What is undecided there is a jump, or grows without bound.
    scan : int
        Points for what has no enclosure.
    """

    points: int = 4096
    few: float = 8.0
    value: float = 0.5
    slope: float = 4.0
    least: float = 1e-3
    begin: int = 256
    at_once: int = 1024
    most: int = 200_000
    places: int = 8
    climbs: int = 64
    smallest: float = 1e-12
    scan: int = 1_000_000


RULES = Rules()


@dataclass(frozen=True)
class Hidden:
    """A hidden place, in parts of the domain, by the coordinates along which it is narrow."""

    middle: Mapping[str, float]
    width: Mapping[str, float]


@dataclass
class Search:
    """What one function has shown so far.

    Attributes
    ----------
    peaks : list of Peak
        All that stood out.
    zones : list of (low, high)
        Boxes (d,) within which nothing more is looked for.
    open : str
        Why it ended without an answer; empty if it did not.
    """

    variation: Variation
    limits: Limits
    size: float
    peaks: list[Peak] = field(default_factory=list)
    zones: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    climbs: int = 0
    open: str = ""

    def outside(self, low: Tensor, high: Tensor) -> Tensor:
        """Which boxes (N,) do not lie within a zone."""
        out = torch.ones(len(low), dtype=torch.bool)
        for first, last in self.zones:
            out &= ~((low >= first) & (high <= last)).all(1)
        return out

    def take(self, point: Tensor) -> None:
        """What a point (d,) that stands out belongs to: a hidden place, one that grows without bound, or one that is
        wide, of which points happened to see too little."""
        peak = climbed(self.variation.at, self.limits, point)
        self.climbs += 1
        if peak.lasting and peak.share * RULES.points > RULES.few:
            self.limits = self.limits.widened(peak.values)
            return
        first, last = peak.around(0.25)
        self.zones.append((torch.minimum(first, point), torch.maximum(last, point)))
        if not any(((peak.low <= k.high) & (peak.high >= k.low)).all() for k in self.peaks):
            self.peaks.append(peak)
        if len(self.peaks) > RULES.places or self.climbs > RULES.climbs:
            self.open = "it stands out along a curve, or in more places than are looked into"


def hidden(problem: Problem, sizes: Mapping[str, Size]) -> tuple[list[Hidden], list[str]]:
    """The hidden places of a problem, and in words what could not be decided.

    The unknowns are taken to be of these sizes.
    """
    found: list[Hidden] = []
    undecided: list[str] = []
    for equation, piece in _functions(problem):
        search = searched(Variation(problem, equation, piece, sizes))
        if search is None:
            continue
        found += [h for p in search.peaks if (h := _told(search, p)) is not None]
        undecided += [f"{equation.name}: {search.open}"] * bool(search.open)
    return _distinct(found), list(dict.fromkeys(undecided))


def _functions(problem: Problem) -> list[tuple[Equation, Piece]]:
    """What may vary: equations inside, and conditions on their pieces, that ask for a coordinate along them."""
    inside = [(e, problem.domain.interior) for e in problem.equations]
    around = [(c, piece) for c in problem.conditions for piece in problem.pieces(c)]
    return [(e, piece) for e, piece in inside + around if e.asks & set(piece.free)]


def searched(variation: Variation) -> Search | None:
    """Look for what stands out of one function; None where it is the same everywhere."""
    low, high = _boxes(len(variation.free))
    try:
        if variation.on(low, high) is None:
            return None
        search = _begun(variation)
        _enclosed(search, low, high)
    except UnenclosedError:
        search = _begun(variation)
        _scanned(search)
    return search


def _boxes(axes: int) -> tuple[Tensor, Tensor]:
    """The unit cube in equal boxes: their corners (N, d)."""
    count = max(2, round(RULES.begin ** (1 / axes)))
    edges = torch.arange(count, dtype=torch.float64) / count
    low = torch.cartesian_prod(*[edges] * axes).view(-1, axes)
    return low, low + 1 / count


def _begun(variation: Variation) -> Search:
    """What evenly spread points see."""
    axes = len(variation.free)
    engine = torch.quasirandom.SobolEngine(axes, scramble=True, seed=20_143)
    seen = variation.at(engine.draw(RULES.points, dtype=torch.float64)).nan_to_num(0.0, 0.0, 0.0).sort(1).values
    lucky = int(RULES.few)  # points that may have hit something by chance
    low, high = seen[:, lucky], seen[:, -1 - lucky]
    size = float(torch.maximum(low[0].abs(), high[0].abs()))
    reach = torch.maximum(low.abs(), high.abs())
    room = torch.cat([RULES.value * (high - low)[:1], RULES.slope * reach[1:]]) + RULES.least * size + 1e-300
    return Search(variation, Limits(low - room, high + room), size)


def _enclosed(search: Search, low: Tensor, high: Tensor) -> None:
    """Halve boxes until it is known of each whether it holds anything new."""
    count = 0
    while len(low) and not search.open:
        first, last = low[-RULES.at_once :], high[-RULES.at_once :]
        low, high = low[: -RULES.at_once], high[: -RULES.at_once]
        count += len(first)
        if count > RULES.most:
            search.open = "whether it varies between the points is not decided"
            return
        bounds = search.variation.on(first, last)
        assert bounds is not None
        still = ~search.limits.quiet(*bounds)
        first, last, slopes = first[still], last[still], (bounds[1] - bounds[0])[1:, still]
        if not len(first):
            continue
        middle = (first + last) / 2
        beyond = search.limits.beyond(search.variation.at(middle))
        if float(beyond.max()) > 1:
            search.take(middle[int(beyond.argmax())])
            out = search.outside(low, high)
            low, high = low[out], high[out]
        first, last = _halved(first, last, slopes)
        out = search.outside(first, last) & ((last - first).amax(1) > RULES.smallest)
        low, high = torch.cat([low, first[out]]), torch.cat([high, last[out]])


def _halved(low: Tensor, high: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    """Each box (N, d) in two, across the coordinate along which F varies most on it; where that is not known, across
    its longest side."""
    lengths = high - low
    most = (slopes.T * lengths).nan_to_num(torch.inf)
    unknown = ~most.isfinite().all(1) | (most.amax(1) == 0)
    axis = torch.where(unknown, lengths.argmax(1), most.argmax(1))[:, None]
    middle = ((low + high) / 2).gather(1, axis)
    return torch.cat([low, low.scatter(1, axis, middle)]), torch.cat([high.scatter(1, axis, middle), high])


def _scanned(search: Search) -> None:
    """Look at a million points instead."""
    axes, left = len(search.variation.free), RULES.scan
    engine = torch.quasirandom.SobolEngine(axes, scramble=True, seed=20_144)
    while left > 0 and not search.open:
        points = engine.draw(min(left, 2**16), dtype=torch.float64)
        left -= len(points)
        beyond = search.limits.beyond(search.variation.at(points))
        while float((beyond := beyond * search.outside(points, points)).max()) > 1 and not search.open:
            search.take(points[int(beyond.argmax())])


def _told(search: Search, peak: Peak) -> Hidden | None:
    """A peak as a place, if it has a height and it matters."""
    width = (peak.foot_high - peak.foot_low).clamp(max=1.0)
    if not peak.lasting or peak.varied <= RULES.least * search.size:
        return None
    middle, whole = (peak.foot_high + peak.foot_low) / 2, 0.3  # longer ones are no narrower than the domain
    names = [(c, k) for k, c in enumerate(search.variation.free) if width[k] < whole]
    return Hidden({c: float(middle[k]) for c, k in names}, {c: float(width[k]) for c, k in names})


def _distinct(found: list[Hidden]) -> list[Hidden]:
    """Each place once: those that overlap in the same coordinates are one, as wide as the widest."""
    kept: list[Hidden] = []
    for h in sorted(found, key=lambda h: -max(h.width.values())):
        same = [k for k in kept if set(k.middle) == set(h.middle)]
        if not any(all(abs(k.middle[c] - h.middle[c]) <= k.width[c] for c in h.middle) for k in same):
            kept.append(h)
    return kept
