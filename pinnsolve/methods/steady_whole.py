"""A steady problem in a plane: Newton's method over all cells, and halving where equations are not met between points.

Cells are halved along the coordinates along which their features do not suffice. Corners at which prescribed values
jump have graded cells from the start: there what a cell leaves is the same at every size, and counts by its length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.algebra.operations import Work
from pinnsolve.algebra.tolerances import SAME
from pinnsolve.geometry.places import Corner
from pinnsolve.methods.costs import JOINED
from pinnsolve.methods.implicit_step import Scheme
from pinnsolve.methods.joined_faces import JoinedFaces
from pinnsolve.methods.joined_newton import JoinedNewton
from pinnsolve.methods.march_record import variation
from pinnsolve.methods.stage_operator import operations, that_fit
from pinnsolve.methods.steady_cells import SteadyCells, SteadyOperator, defects
from pinnsolve.networks.moved import refined
from pinnsolve.networks.tails import steep
from pinnsolve.networks.tiles import Tiles, halvings


@dataclass(frozen=True)
class Rules:
    """How cells are halved. Chosen on a dozen problems with layers, waves and corners, not varied one by one.

    Parameters
    ----------
    cells : int
        Along each coordinate, to begin with.
    mark : float
        Of the largest defect: cells below it are not halved yet. Smaller: least squares spread what a corner leaves
        over its neighbours, and these are halved for nothing. Larger: more rounds.
    newton : float
        Of the bound, or of the last round's defects: the correction that may be left.
    loose : float
        The bound of defects in the first round.
    narrow : float
        Of the lengths: in smaller cells a larger defect is let pass, as the root of their width, and beside a corner
        whose values jump as their width. Larger: what such a corner leaves is felt far away. Smaller: more cells.
    shallow : float
        Of the lengths: no cell is halved below it.
    rounding : float
        A defect below it that a halving has not lowered is rounding.
    gains : float
        What a halving leaves at most, where it lowers a defect.
    floor : float
        Of an unknown's size as data tell it: it counts as no smaller.
    tries : int
        Halvings of all cells, where Newton's method does not settle.
    """

    cells: int = 2
    mark: float = 0.2
    newton: float = 1e-2
    loose: float = 1e-1
    narrow: float = 0.1
    shallow: float = 2.0**-24
    rounding: float = 1e-9
    gains: float = 0.5
    floor: float = 1e-3
    tries: int = 3


RULES = Rules()


@dataclass
class SteadyWhole:
    """The solution over all of the plane.

    Parameters
    ----------
    scheme : Scheme
    corners : sequence of Corner
        Where prescribed values jump.
    bound : float
        Of what a cell leaves (`defects`).
    limit : float
        Operations: no round is begun that would go beyond.
    work : Work
        Where operations are counted.

    Attributes
    ----------
    best : SteadyCells, optional
        The last that were solved, whether or not they meet the bound.
    sharp : bool
        Whether the worst of them is one of the smallest: a corner that is never resolved.
    """

    scheme: Scheme
    corners: tuple[Corner, ...]
    bound: float
    limit: float = math.inf
    work: Work = field(default_factory=Work)
    best: SteadyCells | None = None
    sharp: bool = False

    def solve(self, start: SteadyCells | None = None) -> SteadyCells | None:
        """Cells that meet the bound; nothing where none were found."""
        cells = start or self._begun()
        most, off, tries = that_fit(self.scheme), math.inf, 0
        parent = torch.full((len(cells.mesh),), math.inf, dtype=torch.float64, device=self.scheme.device)
        begun = self.work.operations
        while self.work.operations - begun + self._ahead(cells) < self.limit:
            left = RULES.newton * max(self.bound, min(off, RULES.loose))
            newton = JoinedNewton(SteadyOperator, sizes_like(cells), left)
            solved = newton.solve(cells)
            self.work.add(newton.effort.factorisations * self._ahead(cells))
            if solved is None:
                tries += 1
                if tries > RULES.tries or 4 * len(cells.mesh) > most:
                    return None
                everywhere = torch.ones_like(cells.mesh.widths, dtype=torch.bool)
                cells, parent = self._halved(cells, everywhere, parent)
                continue
            self.best = solved
            assert isinstance(newton.operator, SteadyOperator)
            cells, found = self._measured(solved, newton.operator.faces)
            off = float(found.max())
            self.sharp = self._is_sharp(cells.mesh, found)
            rounding = (found > RULES.gains * parent) & (found < RULES.rounding)
            bad = (found > self.bound) & (found > RULES.mark * off) & ~rounding
            wanted = steep(cells.coefficients / sizes_like(cells)[:, None], self.scheme.cell) & bad[:, None]
            wanted &= cells.mesh.widths > RULES.shallow * cells.mesh.lengths
            if not bool(wanted.any()):
                if not bool((found < max(self.bound, RULES.rounding)).all()):
                    return None
                if newton.last <= RULES.newton * self.bound:
                    return solved
                continue
            parent = torch.where(bad, found, parent)
            cells, parent = self._halved(cells, wanted, parent)
            if len(cells.mesh) > most:
                return None
        return None

    def _ahead(self, cells: SteadyCells) -> float:
        """Operations of one factorisation."""
        return JOINED.call + operations(cells.scheme, cells.mesh)[0]

    def _begun(self) -> SteadyCells:
        s, e = self.scheme, self.scheme.evolution
        mesh = Tiles.begun(e.extent, RULES.cells, e.joints, s.device)
        names = e.problem.coordinates
        for corner in self.corners:
            place = torch.tensor([corner.fixed[c] for c in names], dtype=torch.float64, device=s.device)
            while True:
                beside = self._beside(mesh, place)
                wanted = beside[:, None] & (mesh.widths > RULES.narrow * self.bound * mesh.lengths)
                if not bool(wanted.any()):
                    break
                mesh, _ = halvings(mesh, wanted, e.rings)
        empty = torch.zeros(len(mesh), s.fields, s.cell.count, dtype=torch.float64, device=s.device)
        return SteadyCells(s, mesh, empty)

    def _beside(self, mesh: Tiles, place: Tensor) -> Tensor:
        """Which cells have a corner there, (n,)."""
        near = SAME * mesh.widths
        return ((mesh.lows - near <= place) & (place <= mesh.lows + mesh.widths + near)).all(-1)

    def _measured(self, solved: SteadyCells, faces: JoinedFaces) -> tuple[SteadyCells, Tensor]:
        """The same with sizes as the solution shows them, and what each cell leaves, (n,), as far as it is felt."""
        mesh, sized = solved.mesh, rescaled(solved, self.scheme)
        found = defects(solved, faces, sizes_like(sized))
        part = (mesh.widths / mesh.lengths).amax(-1) / RULES.narrow
        felt = part.clamp(max=1.0).sqrt()
        for corner in self.corners:
            place = mesh.lows.new_tensor([corner.fixed[c] for c in self.scheme.evolution.problem.coordinates])
            felt = torch.where(self._beside(mesh, place), part.clamp(max=1.0), felt)
        return sized, found * felt

    def _is_sharp(self, mesh: Tiles, found: Tensor) -> bool:
        sizes = mesh.shares
        return bool(sizes[found.argmax()] <= sizes.min() * (1 + SAME)) and bool(sizes.min() < 0.1 * sizes.max())

    def _halved(self, cells: SteadyCells, wanted: Tensor, parent: Tensor) -> tuple[SteadyCells, Tensor]:
        mesh, how = halvings(cells.mesh, wanted, cells.scheme.evolution.rings)
        for axes in how:
            parent = parent.repeat_interleave(parent.new_tensor([1 + (a >= 0) for a in axes]).to(torch.int64))
        return SteadyCells(cells.scheme, mesh, refined(cells.coefficients, how, cells.scheme.cell)), parent


def sizes_like(cells: SteadyCells) -> Tensor:
    """In what the unknowns of cells are counted, (F,)."""
    return cells.coefficients.new_tensor(cells.scheme.evolution.sizes)


def rescaled(solved: SteadyCells, told: Scheme) -> SteadyCells:
    """Cells with the unknowns' sizes as they show them, no less than a part of what data tell."""
    floors = RULES.floor * solved.coefficients.new_tensor(told.evolution.sizes)
    sizes = torch.maximum(variation(solved.coefficients, solved.mesh), floors)
    evolution = replace(told.evolution, sizes=tuple(sizes.tolist()))
    return replace(solved, scheme=replace(solved.scheme, evolution=evolution))
