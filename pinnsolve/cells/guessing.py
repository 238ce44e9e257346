"""Cells for a first guess: halved until its polynomials come close to it, so that iterations begin where it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.networks.halvings import halvings
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.spread import RULES as SPREAD
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tails import steep
from pinnsolve.networks.tiles import Tiles

Values = Callable[[Tensor], Tensor]  # from places (N, dims) to the unknowns (N, F)


@dataclass(frozen=True)
class Rules:
    """How closely a guess is followed. Chosen, not measured.

    Parameters
    ----------
    close : float
        Of an unknown's size: what may be missed in a cell. Larger: a layer that an earlier solution has is lost.
        Smaller: cells for what is a guess.
    most : int
        Cells at most. More: jumps of a guess are followed further than they are worth.
    """

    close: float = 0.03
    most: int = 256


RULES = Rules()


def on_cells(
    values: Values, mesh: Tiles, cell: ReferenceCell, rings: Sequence[bool],
    jumps: Callable[[Tiles], Tensor] | None = None,
) -> tuple[Tiles, Tensor]:  # fmt: skip
    """Cells that follow the guess, from the given ones, and its coefficients (n, F, M), nearest in each cell.

    Beside places where prescribed values jump, which `jumps` tells of cells (n,), they stay as they are: an earlier
    solution is without bound there, and halved cells would follow that without end.
    """
    while True:
        inside = spread(mesh, cell, cell.degree + SPREAD.closer)
        places, w = inside.places, inside.weights[:, None]
        given = values(places.flatten(0, 1)).reshape(*places.shape[:2], -1).transpose(1, 2)  # (n, F, P)
        c = inside.nearest(given.transpose(0, 1)).transpose(0, 1)
        sizes = (given.square() * w).sum(-1).T @ mesh.shares
        sizes = sizes.sqrt().clamp(min=torch.finfo(c.dtype).tiny)
        there = inside.values(c.transpose(0, 1), (0,) * cell.dims).transpose(0, 1)
        missed = ((given - there).square() * w).sum(-1).sqrt() / sizes
        wanted = steep(c / sizes[:, None], mesh, cell) & (missed.amax(1) > RULES.close)[:, None]
        if jumps is not None:
            wanted = wanted & ~jumps(mesh)[:, None]
        finer, _ = halvings(mesh, wanted, rings)
        if len(finer) == len(mesh) or len(finer) > RULES.most:
            return mesh, c
        mesh = finer
