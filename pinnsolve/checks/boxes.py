"""Boxes that are halved until it is known of each whether a function goes beyond what evenly spread points see.

Points give limits, with some room. A box whose enclosures lie within the limits holds nothing new; one whose middle is
beyond them does; all others are halved, the smallest first, until either is known. What stands out is climbed and
measured (`checks.peaks`), and the search goes on beside it. What has no enclosure is scanned on a million points, and
so are the boxes that too wide enclosures leave, where these are so small in all that points there see what is narrow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.checks.peaks import Limits, Peak, climbed
from pinnsolve.checks.variation import Variation
from pinnsolve.geometry.cube import sobol
from pinnsolve.jets.intervals import UnenclosedError

Zone = tuple[Tensor, Tensor]  # the corners (d,) of a box, in parts of the domain


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
    patience : int
        Boxes before they are enclosed more closely: by slopes about their middles, and with comparisons that are asked
        for twice answered alike. Smaller: more time where one jump is all.
    most : int
        Boxes before the rest is left to points. More: functions of many terms are enclosed, and take longer.
    narrow : float
        Of the domain: what is as wide is met by points in what boxes leave; otherwise it ends undecided. Larger: less
        is seen. Smaller: more is undecided.
    places, climbs : int
        With more peaks, or points from which one is climbed, it is no place but a curve, or everywhere.
    tail : float
        Of what stands out: room for its tails. Larger: what stands close beside it is missed.
    smallest : float
        Of the domain: boxes that are not halved. What is undecided there is a jump, or grows without bound.
    scan, numbers : int
        Points for what has no enclosure, and numbers that may be made of them: a second. Larger: narrower places are
        met; more time.
    """

    points: int = 4096
    few: float = 8.0
    value: float = 0.5
    slope: float = 4.0
    least: float = 1e-3
    begin: int = 256
    at_once: int = 1024
    patience: int = 4096
    most: int = 100_000
    narrow: float = 2e-4
    places: int = 8
    climbs: int = 64
    tail: float = 0.25
    smallest: float = 1e-12
    scan: int = 1_000_000
    numbers: int = 150_000_000


RULES = Rules()


@dataclass
class Search:
    """What one function has shown so far.

    Attributes
    ----------
    peaks : list of Peak
        All that stood out.
    zones : list of Zone
        Where each of them does: nothing more is looked for there.
    curved, undecided : bool
        Whether it ended since there were too many of them, or without an answer.
    """

    variation: Variation
    limits: Limits
    size: float
    peaks: list[Peak] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    climbs: int = 0
    curved: bool = False
    undecided: bool = False

    def outside(self, low: Tensor, high: Tensor) -> Tensor:
        """Which boxes (N,) do not lie within a zone."""
        out = torch.ones(len(low), dtype=torch.bool)
        for first, last in self.zones:
            out &= ~((low >= first) & (high <= last)).all(1)
        return out

    def take(self, point: Tensor) -> None:
        """What a point (d,) that stands out belongs to: a hidden place, one that grows without bound, or one that is
        wide, of which points happened to see too little. What falls suddenly at its end has another place there."""
        wanted = [(point, 1.0)]
        while wanted and not self.curved:
            start, reach = wanted.pop()
            peak = climbed(self.variation.at, self.limits, start, reach)
            self.climbs += 1
            self.curved = self.climbs > RULES.climbs or len(self.peaks) >= RULES.places
            if peak.lasting and peak.share * RULES.points > RULES.few:
                self.limits = self.limits.widened(peak.values)
                return
            known = next((k for k, other in enumerate(self.peaks) if other.meets(peak)), None)
            if known is None:
                self.peaks.append(peak)
                self.zones.append(_with(peak.low, peak.high, start))
                wanted += peak.falls
            else:
                self.zones[known] = _with(*self.zones[known], start)

    def cut(self, low: Tensor, high: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
        """Each box (N, d) in two: where a zone begins or ends in it; or in the middle across the coordinate along which
        it varies most, by its slopes (d, N), and across its longest side where that is not known."""
        lengths = high - low
        most = (slopes.T * lengths).nan_to_num(torch.inf)
        unknown = ~most.isfinite().all(1) | (most.amax(1) == 0)
        axis = torch.where(unknown, lengths.argmax(1), most.argmax(1))
        at = ((low + high) / 2).gather(1, axis[:, None])[:, 0]
        for zone in self.zones:
            meets = ((low < zone[1]) & (high > zone[0])).all(1)
            for k in range(low.shape[1]):
                for edge in (zone[0][k], zone[1][k]):
                    here = meets & (low[:, k] < edge) & (high[:, k] > edge)
                    axis, at = torch.where(here, k, axis), torch.where(here, edge, at)
        axis, at = axis[:, None], at[:, None]
        return torch.cat([low, low.scatter(1, axis, at)]), torch.cat([high.scatter(1, axis, at), high])


def _with(low: Tensor, high: Tensor, point: Tensor) -> Zone:
    """A box around a box and a point, with room for the tails of what stands out."""
    low, high = torch.minimum(low, point), torch.maximum(high, point)
    more = RULES.tail * (high - low) + RULES.smallest
    return low - more, high + more


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
    found = variation.at(sobol(RULES.points, axes, seed=20_143))
    within = ~found.isnan().all(0)  # what lies outside a shape is nothing
    seen = (found[:, within] if bool(within.any()) else found).nan_to_num(0.0, 0.0, 0.0).sort(1).values
    lucky = min(int(RULES.few), seen.shape[1] // 4)  # points that may have hit something by chance
    low, high = seen[:, lucky], seen[:, -1 - lucky]
    size = float(torch.maximum(low[0].abs(), high[0].abs()))
    reach = torch.maximum(low.abs(), high.abs())
    room = torch.cat([RULES.value * (high - low)[:1], RULES.slope * reach[1:]]) + RULES.least * size + 1e-300
    return Search(variation, Limits(low - room, high + room), size)


def _enclosed(search: Search, low: Tensor, high: Tensor) -> None:
    """Halve boxes until it is known of each whether it holds anything new."""
    count = 0
    while len(low) and not search.curved:
        first, last = low[-RULES.at_once :], high[-RULES.at_once :]
        low, high = low[: -RULES.at_once], high[: -RULES.at_once]
        count += max(len(first), RULES.at_once // 4)  # few take as long as so many
        if count > RULES.most:
            _rest(search, torch.cat([low, first]), torch.cat([high, last]))
            return
        bounds = search.variation.on(first, last, closely=count > RULES.patience)
        assert bounds is not None
        still = ~search.limits.quiet(*bounds) & ~search.variation.apart(first, last)
        first, last, slopes = first[still], last[still], (bounds[1] - bounds[0])[1:, still]
        if not len(first):
            continue
        middle = (first + last) / 2
        beyond = search.limits.beyond(search.variation.at(middle))
        if float(beyond.max()) > 1:
            search.take(middle[int(beyond.argmax())])
            out = search.outside(low, high)
            low, high = low[out], high[out]
        first, last = search.cut(first, last, slopes)
        out = search.outside(first, last) & ((last - first).amax(1) > RULES.smallest)
        low, high = torch.cat([low, first[out]]), torch.cat([high, last[out]])


def _rest(search: Search, low: Tensor, high: Tensor) -> None:
    """Look at points in the boxes that are left, as many as meet what is narrow; undecided where these are too many."""
    volumes = (high - low).prod(1)
    wanted = RULES.few * float(volumes.sum()) / RULES.narrow ** low.shape[1]
    most = min(RULES.scan, round(RULES.numbers / search.variation.cost()))
    if wanted > most:
        search.undecided = True
        return
    generator = torch.Generator().manual_seed(20_145)
    count = min(max(round(RULES.few * wanted), RULES.points), most)
    boxes = torch.multinomial(volumes, count, replacement=True, generator=generator)
    parts = torch.rand(count, low.shape[1], dtype=torch.float64, generator=generator)
    for at in (low[boxes] + parts * (high - low)[boxes]).split(2**16):
        _looked(search, at)


def _scanned(search: Search) -> None:
    """Look at a million points instead; at fewer where each takes many numbers, as in a network of the user's."""
    axes = len(search.variation.free)
    left = min(RULES.scan, max(RULES.points, round(RULES.numbers / search.variation.cost())))
    engine = torch.quasirandom.SobolEngine(axes, scramble=True, seed=20_144)
    while left > 0 and not search.curved:
        points = engine.draw(min(left, 2**16), dtype=torch.float64)
        left -= len(points)
        _looked(search, points)


def _looked(search: Search, points: Tensor) -> None:
    """Take what stands out at points (N, d)."""
    beyond = search.limits.beyond(search.variation.at(points))
    while float((beyond := beyond * search.outside(points, points)).max()) > 1 and not search.curved:
        search.take(points[int(beyond.argmax())])
