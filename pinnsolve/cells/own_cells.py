"""The cells that a rank condenses: its part of a mesh, and those of them that stand for all alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.algebra.dissection import Dissection
from pinnsolve.algebra.operations import product
from pinnsolve.algebra.subtrees import Ranks, Subtrees, shared_out
from pinnsolve.cells.condensed import alike, constant
from pinnsolve.cells.elimination_order import joining, order_in
from pinnsolve.cells.faces import Faces
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.rows import Slopes
from pinnsolve.cells.sides import Sides
from pinnsolve.cells.sites import Site
from pinnsolve.geometry.once import once
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class OwnCells:
    """What is this rank's.

    Parameters
    ----------
    shares : Subtrees
    cells : tensor (m,)
        In the order of the mesh; all of them where one process is alone.
    first : tensor (C,)
        Those that stand for all alike.
    alike : tensor (n,)
        For each cell its number among these; minus one of others' cells that are like none of them.
    groups : list of Sides
        By how many unknowns there are at a cell's sides.
    beside : list of Sides
        The same of other ranks' cells that share sides with these.
    unlike : int
        How many cells of all ranks stand for all alike.
    """

    shares: Subtrees
    cells: Tensor
    first: Tensor
    alike: Tensor
    groups: list[Sides]
    beside: list[Sides]
    unlike: int

    def alone(self, inverse: Tensor, right: Tensor) -> Tensor:
        """H^-1 (s, C, F M, F M) times right sides (s, n, F M, K), and zeros in others' cells."""
        if len(self.cells) == right.shape[1]:
            return self.here(inverse, right)
        return self.whole(self.here(inverse, right[:, self.cells]), right.shape[1])

    def here(self, inverse: Tensor, right: Tensor) -> Tensor:
        """The same in these cells alone, (s, m, F M, K)."""
        if len(self.first) == len(self.cells):
            return inverse @ right
        found, (order, counts) = torch.empty_like(right), self.by_kind
        beside = right.index_select(1, order).transpose(1, 2)  # (s, F M, m, K): one product for all of a kind
        parts = beside.flatten(2).split([count * right.shape[-1] for count in counts], 2)
        product = torch.cat([h @ part for h, part in zip(inverse.unbind(1), parts, strict=True)], 2)
        return found.index_copy_(1, order, product.unflatten(2, beside.shape[2:]).transpose(1, 2))

    @cached_property
    def by_kind(self) -> tuple[Tensor, list[int]]:
        """Numbers among the cells, those of one kind side by side, and how many there are of each."""
        kinds = self.alike[self.cells]
        return kinds.argsort(stable=True), torch.bincount(kinds, minlength=len(self.first)).tolist()

    def whole(self, mine: Tensor, count: int) -> Tensor:
        """What is known of these cells, (s, m, ...), with zeros in the others of so many."""
        if len(self.cells) == count:
            return mine
        found = mine.new_zeros(len(mine), count, *mine.shape[2:])
        return found.index_copy_(1, self.cells, mine)

    def among(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Which of some cells are among these, by their numbers there, and their numbers here."""
        chosen = torch.isin(cells, self.cells).nonzero()[:, 0]
        return chosen, torch.searchsorted(self.cells, cells[chosen])


@dataclass(frozen=True)
class Seen:
    """The cells at whose points this rank evaluates equations.

    Parameters
    ----------
    cells : tensor (m,), optional
        Without them it does so in all, as all other ranks do.
    ranks : Ranks
        Among which cells are shared.
    """

    cells: Tensor | None
    ranks: Ranks

    def among(self, mine: Tensor, count: int, axis: int = 0) -> Tensor:
        """What is known of these cells, one after the other along an axis, with zeros in the others of so many."""
        if self.cells is None:
            return mine
        found = mine.new_zeros(*mine.shape[:axis], count, *mine.shape[axis + 1 :])
        return found.index_copy_(axis, self.cells, mine)

    def sum(self, mine: Tensor) -> Tensor:
        """Over the ranks, of what is nothing where cells are others'."""
        return mine if self.cells is None else self.ranks.sum(mine)

    def over_cells(self, each: Tensor) -> Tensor:
        """The sum over all cells of what is known of each, (n, ...), at least of this rank's."""
        return each.sum(0) if self.cells is None else self.ranks.sum(each[self.cells].sum(0))

    def equal(self, values: Sequence[Tensor], mine: bool) -> bool:
        """Whether on all ranks something is so, and some numbers are the same."""
        if self.cells is None:
            return mine
        told = torch.stack([*values, torch.tensor(float(mine), dtype=values[0].dtype, device=values[0].device)])
        found = torch.zeros(self.ranks.size, len(told), dtype=told.dtype, device=told.device)
        found[self.ranks.rank] = told
        found = self.ranks.sum(found)
        return bool((found == found[0]).all() and found[0, -1])


def seen_by(scheme: Scheme, mesh: Tiles) -> Seen:
    """Where fluxes join cells, each rank evaluates what it condenses."""
    if scheme.world.size == 1 or not scheme.evolution.fluxed:
        return Seen(None, scheme.world)
    known = "seen", scheme.world, len(scheme.evolution.equations), *joining(scheme, mesh)[1:]
    return once(mesh, known, lambda: _seen(scheme, mesh))


def _seen(scheme: Scheme, mesh: Tiles) -> Seen:
    shares = _shares(scheme, mesh, order_in(scheme, mesh))
    return Seen(_cells(shares, mesh) if shares.ranks.size > 1 else None, shares.ranks)


def _shares(scheme: Scheme, mesh: Tiles, order: Dissection) -> Subtrees:
    """Subtrees of the order in which cells are eliminated, of about as much work each, as if no two were alike."""
    return shared_out(order, scheme.world, sum(condensation(*numbers_of(scheme, mesh, order))))


def _cells(shares: Subtrees, mesh: Tiles) -> Tensor:
    return torch.tensor(sorted(shares.cells), dtype=torch.int64, device=mesh.device)


def own_cells(
    scheme: Scheme, mesh: Tiles, faces: Faces, groups: Sequence[Sides], slopes: Slopes,
    sites: Sequence[tuple[Site, Slopes]], seen: Seen | None = None,
) -> OwnCells:  # fmt: skip
    """This rank's part of a mesh; with what it has seen of the slopes."""
    seen = seen or Seen(None, scheme.world)
    varying = slopes if seen.cells is None else {key: slope[seen.cells] for key, slope in slopes.items()}
    first, number = alike(mesh, faces.alike, sites, constant([varying, *(at_wall for _, at_wall in sites)], seen.equal))
    shares = _shares(scheme, mesh, faces.order)
    if shares.ranks.size == 1:
        everything = torch.arange(len(mesh), device=mesh.device)
        return OwnCells(shares, everything, first, number, list(groups), [], len(first))
    cells = _cells(shares, mesh)
    kinds, which = torch.unique(number[cells], return_inverse=True)
    here = torch.full((int(number.max()) + 1,), -1, device=mesh.device)
    here[kinds] = torch.arange(len(kinds), device=mesh.device)
    theirs = here[number]
    mine = cells.new_zeros(len(kinds)).scatter_reduce(0, which, cells, "amin", include_self=False)
    own, others = _some(groups, cells), torch.ones(len(mesh), dtype=torch.bool, device=mesh.device)
    others[cells] = False
    seen_here = torch.zeros(faces.order.size, dtype=torch.bool, device=mesh.device)
    for group in own:
        seen_here[group.unknowns] = True
    touching = [group.cells[seen_here[group.unknowns].any(1)] for group in groups]
    beside = torch.cat([cells[:0], *touching])
    return OwnCells(shares, cells, mine, theirs, own, _some(groups, beside[others[beside]]), len(first))


def numbers_of(scheme: Scheme, mesh: Tiles, order: Dissection) -> tuple[int, int, int]:
    """Of a cell: coefficients, rows of equations, and unknowns at its sides, on the mean."""
    rows = len(scheme.evolution.equations) * scheme.in_cell
    return scheme.fields * scheme.cell.count, rows, 2 * order.size // len(mesh)


def condensation(m: int, rows: int, k: int) -> tuple[float, float, float]:
    """Operations of a cell's condensation: products of its rows, their inverse, what is left at its sides."""
    return product(m, rows, m), 2 * product(m, m, m), product(m, m, k) + product(k, m, k)


def _some(groups: Sequence[Sides], cells: Tensor) -> list[Sides]:
    """The same of some cells alone."""
    found = []
    for group in groups:
        chosen = torch.isin(group.cells, cells).nonzero()[:, 0]
        if len(chosen):
            each, which, scale = (None if x is None else x[chosen] for x in (group.each, group.which, group.scale))
            found.append(Sides(group.cells[chosen], group.unknowns[chosen], each, group.kinds, which, scale))
    return found
