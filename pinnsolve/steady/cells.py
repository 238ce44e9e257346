"""A steady problem over cells of a plane: its fields, what they leave of the equations, and the factorised equations.

It is the one step of a march in which nothing evolves (`cells.implicit_step`), with rows of its own
(`cells.steady_rows`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.cells.curves import Curve, across, curves_of
from pinnsolve.cells.elimination_order import joined_at
from pinnsolve.cells.faces import gaps
from pinnsolve.cells.fluxed_faces import FluxedFaces
from pinnsolve.cells.given_across import given_by
from pinnsolve.cells.implicit_step import Scheme, Start, Step, sites_of, stretched
from pinnsolve.cells.joined_chain import JoinedChain
from pinnsolve.cells.joined_faces import JoinedFaces
from pinnsolve.cells.sites import Site
from pinnsolve.cells.spreading import left_by_cells
from pinnsolve.cells.stage_operator import Operator
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.machine.memory import give_back
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.machine.world import ALONE, World
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.pointwise import Answers
from pinnsolve.trial.evolution import Evolution

# of the equations (E, n P), of the conditions of each site (m, c P), and of relations across curves (m, c Q)
Left = tuple[Tensor, list[Tensor], list[Tensor]]


def scheme_of(
    problem: Evolution, degree: int, device: torch.device, world: World = ALONE, room: Room = UNLIMITED,
    activation: str = "legendre",
) -> Scheme:  # fmt: skip
    """With features of this degree; rows are weighed cell by cell, so that equations need no weights."""
    weights = torch.ones(len(problem.equations), dtype=torch.float64, device=device)
    return Scheme(problem, degree, 1, device, weights, world=world, room=room, activation=activation)


@dataclass
class SteadyCells:
    """Fields over cells.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    coefficients : tensor (n, F, M)
    sites : list of Site
        Where conditions hold.
    curves : list of Curve
        Where relations do.
    added : mapping from (equation, unknown, multi-index) to float
        So many times that derivative is added to an equation which holds it, on the way to a solution of it.
    """

    scheme: Scheme
    mesh: Tiles
    coefficients: Tensor
    sites: list[Site] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    added: Mapping[tuple[int, int, Alpha], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sites = self.sites or sites_of(self.scheme, self.mesh)
        self.curves = self.curves or curves_of(self.scheme, self.mesh)

    def closed(self) -> SteadyCells:
        """As it is: corrections close the gaps."""
        return self

    def with_coefficients(self, c: Tensor) -> SteadyCells:
        return replace(self, coefficients=c)

    @property
    def step(self) -> Step:
        start = Start(self.coefficients, self.coefficients)  # of which nothing is derived
        return Step(self.scheme, self.mesh, 0.0, 1.0, start, self.coefficients[None])

    def inside(self, points: int, slopes: bool) -> Answers:
        """The equations at Gauss points of all cells, (E, n P)."""
        found = self.step.inside(points, slopes)
        if not self.added:
            return found
        residuals, more = found.residuals.clone(), dict(found.slopes)
        for (i, f, alpha), much in self.added.items():
            residuals[i] += much * found.values[f, alpha]
            if slopes:
                more[i, f, alpha] = more[i, f, alpha] + much
        return Answers(residuals, more, found.values)

    def left(self) -> Left:
        step = self.step
        inside = self.inside(self.scheme.points, slopes=False).residuals
        at_sites = [step.at_site(site, slopes=False).residuals for site in self.sites]
        return inside, at_sites, self.across()

    def across(self) -> list[Tensor]:
        """The relations at all curves."""
        return [across(self.step, curve, slopes=False).residuals for curve in self.curves]


@dataclass
class SteadyOperator:
    """The factorised equations of cells, linearised at what they are.

    Parameters
    ----------
    cells : SteadyCells
    """

    cells: SteadyCells
    inside: Answers = field(init=False)
    operator: Operator = field(init=False)

    def __post_init__(self) -> None:
        c, step = self.cells, self.cells.step
        self.inside = c.inside(c.scheme.points, slopes=True)
        walls = [(site, step.at_site(site, slopes=True)) for site in c.sites]
        curves = [(curve, across(step, curve, slopes=True)) for curve in c.curves]
        at_sites, at_curves = [told.residuals for _, told in walls], [told.residuals for _, told in curves]
        self.now: Left = self.inside.residuals, at_sites, at_curves
        if c.mesh.dims > 2:
            give_back()
        self.operator = Operator.of(step, self.inside, walls, curves=curves)

    def correction(self, cells: SteadyCells, left: Left) -> Tensor:
        """The change of the coefficients (n, F, M) by which least squares leave least."""
        times = cells.coefficients.new_zeros(1)
        inside, at_sites, at_curves = left
        return self.operator.correction(inside, at_sites, cells.coefficients[None], times, at_curves)[0]

    def sensitivities(self, constants: Mapping[str, float]) -> Tensor:
        """How the solution answers to constants that stand at these values, (K, n, F, M): r'(u) s + dr/dc = 0, by least
        squares as the solution itself."""
        c, step, names = self.cells, self.cells.step, list(constants)

        def left(found: Answers, cells: int) -> Tensor:  # (E, 1, K, cells, P)
            return found.by_constants(names).unflatten(2, (cells, -1))[:, None]

        inside = left(step.inside(c.scheme.points, False, constants), len(c.mesh))
        walls = [left(step.at_site(site, False, constants), len(site.cells)) for site in c.sites]
        begun = c.coefficients.new_zeros(1, len(names), *c.coefficients.shape)
        return self.operator.corrections(inside, walls, begun, self._given_by(constants))[0]

    def _given_by(self, constants: Mapping[str, float]) -> Tensor | None:
        """What is given across lines and curves for sensitivities, (1, N, K)."""
        c, step = self.cells, self.cells.step
        if isinstance(self.faces, FluxedFaces):
            return None
        lines, names = given_by(step, c.coefficients[None], constants), list(constants)
        curves = [across(step, curve, False, constants).by_constants(names) for curve in c.curves]
        nothing = c.coefficients.new_zeros(1, *c.coefficients.shape, len(names))
        return self.faces.counted(lines, curves, nothing)

    @property
    def faces(self) -> JoinedFaces | FluxedFaces:
        assert not isinstance(self.operator.cells, JoinedChain)
        return self.operator.cells


def defects(solved: SteadyCells, faces: JoinedFaces | FluxedFaces, sizes: Tensor) -> Tensor:
    """What each cell leaves, (n,): as a change of the unknowns by their sizes (F,) (dimensionless). Over space it is
    the last that faces are asked for.

    Of the equations between their points, of joins, and of conditions between their points: the root of the sum of
    squares. Of an equation the residual over sum |slope| size (2/h)^k, what a change of such a size within a cell would
    make of it; the largest over the equations.
    """
    s, mesh, step = solved.scheme, solved.mesh, solved.step
    if isinstance(faces, FluxedFaces):
        return _by_energy(solved, faces, sizes)
    if mesh.dims > 2:  # what only corrections need is as large as all that is looked at here
        faces.stages = []
        for site in faces.sites:
            site.tables.clear()
        give_back()
    e, n, points = s.evolution, len(mesh), s.degree + 3
    found, w = solved.inside(points, slopes=True), spread(mesh, s.cell, points).weights
    scale = sizes / torch.tensor(e.sizes, dtype=torch.float64, device=mesh.device)
    units = faces.units * scale
    made = torch.zeros_like(found.residuals)
    for (i, f, alpha), slope in found.slopes.items():
        unit = units[:, f] * stretched(mesh.widths, e.derivative(alpha)[0])
        made[i] += slope.abs() * unit.repeat_interleave(points**e.dims)
    left, whole = ((v.reshape(-1, n, w.shape[1]).square() * w).sum(-1) for v in (found.residuals, made))
    square = (left / whole.clamp(min=1e-300)).amax(0)
    at_sides = _jumps(faces, solved.coefficients[None], scale, solved.across())[0]
    for site, norms in zip(sites_of(replace(s, degree=s.degree + 2), mesh), faces.norms, strict=True):
        told = step.at_site(site, slopes=False).residuals
        site.tables.clear()  # over space each takes tens of megabytes
        missed = site.mean(told.reshape(len(told), len(site.cells), -1).square())  # (m, c)
        at_sides.index_add_(0, site.cells, (missed / norms[0].T.square()).sum(0) / float(scale.min()) ** 2)
    at_sides += _beside_points(solved, faces) / float(scale.min()) ** 2
    counts, raised = _counting(solved, faces, sizes)
    off = (square + at_sides / raised.square()).sqrt() * counts
    return torch.where(off.isfinite(), off, torch.full_like(off, math.inf))


def _by_energy(solved: SteadyCells, faces: FluxedFaces, sizes: Tensor) -> Tensor:
    """The same where fluxes join cells (`cells.spreading`)."""
    s, mesh, points = solved.scheme, solved.mesh, solved.scheme.degree + 3
    found, shape = solved.inside(points, slopes=True), (len(mesh), points**2)
    slopes = {key: slope.view(shape) for key, slope in found.slopes.items()}
    at_walls = faces.missed([solved.step.at_site(site, slopes=False).residuals for site in solved.sites])
    inside = found.residuals.view(-1, *shape), slopes, points
    shared = faces.faces.order.size, faces.own.shares.ranks
    off = left_by_cells(s, mesh, solved.coefficients, inside, faces.outflows, at_walls, sizes, *shared)
    return torch.where(off.isfinite(), off, torch.full_like(off, math.inf))


def _counting(solved: SteadyCells, faces: JoinedFaces, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """How much more than elsewhere it counts what a cell leaves, (n,), and how much more its rows do: where unknowns
    hardly vary in a part that conducts well, a small part of their size is a large part of the flux."""
    c, mesh = solved.coefficients, solved.mesh
    if faces.raised is None:
        return torch.ones_like(c[:, 0, 0]), torch.ones_like(c[:, 0, 0])
    raised, part = faces.raised.amax(1), mesh.parts.to(c.device)
    closer = (mesh.lengths / mesh.widths).amax(-1)
    within = (c[..., 1:].square().sum(-1) / sizes.square()).amax(1) * closer.square()
    sums = c.new_zeros(2, int(part.max()) + 1).index_add_(1, part, torch.stack([within * mesh.shares, mesh.shares]))
    slopes = (sums[0] / sums[1].clamp(min=1e-300)).sqrt()
    counts = (slopes.max() / slopes.clamp(min=1e-300))[part]
    return torch.minimum(counts.clamp(min=1.0), raised), raised


def _beside_points(solved: SteadyCells, faces: JoinedFaces) -> Tensor:
    """The squares (n,) of what relations across curves leave between the points at which they join."""
    s, mesh = solved.scheme, solved.mesh
    square = solved.coefficients.new_zeros(len(mesh))
    if faces.curved is None:
        return square
    for curve in curves_of(s, mesh, joined_at(s) + 2):
        told = across(solved.step, curve, slopes=False).residuals.view(-1, *curve.shape)
        mean = (told.square() @ curve.weights).T / faces.curved.sizes_of(curve.runs).square()  # (c, m)
        for cells in curve.cells:
            square.index_add_(0, cells, mean.sum(1))
    return square


def _jumps(faces: JoinedFaces, known: Tensor, scale: Tensor, at_curves: Sequence[Tensor]) -> Tensor:
    """The squares (1, n) of what coefficients (1, n, F, M) jump by at each cell's sides, as these are joined, the
    unknowns in so many of their own units, (F,)."""
    given, found = faces.given(known.new_zeros(1), known, at_curves), known.new_zeros(known.shape[:2])
    told = None if given is None else faces.scaled(given)
    held, own = (known.flatten(2) / faces.columns[:, None])[..., None], faces.own
    for group, gap in zip(faces.groups, gaps(faces.faces, faces.groups, held, told, own.beside), strict=True):
        units = scale[faces.faces.kinds[group.unknowns, 0]][..., None]
        found[:, group.cells] = 4 * (gap / units).square().sum((-1, -2))
    return own.shares.ranks.sum(found)
