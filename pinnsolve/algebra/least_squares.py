"""Least squares that stay solvable when columns are nearly dependent, their rows taken some at a time."""

from __future__ import annotations

import torch
from torch import Tensor

# Numbers of the front, 240 MB in float64. Larger: more memory. Smaller: rows are folded more often, by a QR each.
# Chosen, not measured.
FRONT = 30_000_000
# Columns at once while R c = z is solved. Larger: copies of larger parts of R. Smaller: more calls. Chosen, not
# measured.
BLOCK = 256


class Triangle:
    """min over c of ||A c - b||^2 + ridge^2 ||D c||^2, D the norms of the columns of A.

    By QR of [A b] over the ridge, never by A^T A, whose condition is the square. Rows gather in a front; when it is
    full, they are folded into R by a QR in its place. So the memory is that of the front, however many rows there are.

    Parameters
    ----------
    rows : int
        How many will come, at most.
    count : int
        Columns of A, P.
    like : tensor
        Of the type and on the device that A has.
    rights : int
        Columns of b, K.
    front : int
        Numbers that gather before they are folded, if these are more than two triangles.

    Source: Bjorck, Numerical Methods for Least Squares Problems (SIAM 1996), sections 2.7.2 and 6.2.
    """

    def __init__(self, rows: int, count: int, like: Tensor, rights: int = 1, front: int = FRONT) -> None:
        self.count, width = count, count + rights
        height = height_of(rows, count, width, front)
        self.front = like.new_empty(width, height).T  # as `in_place` wants it
        self.filled = 0
        self.squares = like.new_zeros(count)

    def add(self, matrix: Tensor, right: Tensor) -> None:
        """Some rows of A (n, P) and of b (n, K)."""
        self.squares += matrix.square().sum(0)
        self._take(matrix, right)

    def folded(self) -> Tensor:
        """R of [A b] (P + K, P + K), without the ridge: all that another triangle need take to have these rows too."""
        self._fold()
        width = self.front.shape[1]
        found = self.front.new_zeros(width, width)
        found[: self.filled] = self.front[: self.filled]
        return found

    def take(self, folded: Tensor) -> None:
        """The rows of another triangle; the squares of their columns are left to the caller."""
        self._take(folded[:, : self.count], folded[:, self.count :])

    def _take(self, matrix: Tensor, right: Tensor) -> None:
        begin = 0
        while begin < len(matrix):
            if self.filled == len(self.front):
                self._fold()
            taken = min(len(matrix) - begin, len(self.front) - self.filled)
            here, there = slice(self.filled, self.filled + taken), slice(begin, begin + taken)
            self.front[here, : self.count], self.front[here, self.count :] = matrix[there], right[there]
            self.filled, begin = self.filled + taken, begin + taken

    def solved(self, ridge: float) -> tuple[Tensor, float] | None:
        """The solution c (P, K) and what is left, ||A c - b||^2; None if they are not finite. The rows are used up.

        The ridge is relative to columns of length one (dimensionless), and no less than the rounding of the type.
        """
        triangle, scale = self.factored(ridge)
        count, right = self.count, self.front[: self.filled, self.count :]
        ridge = self._ridge(ridge)
        found = _substituted(triangle, right[:count])
        left = float(right[count:].square().sum()) - ridge**2 * float(found.square().sum())
        return (found / scale[:, None], max(left, 0.0)) if bool(torch.isfinite(found).all()) else None

    def factored(self, ridge: float) -> tuple[Tensor, Tensor]:
        """R (P, P) of the columns of length one over the ridge, and their lengths (P,). The rows are used up."""
        count, front = self.count, self.front
        scale = torch.where(self.squares > 0, self.squares.sqrt(), torch.ones_like(self.squares))
        front[: self.filled, :count] /= scale
        for begin in range(0, count, BLOCK):
            rows = front.new_zeros(min(BLOCK, count - begin), count)
            rows[:, begin:].diagonal().fill_(self._ridge(ridge))
            self._take(rows, front.new_zeros(len(rows), front.shape[1] - count))
        self._fold()
        return front[:count, :count], scale

    def _ridge(self, ridge: float) -> float:
        return max(ridge, torch.finfo(self.squares.dtype).eps)

    def _fold(self) -> None:
        """Put R of [A b] in the place of its rows.

        A front that is nearly full is factored as a whole, with zeros below: a part of it would be copied first.
        """
        full = self.filled > 0.75 * len(self.front)
        rows = self.front if full else self.front[: self.filled]
        self.front[self.filled :] = 0.0
        self.filled = len(in_place(rows))


def height_of(rows: int, count: int, width: int, front: int = FRONT) -> int:
    """The rows of a front of so many numbers: R and the ridge, or all rows and the ridge where there is room."""
    return max(2 * width, min(rows + count, front // width))


def in_place(rows: Tensor) -> Tensor:
    """R of a matrix (n, m) that lies column by column, as LAPACK wants it, in the place of its first min(n, m) rows."""
    torch.geqrf(rows, out=(rows, rows.new_empty(min(rows.shape))))
    return rows[: min(rows.shape)].triu_()


def _substituted(triangle: Tensor, right: Tensor) -> Tensor:
    """R^-1 z, block by block from the end."""
    found = right.clone()
    for begin in reversed(range(0, len(triangle), BLOCK)):
        here = slice(begin, begin + BLOCK)
        rest = found[here] - triangle[here, begin + BLOCK :] @ found[begin + BLOCK :]
        found[here] = torch.linalg.solve_triangular(triangle[here, here], rest, upper=True)
    return found


def solved(matrix: Tensor, right: Tensor, ridge: float) -> Tensor | None:
    """The solution c (P, K) for one matrix (N, P) and right sides (N, K), as `Triangle` finds it."""
    triangle = Triangle(len(matrix), matrix.shape[1], matrix, right.shape[1])
    triangle.add(matrix, right)
    found = triangle.solved(ridge)
    return None if found is None else found[0]
