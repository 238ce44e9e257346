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
    itself is added at once, beside those of others of that shape.
    """
    matrix.sort_indices()
    columns, count = places[matrix.indices], len(places)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    starts = matrix.indptr[filled]
    band = int(np.max(np.maximum.reduceat(columns, starts) - np.minimum.reduceat(columns, starts), initial=0))
    nearly = 0.8
    banded = band < nearly * count
    store = np.zeros((count, band + 1 if banded else count), dtype=matrix.dtype)
    for rows, width in _alike(matrix, filled):
        at = columns[matrix.indptr[rows[:, 0]][:, None] + np.arange(width)]
        turned = np.argsort(at, axis=1, kind="stable")
        at = np.take_along_axis(at, turned, 1)
        blocks = matrix.data[matrix.indptr[rows][:, :, None] + turned[:, None]]
        below, left = np.tril_indices(width)
        begins = at * store.shape[1]
        where = (begins - at if banded else begins)[:, left] + at[:, below]
        _add(store.reshape(-1), where.ravel(), (blocks.conj().transpose(0, 2, 1) @ blocks)[:, below, left].ravel())
    return store.T, banded


def _add(store: Array, where: Array, values: Array) -> None:
    """Add values (K,) at places (K,) of which some are the same."""
    if np.iscomplexobj(store):  # NumPy is quick with real numbers alone
        parts = store.view(np.float64)
        np.add.at(parts, 2 * where, values.real)
        np.add.at(parts, 2 * where + 1, values.imag)
    else:
        np.add.at(store, where, values)


def _alike(matrix: csr_matrix, filled: Array) -> Iterator[tuple[Array, int]]:
    """Groups of as many rows (G, R) each, all of a group with entries at the same columns, and how many these are."""
    marks = np.random.default_rng(1).integers(1 << 62, size=matrix.shape[1], dtype=np.int64)
    sums = np.add.reduceat(marks[matrix.indices], matrix.indptr[filled])  # around 2^64: equal by chance never
    _, group, counts = np.unique(sums, return_inverse=True, return_counts=True)
    ordered, begins = filled[np.argsort(group, kind="stable")], np.cumsum(counts) - counts
    widths, at_once = np.diff(matrix.indptr)[ordered[begins]], 1 << 20
    for size, width in np.unique(np.stack([counts, widths], 1), axis=0).tolist():
        of_shape = begins[(counts == size) & (widths == width)]
        for part in np.array_split(of_shape, len(of_shape) * width**2 // at_once + 1):
            yield ordered[part[:, None] + np.arange(size)], width
