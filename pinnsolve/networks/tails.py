"""Along which coordinates the features of a cell do not suffice."""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.networks.reference_cell import ReferenceCell


def steep(c: Tensor, cell: ReferenceCell, share: float = 0.1) -> Tensor:
    """Whether coefficients (..., n, F, M) want narrower cells along each coordinate, (n, dims): where the last two
    degrees of the polynomials lie.

    A coordinate along which less than a share of the most is left out is not halved. Larger: what is oblique is halved
    along one coordinate after the other. Smaller: what varies along one is halved along both. Chosen, not measured.
    """
    if cell.dims == 1:
        return torch.ones(c.shape[-3], 1, dtype=torch.bool, device=c.device)
    last = cell.powers.sum(1) >= cell.degree - 1
    parts = (cell.powers[last] / cell.degree).to(c.dtype) ** 4  # of a feature of degrees 8 and 1 hardly the second
    left = (c[..., last].square() @ parts).sum(-2)  # (..., n, dims)
    left = left.reshape(-1, *left.shape[-2:]).sum(0)
    return left >= share * left.amax(-1, keepdim=True)
