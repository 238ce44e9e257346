"""What cells share: pieces of their sides, and the traces there as Legendre coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor

from pinnsolve.algebra.dissection import Dissection
from pinnsolve.cells.elimination_order import joined_across, joining, order_of, pieces_of, sizes_on
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.joints import Parted, Told, lowest, norm, parted_sides, traces
from pinnsolve.cells.sides import Sides, grouped
from pinnsolve.networks.curve_runs import Runs, runs_of
from pinnsolve.networks.reference_cell import Part, ReferenceCell, reference_cell
from pinnsolve.networks.spread import own_features
from pinnsolve.networks.tiles import Tiles
from pinnsolve.networks.traces import Crossed, Relation


@dataclass(frozen=True)
class Faces:
    """What the cells of a mesh share.

    Parameters
    ----------
    order : Dissection
    alike : tuple of tuple
        For each cell, what its traces depend on.
    groups : list of Sides
    kinds : tensor (N, 2)
        Of each unknown: the field whose trace it is, and the coordinate across.
    across : tensor (N,)
        The width there of the narrower neighbour.
    orders : tensor (N,)
        How often it is derived across; minus one on curves between materials, whose unknowns are the last ones.
    cells : tensor (N,)
        One of the two cells.
    above : tensor (N,)
        The cell above a line, plane or curve across which something else is joined than traces; minus one elsewhere.
    told : tuple of Told
    """

    order: Dissection
    alike: tuple[tuple[int, ...], ...]
    groups: list[Sides]
    kinds: Tensor
    across: Tensor
    orders: Tensor
    cells: Tensor
    above: Tensor
    told: tuple[Told, ...]

    def raised(self, much: Tensor) -> Tensor:
        """(N,): by how much traces on straight faces count more, of unknowns (n, F) in the cells beside them."""
        found = much[self.cells, self.kinds[:, 0]]
        return torch.where(self.orders < 0, torch.ones_like(found), found)

    def given(self, crossed: Sequence[Crossed], times: Tensor, degree: int) -> Tensor | None:
        """What is given on each unknown at times (q,), (q, N, 1); nothing where nothing is."""
        if not self.told or all(c.given is None for c in crossed):
            return None
        dims = 1 + len(self.told[0].ends)
        xi, modes = reference_cell(degree, times.device, dims).modes()
        found = torch.zeros(len(times), len(self.above), dtype=torch.float64, device=times.device)
        for k, line in enumerate(crossed):
            mine = [t for t in self.told if t.crossed == k]
            if line.given is None or not mine:
                continue
            low, high = torch.tensor([t.ends for t in mine], dtype=torch.float64).unbind(-1)  # (pieces, dims - 1)
            along = low[:, None] + (high - low)[:, None] * (xi.cpu() + 1) / 2
            t = times.cpu()[:, None, None].expand(-1, *along.shape[:2])
            y = along.expand(len(times), -1, -1, -1).flatten(0, 2)
            values = line.given(t.flatten(), y).view(*t.shape, -1).to(times.device)
            for j, told in enumerate(mine):
                here = values[:, j, :, told.relation] @ modes[: told.count].T / told.norm
                found[:, told.first : told.first + told.count] = here
        return found[..., None]


@dataclass(frozen=True)
class Joining:
    """How joins and walls weigh beside the equations' rows, where that is not as in a march.

    Parameters
    ----------
    weight : float
        W.
    columns : tensor (S, F)
        In what unknowns are counted.
    units : tensor (n, F)
        What each unknown is as large as in a cell, beside the others: conditions are divided by it.
    across : tensor (N,)
        Traces on faces are multiplied by it.
    raised : tensor (n, F), optional
        Where materials differ: how much more than elsewhere all counts that is said of an unknown in a cell.
    """

    weight: float
    columns: Tensor
    units: Tensor
    across: Tensor
    raised: Tensor | None = None


def faces_in(scheme: Scheme, mesh: Tiles) -> Faces:
    """The faces of a mesh with the features of a scheme."""
    return faces_of(*joining(scheme, mesh))


@lru_cache(maxsize=4)  # a step and its repetition, rich and poor; each takes tens of megabytes
def faces_of(
    mesh: Tiles, cell: ReferenceCell, joins: tuple[tuple[int, ...], ...], rings: tuple[bool, ...],
    crossed: tuple[Crossed, ...] = (), less: int = 0, meeting: tuple[int, ...] = (),
) -> Faces:  # fmt: skip
    """The faces of a mesh, made once; across lines and planes where something else is joined each relation is divided
    by its largest coefficient. Traces are joined up to so many degrees `less` than they have. On runs of curves between
    materials there are so many unknowns each, and no traces yet."""
    made = _Making(mesh, cell, joins, order_of(mesh, cell, joins, rings, crossed, less, meeting), crossed, less)
    for piece in pieces_of(mesh, rings):
        made.add(*piece)
    if meeting:
        made.meet(runs_of(mesh), meeting)
    return made.faces()


@dataclass
class _Making:
    """Faces in the making: for each the two cells, for each of its unknowns what it is."""

    mesh: Tiles
    cell: ReferenceCell
    joins: tuple[tuple[int, ...], ...]
    order: Dissection
    crossed: tuple[Crossed, ...]
    less: int
    kinds: list[list[int]] = field(default_factory=list)
    narrow: list[float] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    on_curves: dict[int, int] = field(default_factory=dict)  # by cell: its unknowns on curves
    upper: list[int] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    known: dict[tuple[float, ...], int] = field(default_factory=dict)  # blocks of traces by what they depend on
    blocks: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mine: list[list[int]] = [[] for _ in range(len(self.mesh))]
        # where cells are, in first intervals; over a shape what is left of them, in the coordinates' units
        low, high = self.mesh.units
        if self.mesh.region is not None:
            low, high = self.mesh.lows.cpu(), (self.mesh.lows + self.mesh.widths).cpu()
        self.low, self.high = low, high

    def add(
        self, axis: int, below: Tensor, above: Tensor, begin: Tensor, end: Tensor, share: Tensor | None = None
    ) -> None:  # fmt: skip
        """All faces across a coordinate, from where to where along the others, (p, dims - 1); over a shape the part of
        each that lies inside, (p,)."""
        low, high, widths = self.low, self.high, self.mesh.widths.cpu()[:, axis]
        others = [k for k in range(self.mesh.dims) if k != axis]
        across = torch.minimum(widths[below], widths[above])
        parts = []
        for side, tiles in ((1, below), (0, above)):
            span = (high - low)[tiles][:, others]
            bounds = torch.stack([2 * (u - low[tiles][:, others]) / span - 1 for u in (begin, end)], -1).flatten(1)
            if self.mesh.region is not None:
                bounds = (bounds * 1e12).round() / 1e12
            ratio = (across / widths[tiles] * 1e12).round() / 1e12  # the same for all that are alike
            parts.append([(axis, side, *key) for key in torch.cat([bounds, ratio[:, None]], 1).tolist()])
        joined = joined_across(self.mesh, self.joins, axis, below, self.crossed)
        pairs = zip(below.tolist(), above.tolist(), strict=True)
        parted: dict[int, list[Parted]] = {}
        if share is not None:
            parted = parted_sides(self.mesh, self.cell, (low, high), (axis, below, above, begin, end, share))
        there = {k: self._unknowns(axis, relations) for k, relations in dict(joined).items()}
        for j, (pair, keys) in enumerate(zip(pairs, zip(*parts, strict=True), strict=True)):
            (k, relations), unit = joined[j], 1.0
            if k >= 0:
                unit = float(f"{float(across[j]):.11e}")  # the same for all that are alike
                both = torch.stack([begin[j], end[j]])
                ends = [self.mesh.along_axis(other, both[:, i]).tolist() for i, other in enumerate(others)]
                self._tell(k, unit, tuple((first, last) for first, last in ends))
            for number, (cell, key) in enumerate(zip(pair, keys, strict=True)):
                at = parted[j][number] if j in parted else None
                self.mine[cell].append(self._kind((*key, float(k), unit), relations, at))
            kinds, orders = there[k]
            self.kinds += kinds
            self.orders += orders
            self.narrow += [float(across[j])] * len(orders)
            self.upper += [pair[1] if k >= 0 else -1] * len(orders)

    def _unknowns(self, axis: int, relations: Sequence[Relation]) -> tuple[list[list[int]], list[int]]:
        """Of each unknown on a face: the field and the coordinate across, and how often it is derived."""
        sizes = sizes_on(self.cell, relations, self.less)
        each = [r for r, size in zip(relations, sizes, strict=True) for _ in range(size)]
        return [[r[0], axis] for r in each], [lowest(r) for r in each]

    def meet(self, runs: Runs, counts: Sequence[int]) -> None:
        """The unknowns of runs of curves, so many on each."""
        for below, above, size, count in zip(
            runs.below.tolist(), runs.above.tolist(), runs.sizes.tolist(), counts, strict=True
        ):
            self.kinds += [[0, 0]] * count
            self.orders += [-1] * count
            self.narrow += [size] * count
            self.upper += [above] * count
            for cell in (below, above):
                self.on_curves[cell] = self.on_curves.get(cell, 0) + count

    def _tell(self, line: int, unit: float, ends: Part) -> None:
        first = len(self.kinds)
        for i, relation in enumerate(self.crossed[line].relations):
            count = self.cell.on_side(lowest(relation) + self.less)
            self.told.append(Told(line, i, first, count, ends, norm(relation, unit)))
            first += count

    def _kind(
        self, key: tuple[float, ...], relations: Sequence[Relation], parted: Parted | None
    ) -> int:  # fmt: skip
        """The number of traces as these; of a side that a rim cuts there are no others."""
        axis, side, *bounds, ratio, _, unit = key
        if key in self.known and parted is None:
            return self.known[key]

        def trace(order: int) -> Tensor:
            if parted is not None:
                return self.cell.trace_at(int(axis), order, *parted)
            return self.cell.trace(int(axis), int(side), order, tuple(zip(bounds[::2], bounds[1::2], strict=True)))

        if parted is None:
            self.known[key] = len(self.blocks)
        self.blocks.append(traces(relations, len(self.joins), self.cell, trace, bool(side), (ratio, unit), self.less))
        return len(self.blocks) - 1

    def _together(self, blocks: Sequence[int]) -> Tensor:
        """The traces of a cell at all of its sides."""
        nothing = self.cell.zeros(0, len(self.joins) * self.cell.count)
        return torch.cat([nothing, *(self.blocks[k] for k in blocks)])

    def faces(self) -> Faces:
        cut = self.mesh.cut.tolist()
        for j in sorted({*cut, *self.on_curves}):  # no other has such features, or such traces
            self.mine[j].append(-1 - j)
        alike = tuple(map(tuple, self.mine))
        own = dict(zip(cut, own_features(self.mesh, self.cell) if cut else (), strict=True))

        def made(key: tuple[int, ...]) -> Tensor:
            found = self._together([k for k in key if k >= 0])
            if not key or key[-1] >= 0:
                return found
            j = -1 - key[-1]
            if j in own:
                found = (found.unflatten(1, (len(self.joins), -1)) @ own[j]).flatten(1)
            return torch.nn.functional.pad(found, (0, 0, 0, self.on_curves.get(j, 0)))

        groups, device = grouped(self.order, alike, made, self.mesh.device), self.mesh.device
        kinds = torch.tensor(self.kinds, dtype=torch.int64, device=device).reshape(-1, 2)
        width = torch.tensor(self.narrow, dtype=torch.float64, device=device)
        upper, orders = (torch.tensor(v, dtype=torch.int64, device=device) for v in (self.upper, self.orders))
        one = torch.as_tensor(self.order.sides[:, 0].repeat(self.order.counts), device=device)
        return Faces(self.order, alike, groups, kinds, width, orders, one, upper, tuple(self.told))


def gaps(
    faces: Faces, groups: Sequence[Sides], known: Tensor, given: Tensor | None, beside: Sequence[Sides] = ()
) -> list[Tensor]:  # fmt: skip
    """By group, what the traces (s, m, k, K) of coefficients (s, n, F M, K) lack to the mean of both sides, one of
    which may be that of cells beside these; above lines what is given (s, N, K) belongs to them."""
    both = [*groups, *beside]
    found = [group.traces(known[:, group.cells]) for group in both]
    if given is not None:
        for own, group in zip(found, both, strict=True):
            above = faces.above[group.unknowns] == group.cells[:, None]
            own.add_(given[:, group.unknowns] * above[..., None])
    mean = known.new_zeros(len(known), faces.order.size, known.shape[-1])
    for group, own in zip(both, found, strict=True):
        mean.index_add_(1, group.unknowns.flatten(), own.flatten(1, 2) / 2)
    return [mean[:, group.unknowns] - own for group, own in zip(groups, found, strict=False)]
