"""Along which coordinates the features of a cell do not suffice."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.tiles import Tiles


def steep(c: Tensor, mesh: Tiles, cell: ReferenceCell, share: float = 0.1) -> Tensor:
    """Whether coefficients (..., n, F, M) want narrower cells along each coordinate, (n, dims): where the last two
    degrees of the polynomials lie. Cells that a rim cuts want it along each, since there features are mixed.

    A coordinate along which less than a share of the most is left out is not halved. Larger: what is oblique is halved
    along one coordinate after the other. Smaller: what varies along one is halved along both. Chosen, not measured.
    """
    if cell.dims == 1:
        return torch.ones(c.shape[-3], 1, dtype=torch.bool, device=c.device)
    last = cell.powers.sum(1) >= cell.degree - 1
    parts = (cell.powers[last] / cell.degree).to(c.dtype) ** 4  # of a feature of degrees 8 and 1 hardly the second
    left = (c[..., last].square() @ parts).sum(-2)  # (..., n, dims)
    left = left.reshape(-1, *left.shape[-2:]).sum(0)
    found = left >= share * left.amax(-1, keepdim=True)
    found[mesh.cut] = True
    return found


def wanting(c: Tensor, mesh: Tiles, cell: ReferenceCell, needed: Tensor) -> Tensor:
    """Along which coordinates cells with coefficients (..., n, F, M) want halves, (n, dims), that shall bring what they
    leave down to the part `needed` (n,): in space as few as suffice, since each costs more there."""
    if cell.dims < 3:
        return steep(c, mesh, cell)
    together = c.movedim(-3, 0).flatten(1, -2)  # (n, all fields, M)
    return fewest(together, cell, needed.clamp(max=1.0))[0]


def fewest(c: Tensor, cell: ReferenceCell, needed: Tensor) -> tuple[Tensor, Tensor]:
    """Along which coordinates to halve cells whose coefficients (n, F, M) leave too much, (n, dims): as few of them as
    bring what is left down to the part `needed` (n,); and the part to which they do, (n,).

    A feature of degree p along a coordinate is 2^-p of what it was in half a cell. Where no halving brings so much,
    it is as few as bring three fifths of what all of them do, as a logarithm. Of coordinates that do as well, as where
    two of them may be exchanged, it is the last.
    """
    last = cell.powers.sum(1) >= cell.degree - 1
    powers, square = cell.powers[last].to(c.dtype), c[..., last].square().sum(-2)  # (L, dims), (n, L)
    whole = square.sum(-1).clamp(min=torch.finfo(c.dtype).tiny)
    part = (square @ 4.0 ** -powers.sum(1)) / whole
    aim = torch.maximum(needed.square(), part**0.6)
    close = 1 - EQUAL**0.5  # half of the digits: what comes of a solution differs in more than the last of them
    chosen = torch.ones(len(c), cell.dims, dtype=torch.bool, device=c.device)
    count = torch.full_like(whole, float(cell.dims))
    for axes in itertools.product((0, 1), repeat=cell.dims):
        mine, k = powers.new_tensor(axes), sum(axes)
        if not 0 < k < cell.dims:
            continue
        left = (square @ 4.0 ** -(powers @ mine)) / whole
        better = (left <= aim) & ((k < count) | ((k == count) & (left < close * part)))
        chosen[better], count[better], part[better] = mine.bool(), float(k), left[better]
    return chosen, part.sqrt()


def decay(c: Tensor, cell: ReferenceCell) -> Tensor:
    """By how much the last two degrees of coefficients (n, F, M) are smaller than the two before, (n,); one at most."""
    degrees, square = cell.powers.sum(1), c.square().sum(-2)
    last, before = (
        square[:, (degrees > d - 2) & (degrees <= d)].sum(-1) for d in (cell.degree, cell.degree - 2)
    )  # fmt: skip
    return (last / before.clamp(min=torch.finfo(c.dtype).tiny)).sqrt().clamp(max=1.0)
