"""The normal matrix of a sparse one, or of many that are alike: gathered stencil by stencil into a band, and factored
there by Cholesky."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import csr_matrix

from pinnsolve.classical.stencils import Array


class SingularError(ArithmeticError):
    """A matrix has no inverse."""


@dataclass(frozen=True)
class Normal:
    """A normal matrix A* A (P, P) of A (R, P), factored by Cholesky within its band.

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
        """The factors of a real matrix.

        Raises
        ------
        SingularError
            If a pivot is not positive.
        """
        (whole,), banded = gathered(matrix, _places(order))
        return cls._factored(whole.T, banded, order)

    @classmethod
    def _factored(cls, whole: Array, banded: bool, order: Array) -> Normal:
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


class Shifted:
    """The normal matrices of A + s B, of two real matrices (R, P), for any number s: gathered once for all of them.

        (A + s B)* (A + s B) = A'A + Re(s) (A'B + B'A) + i Im(s) (A'B - B'A) + |s|^2 B'B

    Parameters
    ----------
    values, rates : matrix (R, P)
        A and B.
    weights : array (R,)
        Of their rows.
    order : array (P,)
        As that of a normal matrix.
    """

    def __init__(self, values: csr_matrix, rates: csr_matrix, weights: Array, order: Array) -> None:
        both = (values + 1j * rates).tocsr()
        both.data *= np.repeat(weights, np.diff(both.indptr))
        self.order = order
        self.parts, self.banded = gathered(both, _places(order))

    def at(self, shift: complex, scale: Array) -> Normal:
        """The factors for one s, with columns times a scale (P,).

        Raises
        ------
        SingularError
            If a pivot is not positive.
        """
        columns = scale[self.order]
        width = self.parts[0].shape[1]
        beside = sliding_window_view(np.append(columns, np.zeros(width - 1)), width) if self.banded else None
        whole = np.empty(self.parts[0].shape, dtype=complex if shift.imag else float)
        at_once = 1 + (1 << 16) // width  # numbers that stay in the cache
        for begin in range(0, len(whole), at_once):
            here = slice(begin, begin + at_once)
            squares, both, turned, slopes = (part[here] for part in self.parts)
            scales = columns[here, None] * (columns if beside is None else beside[here])
            whole[here].real = (squares + shift.real * both + abs(shift) ** 2 * slopes) * scales
            if shift.imag:
                whole[here].imag = shift.imag * turned * scales
        return Normal._factored(whole.T, self.banded, self.order)


def _places(order: Array) -> Array:
    """Where each of the unknowns stands in an order."""
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.arange(len(order))
    return found


def gathered(matrix: csr_matrix, places: Array) -> tuple[list[Array], bool]:
    """The lower half of A'A with the unknowns at other places (P,): by columns within its band, where that is narrower
    than most of the matrix. Of a complex matrix A + i B those of A'A, A'B + B'A, A'B - B'A and B'B.

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
    several = 4 if np.iscomplexobj(matrix.data) else 1
    stores = [np.zeros((count, band + 1 if banded else count)) for _ in range(several)]
    for rows, width in _alike(matrix, filled):
        at = columns[matrix.indptr[rows[:, 0]][:, None] + np.arange(width)]
        turned = np.argsort(at, axis=1, kind="stable")
        at = np.take_along_axis(at, turned, 1)
        blocks = matrix.data[matrix.indptr[rows][:, :, None] + turned[:, None]]
        below, left = np.tril_indices(width)
        begins = at * stores[0].shape[1]
        where = ((begins - at if banded else begins)[:, left] + at[:, below]).ravel()
        for store, product in zip(stores, _products(blocks), strict=False):
            np.add.at(store.reshape(-1), where, product[:, below, left].ravel())
    return stores, banded


def _products(blocks: Array) -> list[Array]:
    """Of blocks (G, R, w): A'A (G, w, w), and the others of complex ones, where they are not zero."""
    first = np.ascontiguousarray(blocks.real)
    turned = first.copy().transpose(0, 2, 1)  # NumPy's product of an array with itself takes longer
    found = [turned @ first]
    if np.iscomplexobj(blocks) and blocks.imag.any():
        second = np.ascontiguousarray(blocks.imag)
        mixed = turned @ second
        other = mixed.transpose(0, 2, 1)
        found += [mixed + other, mixed - other, second.transpose(0, 2, 1) @ second]
    return found


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
