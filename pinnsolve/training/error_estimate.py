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
random features may be wrong alike too: of those the whole difference is taken. Where materials part the domain errors
fall more slowly than residuals, and more is told of features of the whole domain, too.

The constants below were fitted to the gallery; `python -m validation.estimates` compares estimates and errors. The
estimate decides when to stop, never a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from pinnsolve.training.found import Found, best_of, difference
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
class Rules:
    """By what differences are multiplied, and with what they are compared.

    Parameters
    ----------
    caution : float
        Times the error of cells with richer features, as the residuals of both tell it. Larger: too cautious. Smaller:
        too kind; without it the error is 0.06 to 3.5 times what is told (`python -m validation.estimates`).
    broken : float
        The same where equations jump: residuals fall before errors do (without it 0.95 of an error is told; where no
        last terms are looked at 0.76, and the doubt itself takes its place; of features of the whole domain 0.61).
    better : float
        Of the distance: richer cells are not said to be better by more. Smaller: too kind before waves are resolved.
    alike : float
        Of an error: richer cells are better by no less, where what they leave says so. Larger: too kind at corners
        where slopes have no bound; without it the error of the flow over a step is 1.9 times what is told, with it 1.1
        times.
    kinked : float
        Times the distance, where richer cells leave as much: kinks move. Smaller: too kind.
    others : int
        Solutions of other kinds that are compared with the best. More: those that are far from solved tell a constant
        that is too large. One: 6 of 104 estimates of the gallery were too kind by more than three.
    shared : float
        Times what a single other solution tells: half may be shared (a plate in tension).
    """

    caution: float = 1.5
    broken: float = 1.75
    better: float = 0.1
    alike: float = 0.25
    kinked: float = 3.0
    others: int = 2
    shared: float = 2.0


RULES = Rules()


@dataclass(frozen=True)
class Compared:
    """Several solutions, the best of them, and what is known of all.

    Parameters
    ----------
    found : sequence of Found
    best : Found
    first, weights, seen
        See `estimated`.
    """

    found: Sequence[Found]
    best: Found
    first: Mapping[str, float]
    weights: Mapping[str, float]
    seen: Seen

    @cached_property
    def others(self) -> list[Found]:
        """All but the best, the one with the smallest residual first."""
        return sorted((f for f in self.found if f is not self.best), key=lambda f: f.size(self.weights))

    @cached_property
    def pairs(self) -> list[Found]:
        """Those that solve its cells again, or whose cells it solves again: their distance is an error."""
        return [f for f in self.others if f.again == self.best.stage or f.stage == self.best.again]

    @property
    def apart(self) -> float:
        """What cells tell of their error by themselves; of that of a poorer march the best has a part, where residuals
        do not speak against it: that of the best is hardly smaller, or not small where something is narrow."""
        if not self.pairs:
            return 0.0
        pair = self.pairs[0]
        against = self.share(pair) > HALF or (self.seen.narrow and self.left > UNSOLVED)
        part = pair.part if pair.again == self.best.stage and not against else 1.0
        return max(self.best.apart, part * pair.apart)

    @property
    def leave(self) -> tuple[float, float] | None:
        """What the worst cells of the best and of its pair leave of the equations, where both say so."""
        both = (self.best.defect, self.pairs[0].defect) if self.pairs else (0.0, 0.0)
        return both if min(both) > 0 else None

    @property
    def least(self) -> float:
        """The least that is told: rounding, and what cells lack that nothing solved again."""
        known = [f.noise for f in (self.best, *self.pairs)]
        known += [rounding(v.dtype) for v in self.best.values.values()]
        return max(known if self.pairs else [*known, self.best.lacks])

    @property
    def left(self) -> float:
        """Of the first residual (rms), of what vanishes for the true solution."""
        now = {name: self.best.held_out[name] for name in self.first}
        return (weighted(self.weights, now) / (weighted(self.weights, self.first) or 1.0)) ** 0.5

    @property
    def sure(self) -> bool:
        """Whether it does not matter how much is left: that is rounding; cells say what the worst of them leaves; or
        residuals at kinks that move are large for all, and one point beside a corner may have that of all others."""
        richer = bool(self.pairs) and max(self.best.richer, self.pairs[0].richer) > 0
        beside = richer and (self.seen.rough or self.seen.disagrees)
        return self.best.exact(self.weights) or beside or (self.leave is not None and max(self.leave) <= UNSOLVED)

    @property
    def travels(self) -> bool:
        """Whether richer features left no less than some march: a kink travels, and residuals fall before errors do."""
        size, richer = {f.stage: f.size(self.weights) for f in self.found}, [f for f in self.found if f.richer > 0]
        return any(f.size(self.weights) >= size.get(f.again, math.inf) for f in richer if f.again is not None)

    def share(self, other: Found) -> float:
        """Of another's residual, what the best one leaves."""
        return self.best.size(self.weights) / (other.size(self.weights) or 1.0)

    def told_by(self, other: Found) -> float:
        """The error of the best as another solution tells it, by both residuals; beside one of another kind over cells
        that say what the worst of them leaves, the whole difference: what they leave at edges is without bound."""
        ratio = 1.0 if other.defect > 0 and not self.best.defect else self.share(other)
        return difference(other, self.best) * (min(ratio, 1.0) if self.best.remains > 0 else ratio)

    def told_by_each(self, other: Found) -> float:
        """The same by the residual that fell least: each makes a part of the error; that of equations falls first."""
        now, before = self.best.held_out, other.held_out
        fell = [now[n] / before[n] for n in self.first if n in now and before.get(n, 0.0) > 0]
        return difference(other, self.best) * min(max(fell, default=1.0), 1.0)


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
    known = Compared(found, best_of(found, weights), first, weights, seen or Seen())
    if not known.others or not math.isfinite(known.best.size(weights)):
        return math.inf
    if known.apart > 0 and not known.best.defect > 0:
        return max(known.apart, known.least)
    error = _by_pair(known) if known.pairs else _by_others(known)
    if known.sure:
        return max(error, known.least)
    left = known.left
    if max(left, known.best.beside) > HALF or math.isnan(error):
        return math.inf
    return max(error, min(1.0, AT_LEAST * left) if left > UNSOLVED else known.least)


def _by_others(known: Compared) -> float:
    """The error where no cells were solved again: as one of its own kind tells it, or the nearest of other kinds."""
    best, others = known.best, known.others
    alike, free = [f for f in others if f.kind == best.kind], [f for f in others if not f.defect]
    error = max(known.told_by(f) for f in alike[:1] or (free or others)[: RULES.others])
    if alike and sum(f.kind != best.kind for f in free) >= RULES.others:  # a constant that most exceed is too small
        error = max(error, median(known.told_by_each(f) for f in free))
    if len(others) == 1 and not alike:
        error *= RULES.shared
    return _slowly(known, error, others)


def _by_pair(known: Compared) -> float:
    """The error where cells were solved again with richer features: as their difference and what both leave tell it."""
    best, again = known.best, known.pairs[0]
    apart, error, least = difference(again, best), known.told_by(again), 0.0
    if known.leave is not None:  # residuals at few points do not see the cells of a layer
        part = max(best.defect / again.defect, RULES.better)
        error = apart * part
        # of two errors of one shape, the one so many times the other, less than all is seen: at corners
        least = max(error / max(1 - part, RULES.alike), known.apart)
    if best.richer > 0 and not known.seen.rough:
        return max(_caution(known, again) * max(error, best.remains * apart), least)
    if max(best.richer, again.richer) > 0:
        return max(max(best.richer, again.richer, RULES.kinked * (best.richer == 0)) * apart, known.apart)
    return _slowly(known, error, [f for f in known.others if f not in known.pairs] or known.others)


def _caution(known: Compared, again: Found) -> float:
    """Times the error that residuals tell of richer cells: the doubt of equations that jump; else, of errors of one
    shape, less than all is seen."""
    best, like = known.best, RULES.kinked
    if not known.travels:
        like = min(1 / max(1 - known.share(again), 1e-12), RULES.kinked)
    doubt = min(best.richer, RULES.broken) if best.remains > 0 else max(best.richer, like)
    return RULES.caution if known.leave is not None else max(RULES.caution, doubt)


def _slowly(known: Compared, error: float, others: Sequence[Found]) -> float:
    """The error where errors may fall more slowly than residuals: that of the best is hardly below that of the next."""
    if known.seen.rough or known.seen.narrow:
        return max(error, difference(others[0], known.best))
    return error * (RULES.broken if known.seen.parted else 1.0)


def unsolved(first: Mapping[str, float], held_out: Mapping[str, float]) -> bool:
    """Whether of some residual so much is left that all solutions may be wrong alike."""
    return any(held_out[name] > UNSOLVED * r for name, r in first.items() if name in held_out)
