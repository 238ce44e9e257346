"""Where conditions of cells hold: at sides, at points, and along the rim of a shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.networks.reference_cell import ReferenceCell, reference_cell
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
        Stretches for each cell at the rim: where there are more, as of a level set or a mesh, short ones have `few`
        points. Larger: more rows.
    short : float
        Of its cell's side: below it a stretch is a short one.
    few : int
    """

    many: float = 6.0
    short: float = 0.3
    few: int = 3


RULES = Rules()


def rim_sites(walls: Sequence[Wall], mesh: Tiles, points: int) -> list[Site]:
    """The stretches of a rim at which conditions stand, with so many points each: those of one part together."""
    assert mesh.region is not None
    groups: dict[object, list[Wall]] = {}
    for wall in walls:
        if wall.rim is not None:
            kept = () if wall.part is None else wall.part.kept
            groups.setdefault((wall.rim, kept), []).append(wall)
    cells = torch.tensor([j for j, clip in enumerate(mesh.clips) for _ in clip.arcs], dtype=torch.int64)
    arcs = torch.cat([clip.arcs for clip in mesh.clips])
    rim, found = mesh.region.on_rim(arcs[:, 0]), list[Site]()
    many = len(arcs) > RULES.many * max(1, len(cells.unique()))
    for together in groups.values():
        mine = rim == torch.tensor(together[0].rim)
        part = together[0].part
        if part is not None and part.kept and bool(mine.any()):
            middle = mesh.region.rim.at(arcs[mine, 0], arcs[mine, 1:].mean(1, keepdim=True))[0][:, 0]
            at = dict(zip(part.space, middle.T, strict=True))
            mine[mine.clone()] = torch.stack([kept.holds(at) for kept in part.kept]).all(0)
        if bool(mine.any()):
            conditions = tuple(wall.equation for wall in together)
            found += _along(conditions, mesh, cells[mine], arcs[mine], points, many)
    return found


def _along(
    conditions: tuple[Equation, ...], mesh: Tiles, cells: Tensor, arcs: Tensor, points: int, many: bool
) -> list[Site]:
    """Conditions along stretches (c, 3) in cells (c,)."""
    assert mesh.region is not None
    low, widths = mesh.lows.cpu()[cells], mesh.widths.cpu()[cells]
    ends = mesh.region.rim.at(arcs[:, 0], arcs[:, 1:])[0]
    chord = (ends[:, 1] - ends[:, 0]).abs()
    chord = chord / chord.norm(dim=1, keepdim=True).clamp(min=1e-300)
    size = (chord * widths).sum(1)  # how long the cell is in that direction
    rough = mesh.region.rim.at(arcs[:, 0], arcs[:, 1:].mean(1, keepdim=True))[2][:, 0] * (arcs[:, 2] - arcs[:, 1])
    short = (rough < RULES.short * size) & many
    found = []
    for chosen, count in ((~short, points), (short, min(points, RULES.few))):
        if not bool(chosen.any()):
            continue
        nodes, w = reference_cell(count, torch.device("cpu"), 1).gauss(count)
        own, cell = arcs[chosen], cells[chosen]
        parts = own[:, 1:2] + (own[:, 2:] - own[:, 1:2]) * (nodes[:, 0] + 1) / 2
        x, normals, density = mesh.region.rim.at(own[:, 0], parts, outward=True)
        lengths = density * w * (own[:, 2] - own[:, 1])[:, None]
        whole = lengths.sum(1, keepdim=True)
        xi = 2 * (x - low[chosen][:, None]) / widths[chosen][:, None] - 1
        given = cell, xi, lengths / whole, normals, whole[:, 0] / size[chosen]
        cell, xi, weights, normals, much = (v.to(mesh.device) for v in given)
        found.append(Site(conditions, cell, xi, weights, None, normals, much))
    return found
