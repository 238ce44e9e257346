"""The points of residuals, some at a time: kept with all that does not change, or prepared anew in each pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.machine.room import Room
from pinnsolve.residuals.sites import Faded, Site, asked, fade
from pinnsolve.trial.trial import Prepared, Trial


@dataclass(frozen=True)
class Rules:
    """How many points there are at once. Larger: memory. Smaller: calls.

    Parameters
    ----------
    dense : int
        Where the Jacobian has no structure to use. Chosen, not measured.
    least : int
        At the least, whose rows take so much memory whatever is left of it. Chosen, not measured.
    fewest : int
        The same where rows are just read: before its first step on two million weights SOAP takes 0.7 GB, with 64 3.0.
    """

    dense: int = 32
    least: int = 64
    fewest: int = 8


RULES = Rules()
Chunk = tuple[Site, Prepared, Faded]
Places = Sequence[tuple[Site, Points]]


class Chunks:
    """A sequence that is gone through again and again.

    Parameters
    ----------
    trial : Trial
    places : sequence of (Site, Points)
    size : int
        Points of a chunk.
    room : Room
        What all of them may take: if they take more, none is kept.

    Attributes
    ----------
    kept : bool
        Whether they stay.
    fallbacks : set of str
        The functions that nested autograd stood in for, of all that was evaluated.
    coarse : bool
        Whether somewhere numbers of fewer digits were combined with fields.
    """

    # Of a point, for each coordinate and unknown: measured on heat in a plane. Smaller: memory is exceeded.
    numbers = 52

    def __init__(self, trial: Trial, places: Places, size: int, room: Room) -> None:
        self.trial, self.places, self.size = trial, places, size + size % 2  # points of an inner place come in pairs
        each = 8.0 * self.numbers * len(trial.problem.coordinates) * len(trial.problem.unknowns)
        count = sum(len(points) for _, points in places)
        # small numbers that stay between features that are let go leave holes, of many times their size
        tight = room.limit is not None and trial.frozen and count * trial.row_size > room.kept
        self.kept = not tight and count * each <= room.prepared
        self._made: list[Chunk] | None = None
        self._fallbacks, self._coarse = set[str](), False

    def __iter__(self) -> Iterator[Chunk]:
        if self.kept and self._made is None:
            self._made = list(self._cut())
        if self._made is not None:
            yield from self._made
            return
        for chunk in self._cut():
            yield chunk
            self._fallbacks |= chunk[1].chart.fallbacks
            self._coarse |= chunk[1].chart.coarse

    def __len__(self) -> int:
        return sum(-(-len(points) // self.size) for _, points in self.places)

    def _cut(self) -> Iterator[Chunk]:
        for site, points in self.places:
            for start in range(0, len(points), self.size):
                part = self.trial.prepare(points[start : start + self.size])
                part.chart.plan = partial(asked, self.trial, site, points[:2])
                yield site, part, fade(self.trial, site, part)

    @property
    def fallbacks(self) -> set[str]:
        return self._fallbacks.union(*(part.chart.fallbacks for _, part, _ in self._made or ()))

    @property
    def coarse(self) -> bool:
        return self._coarse or any(part.chart.coarse for _, part, _ in self._made or ())

    def features_fit(self, most: int) -> bool:
        """Whether what frozen layers make of the points are no more numbers than that: all of it stays or none, since
        holes between are lost too."""
        if not self.kept:
            return False
        numbers = 0
        for _, prepared, _ in self:
            features, plan = features_of(self.trial, prepared), prepared.chart.plan
            if features is not None and plan is not None:
                numbers += features.shape.numel() * len(plan().read)
        return numbers <= most


def features_of(trial: Trial, prepared: Prepared) -> Jet | None:
    """What frozen layers make of the points."""
    seen = prepared.inputs if trial.frozen and isinstance(prepared, Prepared) else None
    return seen if isinstance(seen, Jet) else None
