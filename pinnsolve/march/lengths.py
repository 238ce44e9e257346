"""How long the next step of a march is, and when its cells are changed.

In a plane and over space each length is factorised anew, so that they grow fast from the first, and are equal up to the
end. Over space that takes as long as dozens of steps: there they change only where that saves more than it takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from pinnsolve.cells.implicit_step import Step
from pinnsolve.march.rules import RULES
from pinnsolve.march.step_solver import StepSolver
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.costs import JOINED


@dataclass
class Tries:
    """What was tried for a step that leaves out too much: shorter ones, and finer cells.

    Parameters
    ----------
    left : float, optional
        What was left out before the last change.
    longer : float, optional
        The length before it was last shortened; nothing where cells were halved since.
    no_cells : bool
        Whether finer cells were no use.
    spared : float
        What earlier steps left out where neither shorter ones nor cells were to be had, some times as much: no step is
        shortened for it.
    seen : (Step, float, tensor (n,)), optional
        A first step at a jump, and what it left out.
    finest : bool
        Whether no cell can be halved for it.
    begun : (float, float), optional
        Of a first step: the length that was tried, and what it left out.
    gains : float
        Times its length, the least at which a first step is solved anew. Smaller: for steps that are hardly fewer.
    tells : float
        Times its length, the least that is tried next, which tells how what is left out grows: what cells do not hold
        of a start falls as the step is longer. Smaller: more tries, each with a factorisation. Larger: tries in vain.
    vain : float
        What leaves more than this part of what was left out before was no use: a longer step is taken up again.
        Smaller: steps that begin at a kink in time are lengthened and shortened by turns.
    """

    left: float | None = None
    longer: float | None = None
    no_cells: bool = False
    spared: float = 0.0
    seen: tuple[Step, float, Tensor] | None = None
    finest: bool = False
    begun: tuple[float, float] | None = None
    vain: ClassVar[float] = 0.9
    gains: ClassVar[float] = 1.25
    tells: ClassVar[float] = 3.0

    def blind(self, step: Step, left: float, here: Tensor) -> tuple[Step, float, Tensor] | None:
        """Where on a shape a first step at a jump leaves out as much as the one before, which was far longer: that one,
        and what it left out, in each cell, too. Cells that see nothing of a jump are to be halved, as that one asks; no
        further than a layer at the rim is worth, so that this comes to an end."""
        if self.finest or step.mesh.region is None or self.seen is None or left <= self.vain * self.seen[1]:
            self.seen = step, left, here
            return None
        return self.seen

    def asked(self, tolerance: float) -> float:
        """What a step may leave out."""
        return max(tolerance, self.spared)

    def ended(self, left: float, late: bool, first: bool = False) -> None:
        """Note what a step left out that is taken, whether that is too much and could not be mended, and whether it was
        the first after a jump: what that left out dies away in those after it."""
        self.spared = RULES.spares * left if late else RULES.fades * (left if first else self.spared)

    def of_next(self) -> Tries:
        """Those of the next step."""
        return Tries(spared=self.spared)

    def grown(self, step: Step, left: float, tolerance: float, ahead: float) -> float | None:
        """How long in a plane the first step is solved anew, where it left out so much, with so much time ahead;
        nothing where longer ones do not pay.

        Steps of another length are factorised anew, when they are solved again, too; and on the first cells, before
        any are halved, a try costs least. What a longer one leaves out grows as was seen, or as it must.
        """
        if step.mesh.dims != 2 or self.left is not None:
            return None
        order, e, first = step.scheme.stages + 1.0, step.scheme.evolution, self.begun is None
        if self.begun is not None:
            before, out = self.begun
            if step.length < self.gains * before:  # Newton's method did not settle on a longer one
                return None
            order = max(1.0, min(order, math.log(left / out) / math.log(step.length / before)))
        self.begun = step.length, left
        factor = min(RULES.leaps, (RULES.aim * tolerance / left) ** (1 / order))
        factor = max(factor, self.tells) if first and factor > self.gains else factor
        length = min(factor * step.length, RULES.longest * (e.times[1] - e.times[0]), e.driven.longest(step.begin))
        length = ahead / math.ceil(ahead / (RULES.stretch * length))
        return length if length > self.gains * step.length else None

    def shorter(self, left: float, length: float, tolerance: float, step: Step) -> float | None:
        """What the length of a step that leaves out too much is to be multiplied by, so that it leaves out half of what
        it may, as a power of the length, the step's own or the one that was seen; nothing where that does not help, or
        finer cells did just now."""
        part = 1.0 if self.left is None else left / self.left
        if self.longer is None:
            self.no_cells = self.left is not None and part > self.vain
            helped = self.left is None or part > RULES.helps
            seen = step.scheme.stages + 1.0
        else:
            helped = part <= (self.vain if self.no_cells else RULES.helps)
            seen = min(step.scheme.stages + 1.0, math.log(part) / math.log(length / self.longer))
        if not helped:
            return None
        self.left, self.longer = left, length
        return max(0.2, min(0.7, (0.5 * tolerance / left) ** (1 / seen)))

    def halved(self, left: float | None, length: float) -> float:
        """The length to go on with, on finer cells: that before it was shortened in vain. What is `left` out counts
        where that was the reason."""
        in_vain = left is not None and self.left is not None and left > self.vain * self.left
        length = self.longer if in_vain and self.longer is not None else length
        self.left, self.longer, self.seen = left, None, None
        return length


@dataclass
class Failures:
    """How long steps may be after Newton's method has failed at a longer one: ahead of a front that runs into wide
    cells it fails whenever a step is twice as long, and each time takes more iterations than the step itself.

    Parameters
    ----------
    most : int
        Steps before a longer one is tried again, at most. One: at once.
    longest : float
    until : int
        Up to which step that holds.
    waits : int
        Steps that were waited for last.
    last : int
        After how many steps it failed last.
    """

    most: int = 1
    longest: float = math.inf
    until: int = 0
    waits: int = 1
    last: int = -1

    @classmethod
    def over(cls, dims: int) -> Failures:
        """Those of a march over so many coordinates of space."""
        return cls(RULES.failures if dims > 1 else 1)

    def at(self, length: float, taken: int, leapt: bool = False) -> float:
        """Note that it failed at so long a step, after so many; the length to try next. Where in a plane iterations
        leapt away at once, a half of it fails as well: five times of six that was seen (Heat2d-LT)."""
        if taken - self.until > 2 * self.waits:
            self.waits = 1
        if taken != self.last:  # several at one step are one failure
            self.waits = min(2 * self.waits, self.most)
        self.last = taken
        self.until, self.longest = taken + self.waits - 1, length / (4 if leapt and self.most > 1 else 2)
        return self.longest

    def limited(self, length: float, taken: int) -> float:
        """A length that may be tried."""
        return min(length, self.longest) if taken < self.until else length


def following(step: Step, solver: StepSolver, felt: float, tolerance: float, left: float) -> float:
    """The length after a step that left out so much, relative to the unknowns, with so much time left."""
    begin, end = step.scheme.evolution.times
    factor = (RULES.aim * tolerance / felt) ** (1 / (step.scheme.stages + 1))
    if 0.9 < factor < 1.25 and not _pays(step, factor, left):  # the factorisation is kept for the same length
        return step.length
    most = RULES.grows if step.mesh.dims < 2 else RULES.leaps
    length = min(step.length * min(most, max(0.3, factor)), RULES.longest * (end - begin))
    if step.mesh.dims < 2 or left <= RULES.short * (end - begin):
        return length
    length = left / math.ceil(left / (RULES.stretch * length))
    if step.mesh.dims < 3:
        return length
    assert solver.operator is not None
    factorise, solve = solver.operator.operations
    saved = left * (1 / step.length - 1 / length)
    kept = solver.constant and 0 < saved * (JOINED.call + solve) < factorise
    return step.length if kept else length


def passing(mesh: Tiles, length: float, after: float, first: bool, layered: bool, spreads: bool) -> float:
    """By how much less a step counts that is such a part of all time, and ends so long after a jump: what the first one
    leaves out is felt for so short a time, and where kinks spread at once there is one of it. Over a shape whole cells
    stand for a layer at the rim; later on what is left of an error is its integral."""
    if mesh.region is None:
        return min(1.0, length / RULES.first) ** 0.5 / (RULES.once if spreads else 1.0) if first else 1.0
    return after**0.5 if first else after**0.25 if layered else 1.0


def _pays(step: Step, factor: float, left: float) -> bool:
    """Whether in a plane steps that are so much longer save more than a factorisation takes, before they grow again:
    which may be after as long a time as was marched so far."""
    if step.mesh.dims != 2 or factor <= 1:
        return False
    ahead = min(left, step.begin + step.length - step.scheme.evolution.times[0])
    return ahead / step.length * (1 - 1 / factor) > RULES.kept


def served(step: Step, solver: StepSolver) -> bool:
    """Whether over space the factorisation at hand takes all that is left of the march, so that no cells are merged."""
    steps = (step.scheme.evolution.times[1] - step.begin) / step.length
    return step.mesh.dims > 2 and solver.constant and steps < RULES.serves


def worth_merging(mesh: Tiles, since: int) -> float:
    """More pairs of cells than so many are merged, so many steps after others were halved: where waves pass along a
    line these are halved again at once, and each change costs a factorisation, when the march is solved again, too."""
    part = RULES.worth if mesh.dims > 1 else RULES.few if since <= RULES.between else 0.0
    return part * len(mesh)
