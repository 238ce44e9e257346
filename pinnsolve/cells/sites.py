"""Where conditions of cells hold: at sides, at points, and along the rim of a shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.geometry.part_shapes import ClippedParts
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.stretches import Stretches
from pinnsolve.geometry.surfaces import Surfaces
from pinnsolve.networks.openings import in_cells
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.spread import features_at
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.equation import Equation
from pinnsolve.trial.determined import Wall


@dataclass(frozen=True)
class Site:
    """Where conditions hold: places in some cells.

    Parameters
    ----------
    conditions : tuple of Equation
    cells : tensor (c,)
        One may stand there for each stretch of a rim in it.
    xi : tensor (P, dims) or (c, P, dims)
        In the reference cell.
    weights : tensor (P,) or (c, P)
        They sum to one.
    side : (coordinate, 0 or 1), optional
    normals : tensor (c, P, dims), optional
        Outward, where they are not those of a side.
    much : tensor (c,), optional
        How much each counts beside a whole side of its cell.
    """

    conditions: tuple[Equation, ...]
    cells: Tensor
    xi: Tensor
    weights: Tensor
    side: tuple[int, int] | None
    normals: Tensor | None = None
    much: Tensor | None = None
    tables: dict[tuple[int, ...], Tensor] = field(default_factory=dict, compare=False)

    @property
    def count(self) -> int:
        """P."""
        return self.xi.shape[-2]

    @property
    def scales(self) -> Tensor:
        """The roots of weights, (P,) or (c, P), as rows are multiplied by them."""
        return (self.weights if self.much is None else self.weights * self.much[:, None]).sqrt()

    def scales_at(self, some: Tensor) -> Tensor:
        """Those of some of its cells."""
        return self.scales if self.scales.dim() == 1 else self.scales[some]

    def mean(self, values: Tensor) -> Tensor:
        """The mean (..., c) of values (..., c, P)."""
        return values @ self.weights if self.weights.dim() == 1 else (values * self.weights).sum(-1)

    def table(self, mesh: Tiles, cell: ReferenceCell, orders: tuple[int, ...]) -> Tensor:
        """The features there, derived so many times along each coordinate: (P, M), or (c, P, M)."""
        if self.xi.dim() == 2 and not len(mesh.cut):
            return cell.at(self.xi, orders)
        if orders not in self.tables:
            xi = self.xi if self.xi.dim() == 3 else self.xi.expand(len(self.cells), -1, -1)
            self.tables[orders] = features_at(mesh, cell, self.cells, xi, orders)
        return self.tables[orders]


@dataclass(frozen=True)
class Rules:
    """How closely a rim is followed. Chosen, not measured.

    Parameters
    ----------
    many : float
        Stretches for each cell at the rim: where there are more, as of a level set or a mesh, short ones have few
        points. Larger: more rows.
    short, few : tuple of tuple
        In a plane and in space, of its cell's side: what is shorter than that has so many points along each parameter.
    """

    many: float = 6.0
    short: tuple[tuple[float, ...], ...] = ((0.3,), (0.15, 0.5))
    few: tuple[tuple[int, ...], ...] = ((3,), (1, 3))


RULES = Rules()


def rim_sites(walls: Sequence[Wall], mesh: Tiles, points: int) -> list[Site]:
    """The stretches of a rim at which conditions stand, with so many points each: those of one part together."""
    assert mesh.region is not None
    groups: dict[object, list[Wall]] = {}
    for wall in walls:
        if wall.rim is not None:
            kept = () if wall.part is None else wall.part.kept
            groups.setdefault((wall.rim, kept), []).append(wall)
    cells, boxes, arcs = in_cells(mesh)
    rim, found = mesh.region.on_rim(arcs[:, 0]), list[Site]()
    many = len(arcs) > RULES.many * max(1, len(cells.unique()))
    for together in groups.values():
        mine, part = rim == torch.tensor(together[0].rim), together[0].part
        if part is not None and part.kept and bool(mine.any()):
            mine[mine.clone()] = _some(mesh.region.rim, arcs[mine], part)
        if bool(mine.any()):
            conditions = tuple(wall.equation for wall in together)
            sizes = _sizes(mesh, cells[mine], arcs[mine])
            for chosen, count in _counts(sizes[0], mesh.dims, points, many):
                given = cells[mine][chosen], boxes[mine][chosen], arcs[mine][chosen], sizes[1][chosen]
                found.append(_site(conditions, part, mesh, given, count))
    return found


def _some(rim: Stretches | Surfaces | ClippedParts, arcs: Tensor, part: Piece) -> Tensor:
    """Which stretches lie in a part of the rim, and of which pieces something does, (K,)."""
    x = rim.seen(arcs)[0] if isinstance(rim, Surfaces) else rim.at(arcs[:, 0], arcs[:, 1:].mean(1, keepdim=True))[0]
    return _holds(part, x).any(1)


def _holds(part: Piece, x: Tensor) -> Tensor:
    """Which places (K, P, dims) belong to a part of the rim."""
    at = dict(zip(part.space, x.flatten(0, 1).T, strict=True))
    return torch.stack([kept.holds(at) for kept in part.kept]).all(0).view(x.shape[:2])


def _sizes(mesh: Tiles, cells: Tensor, arcs: Tensor) -> tuple[Tensor, Tensor]:
    """How long stretches or pieces (c, ...) are in parts of their cells (c,), roughly; and how long, or large, these
    cells are in such a direction."""
    assert mesh.region is not None
    widths, rim = mesh.widths.cpu()[cells], mesh.region.rim
    if isinstance(rim, Surfaces):
        _, normals, areas = rim.seen(arcs)
        facing = (normals.abs() * areas[..., None]).sum(1)
        facing = facing / facing.norm(dim=1, keepdim=True).clamp(min=1e-300)
        size = widths.prod(1) / (facing * widths).sum(1).clamp(min=1e-300)
        return (areas.sum(1) / size).sqrt(), size
    ends = rim.at(arcs[:, 0], arcs[:, 1:])[0]
    chord = (ends[:, 1] - ends[:, 0]).abs()
    chord = chord / chord.norm(dim=1, keepdim=True).clamp(min=1e-300)
    size = (chord * widths).sum(1)
    rough = rim.at(arcs[:, 0], arcs[:, 1:].mean(1, keepdim=True))[2][:, 0] * (arcs[:, 2] - arcs[:, 1])
    return rough / size, size


def _counts(ratio: Tensor, dims: int, points: int, many: bool) -> list[tuple[Tensor, int]]:
    """Which of stretches or pieces, by how long they are in parts of their cells, have how many points along each
    parameter."""
    left, found = torch.ones_like(ratio, dtype=torch.bool), list[tuple[Tensor, int]]()
    for short, few in zip(RULES.short[dims - 2], RULES.few[dims - 2], strict=True) if many else ():
        found.append((left & (ratio < short), min(points, few)))
        left &= ratio >= short
    return [(chosen, count) for chosen, count in (*found, (left, points)) if bool(chosen.any())]


def _site(
    conditions: tuple[Equation, ...], part: Piece | None, mesh: Tiles, given: Sequence[Tensor], count: int
) -> Site:  # fmt: skip
    """Conditions on a part of the rim, along stretches or pieces: of these the cells (c,), their boxes, themselves, and
    how large the cells are in their direction."""
    assert mesh.region is not None
    cells, boxes, arcs, size = given
    x, normals, lengths = mesh.region.rim.nodes(arcs, boxes, count)
    if part is not None and part.kept:
        lengths = lengths * _holds(part, x)
    whole = lengths.sum(1, keepdim=True)
    # points that do not belong to the part take the place of one that does, and count for nothing
    beyond, number, most = (lengths <= 0)[..., None], torch.arange(len(x)), lengths.argmax(1)
    x, normals = (torch.where(beyond, v[number, most][:, None], v) for v in (x, normals))
    low, widths = (v.cpu()[cells][:, None] for v in (mesh.lows, mesh.widths))
    made = cells, 2 * (x - low) / widths - 1, lengths / whole.clamp(min=1e-300), normals, whole[:, 0] / size
    cells, xi, weights, normals, much = (v.to(mesh.device) for v in made)
    return Site(conditions, cells, xi, weights, None, normals, much)


def cell_at(mesh: Tiles, place: Tensor) -> tuple[Tensor, Tensor]:
    """The number () of the cell of a place (dims,), and where in the reference cell that is, (dims,)."""
    xi = 2 * (place - mesh.lows) / mesh.widths - 1
    cell = xi.abs().amax(1).argmin()
    return cell, xi[cell]
