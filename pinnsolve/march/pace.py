"""How much of a march is one step of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pinnsolve.cells.implicit_step import Step, sites_of
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.step_solver import Counts
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.marched import Slab


def spent(counts: Counts, since: Counts | None = None) -> float:
    """Operations of what a march has done, or has done since."""
    since = since or Counts()
    return counts.operations - since.operations + JOINED.call * (counts.iterations - since.iterations)


@dataclass
class Pace:
    """Whether a march shall pause, asked before each try of a step: where another like the last would be too much.

    Parameters
    ----------
    counts : Counts
        Of the march, as it goes on.
    most : float
        Operations; only one try alone may take more.
    """

    counts: Counts
    most: float
    begun: Counts = field(init=False)
    before: float = 0.0
    last: float = 0.0

    def __post_init__(self) -> None:
        self.begun = replace(self.counts)

    def __call__(self) -> bool:
        now = spent(self.counts, self.begun)
        if now > self.before:
            self.before, self.last = now, now - self.before
        return now > 0 and now + self.last > self.most


def some_way(marcher: Marcher, most: float) -> tuple[bool, list[Step], float]:
    """March on for about so many operations: whether there is more to march, the steps taken, and what they took."""
    counts, taken = marcher.solver.counts, len(marcher.record.steps)
    begun = replace(counts)
    marcher.pause = Pace(counts, most)
    more = marcher.advance()
    while more and not (marcher.paused or marcher.pause()):
        more = marcher.advance()
    return more, marcher.record.steps[taken:], spent(counts, begun)


def collocated(steps: Sequence[Slab], marcher: Marcher) -> dict[str, int]:
    """The points at which the equations were solved, and those at the walls."""
    scheme = marcher.scheme
    inside = sum(len(s.mesh) * (s.modes.shape[1] - 1) for s in steps) * scheme.in_cell
    found = {"interior": inside}
    if scheme.evolution.walls:
        here = sum(len(site.cells) * site.count * len(site.conditions) for site in sites_of(scheme, marcher.mesh))
        found["walls"] = sum(s.modes.shape[1] - 1 for s in steps) * here
    return found
