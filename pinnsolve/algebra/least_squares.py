"""Least squares that stay solvable when columns are nearly dependent."""

from __future__ import annotations

import torch
from torch import Tensor


def solved(matrix: Tensor, right: Tensor, ridge: float) -> Tensor | None:
    """min over c of ||A c - b||^2 + ridge^2 ||D c||^2, D the norms of the columns of A; None if it is not finite.

    By QR of A over the ridge, never by A^T A, whose condition is the square.

    Parameters
    ----------
    matrix : tensor (N, P)
    right : tensor (N, K)
    ridge : float
        Relative to columns of length one (dimensionless); no less than the rounding of the type in use.

    Returns
    -------
    tensor (P, K)

    Source: Bjorck, Numerical Methods for Least Squares Problems (SIAM 1996), section 2.7.2.
    """
    rows, count = matrix.shape
    scale = matrix.norm(dim=0)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    system = matrix.new_zeros(rows + count, count + right.shape[1])
    torch.div(matrix, scale, out=system[:rows, :count])
    system[:rows, count:] = right
    system[rows:].diagonal()[:count].fill_(max(ridge, torch.finfo(matrix.dtype).eps))
    factor = torch.linalg.qr(system, mode="r").R
    found = torch.linalg.solve_triangular(factor[:count, :count], factor[:count, count:], upper=True)
    found /= scale[:, None]
    return found if bool(torch.isfinite(found).all()) else None
