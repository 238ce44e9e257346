"""An estimate of the error without a reference, from several solutions of one problem.

Errors go as residuals on points that training never sees. A solution k that is worse than the best one differs from
it by its own error, so that the problem's constant is about

    C = max over the unknowns of ||u_k - u_best|| / ||u_best - mean||  /  residual_k,

and the best one's error is about C * residual_best. Taken is the k of the best one's kind with the smallest residual
(the same layer with fewer features), but no less than the median of all, by the residual that fell least, where two are
of other kinds; where there is none of its kind, the larger C of the two with the smallest residuals, or twice that of a
single one, since two solutions may share an error. Cells are solved a second time to that end, with richer features
(`pinnsolve.methods.Enriching`): then k is that one; beside them alone another kind is told by the whole difference.
Where more than a twentieth of the first residual is left, all solutions may be wrong alike, and the estimate is at
least ten times what is left, unless the best residual is rounding beside its own terms, or cells say what the worst of
them leaves; where more than half is left there is none. Where data are rough, or the equations vary in a narrow place,
random features may be wrong alike too: of those the whole difference is taken.

The constants below were fitted to the gallery; `python -m validation.estimates` compares estimates and errors. The
estimate decides when to stop, never a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import ClassVar

from torch import Tensor

from pinnsolve.training.distance import distance
from pinnsolve.training.rounding import rounding
from pinnsolve.training.seen import Seen
from pinnsolve.training.weights import weighted

# Of the first residual (rms): where more is left, the estimate is at least `AT_LEAST` times what is left. Larger: what
# is wrong alike is believed. Smaller: good estimates are made too cautious. `python -m validation.estimates`.
UNSOLVED = 0.05
# See `UNSOLVED`. Larger: too cautious; smaller: too kind. The same command.
AT_LEAST = 10.0
# Of the residual: a network in training is another solution when it has come so far. Larger: both have the same errors.
# Smaller: little to compare with. The same command. Of the first residual: where more is left nothing is known.
HALF = 0.5


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
        again, since held-out points crowd at corners; steady ones no less than it by `methods.slow_degrees`.
    remains : float
        What a march has of the error of that which it solves again, as the last terms of both tell it.
    shares : tuple of tensor (N,)
        Of the domain, for which each value stands: other ways to weigh them than alike.
    lacks : float
        Of cells along a line: how far richer features would take them, where these did not solve them again.
    beside : float
        What is left outside narrow places, if there are such (`training.weights.left_beside`).
    """

    # Times the error of cells with richer features, as the residuals of both tell it. Larger: too cautious.
    # Smaller: too kind; without it the error is 0.06 to 3.5 times what is told (`python -m validation.estimates`).
    caution: ClassVar[float] = 1.5
    # The same where equations jump: residuals fall before errors do (without it 0.95 of an error is told; where no last
    # terms are looked at 0.76, and the doubt itself takes its place).
    broken: ClassVar[float] = 1.75
    # Of the distance: richer cells are not said to be better by more. Smaller: too kind before waves are resolved.
    better: ClassVar[float] = 0.1
    # Of an error: richer cells are better by no less, where what they leave says so. Larger: too kind at corners where
    # slopes have no bound; without it the error of the flow over a step is 1.9 times what is told, with it 1.1 times.
    alike: ClassVar[float] = 0.25
    kinked: ClassVar[float] = 3.0  # times the distance, where richer cells leave as much: kinks move; smaller: too kind
    # Solutions of other kinds that are compared with the best. More: those that are far from solved tell a constant
    # that is too large. One: 6 of 104 estimates of the gallery were too kind by more than three.
    others: ClassVar[int] = 2
    # Times what a march leaves: where richer features leave more, something else is wrong with them. Larger: what grows
    # is handed out. Smaller: a poorer march is, and its error is told as that of kinks that move.
    hardly: ClassVar[float] = 2.0
    shared: ClassVar[float] = 2.0  # times what a single other solution tells: half may be shared (a plate in tension)

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

    def exact(self, weights: Mapping[str, float]) -> bool:
        """Whether the weighted residual is rounding beside what it is made of."""
        limit = max(rounding(v.dtype) for v in self.values.values())
        small = math.isfinite(self.size(weights)) and bool(self.sizes)
        return small and self.size(weights) <= limit * weighted(weights, self.sizes) ** 0.5

    def size(self, weights: Mapping[str, float]) -> float:
        """The weighted residual (rms)."""
        return weighted(weights, self.held_out) ** 0.5


def estimated(
    found: Sequence[Found], first: Mapping[str, float], weights: Mapping[str, float], seen: Seen | None = None
) -> float:
    """The relative L2 error of the best solution (dimensionless), the largest over the unknowns.

    Parameters
    ----------
    found : sequence of Found
    first : dict from residual name to float
        Root mean squares before training, of all residuals that would vanish for the true solution: not of noisy data.
    weights : dict from residual name to float
    seen : Seen, optional
        What the check before training saw.

    Returns
    -------
    float
        Infinity for a single solution, and where hardly anything is solved.
    """
    seen, best = seen or Seen(), best_of(found, weights)
    others = sorted((f for f in found if f is not best), key=lambda f: f.size(weights))
    if not others or not math.isfinite(best.size(weights)):
        return math.inf
    own = [f for f in others if f.again == best.stage or f.stage == best.again]
    alike = [f for f in others if f.kind == best.kind]
    nearest = (own or alike or others)[0]
    apart = max(best.apart, own[0].apart) if own else 0.0
    least = max(*(f.noise for f in (best, *own)), *(rounding(v.dtype) for v in best.values.values()))
    least = least if own else max(least, best.lacks)
    if apart > 0 and not best.defect > 0:
        return max(apart, least)
    near = own[:1] or alike[:1] or ([f for f in others if not f.defect] or others)[: best.others]
    error = max(_told_by(f, best, weights) for f in near)
    strange = [f for f in others if not f.defect and f.kind != best.kind][: best.others]
    if alike and not own and len(strange) == best.others:  # a constant that most others exceed is too small
        error = max(error, median(_told_by_each(f, best, first) for f in others if not f.defect))
    if not own and not alike and len(others) == 1:
        error *= best.shared
    told, hardly = bool(own) and best.defect > 0 and nearest.defect > 0, 0.0
    if told:  # residuals at few points do not see the cells of a layer
        part = max(best.defect / nearest.defect, best.better)
        error = difference(nearest, best) * part
        # of two errors of one shape, the one so many times the other, less than all is seen: at corners
        hardly = max(error / max(1 - part, best.alike), apart)
    cells = bool(own) and max(best.richer, nearest.richer) > 0
    if cells and best.richer > 0 and not seen.rough:
        share = best.size(weights) / (nearest.size(weights) or 1.0)  # of errors of one shape less than all is seen
        like = best.kinked if _travels(found, weights) else min(1 / max(1 - share, 1e-12), best.kinked)
        doubt = min(best.richer, best.broken) if best.remains > 0 else max(best.richer, like)
        doubt = best.caution if told else max(best.caution, doubt)
        error = max(doubt * max(error, best.remains * difference(nearest, best)), hardly)
    elif cells:
        richer = max(best.richer, nearest.richer, best.kinked * (best.richer == 0))
        error = max(richer * difference(nearest, best), apart)
    elif seen.rough or seen.narrow:
        # errors fall more slowly than residuals: that of the best is hardly below that of the next
        error = max(error, difference(next((f for f in others if f not in own), others[0]), best))
    # residuals at kinks that move are large for all, and one point beside a corner may have that of all others
    beside = cells and (seen.rough or seen.disagrees)
    if best.exact(weights) or beside or (told and max(best.defect, nearest.defect) <= UNSOLVED):
        return max(error, least)
    left = (weighted(weights, {n: best.held_out[n] for n in first}) / (weighted(weights, first) or 1.0)) ** 0.5
    if max(left, best.beside) > HALF or math.isnan(error):
        return math.inf
    return max(error, min(1.0, AT_LEAST * left) if left > UNSOLVED else least)


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


def _travels(found: Sequence[Found], weights: Mapping[str, float]) -> bool:
    """Whether richer features left no less than some march: a kink travels, and residuals fall before errors do."""
    sizes = {f.stage: f.size(weights) for f in found}
    return any(f.richer > 0 and f.size(weights) >= sizes.get(f.again, math.inf) for f in found if f.again is not None)


def unsolved(first: Mapping[str, float], held_out: Mapping[str, float]) -> bool:
    """Whether of some residual so much is left that all solutions may be wrong alike."""
    return any(held_out[name] > UNSOLVED * r for name, r in first.items() if name in held_out)


def solved_again(found: Sequence[Found]) -> list[Found]:
    """Cells and the richer ones that solve them again: their distance is known to be an error."""
    stages = {k for f in found if f.richer > 0 for k in (f.stage, f.again)}
    return [f for f in found if f.stage in stages]


def _told_by(other: Found, best: Found, weights: Mapping[str, float]) -> float:
    """The error of the best as another solution tells it, by both residuals; beside one of another kind over cells that
    say what the worst of them leaves, the whole difference: what small cells leave at edges is without bound."""
    cells = other.defect > 0 and not best.defect
    ratio = 1.0 if cells else best.size(weights) / (other.size(weights) or 1.0)
    return difference(other, best) * (min(ratio, 1.0) if best.remains > 0 else ratio)


def _told_by_each(other: Found, best: Found, first: Mapping[str, float]) -> float:
    """The same by the residual that fell least: each makes a part of the error, and that of equations falls first."""
    fell = [
        best.held_out[n] / other.held_out[n] for n in first if n in best.held_out and other.held_out.get(n, 0.0) > 0
    ]
    return difference(other, best) * min(max(fell, default=1.0), 1.0)


def difference(a: Found, b: Found) -> float:
    """How far the first is from the second."""
    return distance(a.values, b.values, b.scales, b.shares)
