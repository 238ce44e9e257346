"""Inverses and factors of dense matrices that may be singular but for rounding, with as little added as will do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor


def inverted(matrix: Tensor, positive: bool) -> Tensor:
    """The inverse of a matrix that may be positive but for rounding, with as little added as will do."""
    return torch.cholesky_inverse(cholesky(matrix)) if positive else torch.linalg.inv(settled(matrix))


def solver(matrix: Tensor, positive: bool, kept: torch.dtype) -> Callable[[Tensor], Tensor]:
    """What solves the same for right sides, by factors that are kept as numbers of a kind."""
    if positive:
        return partial(torch.cholesky_solve, input2=cholesky(matrix).to(kept))
    factors, turned = torch.linalg.lu_factor(settled(matrix))
    return partial(torch.linalg.lu_solve, factors.to(kept), turned)


def settled(matrix: Tensor) -> Tensor:
    """A matrix with as little added as is nothing beside its largest number.

    A direction that nothing determines (the mean of a pressure) stays where it is; what is added slows iterations, and
    is no error of theirs.
    """
    diagonal = matrix.diagonal(dim1=-2, dim2=-1).abs()
    return matrix + torch.diag_embed((1e-14 * diagonal.amax(-1, True)).expand_as(diagonal))


def cholesky(matrix: Tensor) -> Tensor:
    """The factors of some that may be positive but for rounding, with as little added to each as will do."""
    diagonal = matrix.diagonal(dim1=-2, dim2=-1).abs()
    ridge = torch.full_like(diagonal[..., :1], 1e-14)  # of each unknown's own, since cells differ in size
    for _ in range(4):
        factor, wrong = torch.linalg.cholesky_ex(matrix + torch.diag_embed(ridge * diagonal))
        if not bool(wrong.any()):
            break
        ridge = torch.where(wrong[..., None] > 0, 1e3 * ridge, ridge)
    return factor
