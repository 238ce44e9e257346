"""What solving for one set of constants after the other has cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from pinnsolve.algebra.operations import SPEED
from pinnsolve.march.step_solver import Counts
from pinnsolve.residuals.costs import JOINED


@dataclass
class Spent:
    """What it has cost, and the most that one solution may (operations)."""

    counts: Counts = field(default_factory=Counts)
    operations: float = 0.0
    most: float = 10 * SPEED

    @property
    def total(self) -> float:
        return self.operations + self.counts.operations + JOINED.call * self.counts.iterations
