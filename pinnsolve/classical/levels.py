"""Finer and finer grids, and what their differences tell of the error of the finest.

The difference of two levels is the error of the coarser one, less that of the finer. Where differences fall by a ratio
r from level to level, the finest is off by about 1/(r - 1) of the last difference; the whole difference is stated, and
more where r is small. Where they do not fall, nothing is stated: that is no reference.
"""

from __future__ import annotations

import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pinnsolve.algebra import yardstick
from pinnsolve.classical.density import Density, afterwards, beforehand, combined
from pinnsolve.classical.grid import Grid
from pinnsolve.classical.layout import laid_out
from pinnsolve.classical.lines import line
from pinnsolve.classical.march import Marched, Marcher, OutOfTimeError
from pinnsolve.classical.reading import NoReferenceError, Read, UndeterminedError
from pinnsolve.classical.start import start_of
from pinnsolve.classical.steady import Steady, solved
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.places import Corner, Narrow


@dataclass(frozen=True)
class Plan:
    """How levels follow each other, by the number of coordinates of the grid.

    Parameters
    ----------
    nodes : tuple of int
        Along each coordinate, on the first level.
    widths : tuple of int
        Nodes that a difference takes.
    finer : tuple of float
        How many times as many nodes the next level has.
    most : int
        Values on a grid: more take too much memory, or time.
    levels : int
        At most.
    first : float
        The tolerance of time on the first level.
    sharper, least_sharper : float
        Its part on the next, where time limits the error, and at the least.
    beside : float
        The tolerance of time is kept this far below the last difference.
    longest, shorter : float
        The longest step in time on the first level, in parts of all time, and its part on the next: what is short and
        comes late is met by chance, and not by all levels.
    falling : float
        Differences that fall by less than this from level to level tell little, those that rise by more nothing.
    credit : float
        No more is believed than that differences fall to this part from level to level: one that is small by chance
        tells nothing.
    level : float
        Times the larger of two such differences is what they tell.
    safety : float
        Of the error that slowly falling differences tell.
    """

    nodes: tuple[int, ...] = (1, 32, 14, 9)
    widths: tuple[int, ...] = (1, 9, 9, 7)
    finer: tuple[float, ...] = (1.0, 1.6, 1.45, 1.35)
    most: int = 40_000
    levels: int = 14
    first: float = 1e-3
    sharper: float = 0.05
    least_sharper: float = 0.3
    beside: float = 3e-3
    longest: float = 0.1
    shorter: float = 0.7
    falling: float = 1.3
    credit: float = 0.02
    level: float = 10.0
    safety: float = 2.0


PLAN = Plan()
Found = Steady | Marched


@dataclass(frozen=True)
class Level:
    """One grid's solution.

    Parameters
    ----------
    count : tuple of int
        Nodes along each coordinate.
    found : Steady or Marched
    difference : float
        From the level before, relative: the largest over the unknowns; infinite on the first.
    """

    count: tuple[int, ...]
    found: Found
    difference: float = np.inf


@dataclass
class Ladder:
    """The levels so far.

    Parameters
    ----------
    given : Read
    scales : mapping from unknown to float
        Natural sizes, where unknowns vanish.
    places : mapping from coordinate to array (P,)
        Where levels are compared.
    deadline : float
    stops : sequence of float
        Moments at which steps end.
    narrow : sequence of Narrow
        Where nodes are wanted from the beginning.
    corners : sequence of Corner
        Singular ones.
    """

    given: Read
    scales: Mapping[str, float]
    places: dict[str, Array]
    deadline: float
    stops: Sequence[float] = ()
    narrow: Sequence[Narrow] = ()
    corners: Sequence[Corner] = ()
    levels: list[Level] = field(default_factory=list)
    why: str = ""

    @property
    def differences(self) -> list[float]:
        return [level.difference for level in self.levels[1:]]

    @property
    def own_error(self) -> float:
        """What the differences tell of the finest level's error; infinite where they tell nothing."""
        if len(self.levels) < 3:
            return np.inf
        before, last = self.differences[-2:]
        if last <= 1e-11:  # rounding
            return float(max(last, before * 0.1, 1e-13))
        ratio = before / last
        if not ratio >= PLAN.falling:  # they may be as small as they get, or fall too slowly to tell
            return float(PLAN.level * max(before, last)) if ratio * PLAN.falling >= 1 else np.inf
        return float(max(last, PLAN.credit * before, last * PLAN.safety / (ratio - 1)))

    @property
    def order(self) -> float:
        """The observed order of the differences in the nodes along a coordinate."""
        if len(self.differences) < 2 or not self.given.coordinates:
            return np.nan
        finer = PLAN.finer[len(self.given.coordinates)]
        return float(np.log(self.differences[-2] / max(self.differences[-1], 1e-300)) / np.log(finer))

    @property
    def told(self) -> str:
        """How the finest level was computed, and where its own error comes from."""
        finest = self.levels[-1]
        where = " x ".join(map(str, finest.count)) + " nodes" if finest.count else ""
        steps = f"{len(finest.found.values)} steps in time" if isinstance(finest.found, Marched) else ""
        differences = ", ".join(f"{d:.0e}" for d in self.differences[-3:])
        told = f"differences on {' and '.join(filter(None, [where, steps]))}; those of its levels fell as {differences}"
        return told + (f" before {self.why}" if self.why else "")

    def climb(self, target: float) -> None:
        """Levels until the own error is below the target, or no time is left."""
        dimension = len(self.given.coordinates)
        count, tolerance, last = float(PLAN.nodes[dimension]), PLAN.first, 0.0
        begin = beforehand(self.given, self.narrow)
        density: Density = begin
        guess: Found | None = None
        for _ in range(PLAN.levels):
            began = clock.perf_counter()
            grid = self._grid(int(count), density)
            if len(grid) * len(self.given.problem.unknowns) > PLAN.most:
                self.why = "its grid has grown as large as memory and time allow"
                return
            if began + 2 * last > self.deadline:  # the next one takes longer than the last
                self.why = "the time for it is used"
                return
            try:
                found = self._solved(grid, tolerance, guess)
            except OutOfTimeError:
                self.why = "the time for it is used"
                return
            except UndeterminedError:
                raise
            except NoReferenceError as error:
                self.why, self.levels = str(error), []
                if not grid.lines:  # there is nothing to be made finer
                    raise
                if isinstance(error, UnfinishedError):
                    density = combined(begin, afterwards(error.found))
                count *= 2
                continue
            difference = self._difference(found, self.levels[-1].found) if self.levels else np.inf
            self.levels.append(Level(grid.shape, found, difference))
            self.why = ""
            if self.own_error <= target:
                return
            last = clock.perf_counter() - began
            density, guess = combined(begin, afterwards(found)), found
            count *= PLAN.finer[dimension]
            sharper = max(PLAN.sharper * tolerance, PLAN.beside * difference) if np.isfinite(difference) else 0.0
            tolerance = min(PLAN.least_sharper * tolerance, sharper or PLAN.sharper * tolerance)
            tolerance = max(tolerance, 1e-12)

    def _grid(self, count: int, density: Density) -> Grid:
        given, width = self.given, PLAN.widths[len(self.given.coordinates)]
        return Grid({
            c: line(given.problem.domain.ends(c), count, width, c in given.periodic, density.get(c))
            for c in given.coordinates
        })  # fmt: skip

    def _solved(self, grid: Grid, tolerance: float, guess: Found | None) -> Found:
        rows = laid_out(self.given, grid, self.corners)
        names = self.given.problem.unknowns
        if not self.given.marched:
            begin = np.zeros((len(names), len(grid)))
            if guess is not None:
                begin = np.stack([guess.at(f, grid.nodes.coordinates) for f in range(len(names))])
            return solved(rows, begin, np.array([self.scales[u] for u in names]), self.deadline)
        time = self.given.problem.domain.time
        assert time is not None
        scales = np.array([1e-3 * self.scales[names[f]] for f, _ in rows.variables])
        span = self.given.problem.domain.ends(time)
        longest = PLAN.longest * PLAN.shorter ** len(self.levels)
        begin = start_of(self.given, rows)
        marcher = Marcher(rows, begin, span, tolerance, scales, self.deadline, self.stops, longest)
        try:
            return marcher.run()
        except NoReferenceError as error:
            raise UnfinishedError(str(error), marcher.found) from None

    def _difference(self, fine: Found, coarse: Found) -> float:
        found = 0.0
        for f, name in enumerate(self.given.problem.unknowns):
            a, b = fine.at(f, self.places), coarse.at(f, self.places)
            norm, deviation = float(np.sqrt(np.mean(a**2))), float(np.std(a))
            size = min(yardstick.size(norm, self.scales[name]), yardstick.variation(norm, deviation, self.scales[name]))
            apart = float(np.sqrt(np.mean((a - b) ** 2))) / size
            found = max(found, apart if np.isfinite(apart) else np.inf)
        return found


class UnfinishedError(NoReferenceError):
    """A march that did not come to the end of time, with what it found."""

    def __init__(self, words: str, found: Marched) -> None:
        super().__init__(words)
        self.found = found
