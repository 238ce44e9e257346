"""Cells of a plane or of space, joined by rows over what they share: condensed to their faces, and these eliminated.

On each piece that two cells share the unknowns g are the Legendre coefficients of the trace there, of the value and of
the derivatives across that are joined. With A c = a the equations of a cell, B c = b those at walls, T c its traces,

    min over all c and g of   sum over the cells of  area (|A c - a|^2 + W^2 |B c - b|^2 + W^2 |T c - g|^2).

The area makes it the true integral: without it the march grows where cells differ in size. With it in the equations'
rows alone it does not grow either, but in small cells joins outweigh all else, and rounding decides.

A cell's normal matrix H = A* A + W^2 B* B + W^2 T* T is factorised (its condition is a few hundred, so that squaring
is harmless); what is left of the cell is area W^2 (1 - W^2 T H^-1 T*) over its g (`pinnsolve.algebra.dissection`).
Cells that are alike share one factorisation where the equations do not vary; so do the stages of a step where that
saves more than solutions then take (`pinnsolve.cells.conjugate`).

W = 10: below one the march grows from five stages on, above a hundred joins cost digits (prototypes).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.algebra.fronts import Factors, finish
from pinnsolve.algebra.subtrees import owners, together
from pinnsolve.cells.cell_rows import CellRows
from pinnsolve.cells.condensed import Condensed, at_once, of_joins
from pinnsolve.cells.conjugate import Shared
from pinnsolve.cells.curves import Across, Curve
from pinnsolve.cells.faces import Joining, faces_in
from pinnsolve.cells.floating import Floating
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.joined_sizes import felt_sizes, norms_of
from pinnsolve.cells.joined_stage import JoinedStage, Joins, coefficients, gaps_of
from pinnsolve.cells.own_cells import own_cells
from pinnsolve.cells.raised import in_step
from pinnsolve.cells.rows import Slopes, at_site, tested_at, turned
from pinnsolve.cells.sites import Site
from pinnsolve.cells.stage_costs import alike, shares
from pinnsolve.machine.memory import give_back
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """What decides here.

    Parameters
    ----------
    brief : float
        The error of factors with half of the digits, above which they are made with all of them. Larger: more
        iterations, which may not settle. Smaller: memory. Chosen, not measured.
    rows : float
        Bytes of conditions' rows that are made at once: a level set has thousands of triangles. More: memory, of which
        several times as much is needed on the way. Fewer: small products.
    """

    brief: float = 0.05
    rows: float = 1e7


RULES = Rules()


class JoinedFaces:
    """The factorised equations of one step.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    length : float
    slopes : Slopes
    sites : list of (Site, Slopes)
    row_weights : tensor (S, n, E, P)
    joining : Joining, optional
        Without it cells are weighed by their areas, as a march needs it.
    brief, sure : bool
        Whether what joins cells is kept with half of the digits, and it is known that these do.
    uses : float
        How often it is expected to be solved.

    Attributes
    ----------
    weight : float
        W, of joins and walls beside the equations' rows, which are of the size of the unknowns.
    """

    weight: ClassVar[float] = 10.0

    def __init__(
        self, scheme: Scheme, mesh: Tiles, length: float, slopes: Slopes, sites: Sequence[tuple[Site, Slopes]],
        row_weights: Tensor, joining: Joining | None = None, brief: bool = False,
        curves: Sequence[tuple[Curve, Slopes]] = (), uses: float = math.inf, sure: bool = False,
    ) -> None:  # fmt: skip
        self.scheme, self.mesh, self.brief, self.sure, e = scheme, mesh, brief, sure, scheme.evolution
        values = scheme.radau.values / length
        if alike(scheme):  # the last one may be factorised for all
            values = torch.cat([values, scheme.radau.middle[None] / length])
            row_weights = torch.cat([row_weights, row_weights[:1]])
        self.sites, self.told = [site for site, _ in sites], [mine for _, mine in sites]
        self.curved: Across | None = None
        self.across, self.raised, counts = None, None, None
        self.faces = faces_in(scheme, mesh)
        if joining is None:
            self.shares = mesh.shares / mesh.shares.max()
            sizes = torch.tensor(e.sizes, dtype=torch.float64, device=mesh.device)
            self.w, self.units = self.weight, sizes.expand(len(mesh), -1)
            columns = felt_sizes(scheme, mesh, slopes, row_weights, self.shares)
            if curves:
                columns = columns.amax(0, keepdim=True).expand_as(columns)  # rows on them are those of all stages
                self.raised, counts = in_step(scheme, mesh, slopes, curves, length)
                self.across = self.faces.raised(counts)
        else:
            self.shares, self.w = torch.ones_like(mesh.shares), joining.weight
            self.units, columns, self.raised = joining.units, joining.columns, joining.raised
            self.across, counts = joining.across, joining.raised
        scale, groups = self.across, self.faces.groups
        self.groups = groups if scale is None else [replace(g, scale=scale[g.unknowns]) for g in groups]
        self.columns = columns.repeat_interleave(scheme.cell.count, 1)
        if curves:
            assert counts is not None
            self.curved = Across(scheme, mesh, list(curves), columns[0], self.units, counts)
            self.groups = [self.curved.beside(group, self.faces) for group in self.groups]
        self.own = own_cells(scheme, mesh, self.faces, self.groups, slopes, sites)
        self.groups, self.together = self.own.groups, at_once(self.groups)
        if not curves:
            self.groups = [group.among(self.faces.kinds[:, 0]) for group in self.groups]
        self.first, self.alike = self.own.first, self.own.alike
        self.least = values.abs().min()
        self.rows = CellRows(scheme, mesh, slopes, self.first, row_weights, values)
        counted = values[-1:].expand(len(values)) if alike(scheme) else values
        self.norms = [norms_of(scheme, mesh, at, counted, self.units, counts) for at in sites]
        self.floating = Floating.of(scheme, mesh, self.faces, self.raised)
        self.joins = Joins(self.faces, self.groups, self.own, self.shares)
        one = self.floating is None and shares(scheme, mesh, self.own.unlike, uses)
        self.stages = self._shared() if one else self._each()
        if self.floating is not None:
            count = len(scheme.radau.values)
            self.floating.answer(self.solve, self._apart, slopes, row_weights[:count], sites, values[:count])

    def _each(self) -> list[JoinedStage]:
        """The systems of all stages, one after the other: what is needed on the way goes with each."""
        normal = self.rows.normal((self.scheme.radau.values.imag == 0).tolist())
        ranks, apart = self.own.shares.ranks, [None] * len(normal)
        # half of the digits are looked at before the next stage
        whose = apart if self.brief else owners([4.0 if h.is_complex() else 1.0 for h in normal], ranks)
        found = [self._factorised(k, self._alone(k, h), whose[k]) for k, h in enumerate(normal)]
        finish([stage.factors for stage in found])
        return found

    def _shared(self) -> list[JoinedStage]:
        """One system for all stages."""
        normal = self.rows.normal((self.rows.values.imag == 0).tolist())
        *apart, middle = [self._alone(k, h) for k, h in enumerate(normal)]
        phases = self._phases()
        by_column = phases.repeat_interleave(self.scheme.cell.count, 1)
        for h, turned_by in zip(apart, by_column, strict=True):
            h.sub_(middle * (turned_by[:, None] * turned_by.conj()) if h.is_complex() else middle)
        stage = self._factorised(len(apart), middle)
        stage.numbers = torch.arange(len(apart), device=self.mesh.device)
        stage.shared = Shared(self.own, apart, phases)
        return [stage]

    def _phases(self) -> Tensor:
        """In what unknowns are counted at each stage, (S, F): those that no equation derives along time, such as a
        pressure, go with the rates of the others, which are lambda times as much."""
        values, e = self.scheme.radau.values, self.scheme.evolution
        rates = torch.tensor([k == 0 for k in e.orders], device=values.device) & (not e.relations)
        return torch.where(rates, (values / values.abs())[:, None], torch.ones_like(values)[:, None])

    def _alone(self, number: int, h: Tensor) -> Tensor:
        """H of a stage with what conditions say and without what joins cells, in place."""
        numbers, real = torch.tensor([number], device=self.mesh.device), not h.is_complex()
        values, columns = self.rows.values[numbers], self.columns[numbers][:, None]
        square = self._square(values, real)
        h.mul_(columns[..., None]).mul_(columns[..., None, :])
        for site, slopes, norms in zip(self.sites, self.told, self.norms, strict=True):
            chosen = self.alike[site.cells]
            few = int(RULES.rows / (8 * len(site.conditions) * site.count * h.shape[-1]))
            for some in (self.first[chosen] == site.cells).nonzero()[:, 0].split(max(1, min(few, self.together))):
                parts = at_site(self.scheme, self.mesh, site, slopes, some)
                made = torch.stack([turned(parts, v.real if real else v) for v in values])  # (s, c, m, P, F, M)
                scale = site.scales_at(some)[..., None, :] / norms[numbers][:, some][..., None]
                b = (made.flatten(-2) * scale[..., None] * columns[:, :, None, None]).flatten(2, 3).mH.resolve_conj()
                h.index_add_(1, chosen[some], square * (b @ b.mH))
        return h

    def _factorised(self, number: int, h: Tensor, owner: int | None = None) -> JoinedStage:
        """The system of one stage, of which h becomes H^-1."""
        numbers = torch.tensor([number], device=self.mesh.device)
        square = self._square(self.rows.values[numbers], not h.is_complex())
        for group in self.groups:
            chosen = self.alike[group.cells]
            for some in (self.first[chosen] == group.cells).nonzero()[:, 0].split(self.together):
                for f, (_, t) in enumerate(blocks := group.blocks(some)):
                    m = h.shape[-1] // len(blocks)
                    h[:, chosen[some], f * m : (f + 1) * m, f * m : (f + 1) * m] += square * (t.mT @ t)
        if self.floating is not None:
            self.floating.pin(h[0], self.alike)
        together(self.own.shares.ranks, lambda: self._invert(h))
        if tight := self.mesh.dims > 2 or self.scheme.room.cells is not None:
            for site in self.sites:  # made again for right sides, when the largest fronts have been let go
                site.tables.clear()
            give_back()  # what was needed on the way, before as much is taken again
        left = self.groups, len(self.own.shares.cells), self.alike, self.shares, h, of_joins(h, square)
        few, positive, free = self.brief and tight, not self.scheme.weak, give_back if tight else None
        probed, order, mine = not (few or self.sure), self.faces.order, self.own.shares
        factors = Factors(order, Condensed(*left), positive, self.brief, probed, mine, None, owner, free)
        stage = JoinedStage(self.joins, numbers, square, h, factors)
        if few and stage.missed() > RULES.brief:
            stage.factors = Factors(order, Condensed(*left), shares=mine)
        return stage

    def _invert(self, h: Tensor) -> None:
        """The inverse in place: there may be many cells."""
        for part in h.split(self.together, 1):
            part[:] = (
                torch.linalg.inv(part) if self.scheme.weak else torch.cholesky_inverse(torch.linalg.cholesky(part))
            )

    @property
    def error(self) -> float:
        """Of what joins cells, relative, where it is kept with half of the digits."""
        return max(stage.factors.error for stage in self.stages)

    def _square(self, values: Tensor, real: bool) -> Tensor:
        """W^2 at stages; in the weak form joins are springs of one strength at all of them."""
        values = values.real if real else values
        found = torch.full_like(values, self.w**2)
        if self.scheme.weak:
            order = max(self.scheme.evolution.orders)
            found = found * (self.least / values) ** order
        return found[:, None, None, None]

    def given(self, times: Tensor, known: Tensor, at_curves: Sequence[Tensor] = ()) -> Tensor | None:
        """What is given across lines at times (q,), (q, N, 1), as traces count it, with what relations across curves
        leave, (m, q c Q), for coefficients (q, n, F, M); nothing where nothing is."""
        found = self.faces.given(self.scheme.evolution.crossed, times, self.scheme.degree)
        return self.counted(found, [left[:, None] for left in at_curves], known[..., None])

    def counted(self, given: Tensor | None, at_curves: Sequence[Tensor], known: Tensor) -> Tensor | None:
        """The same of what is given (q, N, K) and left, (m, K, q c Q), for K fields (q, n, F, M, K)."""
        found = given if given is None or self.across is None else given * self.across[:, None]
        if self.curved is None:
            return found
        last = self.curved.given(at_curves, known)
        found = last.new_zeros(len(known), self.faces.order.size, known.shape[-1]) if found is None else found
        found[:, -last.shape[1] :] = last * self.columns[0, 0]  # as unknowns of the first field are counted
        return found

    def solve(
        self, b: Tensor, at_sites: Sequence[Tensor], known: Tensor | None = None, given: Tensor | None = None
    ) -> Tensor:
        """The coefficients (S, n, F, M, K) for K right sides.

        Parameters
        ----------
        b : tensor (S, n, R, K)
            Complex, weighted as the rows are.
        at_sites : sequence by site of tensor (S, c, m, P, K)
        known : tensor (S, n, F, M, K), optional
            What corrections are added to: its gaps at the joints are closed with them.
        given : tensor (S, N, K), optional
            What is given across lines and curves.
        """
        k, shape = torch.arange(len(b), device=b.device), (self.scheme.fields, self.scheme.cell.count)
        columns, square = self.columns[k][:, None, :, None], torch.cat([stage.square for stage in self.stages])
        there, values = None if given is None else self.scaled(given), self.rows.values[k]
        held = None if known is None else known.flatten(2, 3) / columns
        if not any(stage.shared or stage.inverse.is_complex() for stage in self.stages):
            b, values, *at_sites = (x.real for x in (b, values, *at_sites))
            held, there = (None if x is None else x.real for x in (held, there))
        right = self.rows.tested(b, k)
        for site, norms, slopes, told in zip(self.sites, self.norms, self.told, at_sites, strict=True):
            weight = (site.scales[..., None, :] / norms[k][..., None]).square()[..., None]
            said = tested_at(self.scheme, self.mesh, site, slopes, values, told * weight)
            right.index_add_(1, site.cells, square * said)
        right *= columns
        lacks = [] if held is None else gaps_of(self.stages, held, there)
        found = coefficients(self.stages, right, lacks).to(torch.complex128)
        found = (self.own.shares.ranks.sum(found) * columns).unflatten(2, shape)
        return found if self.floating is None else self.floating.freed(found)

    def _apart(self, known: Tensor) -> Tensor:
        """What coefficients (S, n, F, M, K) leave of linear relations across curves, as what is given (S, N, K)."""
        assert self.curved is not None
        nothing = [known.new_zeros(0)] * len(self.curved.curves)
        given = self.counted(None, nothing, known)
        assert given is not None
        return -given

    def scaled(self, given: Tensor) -> Tensor:
        """What is given (S, N, K) in the units of the unknowns."""
        return given / self.columns[: len(given), self.faces.kinds[:, 0] * self.scheme.cell.count, None]
