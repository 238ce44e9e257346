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
    found = matrix.clone()
    diagonal = found.diagonal(dim1=-2, dim2=-1)
    diagonal.add_(1e-14 * diagonal.abs().amax(-1, True))
    return found


def cholesky(matrix: Tensor) -> Tensor:
    """The factors of some that may be positive but for rounding, with as little added to each as will do.

    It is added in place, and taken back: a front is as large as all that is kept of those before.
    """
    on, given = matrix.diagonal(dim1=-2, dim2=-1), matrix.diagonal(dim1=-2, dim2=-1).clone()
    ridge = torch.full_like(given[..., :1].abs(), 1e-14)  # of each unknown's own, since cells differ in size
    for _ in range(4):
        on.copy_(given + ridge * given.abs())
        factor, wrong = torch.linalg.cholesky_ex(matrix)
        if not bool(wrong.any()):
            break
        ridge = torch.where(wrong[..., None] > 0, 1e3 * ridge, ridge)
    on.copy_(given)
    return factor
