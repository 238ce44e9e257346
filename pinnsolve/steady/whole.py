"""A steady problem in a plane or in space: Newton's method over all cells, and halving where equations are not met
between points.

Cells are halved along the coordinates along which their features do not suffice; in space along as few as are foretold
to suffice. At corners whose values jump cells are graded: what one leaves is alike at every size, and counts by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.algebra.operations import SPEED, Work
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.cells.stage_operator import iteration
from pinnsolve.geometry.places import Corner, Narrow
from pinnsolve.march.asked import RULES as ASKED
from pinnsolve.networks.openings import closed
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells, SteadyOperator
from pinnsolve.steady.easing import RULES as EASING
from pinnsolve.steady.easing import Easing, begun, stalled
from pinnsolve.steady.first_cells import first_cells
from pinnsolve.steady.measured import apart_from, measured, rescaled, sizes_like
from pinnsolve.steady.refining import (
    Halves,
    deep,
    fits,
    halved,
    halves_of,
    halves_that_fit,
    let_go,
    richer_once,
    richer_where_cheaper,
    towards_corners,
    wanted_of,
)


@dataclass(frozen=True)
class Rules:
    """How cells are halved. Chosen on a dozen problems with layers, waves and corners, not varied one by one.

    Parameters
    ----------
    mark : float
        Of the largest defect: cells below it are not halved yet. Smaller: least squares spread what a corner leaves
        over its neighbours, and these are halved for nothing. Larger: more rounds.
    newton : float
        Of the bound, or of the last round's defects: the correction that may be left.
    again : float
        The same of a solution with richer features, which tells the error of another.
    loose : float
        The bound of defects in the first round.
    rounding, gains : float
        A defect below it that a halving has not lowered, to such a part at most, is rounding.
    near, in_space : float
        Times the bound, in a plane no less than the largest one (`march.asked`), over space than a part of the terms,
        which is ten times the error: what leaves no more is a solution where no finer cells fit, and richer features
        say how right it is. Larger: time for what is not right. Smaller: it is left to others, which are worse.
    eases : float
        Times the bound where no finer cells of a plane fit. Larger: less exact than there is room for. Smaller: rounds.
    slow : float
        Of the two degrees before: last degrees in a cell beside a corner that are larger say that slopes have no bound
        there. Larger: features that do little there. Smaller: more cells where features would do.
    tries : int
        Halvings of all cells, where Newton's method does not settle.
    cheap, lower, least : float
        Seconds at the nominal speed: while eight factorisations take less, a bound that is met is lowered to such a
        part of it, down to the least. Larger: time for what nobody asked. Smaller: less exact for nothing.
    """

    mark: float = 0.2
    newton: float = 1e-2
    again: float = 1e-3
    loose: float = 1e-1
    rounding: float = 1e-9
    gains: float = 0.5
    near: float = 5.0
    in_space: float = 0.3
    eases: float = 10.0
    slow: float = 0.25
    tries: int = 3
    cheap: float = 0.2
    lower: float = 1e-2
    least: float = 1e-12


RULES = Rules()


@dataclass
class SteadyWhole:
    """The solution over all of the plane, round by round.

    Parameters
    ----------
    scheme : Scheme
    corners : sequence of Corner
        Where prescribed values jump.
    bound : float
        Of what a cell leaves (`defects`).
    narrow : sequence of Narrow
        Over space cells there are no longer than that from the beginning.
    work : Work
        Where operations are counted.

    Attributes
    ----------
    cells : SteadyCells
        Those that the next round solves; when all is over, those that were solved last.
    parent : tensor (n,)
        What the cell left of which each is a part; infinite where it is none.
    offs : list of float
        What the worst cell left, round by round.
    defect : float
        What the worst one left, apart from those near a corner whose values jump.
    factorised : int
        How often equations were factorised in the last round.
    tries : int
        How often all cells were halved.
    easing, good : Easing, SteadyCells, optional
        On the way over equations with more diffusion (`steady.easing`), and the last that were solved on it.
    solved, settled, full : bool
        Whether there is a solution, whether it meets the bound, and over space whether memory has no room for finer
        cells.
    """

    scheme: Scheme
    corners: tuple[Corner, ...]
    bound: float
    work: Work = field(default_factory=Work)
    narrow: Sequence[Narrow] = ()

    def __post_init__(self) -> None:
        self.degree = self.scheme.degree
        self.cells, self.offs, self.tries = self._begun(), list[float](), 0
        self.easing: Easing | None = None
        self.good: SteadyCells | None = None
        self.parent = torch.full((len(self.cells.mesh),), math.inf, dtype=torch.float64, device=self.scheme.device)
        self.solved = self.settled = self.full = False
        self.factorised, self.defect, self.asked = 2, math.inf, self.bound

    def go_on(self, mesh: Tiles, coefficients: Tensor) -> None:
        """Begin at cells that were solved to another bound."""
        self.cells = rescaled(SteadyCells(self.scheme, mesh, coefficients), self.scheme)
        self.parent = torch.full((len(mesh),), math.inf, dtype=torch.float64, device=self.scheme.device)

    def solve(self) -> bool:
        """All rounds; whether the cells meet the bound."""
        while self.advance():
            pass
        return self.settled

    def advance(self) -> bool:
        """One round; whether another one follows."""
        if not self._held():
            return False
        newton = JoinedNewton(SteadyOperator, sizes_like(self.cells), self._left)
        solved = newton.solve(self.cells)
        self.factorised = newton.effort.factorisations
        self.work.add(self.factorised * self.ahead)
        if solved is None:
            return self._eased(failed=True) or self._halved_everywhere()
        assert isinstance(newton.operator, SteadyOperator)
        found = self._measured(solved, newton.operator)
        if self.easing is None and stalled(self.offs) and self._eased(failed=True):
            return True
        bound = max(self.bound, EASING.loose) if self.cells.added else self.bound
        exact = newton.last <= RULES.newton * self.bound
        bad = self._bad(found, bound)
        wanted = wanted_of(self.cells, found, bound)[0] & bad[:, None]
        wanted &= deep(self.cells.mesh)
        if not bool(wanted.any()):
            return self._as_fine_as_wanted(found, bound, exact)
        towards = towards_corners(self.cells, found, self.parent, self.bound, self.corners)
        self.parent = torch.where(bad, found, self.parent)
        finer = (self._cheap or not self.settled) and self._finer(wanted, towards, found, bound)
        return finer or self._crowded(bound, exact)

    def _held(self) -> bool:
        """Whether cells hold all of the shape, and memory over space holds them."""
        mesh = self.cells.mesh
        let_go(mesh)
        if mesh.region is not None and not closed(mesh, self.scheme.evolution.rings):
            return False
        self.full |= mesh.dims > 2 and not fits(self.scheme, mesh)
        return not self.full

    def _measured(self, solved: SteadyCells, operator: SteadyOperator) -> Tensor:
        """Take for the cells what was solved; what each of them leaves (n,)."""
        self.solved = True
        self.cells, found = measured(solved, operator.faces, self.scheme, self.corners)
        self.offs = [*self.offs, float(found.max())]
        names = self.scheme.evolution.problem.coordinates
        self.defect = apart_from(self.corners, self.cells.mesh, found, names)[0]
        return found

    def _bad(self, found: Tensor, bound: float) -> Tensor:
        """The cells (n,) that leave too much, which is not rounding."""
        rounding = (found > RULES.gains * self.parent) & (found < RULES.rounding)
        mark = EASING.mark if self.easing is not None and self.easing.whole else RULES.mark
        return (found > bound) & (found > mark * self.offs[-1]) & ~rounding

    def _as_fine_as_wanted(self, found: Tensor, bound: float, exact: bool) -> bool:
        """Where no cell is to be halved, settle, or go on to the equations that are asked for, or to a lower bound
        where that costs next to nothing; whether another round follows."""
        met = bool((found < max(bound, RULES.rounding)).all())
        if self.cells.added:
            return self._eased(failed=not met)
        self.settled |= met and exact
        if not met:
            return self._crowded(bound, exact)
        further = self.settled and self._cheap and not self.corners
        if further:
            self.bound = max(RULES.lower * min(self.bound, self.offs[-1]), RULES.least)  # zero may leave nothing
        return further or not self.settled

    @property
    def _cheap(self) -> bool:
        """Whether it is better for next to nothing."""
        return self.bound > RULES.least and 8 * self.ahead < RULES.cheap * SPEED

    @property
    def _left(self) -> float:
        """The correction that may be left."""
        worst = self.offs[-1] if self.offs and not self.cells.added else math.inf
        return RULES.newton * max(self.bound, min(worst, RULES.loose))

    @property
    def ahead(self) -> float:
        """Operations of one factorisation."""
        return iteration(self.cells.scheme, self.cells.mesh)

    def _halved_everywhere(self) -> bool:
        """What may help where Newton's method does not settle, and there is no wind."""
        self.tries += 1
        everywhere = torch.ones_like(self.cells.mesh.widths, dtype=torch.bool)
        wind = self.easing is not None and bool(self.easing.whole)
        return not wind and self.tries <= RULES.tries and self._halve(halves_of(self.cells, everywhere, []))

    def _eased(self, failed: bool) -> bool:
        """Go on with more diffusion, or with less; whether there is a way."""
        if self.scheme.evolution.fluxed:
            return False
        if self.easing is None:
            self.easing = begun(self._begun())
        elif self.easing.whole:
            self.good = self.good if failed else self.cells
            following = self.easing.further(failed)
            if following is None:
                return False
            self.easing = following
        if not self.easing.whole:
            return False
        cells = self._begun() if self.good is None else self.good
        self.scheme = replace(self.scheme, degree=cells.scheme.degree)
        self.cells, self.offs = replace(cells, added=self.easing.added), []
        self.parent = torch.full((len(cells.mesh),), math.inf, dtype=torch.float64, device=self.scheme.device)
        return True

    def _begun(self) -> SteadyCells:
        scheme = replace(self.scheme, degree=self.degree)  # it may have been raised since
        return first_cells(scheme, self.corners, self.bound, self.narrow)

    def _finer(self, wanted: Tensor, targets: Sequence[tuple[Corner, float]], found: Tensor, bound: float) -> bool:
        """Go on with halved cells, or in space with degrees more; whether there are not too many numbers then."""
        halves = halves_that_fit(self.cells, wanted, found, targets)
        more = richer_where_cheaper(self.cells, halves, found, bound)
        if more is None:
            if not self._halve(halves):
                return False
            more = richer_once(self.cells, self.degree, self.bound) or self.cells
        self.cells, self.scheme = more, replace(self.scheme, degree=more.scheme.degree)
        return True

    def _crowded(self, bound: float, exact: bool) -> bool:
        """Where no finer cells fit, take for a solution what would do for a looser tolerance, and in a plane ask for
        less; or over space ease what is windy, and take what is near; whether another round follows."""
        space, worst = self.cells.mesh.dims > 2, self.offs[-1] if exact and not self.cells.added else math.inf
        self.settled |= worst < max(RULES.near * min(bound, self.asked), 0.0 if space else ASKED.coarse)
        again = space and self.easing is None and not self.settled and self._eased(failed=True)
        self.settled |= space and not again and worst < RULES.in_space
        less = not (space or self.settled or self.cells.added) and self.bound < ASKED.coarse
        self.bound = min(RULES.eases * self.bound, ASKED.coarse) if less else self.bound
        return again or less

    def _halve(self, halves: Halves) -> bool:
        """Go on with halved cells; whether there are some, and not too many."""
        if halves[0].places == self.cells.mesh.places or not fits(self.scheme, halves[0]):
            self.full |= self.cells.mesh.dims > 2
            return False
        self.cells, origin = halved(self.cells, halves)
        self.parent = self.parent[origin]
        return True
