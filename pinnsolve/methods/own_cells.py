"""The cells that a rank condenses: its part of a mesh, and those of them that stand for all alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.operations import product
from pinnsolve.algebra.subtrees import Subtrees, shared_out
from pinnsolve.methods.condensed import alike
from pinnsolve.methods.faces import Faces
from pinnsolve.methods.implicit_step import Scheme
from pinnsolve.methods.rows import Slopes
from pinnsolve.methods.sides import Sides
from pinnsolve.methods.sites import Site
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
    unlike : int
        How many cells of all ranks stand for all alike.
    """

    shares: Subtrees
    cells: Tensor
    first: Tensor
    alike: Tensor
    groups: list[Sides]
    unlike: int

    def alone(self, inverse: Tensor, right: Tensor) -> Tensor:
        """H^-1 (s, C, F M, F M) times right sides (s, n, F M, K), and zeros in others' cells."""
        everything = len(self.cells) == right.shape[1]
        if len(self.first) == len(self.cells) and everything:
            return inverse @ right
        found = torch.zeros_like(right)
        if len(self.first) == len(self.cells):
            found[:, self.cells] = inverse @ right[:, self.cells]
            return found
        kinds = self.alike[self.cells]
        for kind in range(len(self.first)):
            mine = self.cells[kinds == kind]
            found[:, mine] = inverse[:, kind, None] @ right[:, mine]
        return found


def own_cells(
    scheme: Scheme, mesh: Tiles, faces: Faces, groups: Sequence[Sides], slopes: Slopes,
    sites: Sequence[tuple[Site, Slopes]],
) -> OwnCells:  # fmt: skip
    """This rank's part of a mesh: subtrees of the order in which cells are eliminated, of about as much work each."""
    first, number = alike(mesh, faces.alike, slopes, sites)
    one = sum(condensation(*numbers_of(scheme, mesh, faces)))
    shares = shared_out(faces.order, scheme.world, one * len(first) / len(mesh))
    if shares.ranks.size == 1:
        return OwnCells(shares, torch.arange(len(mesh), device=mesh.device), first, number, list(groups), len(first))
    cells = torch.tensor(sorted(shares.cells), dtype=torch.int64, device=mesh.device)
    kinds, which = torch.unique(number[cells], return_inverse=True)
    theirs = torch.full_like(number, -1)
    for k, kind in enumerate(kinds.tolist()):
        theirs[number == kind] = k
    firsts = [int(cells[which == k][0]) for k in range(len(kinds))]
    mine = torch.tensor(firsts, dtype=torch.int64, device=mesh.device)
    return OwnCells(shares, cells, mine, theirs, _some(groups, cells), len(first))


def numbers_of(scheme: Scheme, mesh: Tiles, faces: Faces) -> tuple[int, int, int]:
    """Of a cell: coefficients, rows of equations, and unknowns at its sides, on the mean."""
    rows = len(scheme.evolution.equations) * scheme.in_cell
    return scheme.fields * scheme.cell.count, rows, 2 * faces.order.size // len(mesh)


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
