"""A steady problem over cells of a plane: its fields, what they leave of the equations, and the factorised equations.

It is the one step of a march in which nothing evolves (`methods.implicit_step`), with rows of its own
(`methods.steady_rows`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.jets.multi_index import Alpha
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.machine.world import ALONE, World
from pinnsolve.methods.implicit_step import Scheme, Start, Step, sites_of, stretched
from pinnsolve.methods.joined_faces import JoinedFaces
from pinnsolve.methods.sites import Site
from pinnsolve.methods.stage_operator import Operator
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.pointwise import Answers
from pinnsolve.trial.evolution import Evolution

Left = tuple[Tensor, list[Tensor]]  # of the equations (E, n P), and of the conditions of each site (m, c P)


def scheme_of(
    problem: Evolution, degree: int, device: torch.device, world: World = ALONE, room: Room = UNLIMITED
) -> Scheme:  # fmt: skip
    """With features of this degree; rows are weighed cell by cell, so that equations need no weights."""
    weights = torch.ones(len(problem.equations), dtype=torch.float64, device=device)
    return Scheme(problem, degree, 1, device, weights, world=world, room=room)


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
    added : mapping from (equation, unknown, multi-index) to float
        So many times that derivative is added to an equation which holds it, on the way to a solution of it.
    """

    scheme: Scheme
    mesh: Tiles
    coefficients: Tensor
    sites: list[Site] = field(default_factory=list)
    added: Mapping[tuple[int, int, Alpha], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sites = self.sites or sites_of(self.scheme, self.mesh)

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
        return inside, [step.at_site(site, slopes=False).residuals for site in self.sites]


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
        self.now: Left = self.inside.residuals, [told.residuals for _, told in walls]
        self.operator = Operator.of(step, self.inside, walls)

    def correction(self, cells: SteadyCells, left: Left) -> Tensor:
        """The change of the coefficients (n, F, M) by which least squares leave least."""
        times = cells.coefficients.new_zeros(1)
        return self.operator.correction(*left, cells.coefficients[None], times)[0]

    def sensitivities(self, constants: Mapping[str, float]) -> Tensor:
        """How the solution answers to constants that stand at these values, (K, n, F, M): r'(u) s + dr/dc = 0, by least
        squares as the solution itself."""
        c, step = self.cells, self.cells.step
        n, names = len(c.mesh), list(constants)

        def source(found: Answers, cells: int) -> Tensor:  # (E, cells, P, K)
            nothing = torch.zeros_like(found.residuals)
            each = [torch.stack([found.by.get((e, name), row) for e, row in enumerate(nothing)]) for name in names]
            return -torch.stack(each, -1).unflatten(1, (cells, -1))

        inside = source(step.inside(c.scheme.points, False, constants), n).transpose(0, 1)
        b = (inside * self.operator.row_weights[0, ..., None]).flatten(1, 2)
        walls = [
            source(step.at_site(site, False, constants), len(site.cells)).transpose(0, 1)[None] for site in c.sites
        ]
        return self.faces.solve(b[None], walls)[0].real.movedim(-1, 0)

    @property
    def faces(self) -> JoinedFaces:
        assert isinstance(self.operator.cells, JoinedFaces)
        return self.operator.cells


def defects(solved: SteadyCells, faces: JoinedFaces, sizes: Tensor) -> Tensor:
    """What each cell leaves, (n,): as a change of the unknowns by their sizes (F,) (dimensionless).

    Of the equations between their points, of joins, and of conditions between their points: the root of the sum of
    squares. Of an equation the residual over sum |slope| size (2/h)^k, what a change of such a size within a cell would
    make of it; the largest over the equations.
    """
    s, mesh, step = solved.scheme, solved.mesh, solved.step
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
    square = square + faces.jumps(solved.coefficients[None], scale)[0]
    for site, norms in zip(sites_of(replace(s, degree=s.degree + 2), mesh), faces.norms, strict=True):
        told = step.at_site(site, slopes=False).residuals
        missed = site.mean(told.reshape(len(told), len(site.cells), -1).square())  # (m, c)
        square.index_add_(0, site.cells, (missed / norms[0].T.square()).sum(0) / float(scale.min()) ** 2)
    off = square.sqrt()
    return torch.where(off.isfinite(), off, torch.full_like(off, math.inf))
