"""Where in cells of a plane equations are looked at, and the features there: in whole cells those of the reference
cell, in cells that the rim of a shape cuts its own ones.

A cut cell has its points where it belongs to the shape, and its features are orthonormal over what is left of it: with
V the reference cell's features at points there and sqrt(w) V = Q R, they are V R^-1. So equations are as well
conditioned as in a whole cell, whatever is cut off, and a mean square is the sum of squares of coefficients.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor

from pinnsolve.networks.holding import holding
from pinnsolve.networks.reference_cell import ReferenceCell, reference_cell
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """How features of cut cells are made. Chosen, not measured.

    Parameters
    ----------
    least : float
        Of the size of a feature: what is smaller within a cut cell is not seen there. Larger: less is approximated than
        could be. Smaller: rounding, times its inverse, in what features are derived.
    closer : int
        Points along each coordinate beyond the degree, by which features are made orthonormal. Fewer: they are not.
    repeats : int
        Of what is nearest by other points, by which they are so only nearly. Fewer: it is not the nearest.
    together : float
        Numbers of the features that are made at once, of whole cells. More: memory.
    kept : float
        Numbers of features of cut cells over space that are kept, 40 MB. Fewer: they are made for each residual anew.
    """

    least: float = 1e-9
    closer: int = 3
    repeats: int = 4
    together: float = 5e5
    kept: float = 5e6


RULES = Rules()


@dataclass
class Spread:
    """Points in all cells.

    Parameters
    ----------
    mesh : Tiles
    cell : ReferenceCell
    points : int
        Along each coordinate.
    """

    mesh: Tiles
    cell: ReferenceCell
    points: int
    _tables: dict[tuple[int, ...], Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.xi, self.w = self.cell.gauss(self.points)
        cut, self.own, self.own_weights = self.mesh.cut, self.xi[None, :0], self.w[None, :0]
        if len(cut):
            frames, (places, weights, _) = self.mesh.frames[0], self.mesh.inside_cut(self.points)
            low, size = frames[:, :1], frames[:, 1:] - frames[:, :1]
            self.own, self.own_weights = (v.to(self.mesh.device) for v in (2 * (places - low) / size - 1, weights))

    @property
    def weights(self) -> Tensor:
        """(n, P), of each cell they sum to one."""
        return self._with_own(self.w.expand(len(self.mesh), -1), self.own_weights)

    @property
    def places(self) -> Tensor:
        """(n, P, dims)."""
        xi = self._with_own(self.xi.expand(len(self.mesh), -1, -1), self.own)
        return self.mesh.lows[:, None] + self.mesh.widths[:, None] * (xi + 1) / 2

    def _with_own(self, whole: Tensor, own: Tensor) -> Tensor:
        if not len(self.mesh.cut):
            return whole
        found = whole.clone()
        found[self.mesh.cut] = own
        return found

    @property
    def together(self) -> int:
        """Cells whose features are made at once, where they are not kept."""
        return max(1, int(RULES.together / (max(1, self.own.shape[1]) * self.cell.count)))

    def _parts(self, orders: Sequence[int]) -> Iterable[Tensor]:
        """The reference cell's features at the points of cut cells over space, some cells at once; kept where they are
        few enough, and these are the points at which equations are solved: others are looked at once."""
        key, room = tuple(orders), RULES.kept / (self.own[..., 0].numel() * self.cell.count)
        room *= self.points <= self.cell.degree + 1
        made = (self.cell.features(xi, key) for xi in self.own.split(self.together))
        if key not in self._tables and len(self._tables) + 1 > room:
            return made
        if key not in self._tables:
            self._tables[key] = torch.cat(list(made))
        return self._tables[key].split(self.together)

    def table(self, orders: Sequence[int], some: Tensor | slice = slice(None)) -> Tensor:
        """The features of some of the cut cells, derived so many times along each coordinate, (k, P, M)."""
        key = tuple(orders)
        if self.cell.dims > 2:
            made = self._tables[key][some] if key in self._tables else self.cell.features(self.own[some], key)
            return made @ own_features(self.mesh, self.cell)[some]
        if key not in self._tables:
            self._tables[key] = self.cell.features(self.own, key) @ own_features(self.mesh, self.cell)
        return self._tables[key][some]

    def values(self, c: Tensor, orders: Sequence[int]) -> Tensor:
        """What coefficients (..., n, M) are there, derived so many times along the reference cell's coordinates:
        (..., n, P)."""
        found = c @ self.cell.table(self.points, orders).T
        cut = self.mesh.cut
        if len(cut):
            found[..., cut, :] = self._values(c[..., cut, :], orders)
        return found

    def _values(self, c: Tensor, orders: Sequence[int]) -> Tensor:
        """The same of the cut cells, (..., k, P)."""
        if self.cell.dims < 3:
            return by_features(c, self.table(orders))
        known, found = by_features(c, own_features(self.mesh, self.cell)), list[Tensor]()
        for features, mine in zip(self._parts(orders), known.split(self.together, -2), strict=True):
            found.append(by_features(mine, features))
        return torch.cat(found, -2)

    def tested(self, given: Tensor, orders: Sequence[int]) -> Tensor:
        """The sums (..., n, M) of values (..., n, P), times the features there."""
        found = given @ self.cell.table(self.points, orders)
        cut = self.mesh.cut
        if len(cut):
            found[..., cut, :] = self._tested(given[..., cut, :], orders)
        return found

    def _tested(self, given: Tensor, orders: Sequence[int]) -> Tensor:
        """The same of the cut cells, (..., k, M)."""
        if self.cell.dims < 3:
            return by_features(given, self.table(orders).mT)
        found = list[Tensor]()
        for features, mine in zip(self._parts(orders), given.split(self.together, -2), strict=True):
            found.append(by_features(mine, features.mT))
        return by_features(torch.cat(found, -2), own_features(self.mesh, self.cell).mT)

    def rows(self, orders: Sequence[int], first: Tensor) -> Tensor:
        """The features in some cells, (C, M, P) or (M, P) where they are the same in all."""
        whole, cut = self.cell.table(self.points, orders).T, self.mesh.cut
        if not len(cut):
            return whole
        number = torch.full((len(self.mesh),), -1, dtype=torch.int64, device=first.device)
        number[cut] = torch.arange(len(cut), device=first.device)
        mine = number[first]
        found = whole.expand(len(first), -1, -1).clone()
        found[mine >= 0] = self.table(orders, mine[mine >= 0]).mT
        return found

    def nearest(self, given: Tensor) -> Tensor:
        """The coefficients (..., n, M) that are nearest to values (..., n, P), in each cell's mean square."""
        order = (0,) * self.cell.dims
        found, cut = given @ self.cell.nearest(self.points), self.mesh.cut
        if len(cut):  # by these points features are orthonormal nearly
            left, own = given[..., cut, :], found[..., cut, :] * 0
            for _ in range(RULES.repeats):
                own = own + self._tested(left * self.own_weights, order)
                left = given[..., cut, :] - self._values(own, order)
            found[..., cut, :] = own
        return found


@lru_cache(maxsize=3)  # the points of a step and of its check, and those of the next mesh; each takes tens of megabytes
def spread(mesh: Tiles, cell: ReferenceCell, points: int) -> Spread:
    """The same, made once."""
    return Spread(mesh, cell, points)


@lru_cache(maxsize=4)
def own_features(mesh: Tiles, cell: ReferenceCell) -> Tensor:
    """R^-1 of the cut cells, (k, M, M)."""
    inside = spread(mesh, cell, cell.degree + RULES.closer)
    some = zip(*(v.split(inside.together) for v in (inside.own, inside.own_weights)), strict=True)
    return torch.cat([orthonormal(cell, xi, weights) for xi, weights in some])


def orthonormal(cell: ReferenceCell, xi: Tensor, weights: Tensor) -> Tensor:
    """R^-1 (k, M, M): combinations of features that are orthonormal over places (k, P, dims) with weights (k, P), each
    of its own total degree, and the first is one."""
    v = cell.features(xi, (0,) * cell.dims) * weights.sqrt()[..., None]
    eye = torch.eye(cell.count, dtype=v.dtype, device=v.device).expand(len(v), -1, -1)
    graded = cell.powers.sum(1).sort(stable=True).indices
    r = torch.linalg.qr(torch.cat([v, RULES.least * eye], 1)[..., graded], mode="r").R
    r = r * r.diagonal(dim1=1, dim2=2).sign()[..., None]
    back = graded.argsort()
    return torch.linalg.solve_triangular(r, eye, upper=True)[:, back][:, :, back]


def modes_on(cell: ReferenceCell, xi: Tensor, weights: Tensor) -> Tensor:
    """What makes coefficients of values at places (k, P, dims - 1) of parts of sides, with weights (k, P): (k, T, P),
    those of low degree first."""
    side = reference_cell(cell.degree, cell.device, cell.dims - 1)
    order = side.powers.sum(1).argsort(stable=True)
    own = side.features(xi, (0,) * side.dims) @ orthonormal(side, xi, weights)
    return (own[..., order] * weights[..., None]).mT


def by_features(c: Tensor, table: Tensor) -> Tensor:
    """What coefficients (..., n, M) are at places, (..., n, P), by the features there: (P, M), or of each (n, P, M)."""
    if table.dim() == 2:
        return c @ table.T
    fields = c.reshape(-1, *c.shape[-2:]).permute(1, 2, 0)  # all of a cell are multiplied at once
    return (table @ fields).permute(2, 0, 1).reshape(*c.shape[:-1], -1)


def features_at(mesh: Tiles, cell: ReferenceCell, cells: Tensor, xi: Tensor, orders: Sequence[int]) -> Tensor:
    """The features of cells (m,) at their places (m, P, dims): (m, P, M)."""
    found = cell.features(xi, orders)
    if len(mesh.cut):
        number = torch.full((len(mesh),), -1, dtype=torch.int64, device=cells.device)
        number[mesh.cut] = torch.arange(len(mesh.cut), device=cells.device)
        mine, own = number[cells], own_features(mesh, cell)
        for k in mine[mine >= 0].unique().tolist():  # not at once: thousands of triangles may lie in one cell
            found[mine == k] = found[mine == k] @ own[k]
    return found


def weights_of(mesh: Tiles, cell: ReferenceCell, points: int) -> Tensor:
    """Those of so many points along each coordinate, (n, P), which sum to one in each cell."""
    if mesh.region is None:
        return cell.gauss(points)[1].expand(len(mesh), -1)
    return spread(mesh, cell, points).weights


def in_reference(mesh: Tiles, cell: ReferenceCell, c: Tensor) -> Tensor:
    """Coefficients (..., n, F, M) as those of the reference cell's features in all cells."""
    if not len(mesh.cut):
        return c
    found = c.clone()
    fields = c[..., mesh.cut, :, :].transpose(-3, -2)  # (..., F, k, M)
    found[..., mesh.cut, :, :] = by_features(fields, own_features(mesh, cell)).transpose(-3, -2)
    return found


def taken_over(
    c: Tensor, old: Tiles, before: ReferenceCell, new: Tiles, after: ReferenceCell, origin: Tensor
) -> Tensor:
    """Coefficients (..., n, F, M) in other cells, each of which is a part of the `origin` (m,): the same functions, as
    far as the features there are as rich."""
    inside = spread(new, after, after.degree + RULES.closer)
    return _nearest(inside, _seen(in_reference(old, before, c), old, before, inside.places, origin))


def on_others(c: Tensor, old: Tiles, new: Tiles, cell: ReferenceCell) -> Tensor:
    """Coefficients (..., n, F, M) on other cells of the same first boxes over a shape: the same functions where these
    are smaller, the nearest ones where they are larger."""
    if old.places == new.places:
        return c
    (low, high), (below, above) = ([u.to(new.device) for u in mesh.units] for mesh in (old, new))
    within = ((low[:, None] <= below) & (above <= high[:, None])).all(-1)  # (n, m)
    origin, inside = within.int().argmax(0), spread(new, cell, cell.degree + RULES.closer)
    known = in_reference(old, cell, c)
    values = _seen(known, old, cell, inside.places, origin)
    wider = (~within.any(0)).nonzero()[:, 0]
    if len(wider):
        x = inside.places[wider]
        origin_of_each = holding(old, new, wider, x).flatten()
        there = _seen(known, old, cell, x.flatten(0, 1)[:, None], origin_of_each)[..., 0]  # (..., w P, F)
        values[..., wider, :, :] = there.unflatten(-2, (len(wider), -1)).transpose(-1, -2)
    found, same = (
        _nearest(inside, values),
        (within & (low[:, None] == below).all(-1) & (high[:, None] == above).all(-1)),
    )
    kept = same.any(0)
    found[..., kept, :, :] = c[..., same.int().argmax(0)[kept], :, :]
    return found


def _seen(c: Tensor, old: Tiles, cell: ReferenceCell, x: Tensor, origin: Tensor) -> Tensor:
    """What coefficients (..., n, F, M) of the reference cell's features are at places (m, P, dims), of which the cells
    (m,) tell: (..., m, F, P)."""
    xi = 2 * (x - old.lows[origin][:, None]) / old.widths[origin][:, None] - 1
    many = max(1, int(RULES.together / (x.shape[1] * cell.count)))
    parts = zip(c[..., origin, :, :].split(many, -3), xi.split(many), strict=True)
    return torch.cat([mine @ cell.features(places, (0,) * cell.dims).mT for mine, places in parts], -3)


def _nearest(inside: Spread, values: Tensor) -> Tensor:
    """The coefficients (..., n, F, M) nearest to values (..., n, F, P)."""
    return inside.nearest(values.transpose(-3, -2)).transpose(-3, -2).contiguous()
