"""What joins cells of two parts of a plane along a curve between materials: values and fluxes at points of it.

At each of its points a relation between both sides, r(u below, u above) = 0, is two rows with one unknown in common,

    T below c below = g,      T above c above = g + given,      T = +- dr/dc / unit,

beside those of straight sides (`cells.joined_faces`), whose unknowns g are coefficients. In a part that conducts k
times better than one with walls all counts k times more (`cells.steady_rows.raised`): fluxes that are lost there
must be small beside those in other parts. Across a curve values count as in the part where they count less, and so
do fluxes: h [k u_n] in units of the smaller k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.cells.elimination_order import counts_of, joined_at
from pinnsolve.cells.faces import Faces
from pinnsolve.cells.implicit_step import Scheme, Step, stretched
from pinnsolve.cells.rows import Slopes
from pinnsolve.cells.sides import Sides
from pinnsolve.cells.weak_links import by_own_flux
from pinnsolve.geometry.across import ACROSS
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.curve_runs import runs_of, spots_of
from pinnsolve.networks.spread import by_features, features_at
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.pointwise import Answers, answers


@dataclass(frozen=True)
class Curve:
    """Points of some runs, as many on each.

    Parameters
    ----------
    runs : tensor (c,)
    cells : tensor (2, c)
        Above, to which normals point, and below.
    xi : tensor (2, c, Q, 2)
        In their reference cells.
    places, normals : tensor (c, Q, 2)
    weights : tensor (Q,)
    """

    runs: Tensor
    cells: Tensor
    xi: Tensor
    places: Tensor
    normals: Tensor
    weights: Tensor
    tables: dict[tuple[int, tuple[int, ...]], Tensor] = field(default_factory=dict, compare=False)

    @property
    def shape(self) -> tuple[int, int]:
        """(c, Q)."""
        return self.places.shape[0], self.places.shape[1]

    def table(self, scheme: Scheme, mesh: Tiles, side: int, orders: tuple[int, ...]) -> Tensor:
        """The features on one side, derived so many times along each coordinate, (c, Q, M)."""
        if (side, orders) not in self.tables:
            found = features_at(mesh, scheme.cell, self.cells[side], self.xi[side], orders)
            self.tables[side, orders] = found * stretched(mesh.widths[self.cells[side]], orders)[:, None, None]
        return self.tables[side, orders]


def curves_of(scheme: Scheme, mesh: Tiles, points: int | None = None) -> list[Curve]:
    """The curves of a mesh, with as many points as its cells are joined at, or so many."""
    if not scheme.evolution.relations:
        return []
    runs, found = runs_of(mesh), list[Curve]()
    for spots in spots_of(mesh, joined_at(scheme) if points is None else points):
        cells = torch.stack([runs.above[spots.runs], runs.below[spots.runs]]).to(mesh.device)
        runs_here, places, normals, weights = (
            v.to(mesh.device) for v in (spots.runs, spots.places, spots.normals, spots.weights)
        )
        xi = 2 * (places - mesh.lows[cells][:, :, None]) / mesh.widths[cells][:, :, None] - 1
        found.append(Curve(runs_here, cells, xi, places, normals, weights))
    return found


def across(step: Step, curve: Curve, slopes: bool, by: Mapping[str, float] | None = None) -> Answers:
    """The relations at points of a curve, (m, q c Q), with slopes by constants that stand at some values; unknowns of
    the cells below are numbered after all others."""
    s, e = step.scheme, step.scheme.evolution
    q, (c, points) = s.stages, curve.shape
    t = step.times[:, None, None].expand(q, c, points).reshape(-1)
    derived: dict[int, Tensor] = {}

    def derivative(numbered: int, alpha: Alpha) -> Tensor:
        k, order = e.derivative(alpha)
        if order not in derived:
            derived[order] = step.derived(order)
        side, f = divmod(numbered, s.fields)
        own = derived[order][:, curve.cells[side], f]  # (q, c, M)
        return e.sign**order * by_features(own, curve.table(s, step.mesh, side, k)).flatten()

    flat, outward = (v.expand(q, c, points, -1).reshape(-1, e.dims) for v in (curve.places, curve.normals))
    places = e.points(flat, t, None, outward)
    numbers = runs_of(step.mesh).curves.to(flat)[curve.runs]
    places = replace(places, measured={ACROSS: numbers[None, :, None].expand(q, c, points).flatten()})
    if not e.problem.cuts:
        return answers(e.problem, e.relations, places, derivative, slopes, by)
    found = answers(e.problem, e.relations, places, derivative, True, by)
    return by_own_flux(step, found, curve.cells, curve.normals)


@dataclass
class Across:
    """The linearised relations at all curves of a mesh, as rows.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    curves : list of (Curve, Slopes)
        Slopes by relation, unknown and derivative, (c, Q), of both sides.
    columns : tensor (F,)
        In what unknowns are counted.
    sizes : tensor (n, F)
        What each is as large as in a cell.
    raised : tensor (n, F)
        How much more than elsewhere all counts that is said there.

    Attributes
    ----------
    rows : tensor (2, N, F M)
        Above and below, of all unknowns on curves, relation by relation on each run, and run by run.
    units : tensor (N,)
        By what relations were divided, with the roots of weights in their numerator.
    """

    scheme: Scheme
    mesh: Tiles
    curves: list[tuple[Curve, Slopes]]
    columns: Tensor
    sizes: Tensor
    raised: Tensor
    rows: Tensor = field(init=False)
    units: Tensor = field(init=False)
    places: list[Tensor] = field(init=False)
    by_run: Tensor = field(init=False)

    def __post_init__(self) -> None:
        s, many = self.scheme, len(self.scheme.evolution.relations)
        counts = counts_of(s, self.mesh).to(self.mesh.device)
        first = counts.cumsum(0) - counts
        self.places = [
            first[c.runs][:, None] + torch.arange(many * c.shape[1], device=self.mesh.device) for c, _ in self.curves
        ]
        count = sum(p.numel() for p in self.places)
        self.rows = self.columns.new_zeros(2, count, s.fields * s.cell.count)
        self.units = self.columns.new_zeros(count)
        self.by_run = self.columns.new_zeros(len(counts), many)
        for (curve, slopes), here, unit in zip(self.curves, self.places, self._units(), strict=True):
            self.by_run[curve.runs] = unit
            root = curve.weights.sqrt()
            self.units[here] = (unit[..., None] / root).flatten(1)  # (c, m, Q)
            made = self.columns.new_zeros(2, *curve.shape, many, s.fields, s.cell.count).transpose(2, 3)
            for (i, numbered, alpha), slope in slopes.items():
                side, f = divmod(numbered, s.fields)
                table = curve.table(s, self.mesh, side, s.evolution.derivative(alpha)[0])
                made[side, :, i, :, f] += (1 - 2 * side) * self.columns[f] * slope[..., None] * table
            self.rows[:, here] = made.flatten(4).flatten(2, 3) / self.units[here][..., None]

    def _units(self) -> list[Tensor]:
        """By curve (c, m): what relations are for unknowns that vary by their own size within the smaller cell, slopes
        in each part as much less as all else counts more there."""
        many, made = len(self.scheme.evolution.relations), list[Tensor]()
        for curve, slopes in self.curves:
            more = self.raised[curve.cells].amax(-1)  # (2, c)
            orders = 1 + max((sum(alpha) for *_, alpha in slopes), default=0)
            sizes = self.columns.new_zeros(orders, 2, len(curve.runs), many)  # of values, slopes, ..., above and below
            for (i, numbered, alpha), slope in slopes.items():
                side, f = divmod(numbered, self.scheme.fields)
                much = (slope.square() @ curve.weights).sqrt() * self.sizes[curve.cells[side], f]
                sizes[sum(alpha), side, :, i] += much
            wide = (curve.normals.abs() * self.mesh.widths[curve.cells][:, :, None]).sum(-1).mean(-1).amin(0)
            each = [sizes[0].amax(0) / more.amin(0)[:, None]]
            each += [(sizes[k] / more[..., None]).amax(0) / wide[:, None] ** k for k in range(1, orders)]
            made.append(torch.stack(each).square().sum(0).sqrt())
        return made

    def sizes_of(self, runs: Tensor) -> Tensor:
        """By what relations on some runs are divided, (c, m)."""
        return self.by_run[runs]

    def beside(self, group: Sides, faces: Faces) -> Sides:
        """Cells with these rows in place of nothing."""
        first = faces.order.size - self.rows.shape[1]
        here = group.unknowns >= first
        if not bool(here.any()):
            return group
        each = group.rows(slice(None)).clone()
        above = torch.eq(faces.above[group.unknowns], group.cells[:, None])[here]
        each[here] = self.rows[(~above).long(), group.unknowns[here] - first]
        return Sides(group.cells, group.unknowns, each)

    def given(self, told: Sequence[Tensor], known: Tensor) -> Tensor:
        """What rows above lack, (q, N, K), for coefficients (q, n, F, M, K) that leave so much of relations,
        (m, K, q c Q), or nothing at all."""
        found = known.new_zeros(len(known), self.rows.shape[1], known.shape[-1])
        for (curve, _), here, left in zip(self.curves, self.places, told, strict=True):
            c = (known / self.columns[:, None, None]).flatten(2, 3)
            linear = [self.rows[k, here].to(c) @ c[:, curve.cells[k]] for k in (0, 1)]
            found[:, here] = linear[1] - linear[0]
            if len(left):
                residual = left.unflatten(2, (len(known), *curve.shape)).permute(2, 3, 0, 4, 1).flatten(2, 3)
                found[:, here] += residual / self.units[here][..., None]  # (q, c, m Q, K)
        return found
