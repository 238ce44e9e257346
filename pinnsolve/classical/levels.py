"""Finer and finer grids, until their differences tell an own error that is small enough."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass, field, replace

import numpy as np

from pinnsolve.algebra import yardstick
from pinnsolve.checks.as_regular import kept_apart
from pinnsolve.classical.density import Density, afterwards, beforehand, combined
from pinnsolve.classical.marched import Marched, OutOfTimeError
from pinnsolve.classical.own_error import BELIEF, own_error
from pinnsolve.classical.reading import NoReferenceError, UndeterminedError
from pinnsolve.classical.several import check_alone
from pinnsolve.classical.solving import Found, Solver, UnfinishedError
from pinnsolve.classical.steady import Steady
from pinnsolve.classical.stencils import Array


@dataclass(frozen=True)
class Plan:
    """How levels follow each other, by the number of coordinates of the grid.

    Parameters
    ----------
    nodes : tuple of int
        Along each coordinate, on the first level.
    scattered : tuple of int
        The same on shapes, where nothing asks for more.
    finer : tuple of float
        How many times as many nodes the next level has.
    most : int
        Values on a grid: more take too much memory, or time.
    levels : int
        At most.
    first, sharpest : float
        The tolerance of time on the first level, and the smallest.
    sharper, sharper_on_shapes, least_sharper : float
        Its part on the next, where time limits the error, on boxes and on shapes, and at the least. Smaller: steps are
        shorter than what space leaves of the error asks for.
    slowly : float
        The same as the last of these where data have kinks and the tolerance is as far below the last difference as it
        shall be. Larger: what steps leave is more than the differences of levels show. Smaller: steps become many
        where differences fall slowly, as those of a damped string that was plucked.
    beside, beside_rough : float
        The tolerance of time is kept this far below the last difference, and where data have kinks. Smaller: of a
        plucked string each level takes two to four times as many steps, and has the same error.
    failures : int
        Grids on which no solution is found, before that is told.
    further : float
        Of the time that was left: where a finer grid comes so much further, a front or a short wave was not resolved,
        and it does not count as a failure. Smaller: shocks without viscosity, which end all marches at one moment, are
        told later.
    met : float
        Rows of a least-squares solution that are left by more than this part of their terms are not met.
    """

    nodes: tuple[int, ...] = (1, 32, 14, 9)
    scattered: tuple[int, ...] = (1, 32, 14, 7)
    finer: tuple[float, ...] = (1.0, 1.6, 1.45, 1.35)
    most: int = 40_000
    levels: int = 14
    first: float = 1e-3
    sharpest: float = 1e-12
    sharper: float = 0.05
    sharper_on_shapes: float = 0.2
    least_sharper: float = 0.3
    slowly: float = 0.6
    beside: float = 3e-3
    beside_rough: float = 3e-2
    failures: int = 3
    further: float = 0.1
    met: float = 1e-2


PLAN = Plan()
USED = "the time for it is used"


@dataclass(frozen=True)
class Level:
    """One grid's solution.

    Parameters
    ----------
    count : tuple of int
        Nodes along each coordinate.
    found : Steady or Marched
    values : array (F, P)
        Of the unknowns that are no integrals, where levels are compared.
    difference : float
        From the level before, relative: the largest over the unknowns; infinite on the first.
    """

    count: tuple[int, ...]
    found: Found
    values: Array
    difference: float = np.inf


@dataclass
class Ladder:
    """The levels so far.

    Parameters
    ----------
    solver : Solver
    places : mapping from coordinate to array (P,)
        Where levels are compared.
    own : int
        How many of the unknowns are; those after them stand for integrals.
    why : str
        What ended it before its own error was small enough.
    """

    solver: Solver
    places: dict[str, Array]
    own: int
    levels: list[Level] = field(default_factory=list)
    why: str = ""

    @property
    def differences(self) -> list[float]:
        return [level.difference for level in self.levels[1:]]

    @property
    def own_error(self) -> float:
        """What the differences tell of the finest level's error; infinite where they tell nothing."""
        return self._own_error(len(self.levels))

    def _own_error(self, count: int) -> float:
        """The same of the last of the first so many levels."""
        least = BELIEF.least if self.solver.planes else 0.0  # as well as a plane at which equations jump is known
        rounding = max((level.found.rounding for level in self.levels[:count][-2:]), default=0.0)
        differences = self.differences[: max(count - 1, 0)]
        on_shape = self.solver.spacing is not None
        return own_error(differences, self.solver.rough, on_shape, max(rounding, least))

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
        """Levels until the own error is below the target, or no time is left.

        Raises
        ------
        NoReferenceError
            If nothing determines the solution, or several functions solve the problem.
        """
        started = clock.perf_counter()
        dimension = len(self.solver.given.coordinates)
        count, last = float(PLAN.nodes[dimension]), 0.0
        tolerance = PLAN.first if dimension else min(PLAN.first, target)  # where time is all there is
        begin, failed, left = beforehand(self.solver.given), 0, np.inf
        density: Density = begin
        even = False  # nodes that are closer together in places make some waves grow, as those of a third derivative
        for _ in range(PLAN.levels):
            began = clock.perf_counter()
            grid = self.solver.grid(int(count), count / PLAN.nodes[dimension], density, self.places)
            if len(grid) * len(self.solver.given.problem.unknowns) > PLAN.most:
                self.why = "its grid has grown as large as memory and time allow"
                return
            if began + 2 * last > self.solver.deadline:  # the next one takes longer than the last
                self.why = USED
                return
            try:
                found = self.solver.solved(grid, tolerance, [level.found for level in self.levels])
            except OutOfTimeError:
                self.why = self.why or USED  # what ended marches on fewer nodes tells more
                return
            except NoReferenceError as error:
                if isinstance(error, UndeterminedError) or not grid.coordinates:
                    raise  # there is nothing to be made finer
                before, left = left, _left(error, self.solver)
                self.why, self.levels = str(error), []
                failed += not left < (1 - PLAN.further) * before < np.inf
                if failed >= PLAN.failures:
                    raise
                if isinstance(error, UnfinishedError):
                    even = error.noise and not even
                    density = {} if even else combined(begin, afterwards(error.found, self.solver.given))
                count *= 2
                continue
            difference = self._added(grid.shape, found)
            if self.own_error <= target:
                if isinstance(found, Steady) and not found.misfit <= PLAN.met:
                    raise UndeterminedError("equations and conditions contradict each other: nothing meets them all")
                spent = 1.0 + clock.perf_counter() - started  # as much again is enough to look for other solutions
                looking = replace(self.solver, deadline=min(self.solver.deadline, clock.perf_counter() + spent))
                check_alone(looking, [level.found for level in self.levels], self.places)
                return
            if BELIEF.times * found.rounding > target and self._to_the_best():
                self.why = "rounding hides what more nodes would tell"
                return
            last = clock.perf_counter() - began
            plain = even or self.solver.findings.corners
            density = {} if plain else combined(begin, afterwards(found, self.solver.given))
            count *= PLAN.finer[dimension]
            tolerance = self._sharper(tolerance, difference, target)

    def _added(self, count: tuple[int, ...], found: Found) -> float:
        """One more level; its difference from the last one."""
        values = np.stack([found.at(f, self.places) for f in range(self.own)])
        difference = self._difference(values, self.levels[-1].values) if self.levels else np.inf
        self.levels.append(Level(count, found, values, difference))
        self.why = ""
        return difference

    def _to_the_best(self) -> bool:
        """Leave out levels that rounding makes worse than one before them; whether one tells its own error."""
        found = [self._own_error(count) for count in range(1, len(self.levels) + 1)]
        best = int(np.argmin(found))
        later = [
            level.difference / (found[best] + BELIEF.times * level.found.rounding) for level in self.levels[best + 1 :]
        ]
        if not np.isfinite(found[best]) or max(later, default=0.0) > 1.0:  # later ones show that it told too little
            return False
        del self.levels[best + 1 :]
        return True

    def _sharper(self, tolerance: float, difference: float, target: float) -> float:
        """The tolerance of time, or of Newton's method, on the next level."""
        wanted, rough = tolerance * (PLAN.sharper_on_shapes if self.solver.spacing else PLAN.sharper), self.solver.rough
        if not self.solver.given.coordinates:  # where steps alone make levels, those that are alike differ by little
            return max(wanted, PLAN.sharpest)
        below = PLAN.beside_rough if rough and self.solver.given.marched else PLAN.beside
        if np.isfinite(difference):
            wanted = max(wanted, below * difference)
        elif rough and self.solver.given.marched:
            wanted = PLAN.least_sharper * tolerance
        # what Newton's method leaves need not be below what is seen of the error that is wanted
        least = PLAN.sharpest if self.solver.given.marched else PLAN.beside * target
        slow = rough and tolerance <= below * difference < np.inf
        return max(min((PLAN.slowly if slow else PLAN.least_sharper) * tolerance, wanted), least)

    def _difference(self, fine: Array, coarse: Array) -> float:
        found = 0.0
        problem = self.solver.given.problem
        rest, pairs = kept_apart(problem), zip(problem.unknowns, self.solver.scales, strict=True)
        for f, (unknown, scale) in enumerate(list(pairs)[: self.own]):
            a, b = fine[f], coarse[f]
            whole = a if rest is None else a + rest.at_places(unknown, self.places)  # errors are those of what is told
            norm, deviation = float(np.sqrt(np.mean(whole**2))), float(np.std(whole))
            size = min(yardstick.size(norm, scale), yardstick.variation(norm, deviation, scale))
            apart = float(np.sqrt(np.mean((a - b) ** 2))) / size
            found = max(found, apart if np.isfinite(apart) else np.inf)
        return found


def _left(error: NoReferenceError, solver: Solver) -> float:
    """The time that a march had left when it ended; infinite where nothing was marched."""
    if not isinstance(error, UnfinishedError):
        return np.inf
    return float(solver.given.problem.domain.ends(str(solver.given.problem.domain.time))[1] - error.found.ends[-1])
