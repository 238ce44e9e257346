"""A solution on held-out points, as it is compared with others of one problem."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor

from pinnsolve.training.distance import distance
from pinnsolve.training.rounding import rounding
from pinnsolve.training.weights import weighted


@dataclass(frozen=True)
class Found:
    """A solution on held-out points.

    Parameters
    ----------
    stage : int
        The stage that made it.
    kind : str
        What made it, but for its size.
    held_out : dict from residual name to float
        Root mean squares.
    values : dict from unknown to tensor (N,)
    again : int, optional
        The stage whose cells were solved again, with richer features.
    sizes : dict from residual name to float
        What the residuals are made of (`training.rounding.terms`); empty where that is not known.
    scales : dict from unknown to float
        The natural scale of each, with which one is compared that hardly varies (`algebra.yardstick`).
    richer : float
        Above zero where it is better by orders than the one that it solves again: their distance, times this, is the
        error of that one.
    noise : float
        The relative error that rounding makes: of numbers, and in the equations, where that is known.
    defect : float
        Above zero where cells say what the worst of them leaves of the equations.
    apart : float
        Above zero where cells tell their error by themselves: marches by how far they are from those that they solve
        again, since held-out points crowd at corners; steady ones no less than it by `march.slow_degrees`.
    remains : float
        What a march has of the error of that which it solves again, as the last terms of both tell it.
    shares : tuple of tensor (N,)
        Of the domain, for which each value stands: other ways to weigh them than alike.
    lacks : float
        Of cells along a line: how far richer features would take them, where these did not solve them again.
    beside : float
        What is left outside narrow places, if there are such (`training.weights.left_beside`).

    part : float
        Of a poorer march: what the one that it solves again has of the error that it tells.

    Attributes
    ----------
    hardly : float
        Times what a march leaves: where richer features leave more, something else is wrong with them. Larger: what
        grows is handed out. Smaller: a poorer march is, and its error is told as that of kinks that move.
    """

    hardly: ClassVar[float] = 2.0

    stage: int
    kind: str
    held_out: Mapping[str, float]
    values: Mapping[str, Tensor]
    again: int | None = None
    sizes: Mapping[str, float] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)
    richer: float = 0.0
    noise: float = 0.0
    beside: float = 0.0
    defect: float = 0.0
    apart: float = 0.0
    remains: float = 0.0
    shares: tuple[Tensor, ...] = ()
    lacks: float = 0.0
    part: float = 1.0

    def exact(self, weights: Mapping[str, float]) -> bool:
        """Whether the weighted residual is rounding beside what it is made of."""
        limit = max(rounding(v.dtype) for v in self.values.values())
        small = math.isfinite(self.size(weights)) and bool(self.sizes)
        return small and self.size(weights) <= limit * weighted(weights, self.sizes) ** 0.5

    def size(self, weights: Mapping[str, float]) -> float:
        """The weighted residual (rms)."""
        return weighted(weights, self.held_out) ** 0.5


def best_of(found: Sequence[Found], weights: Mapping[str, float]) -> Found:
    """The one with the smallest weighted residual; of cells that say what the worst of them leaves only the one that
    leaves least is looked at, since smaller ones in a corner have larger residuals there. In place of a march it is the
    one that solves it again, where last terms tell what that has of the error, and it leaves hardly more: of waves that
    a kink sends out richer features hold more, and leave more of the equations where these begin."""
    cells = [f for f in found if f.defect > 0]
    finest = min(cells, key=lambda f: f.defect, default=None)
    best = min((f for f in found if f is finest or not f.defect > 0), key=lambda f: f.size(weights))
    again = (f for f in found if f.again == best.stage and f.remains > 0)
    return next((f for f in again if f.size(weights) <= Found.hardly * best.size(weights)), best)


def solved_again(found: Sequence[Found]) -> list[Found]:
    """Cells and the richer ones that solve them again: their distance is known to be an error."""
    stages = {k for f in found if f.richer > 0 for k in (f.stage, f.again)}
    return [f for f in found if f.stage in stages]


def difference(a: Found, b: Found) -> float:
    """How far the first is from the second."""
    return distance(a.values, b.values, b.scales, b.shares)
