"""Sparse linear systems: as many equations as unknowns, or more, in the sense of least squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import bmat, csr_matrix, identity
from scipy.sparse.linalg import splu

from pinnsolve.classical.normal import Normal, SingularError
from pinnsolve.classical.stencils import Array


@dataclass(frozen=True)
class Iterated:
    """How conjugate gradients go.

    Parameters
    ----------
    most : int
        Of their steps: new factors of a plane's matrix cost as much as some hundred.
    met : float
        Of the right side, in the norm of the factors: what is left of it. Newton's method gains no more by its step.
    """

    most: int = 15
    met: float = 1e-4


ITERATED = Iterated()


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
    Along a single coordinate they are not used. `normal` gives them for a scale (P,) of the columns, where they are
    known already.
    """

    def __init__(
        self, matrix: csr_matrix, weights: Array, order: Array, narrow: bool = False,
        normal: Callable[[Array], Normal] | None = None,
    ) -> None:  # fmt: skip
        self.weights = weights
        weighed = matrix.tocsr()
        rows = np.repeat(weights, np.diff(weighed.indptr)) * weighed.data
        columns = np.sqrt(np.bincount(weighed.indices, np.abs(rows) ** 2, matrix.shape[1]))
        if not np.isfinite(columns).all() or not columns.all():
            raise SingularError("a column is empty")
        self.scale = 1 / columns
        self.matrix = _with(weighed, rows * self.scale[weighed.indices])
        self.square = matrix.shape[0] == matrix.shape[1]
        self.augmented: Augmented | None = None
        if self.square:
            try:
                self.factors = splu(self.matrix.tocsc())
            except RuntimeError as error:  # SuperLU's word for it
                raise SingularError(str(error)) from None
        elif narrow:
            self.augmented = Augmented.of(self.matrix)
        else:
            self.normal = normal(self.scale) if normal else Normal.of(self.matrix, order)

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
        x = _begun(len(self.scale))
        for _ in range(2):
            x = self.inverted(x)
            x = x / (np.linalg.norm(x) or 1.0)
        return self.scale * x

    def inverted(self, right: Array) -> Array:
        """The x (P,) with A* A x = right (P,) of the scaled matrix, up to a factor."""
        if self.square:
            found: Array = self.factors.solve(self.factors.solve(right, "T"))
            return found
        return self.augmented.adjoint(right) if self.augmented else self.normal.solve(right)

    def _by_normal(self, right: Array) -> Array:
        return self.normal.solve(self.matrix.conj().T @ right)


class Nearby:
    """Another real matrix (R, P) that is met by conjugate gradients with the factors of one like it, a linearisation at
    another step of Newton's method; where they are too far apart, by factors of its own.

    Source: Bjorck, Numerical Methods for Least Squares Problems (1996), section 7.4 (CGLS, preconditioned).
    """

    def __init__(self, factors: Factored, matrix: csr_matrix, order: Array) -> None:
        self.factors, self.original, self.order = factors, matrix, order
        rows = np.repeat(factors.weights, np.diff(matrix.indptr)) * matrix.data
        self.matrix = _with(matrix, rows * factors.scale[matrix.indices])
        self.own = False

    def solve(self, right: Array) -> Array:
        """The solution (P,) for a right side (R,)."""
        found = None if self.own else self._met(self.matrix.T @ (self.factors.weights * right))
        return self._factored().solve(right) if found is None else self.factors.scale * found

    def softest(self) -> Array:
        """As that of the factors, for this matrix."""
        x = _begun(self.matrix.shape[1])
        for _ in range(2):
            found = None if self.own else self._met(x)
            if found is None:
                return self._factored().softest()
            x = found / (np.linalg.norm(found) or 1.0)
        return self.factors.scale * x

    def _factored(self) -> Factored:
        if not self.own:
            self.factors, self.own = Factored(self.original, self.factors.weights, self.order), True
        return self.factors

    def _met(self, right: Array) -> Array | None:
        """The x (P,) with A* A x = right (P,); None where that takes too many steps."""
        x, left = np.zeros_like(right), right
        direction = found = self.factors.inverted(left)
        size = begin = float(left @ found)
        for _ in range(ITERATED.most):
            answer = self.matrix @ direction
            part = size / (float(answer @ answer) or 1.0)
            x, left = x + part * direction, left - part * (self.matrix.T @ answer)
            found, before = self.factors.inverted(left), size
            size = float(left @ found)
            if abs(size) <= ITERATED.met**2 * abs(begin):
                return x
            direction = found + size / before * direction
        return None


def _with(matrix: csr_matrix, data: Array) -> csr_matrix:
    """Other entries at the places of a matrix."""
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _begun(count: int) -> Array:
    return np.random.default_rng(7).standard_normal(count)
