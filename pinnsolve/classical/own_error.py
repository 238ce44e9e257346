"""What the differences of finer and finer grids tell of the error of the finest.

The difference of two levels is the error of the coarser one, less that of the finer. Where differences fall by a ratio
r from level to level, the finest is off by about 1/(r - 1) of the last difference; the whole difference is stated, and
more where r is small or was smaller before. Where they do not fall, nothing is stated: that is no reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Belief:
    """How much is believed of differences that fall.

    Chosen on the problems of problems/, tests/cases and validation/drawn, of which exact solutions are known.

    Parameters
    ----------
    falling : float
        Differences that fall by less than this from level to level tell little, those that rise by more nothing.
    level : float
        Times the larger of two such differences is what they tell.
    safety : float
        Of the error that slowly falling differences tell.
    faster, unknown : float
        No more is believed than that differences fall this many times as fast as before, and as if they had fallen by
        the second where there was none before: one that is small by chance tells nothing.
    rough : float
        Times as much where data have kinks: differences fall unevenly there.
    steadily, alike : float
        The same where three of them fell evenly, by two ratios that differ by no more than the second factor. Of 32
        such levels of plucked strings and top hats (validation/drawn) none was off by more than 0.27 of what is told.
    alone : float
        Times a single difference is what it tells: even of first order the finer level is off by less, if distances
        fall by 1.35.
    rounding, least : float
        Differences below the first are rounding; no own error is below the second.
    times : float
        So many times what rounding moves a level by, differences are rounding too.
    """

    falling: float = 1.3
    level: float = 10.0
    safety: float = 2.0
    faster: float = 4.0
    unknown: float = 6.0
    rough: float = 3.0
    steadily: float = 1.5
    alike: float = 1.5
    alone: float = 4.0
    rounding: float = 1e-11
    least: float = 1e-12
    times: float = 10.0


BELIEF = Belief()


def own_error(
    differences: Sequence[float], rough: bool = False, alone: bool = False, rounding: float = 0.0
) -> float:  # fmt: skip
    """The relative error of the finest level, from the differences of all levels; infinite where they tell nothing.

    >>> own_error([1e-3, 1e-4, 1e-5]), own_error([1e-3, 8e-4]), own_error([1e-3, 5e-3]), own_error([1e-9])
    (1e-05, 0.01, inf, inf)

    Where data are rough, and differences fall unevenly or evenly:

    >>> own_error([9e-3, 2e-3, 1e-3], rough=True), own_error([4e-3, 2e-3, 1e-3], rough=True)
    (0.006, 0.003)

    `alone` lets a single difference tell something, too: levels of scattered nodes are far apart.

    >>> own_error([1e-9], alone=True)
    4e-09

    Differences that rounding makes rise, and say no more than how large that is.

    >>> own_error([1e-10, 3e-10]), own_error([1e-10, 3e-10], rounding=5e-11)
    (inf, 5e-10)
    """
    if alone and len(differences) == 1 and np.isfinite(differences[0]):
        return float(max(BELIEF.alone * differences[0] * (BELIEF.rough if rough else 1.0), BELIEF.least))
    if len(differences) < 2 or not np.isfinite(differences[-2:]).all():
        return np.inf
    before, last = differences[-2:]
    safe = BELIEF.rough if rough else 1.0
    noise = BELIEF.times * rounding
    if last <= max(noise, BELIEF.rounding):
        return float(max(last, before / (BELIEF.faster * BELIEF.unknown), BELIEF.least, noise))
    ratio = before / last
    if not ratio >= BELIEF.falling:  # they may be as small as they get, or fall too slowly to tell
        return float(BELIEF.level * max(before, last) * safe) if ratio * BELIEF.falling >= 1 else np.inf
    earlier = differences[-3] / before if len(differences) > 2 else BELIEF.unknown
    if len(differences) > 2 and earlier >= BELIEF.falling and 1 / BELIEF.alike <= ratio / earlier <= BELIEF.alike:
        safe = min(safe, BELIEF.steadily)
    if alone:  # the first of scattered nodes may be too few to tell anything
        earlier = min(earlier, BELIEF.unknown)
    believed = before / max(BELIEF.faster * earlier, 1.0)
    found = max(last, min(believed, before), last * BELIEF.safety / (ratio - 1))
    return float(found * safe)
