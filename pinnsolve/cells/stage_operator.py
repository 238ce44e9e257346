"""The factorised equations of one implicit step over cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.cells.curves import Curve
from pinnsolve.cells.elimination_order import order_in
from pinnsolve.cells.fluxed_faces import FluxedFaces
from pinnsolve.cells.implicit_step import Scheme, Step, stretched
from pinnsolve.cells.joined_chain import JoinedChain
from pinnsolve.cells.joined_faces import JoinedFaces
from pinnsolve.cells.own_cells import seen_by
from pinnsolve.cells.plane_memory import planes_that_fit
from pinnsolve.cells.raised import masses
from pinnsolve.cells.rows import Slopes, averaged, in_time
from pinnsolve.cells.side_slopes import SideSlopes, side_slopes, unchanged
from pinnsolve.cells.sites import Site
from pinnsolve.cells.spreading import row_weights
from pinnsolve.cells.stage_costs import alike, operations
from pinnsolve.cells.steady_rows import balanced
from pinnsolve.geometry.once import once
from pinnsolve.networks.spread import weights_of
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.costs import JOINED
from pinnsolve.residuals.pointwise import Answers

# times an equation without derivatives along time; smaller: where cells leave much of the others, long steps end
# beside what it allows, and the next one, however short, jumps back
CONSTRAINT = 10.0


@dataclass(frozen=True)
class Known:
    """What equations say on the sides of cells that fluxes join, where they have such slopes inside."""

    mesh: Tiles
    slopes: Slopes
    beside: SideSlopes


@dataclass
class Operator:
    """The factorised equations of one step.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    length : float
        Of the step.
    slopes : Slopes
    sites : list of (Site, Slopes)
        Where conditions hold.
    brief, sure : bool
        Whether in a plane what joins cells is kept with half of the digits, and it is known that these do.
    uses : float
        How often it is expected to be solved: few solutions make one factorisation for all stages worth it.
    beside : SideSlopes, optional
        What the equations say on the sides of cells, where these are joined by fluxes.
    """

    scheme: Scheme
    mesh: Tiles
    length: float
    slopes: Slopes
    sites: list[tuple[Site, Slopes]]
    brief: bool = False
    curves: Sequence[tuple[Curve, Slopes]] = ()
    uses: float = math.inf
    beside: SideSlopes | None = None
    sure: bool = False
    row_weights: Tensor = field(init=False)
    cells: JoinedChain | JoinedFaces | FluxedFaces = field(init=False)

    def __post_init__(self) -> None:
        given = self.scheme, self.mesh, self.length, self.slopes, self.sites
        if self.scheme.evolution.time is None and self.beside is not None:
            self.row_weights = row_weights(self.scheme, self.mesh, self.slopes)
            self.cells = FluxedFaces(*given, self.row_weights, self.beside)
            return
        if self.scheme.evolution.time is None:
            self.row_weights, joining = balanced(self.scheme, self.mesh, self.slopes, self.curves)
            # Newton's method looks again at what cells leave, so that half of the digits suffice
            self.cells = JoinedFaces(*given, self.row_weights, joining, brief=self.mesh.dims > 2, curves=self.curves)
            return
        self.row_weights = self._weights()
        if self.mesh.dims == 1:
            self.cells = JoinedChain(*given, self.row_weights)
        elif self.beside is not None:
            self.cells = FluxedFaces(*given, self.row_weights, self.beside, self.uses)
        else:
            self.cells = JoinedFaces(*given, self.row_weights, None, self.brief, self.curves, self.uses, self.sure)

    @classmethod
    def of(
        cls, step: Step, inside: Answers, sites: Sequence[tuple[Site, Answers]], brief: bool = False,
        curves: Sequence[tuple[Curve, Answers]] = (), uses: float = math.inf, known: Known | None = None,
        sure: bool = False,
    ) -> Operator:  # fmt: skip
        """That of a step, from its answers inside, where conditions stand and at curves, with slopes; with what another
        knew of sides on the same mesh."""
        across = [(curve, averaged(found, step.scheme.stages, curve.shape)) for curve, found in curves]
        seen, places = seen_by(step.scheme, step.mesh), [site for site, _ in sites]
        slopes, walls = averages(step, inside, sites)
        beside = None
        if step.scheme.evolution.fluxed:
            kept = known is not None and known.mesh is step.mesh and unchanged(step.scheme, known.slopes, slopes)
            beside = known.beside if known is not None and kept else side_slopes(step, places, seen.cells)
        return cls(step.scheme, step.mesh, step.length, slopes, walls, brief, across, uses, beside, sure)

    @property
    def known(self) -> Known | None:
        """What it knows of sides."""
        return None if self.beside is None else Known(self.mesh, self.slopes, self.beside)

    @property
    def error(self) -> float:
        """Of what joins cells, relative, where it is kept with half of the digits."""
        return 0.0 if isinstance(self.cells, JoinedChain) else self.cells.error

    @property
    def iterated(self) -> bool:
        """Whether solutions are looked at again: half of the digits are kept, or stages share factors."""
        return self.brief or (isinstance(self.cells, FluxedFaces) and self.cells.shared is not None)

    @property
    def operations(self) -> tuple[float, float]:
        """Of this factorisation, and of one solution."""
        if isinstance(self.cells, JoinedChain):
            return operations(self.scheme, self.mesh)
        return operations(self.scheme, self.mesh, self.cells.own.unlike, self.uses)

    @cached_property
    def _here(self) -> tuple[Tensor | None, Tensor]:
        """The cells whose right sides this rank makes, where fluxes join them, and the weights of their rows; all cells
        are not named."""
        if not isinstance(self.cells, FluxedFaces) or len(self.cells.own.cells) == len(self.mesh):
            return None, self.row_weights
        return self.cells.own.cells, self.row_weights[:, self.cells.own.cells]

    def _weights(self) -> Tensor:
        """What the rows are multiplied by, (S, n, E, P): the integral's own, and the step over the size of what an
        equation derives along time."""
        s = self.scheme
        assert s.weights is not None
        integral = once(self.mesh if self.mesh.dims == 1 else None, ("integral", s.points), self._integral)
        order = in_time(s.evolution, self.slopes)
        sizes = s.radau.values.abs()
        ratio = self.length / (torch.full_like(sizes, float(s.radau.middle)) if alike(s) else sizes)
        steps = torch.stack([ratio**k for k in order], 1) / s.weights  # (S, E)
        masses = self._masses(order)
        if self.mesh.dims > 1:
            evolves = torch.tensor(order, device=integral.device)[:, None] > 0
            masses = torch.where(evolves, masses, CONSTRAINT * self._terms())
        return steps[:, None, :, None] * (integral[:, None, :] * masses)

    def _integral(self) -> Tensor:
        """The integral's own weights, (n, P): along a line joins hold exactly; in a plane all that a cell says is
        weighed by its share once it is condensed."""
        w, shares = weights_of(self.mesh, self.scheme.cell, self.scheme.points), self.mesh.shares
        return (w * (shares / shares.max() if self.mesh.dims == 1 else torch.ones_like(shares))[:, None]).sqrt()

    def _masses(self, order: Sequence[int]) -> Tensor:
        """1/sqrt(m), m the slope along the highest derivative in time over its mean, (n, E, P).

        So the march is measured in the energy int m u^2, where a coefficient that jumps does no harm. Where m is below
        a hundredth of its mean in a part of space it counts as that: otherwise such a place would outweigh all others.
        """
        n, e = len(self.mesh), self.scheme.evolution
        squares = torch.zeros(n, len(order), self.scheme.in_cell, dtype=torch.float64, device=self.mesh.device)
        for (i, _, alpha), slope in self.slopes.items():
            if order[i] and e.derivative(alpha)[1] == order[i]:
                squares[:, i] += slope.square()
        each = squares.mean(-1) * self.mesh.shares[:, None]
        mean = seen_by(self.scheme, self.mesh).over_cells(each).sqrt()[:, None]
        least = 0.01 * (
            masses(self.scheme, self.mesh, self.slopes) if e.relations else torch.ones_like(squares[..., 0])
        )
        found = torch.maximum(squares.sqrt() / mean, least[..., None]).rsqrt()
        return torch.where(mean > 0, found, torch.ones_like(squares))

    def _terms(self) -> Tensor:
        """The size of an equation's terms over all the domain beside that within a cell, (n, E, P): an equation without
        derivatives along time, such as continuity, weighs in each cell as its unknowns do."""
        s, e = self.scheme, self.scheme.evolution
        assert s.weights is not None
        squares = torch.zeros(len(self.mesh), len(e.equations), s.in_cell, dtype=torch.float64, device=s.device)
        for (i, f, alpha), slope in self.slopes.items():
            k = e.derivative(alpha)[0]
            squares[:, i] += (slope * e.sizes[f] * stretched(self.mesh.widths, k)[:, None]).square()
        return torch.where(squares > 0, s.weights[:, None] / squares.sqrt(), torch.ones_like(squares))

    def correction(
        self, residuals: Tensor, at_sites: Sequence[Tensor], stages: Tensor, times: Tensor | None = None,
        at_curves: Sequence[Tensor] = (),
    ) -> Tensor:  # fmt: skip
        """The change of the stages (q, n, F, M) by which residuals (E, q n P), in all cells or this rank's, and those
        of sites (m, q c P) vanish, and gaps to what is given across lines at times (q,), and those of relations across
        curves (m, q c Q)."""
        given = None
        if times is not None and isinstance(self.cells, JoinedFaces):
            given = self.cells.given(times, stages, at_curves)

        s = self.scheme
        inside = residuals.reshape(len(residuals), s.stages, 1, -1, s.in_cell)
        walls = [
            r.reshape(len(r), s.stages, 1, len(site.cells), -1)
            for (site, _), r in zip(self.sites, at_sites, strict=True)
        ]
        return self.corrections(inside, walls, stages[:, None], given)[:, 0]

    def corrections(
        self, residuals: Tensor, at_sites: Sequence[Tensor], stages: Tensor, given: Tensor | None = None
    ) -> Tensor:
        """The changes of K fields' stages (q, K, n, F, M) by which residuals (E, q, K, n, P) and those of sites
        (m, q, K, c, P) vanish, and gaps to what is given at joints (q, N, K), in one solution."""
        radau = self.scheme.radau
        into = radau.into

        def turned(found: Tensor) -> Tensor:
            e, q, *shape = found.shape
            by_stage = found.transpose(0, 1).reshape(q, -1).to(into.dtype)
            return (-into @ by_stage).view(-1, e, *shape).permute(0, 3, 1, 4, 2)  # (S, n, E, P, K)

        mine, weights = self._here
        if mine is not None and residuals.shape[3] == len(self.mesh):
            residuals = residuals[:, :, :, mine]
        b = (turned(residuals) * weights[..., None]).flatten(2, 3)
        if isinstance(self.cells, JoinedChain):  # what is known is joined
            nothing = not any(bool(r.any()) for r in at_sites)
            numbers = self.cells.numbers(b, None if nothing else [turned(r) for r in at_sites])
            real = (radau.back @ numbers.flatten(1)).real.view(-1, *numbers.shape[1:])  # (q, n, own + 2 D, K)
            return self.cells.traces.coefficients(real.movedim(-1, 1))
        told = [turned(r) for r in at_sites]
        known = torch.tensordot(into, stages.to(into.dtype), 1).movedim(1, -1)
        if isinstance(self.cells, JoinedFaces) and given is not None:
            found = self.cells.solve(b, told, known, torch.tensordot(into, given.to(into.dtype), 1))
        else:
            found = self.cells.solve(b, told, known)
        return torch.tensordot(radau.back, found, 1).real.movedim(-1, 1)


def averages(
    step: Step, inside: Answers, sites: Sequence[tuple[Site, Answers]]
) -> tuple[Slopes, list[tuple[Site, Slopes]]]:
    """The slopes of a step's answers, averaged over its stages; with zeros where others evaluate equations."""
    s, n = step.scheme, len(step.mesh)
    walls = [(site, averaged(found, s.stages, (len(site.cells), site.count))) for site, found in sites]
    if inside.residuals[0].numel() == s.stages * n * s.in_cell:  # of all cells
        return averaged(inside, s.stages, (n, s.in_cell)), walls
    seen = seen_by(s, step.mesh)
    mine = averaged(inside, s.stages, (-1, s.in_cell))
    return {key: seen.among(slope, n) for key, slope in mine.items()}, walls


def iteration(scheme: Scheme, mesh: Tiles) -> float:
    """Operations of one factorisation of a steady problem, with what lies around it."""
    at_rim = 0 if mesh.region is None else sum(len(clip.arcs) > 0 for clip in mesh.clips)
    return JOINED.call + JOINED.rim * at_rim + operations(scheme, mesh)[0]


def that_fit(scheme: Scheme, memory: float = 6e8, at_most: int | None = None, same: bool = False) -> int:
    """How many cells fit in so many bytes, or in those that the scheme has room for: in a plane their rows, their
    inverses and what joins them are counted; over space the inverses, of which half are alike where slopes are the
    `same` everywhere, and what joins them with two degrees and stages more, which tell the error. Without a budget of
    memory no more than `at_most`, which take long enough."""
    e, room = scheme.evolution, scheme.room.cells
    if room is None and at_most is not None:
        return min(at_most, that_fit(scheme, memory, same=same))
    memory = memory if room is None else room
    if room is not None and e.dims == 2:
        return planes_that_fit(scheme, room)
    if e.dims < 3:
        m, r = scheme.fields * scheme.cell.count, len(e.equations) * scheme.in_cell
        return int(memory / (16 * len(scheme.radau.values) * m * (r + 2 * m)))
    again = replace(scheme, degree=scheme.degree + 2, stages=scheme.stages + 2)
    on_face = sum(again.cell.on_side(k + again.loose) for mine in e.joins for k in range(max(mine)))
    inverses, joins = (again.fields * again.cell.count) ** 2, 2 * (e.dims * on_face) ** 2  # twice as many, in brief
    kept = (0.5 if same else 1.0) * inverses + joins
    return int(memory / (8 * again.stages * kept))


def held(scheme: Scheme, mesh: Tiles, degree: int) -> float:
    """Bytes of a steady problem's equations on a mesh, with features of that degree: the inverse of each cell, what
    joins them with half of the digits, some of its largest fronts, and of cells that a rim cuts their own features,
    traces, and values and slopes at the rim."""
    again, order, fronts = replace(scheme, degree=degree), order_in(scheme, mesh), 2.5
    more = again.cell.on_side(again.loose) / scheme.cell.on_side(scheme.loose)
    inverses = len(mesh) * (scheme.fields * again.cell.count) ** 2
    traces, at_rim = more * 2 * order.size / len(mesh), (1 + mesh.dims) * (degree + 1) ** (mesh.dims - 1)
    own = len(mesh.cut) * again.cell.count * (again.cell.count + scheme.fields * traces + at_rim)
    return 8.0 * (inverses + own) + more**2 * (4 * order.kept + 8 * fronts * order.largest)
