"""Sparse linear systems: as many equations as unknowns, or more, in the sense of least squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from scipy.sparse import bmat, csc_matrix, csr_matrix, diags, identity
from scipy.sparse.linalg import splu

from pinnsolve.classical.stencils import Array


class SingularError(ArithmeticError):
    """A matrix has no inverse."""


@dataclass(frozen=True)
class Normal:
    """The normal matrix A* A (P, P), factored by Cholesky within its band.

    Parameters
    ----------
    order : array (P,)
        The unknowns in an order in which neighbours stand close together.
    factor : array
        A band, or the whole matrix where the band is as wide.
    """

    order: Array
    factor: Array
    banded: bool

    @classmethod
    def of(cls, product: Any, order: Array) -> Normal:
        """The factors.

        Raises
        ------
        SingularError
            If a pivot is not positive.
        """
        entries = product[order][:, order].tocoo()
        count, lower = product.shape[0], entries.row >= entries.col
        band = int(np.max(entries.row - entries.col, initial=0))
        banded = 3 * band < count
        try:
            if banded:
                matrix = np.zeros((band + 1, count), dtype=entries.dtype)
                matrix[entries.row[lower] - entries.col[lower], entries.col[lower]] = entries.data[lower]
                factor = scipy.linalg.cholesky_banded(matrix, lower=True, check_finite=False)
            else:
                factor = scipy.linalg.cholesky(entries.toarray(), lower=True, check_finite=False)
        except np.linalg.LinAlgError as error:
            raise SingularError(str(error)) from None
        return cls(order, factor, banded)

    def solve(self, right: Array) -> Array:
        """The solution (P,)."""
        solve = scipy.linalg.cho_solve_banded if self.banded else scipy.linalg.cho_solve
        x = np.empty_like(right)
        x[self.order] = solve((self.factor, True), right[self.order], check_finite=False)
        return x


@dataclass(frozen=True)
class Augmented:
    """Least squares as the square system (alpha r + A x, A* r) = (b, 0), which does not square the condition number.

    Quick where the matrix is a narrow band, along a single coordinate; elsewhere it fills.
    """

    factors: Any
    rows: int

    @classmethod
    def of(cls, matrix: Any) -> Augmented:
        """The factors.

        Raises
        ------
        SingularError
        """
        alpha = 1e-4  # about the smallest singular value: there the system is conditioned as the matrix (Bjorck 1967)
        rows = matrix.shape[0]
        whole = bmat([[alpha * identity(rows), matrix], [matrix.conj().T, None]], format="csc")
        try:
            return cls(splu(whole), rows)
        except RuntimeError as error:
            raise SingularError(str(error)) from None

    def solve(self, right: Array) -> Array:
        """The x (P,) that is nearest to A x = right (R,)."""
        whole = np.zeros(self.factors.shape[0], dtype=right.dtype)
        whole[: self.rows] = right
        found: Array = self.factors.solve(whole)[self.rows :]
        return found

    def adjoint(self, right: Array) -> Array:
        """The x (P,) with A* A x = right (P,), up to a factor."""
        whole = np.concatenate([np.zeros(self.rows), right])
        found: Array = self.factors.solve(whole)[self.rows :]
        return found


class Dense:
    """The same for a matrix (R, P) of a few unknowns, where a sparse one costs more than its factors: a system of
    ordinary differential equations.

    Raises
    ------
    SingularError
    """

    def __init__(self, matrix: Array, weights: Array) -> None:
        self.weights, weighed = weights, weights[:, None] * matrix
        columns = np.sqrt((np.abs(weighed) ** 2).sum(0))
        if not np.isfinite(columns).all() or not columns.all():
            raise SingularError("a column is empty")
        self.scale, self.matrix = 1 / columns, weighed / columns
        q, r = np.linalg.qr(self.matrix)
        pivots = np.abs(np.diag(r))
        if not pivots.min() > np.finfo(float).tiny:
            raise SingularError("a pivot is zero")
        self.inverse = np.linalg.solve(r, q.conj().T)

    def solve(self, right: Array, refined: int = 2) -> Array:
        """The solution (P,) for a right side (R,), refined so many times."""
        b = self.weights * right
        x = self.inverse @ b
        for _ in range(refined):
            x = x + self.inverse @ (b - self.matrix @ x)
        found: Array = self.scale * x
        return found


class Factored:
    """A matrix (R, P), factored; rows are weighed by `weights` (R,) where there are more of them than unknowns.

    Normal equations square the condition number; refinement with the matrix itself gives back most of what that costs.
    Along a single coordinate they are not used.
    """

    def __init__(self, matrix: csr_matrix, weights: Array, order: Array, narrow: bool = False) -> None:
        self.weights = weights
        weighed = (diags(weights) @ matrix).tocsc()
        self.square = weighed.shape[0] == weighed.shape[1]
        columns = np.sqrt(np.asarray(abs(weighed).power(2).sum(0)).ravel())
        if not np.isfinite(columns).all() or not columns.all():
            raise SingularError("a column is empty")
        self.scale = 1 / columns
        self.matrix: Any = csc_matrix(weighed @ diags(self.scale))
        self.augmented: Augmented | None = None
        if self.square:
            try:
                self.factors = splu(self.matrix)
            except RuntimeError as error:  # SuperLU's word for it
                raise SingularError(str(error)) from None
        elif narrow:
            self.augmented = Augmented.of(self.matrix)
        else:
            self.adjoint: Any = self.matrix.conj().T.tocsc()
            ridge = 1e-15  # keeps pivots positive where rounding decides; refinement takes it out again
            self.normal = Normal.of((self.adjoint @ self.matrix + ridge * diags(np.ones(len(order)))).tocsr(), order)

    def solve(self, right: Array, refined: int = 2) -> Array:
        """The solution (P,) for a right side (R,), refined so many times."""
        b = self.weights * right
        direct = self.factors.solve if self.square else self.augmented.solve if self.augmented else self._by_normal
        x = direct(b)
        for _ in range(refined):
            x = x + direct(b - self.matrix @ x)
        return self.scale * x

    def softest(self) -> Array:
        """Values (P,) that change the rows as little as any of their size: two steps of inverse iteration."""
        x = np.random.default_rng(7).standard_normal(len(self.scale))
        for _ in range(2):
            if self.square:
                x = self.factors.solve(self.factors.solve(x, "T"))
            else:
                x = self.augmented.adjoint(x) if self.augmented else self.normal.solve(x)
            x = x / (np.linalg.norm(x) or 1.0)
        return self.scale * x

    def _by_normal(self, right: Array) -> Array:
        return self.normal.solve(self.adjoint @ right)
