"""Cells of a plane that are joined by fluxes: the values on their sides are unknowns, and what flows out of one cell
flows into the other (a hybridised interior penalty).

With m d_t^k u + N u = 0, where nothing evolves m = 0, a and w the diffusion across a side and the wind there, all v of
a cell and all g on sides,

    (v, m lambda^k u + N u) - <a v_n, u - g> + <(t + |w| - w) v, u - g> = 0      in each cell,
    sum over both cells of  <g', a u_n - (t + |w|) (u - g)> = 0                  on each side,      t = p d (d + 1) a/h.

That is the integral of a grad u grad v, derived by parts. Where a varies that integral itself is taken, so that no
slope of a rough coefficient is summed over points: in the energy of m u^2 nothing grows, however coarse cells are. At
walls what is given takes the place of g (`pinnsolve.cells.outflows`).

Each cell is condensed to its sides, and these are eliminated (`pinnsolve.algebra.dissection`): there are half as many
unknowns as where slopes are joined, too.

Sources: Cockburn, Gopalakrishnan & Lazarov, SIAM J. Numer. Anal. 47 (2009) 1319 (hybridisation); Arnold, SIAM J.
Numer. Anal. 19 (1982) 742 (interior penalty).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.fronts import Factors, finish, solved
from pinnsolve.algebra.subtrees import owners
from pinnsolve.cells.cell_rows import CellRows
from pinnsolve.cells.condensed import Condensed, at_once
from pinnsolve.cells.faces import faces_in, gaps
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.minimal_residuals import SharedSides, by_columns, shared_sides
from pinnsolve.cells.outflows import Outflow, all_faces, by_parts, missed_at, outflow, tested_with
from pinnsolve.cells.own_cells import own_cells, seen_by
from pinnsolve.cells.rows import Slopes, at_site, in_time, times
from pinnsolve.cells.side_slopes import SideSlopes
from pinnsolve.cells.sides import Sides
from pinnsolve.cells.sites import Site
from pinnsolve.cells.spreading import levels, spread_by
from pinnsolve.cells.stage_costs import shares
from pinnsolve.geometry.once import once
from pinnsolve.networks.tiles import Tiles


@dataclass
class _Stage:
    """The factorised system of one stage.

    Parameters
    ----------
    inverse : tensor (1, C, F M, F M)
        H^-1, of cells that stand for all alike.
    factors : Factors
    """

    inverse: Tensor
    factors: Factors


class FluxedFaces:
    """The factorised equations of one step; see `JoinedFaces` for what is asked of it.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    length : float
    slopes : Slopes
    sites : list of (Site, Slopes)
    row_weights : tensor (S, n, E, P)
    beside : SideSlopes
    uses : float
        How often it is expected to be solved.
    """

    error = 0.0

    def __init__(
        self, scheme: Scheme, mesh: Tiles, length: float, slopes: Slopes, sites: Sequence[tuple[Site, Slopes]],
        row_weights: Tensor, beside: SideSlopes, uses: float = math.inf,
    ) -> None:  # fmt: skip
        self.scheme, self.mesh, self.sites = scheme, mesh, [site for site, _ in sites]
        self.at_walls = [mine for _, mine in sites]
        self.faces = faces_in(scheme, mesh)
        self.shares = mesh.shares / mesh.shares.max()
        self.seen = seen_by(scheme, mesh)
        self.own = own_cells(scheme, mesh, self.faces, self.faces.groups, slopes, sites, self.seen)
        self.first, self.alike = self.own.first, self.own.alike
        self.within = [self.own.among(site.cells) for site in self.sites]
        self.here = [self._among_own(group.cells) for group in self.own.groups]
        self.sizes = torch.tensor(scheme.evolution.sizes, dtype=torch.float64, device=mesh.device)
        self.columns = self.sizes.repeat_interleave(scheme.cell.count)
        values = scheme.radau.values / length
        self.shared: SharedSides | None = None
        if shares(scheme, mesh, self.own.unlike, uses) and set(in_time(scheme.evolution, slopes)) == {1}:
            given = scheme, mesh, slopes, self.own, self.seen, self.columns
            self.shared, row_weights, values = shared_sides(*given, row_weights, values)
        self.rows = CellRows(
            scheme, mesh, slopes, self.first, row_weights, values, self.seen, spread_by(scheme, slopes)
        )
        self.scales = self._scales(slopes, values)
        groups = tuple(map(id, self.own.groups))
        # found once, however often equations change inside
        self.outflows = once(beside, ("outflows", *groups), lambda: self._outflows(beside))
        self.walls = [
            tested_with(scheme, mesh, site, mine, *at) for (site, mine), at in zip(sites, beside.walls, strict=True)
        ]
        self.beside = beside
        those = scheme, mesh, self.own.cells, self.sites, self.outflows, beside
        self.parts = once(beside, ("parts", *groups), lambda: by_parts(*those))
        self.conditions = [at_site(scheme, mesh, site, mine)[0].flatten(3).flatten(1, 2) for site, mine in sites]
        self.stages = self._each(values)
        finish([stage.factors for stage in self.stages])

    def _each(self, values: Tensor) -> list[_Stage]:
        """The systems of all stages, or the one that they share."""
        normal = self.rows.normal((values.imag == 0).tolist()[: 1 if self.shared else None])
        whose: list[int | None] = [None]
        if self.shared is None:
            whose = owners([4.0 if a.is_complex() else 1.0 for a in normal], self.own.shares.ranks)
        return [self._factorised(k, a, owner) for k, (a, owner) in enumerate(zip(normal, whose, strict=True))]

    def _outflows(self, beside: SideSlopes) -> list[Outflow]:
        sides = all_faces(self.scheme, self.mesh, beside)
        return [outflow(group, sides, self.scheme) for group in self.own.groups]

    def _scales(self, slopes: Slopes, values: Tensor) -> Tensor:
        """(S, F): rows are tested with so many times v, and multiplied by as much."""
        e, s = self.scheme.evolution, self.scheme
        assert s.weights is not None
        if e.time is None:
            by_field = values.new_ones(len(values), len(self.sizes))
            by_field[:, list(e.fluxed)] = levels(s, self.mesh, slopes).to(values)
            return by_field
        order, each = in_time(e, slopes), self.sizes.new_zeros(len(self.mesh), len(e.equations))
        for (i, _, alpha), slope in slopes.items():
            if order[i] and e.derivative(alpha)[1] == order[i]:
                each[:, i] += slope.square().mean(-1) * self.mesh.shares
        mass = self.seen.over_cells(each)
        found = values.new_zeros(len(values), len(self.sizes))
        for i, f in enumerate(e.fluxed):
            found[:, f] = mass[i].sqrt() / s.weights[i] ** 2 / values ** order[i]
        return found

    def _among_own(self, cells: Tensor) -> Tensor:
        """The numbers among this rank's cells of some of these."""
        return torch.searchsorted(self.own.cells, cells)

    def _factorised(self, number: int, h: Tensor, owner: int | None) -> _Stage:
        """The system of one stage, of which the tested rows in cells become H^-1."""
        real = not h.is_complex()
        scale = self.scales[number] * self.sizes**2
        scale = scale.real if real else scale
        h.mul_(self.columns[:, None]).mul_(self.columns)
        m = self.scheme.cell.count
        by_column = scale.repeat_interleave(m)
        if self.parts is not None:
            h[0] += self.parts[self._among_own(self.first)] * by_column[:, None]
        for site, tests, rows in zip(self.sites, self.walls, self.conditions, strict=True):
            chosen = self.alike[site.cells]
            some = (self.first[chosen] == site.cells).nonzero()[:, 0]
            # a condition tests the unknown whose it is, so that the scale is that of the columns
            h[0].index_add_(0, chosen[some], (tests[some].mT @ rows[some]).to(h.dtype) * by_column[:, None])
        for out in self.outflows:
            chosen = self.alike[out.sides.cells]
            some = (self.first[chosen] == out.sides.cells).nonzero()[:, 0]
            local = (out.tests[some] * out.length[some][..., None]).mT @ out.sides.rows(some)
            h[0, chosen[some]] += local.to(h.dtype) * by_column[:, None]
        by_group = {id(out.sides): out for out in self.outflows}

        def left(group: Sides, cells: Tensor, kinds: list[int]) -> Tensor:
            out = by_group[id(group)]
            weight = out.length[cells] * scale[out.fields[cells]]
            told = out.told(cells)
            tested = (out.tests[cells] * weight[..., None]).mT
            inner = told @ (h[0, kinds] @ tested) if real else told.to(h.dtype) @ (h[0, kinds] @ tested)
            return (torch.diag_embed(out.stiff[cells] * weight) - inner * weight[..., None])[None]

        own = self.own.shares
        blocks = Condensed(self.own.groups, len(own.cells), self.alike, self.shares, h, left)
        factors = Factors(self.faces.order, blocks, False, False, False, own, lambda: self._invert(h), owner)
        return _Stage(h, factors)

    def _invert(self, h: Tensor) -> None:
        for part in h.split(at_once(self.own.groups), 1):
            part[:] = torch.linalg.inv(part)

    def missed(self, told: Sequence[Tensor]) -> Tensor:
        """What conditions miss at walls, (m, c P) at each site, as energy over the area of each cell, (n, F)."""
        found = self.sizes.new_zeros(len(self.mesh), len(self.sizes))
        for site, slopes, left, (a, wind) in zip(self.sites, self.at_walls, told, self.beside.walls, strict=True):
            for f, mine in missed_at(self.scheme, self.mesh, site, slopes, a, wind, left).items():
                found[:, f].index_add_(0, site.cells, mine)
        return found

    def solve(self, b: Tensor, at_sites: Sequence[Tensor], known: Tensor | None = None) -> Tensor:
        """The coefficients (S, n, F, M, K) for K right sides.

        Parameters
        ----------
        b : tensor (S, m, R, K)
            Complex, weighted as the rows are; of this rank's cells.
        at_sites : sequence by site of tensor (S, c, m, P, K)
        known : tensor (S, n, F, M, K), optional
            What corrections are added to: its gaps at the sides are closed with them, and its fluxes balanced.
        """
        real = self.shared is None and not any(stage.inverse.is_complex() for stage in self.stages)
        b, *at_sites = (x.real if real else x for x in (b, *at_sites))
        held = None if known is None else known.flatten(2, 3) / self.columns[:, None]
        held = held.real if real and held is not None else held
        scale = self.scales[: len(b)] * self.sizes**2
        if self.shared is not None:
            b, scale = b * self.shared.ratio[:, None, None, None], scale[:1].real.expand(len(b), -1)
        found = self._solved(scale.real if real else scale, b, at_sites, held)
        whole = self.own.shares.ranks.sum(self.own.whole(found, len(self.mesh))) * self.columns[:, None]
        return whole.to(torch.complex128).unflatten(2, (self.scheme.fields, self.scheme.cell.count))

    def _solved(self, scale: Tensor, b: Tensor, at_sites: Sequence[Tensor], held: Tensor | None) -> Tensor:
        """Those of all stages in this rank's cells, in the units of the unknowns' sizes, (S, m, F M, K)."""
        outflows = list(zip(self.outflows, self.here, strict=True))
        by_column = scale.repeat_interleave(self.scheme.cell.count, 1)[:, None, :, None]
        right = self._told(by_column, b, at_sites)
        weights = [(out.length * scale[:, out.fields])[..., None] for out in self.outflows]
        lacks: Sequence[Tensor | None] = [None] * len(outflows)
        if held is not None:
            if self.parts is not None:
                right -= by_column * times(self.parts, held[:, self.own.cells])
            lacks = gaps(self.faces, self.own.groups, held, None, self.own.beside)
            for (out, here), weight, gap in zip(outflows, weights, lacks, strict=True):
                right[:, here] += times(out.tests.mT, weight * gap)
        found = self._through(right, weights, lacks, held)
        if self.shared is None:
            return found
        nothing: Sequence[Tensor | None] = [None] * len(outflows)
        return self.shared.solved(found, lambda x: self._through(x.clone(), weights, nothing, None))

    def _through(
        self, right: Tensor, weights: Sequence[Tensor], lacks: Sequence[Tensor | None], held: Tensor | None
    ) -> Tensor:
        """The same by the factors, of right sides in cells, which are used up, and what is known."""
        outflows = list(zip(self.outflows, self.here, strict=True))
        alone = self._alone(right)
        faces = alone.new_zeros(len(right), self.faces.order.size, right.shape[-1])
        for (out, here), weight, lack in zip(outflows, weights, lacks, strict=True):
            inner = alone[:, here]
            pressed = out.sides.traces(inner)
            if held is not None and lack is not None:
                inner, pressed = inner + held[:, out.sides.cells], pressed - lack
            told = out.stiff[..., None] * pressed - times(out.flux, inner)
            told = weight * self.shares[out.sides.cells, None, None] * told
            faces.index_add_(1, out.sides.unknowns.flatten(), told.flatten(1, 2))
        g = self._at_faces(faces) if self.faces.order.size else faces
        for (out, here), weight in zip(outflows, weights, strict=True):
            right[:, here] += times(out.tests.mT, weight * g[:, out.sides.unknowns])
        return self._alone(right)

    def _told(self, by_column: Tensor, b: Tensor, at_sites: Sequence[Tensor]) -> Tensor:
        """What equations and conditions say, tested, (S, m, F M, K)."""
        numbers = torch.arange(len(b), device=b.device) + int(self.shared is not None)
        right = self.rows.tested(b, numbers, self.own.cells)
        for (chosen, here), tests, told in zip(self.within, self.walls, at_sites, strict=True):
            said = times(tests[chosen].mT, told[:, chosen].flatten(2, 3))
            right.index_add_(1, here, by_column / self.columns[:, None] ** 2 * said)
        return right.mul_(self.columns[:, None])

    def _alone(self, right: Tensor) -> Tensor:
        """H^-1 of each stage times its right sides, in this rank's cells."""
        if self.shared is not None:
            return by_columns(lambda x: self.own.here(self.stages[0].inverse, x), right)
        found = torch.empty_like(right)
        for k, stage in enumerate(self.stages):
            found[k : k + 1] = self.own.here(stage.inverse, self._of(stage, right[k : k + 1]))
        return found

    def _at_faces(self, told: Tensor) -> Tensor:
        """The values on sides, (S, N, K), as far as this rank's cells see them."""
        if self.shared is not None:
            factors = self.stages[0].factors
            return by_columns(lambda x: factors.solve(x[:, 0])[:, None], told[:, None])[:, 0]
        sides = [self._of(stage, told[k : k + 1]).clone() for k, stage in enumerate(self.stages)]
        return torch.cat([g.to(told.dtype) for g in solved([stage.factors for stage in self.stages], sides)])

    def _of(self, stage: _Stage, numbers: Tensor) -> Tensor:
        """Numbers of a stage, real where its system is."""
        return numbers.real if numbers.is_complex() and not stage.inverse.is_complex() else numbers
