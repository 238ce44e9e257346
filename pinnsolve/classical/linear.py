"""Sparse linear systems: as many equations as unknowns, or more, in the sense of least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix, diags
from scipy.sparse.linalg import splu

from pinnsolve.classical.stencils import Array


class SingularError(ArithmeticError):
    """A matrix has no inverse."""


class Factored:
    """A matrix (R, P), factored; rows are weighed by `weights` (R,) where there are more of them than unknowns.

    Normal equations square the condition number; refinement with the matrix itself gives back most of what that costs.
    """

    def __init__(self, matrix: csr_matrix, weights: Array) -> None:
        self.weights = weights
        weighed = (diags(weights) @ matrix).tocsc()
        self.square = weighed.shape[0] == weighed.shape[1]
        columns = np.sqrt(np.asarray(abs(weighed).power(2).sum(0)).ravel())
        if not np.isfinite(columns).all() or not columns.all():
            raise SingularError("a column is empty")
        self.scale = 1 / columns
        self.matrix: Any = csc_matrix(weighed @ diags(self.scale))
        self.adjoint: Any = self.matrix.conj().T.tocsc()
        try:
            if self.square:
                self.factors = splu(self.matrix)
            else:
                options = {"SymmetricMode": True}
                self.factors = splu(
                    csc_matrix(self.adjoint @ self.matrix), diag_pivot_thresh=0.0, options=options,
                    permc_spec="MMD_AT_PLUS_A",
                )  # fmt: skip
        except RuntimeError as error:  # SuperLU's word for it
            raise SingularError(str(error)) from None

    def solve(self, right: Array) -> Array:
        """The solution (P,) for a right side (R,)."""
        b = self.weights * right
        if self.square:
            x = self.factors.solve(b)
            x = x + self.factors.solve(b - self.matrix @ x)
        else:
            x = self.factors.solve(self.adjoint @ b)
            for _ in range(2):
                x = x + self.factors.solve(self.adjoint @ (b - self.matrix @ x))
        return self.scale * x
