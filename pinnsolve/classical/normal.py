"""The normal matrix of a sparse one: gathered stencil by stencil into a band, and factored there by Cholesky."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.sparse import csr_matrix

from pinnsolve.classical.stencils import Array


class SingularError(ArithmeticError):
    """A matrix has no inverse."""


@dataclass(frozen=True)
class Normal:
    """The normal matrix A* A (P, P) of A (R, P), factored by Cholesky within its band.

    Parameters
    ----------
    order : array (P,)
        The unknowns in an order in which neighbours stand close together.
    factor : array
        A band, or the whole matrix where the band is nearly as wide.
    """

    order: Array
    factor: Array
    banded: bool

    @classmethod
    def of(cls, matrix: csr_matrix, order: Array) -> Normal:
        """The factors.

        Raises
        ------
        SingularError
            If a pivot is not positive.
        """
        places = np.empty(len(order), dtype=np.int64)
        places[order] = np.arange(len(order))
        whole, banded = gathered(matrix, places)
        ridge = 1e-15  # keeps pivots positive where rounding decides; refinement takes it out again
        whole[0 if banded else np.diag_indices(len(order))] += ridge
        kept = {"lower": True, "check_finite": False}
        try:
            if banded:
                factor = scipy.linalg.cholesky_banded(whole, overwrite_ab=True, **kept)
            else:
                factor = scipy.linalg.cholesky(whole, overwrite_a=True, **kept)
        except np.linalg.LinAlgError as error:
            raise SingularError(str(error)) from None
        return cls(order, factor, banded)

    def solve(self, right: Array) -> Array:
        """The solution (P,)."""
        solve = scipy.linalg.cho_solve_banded if self.banded else scipy.linalg.cho_solve
        x = np.empty_like(right)
        x[self.order] = solve((self.factor, True), right[self.order], check_finite=False)
        return x


def gathered(matrix: csr_matrix, places: Array) -> tuple[Array, bool]:
    """The lower half of A* A with the unknowns at other places (P,): by columns within its band, where that is narrower
    than most of the matrix.

    Rows that take the same nodes, as those of all equations around one of them, are a full matrix: its product with
    itself is added at once.
    """
    matrix.sort_indices()
    columns, count = places[matrix.indices], len(places)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    starts = matrix.indptr[filled]
    band = int(np.max(np.maximum.reduceat(columns, starts) - np.minimum.reduceat(columns, starts), initial=0))
    nearly = 0.8
    banded = band < nearly * count
    store = np.zeros((count, band + 1 if banded else count), dtype=matrix.dtype)
    flat, halves = store.reshape(-1), dict[int, tuple[Array, Array]]()
    for rows, first, width in _alike(matrix, filled):
        at = columns[first : first + width]
        turned = np.argsort(at, kind="stable")
        at = at[turned]
        block = matrix.data[matrix.indptr[rows][:, None] + turned]
        if width not in halves:
            halves[width] = np.tril_indices(width)
        below, left = halves[width]
        begins = at * store.shape[1]
        where = (begins - at if banded else begins)[left] + at[below]
        flat[where] += (block.conj().T @ block)[below, left]
    return store.T, banded


def _alike(matrix: csr_matrix, filled: Array) -> Iterator[tuple[Array, int, int]]:
    """Rows with entries at the same columns, where the first one's begin, and how many these are."""
    marks = np.random.default_rng(1).integers(1 << 62, size=matrix.shape[1], dtype=np.int64)
    sums = np.add.reduceat(marks[matrix.indices], matrix.indptr[filled])  # around 2^64: equal by chance never
    _, group = np.unique(sums, return_inverse=True)
    sorted_ = np.argsort(group, kind="stable")
    for part in np.split(sorted_, np.flatnonzero(np.diff(group[sorted_])) + 1):
        rows = filled[part]
        yield rows, int(matrix.indptr[rows[0]]), int(matrix.indptr[rows[0] + 1] - matrix.indptr[rows[0]])
