"""Hermitian systems over what neighbouring cells share: nested dissection with dense fronts.

Each cell adds a small matrix over the unknowns of its sides, and each side belongs to two cells. The cells are bisected
again and again; an unknown is eliminated as soon as both of its cells lie in one part, so that what is left of a part
is a matrix over its own border. Over n cells of a plane the work grows as n^1.5.

Source: George, SIAM J. Numer. Anal. 10 (1973) 345 (nested dissection); Duff & Reid, ACM Trans. Math. Software 9 (1983)
302 (fronts).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from pinnsolve.algebra.operations import cholesky, product


@dataclass
class _Part:
    """A part of the cells: what it eliminates and what is left at its border, as numbers of unknowns."""

    inner: Tensor
    border: Tensor
    within: list[tuple[int, Tensor]]  # of a smallest part: a cell, and where its matrix stands in the front
    below: list[tuple[int, Tensor]]  # of another: a part, and where what it leaves stands in the front


@dataclass
class Dissection:
    """The order of elimination, made once for a mesh.

    Parameters
    ----------
    sides : array (p, 2)
        The two cells of each side.
    counts : array (p,)
        Its unknowns, which are numbered side by side.
    centres : array (n, dims)
    device : torch.device
    leaf : int
        Cells in the smallest parts. Fewer: many small fronts. More: they are not in order. Chosen, not measured.
    """

    sides: np.ndarray
    counts: np.ndarray
    centres: np.ndarray
    device: torch.device
    leaf: int = 4
    parts: list[_Part] = field(init=False)

    def __post_init__(self) -> None:
        self.first = np.concatenate([[0], np.cumsum(self.counts)])
        self.parts, self._here = [], np.zeros(len(self.centres), dtype=bool)
        self._where = np.zeros(self.size, dtype=np.int64)
        of_cell: list[list[int]] = [[] for _ in self.centres]
        for p, pair in enumerate(self.sides):
            for cell in dict.fromkeys(pair.tolist()):
                of_cell[cell].append(p)
        self._of_cell = [np.array(mine, dtype=np.int64) for mine in of_cell]
        if self.size:
            self._divide(np.arange(len(self.centres)), np.zeros(len(self.sides), dtype=bool))

    @property
    def size(self) -> int:
        return int(self.first[-1])

    @property
    def operations(self) -> tuple[float, float]:
        """Of one factorisation of a real system, and of one solution; a part takes the time of no less than some."""
        sizes = [(len(p.inner), len(p.border)) for p in self.parts]
        factor = sum(2 * cholesky(k) + product(k, k, m) + product(m, k, m) + 1.5e6 for k, m in sizes)
        return factor, sum(2 * product(k, k + m, 1) + 2e5 for k, m in sizes)

    def unknowns(self, sides: np.ndarray) -> np.ndarray:
        """The numbers of the unknowns of some sides, one after the other."""
        if not len(sides):
            return np.zeros(0, dtype=np.int64)
        return np.concatenate([np.arange(self.first[p], self.first[p + 1]) for p in sides])

    def of_cell(self, cell: int) -> np.ndarray:
        return self.unknowns(self._of_cell[cell])

    def _divide(self, cells: np.ndarray, gone: np.ndarray) -> int:
        """Bisect some cells, the smaller parts first; the number of their part."""
        below = []
        if len(cells) > self.leaf:
            spread = np.ptp(self.centres[cells], 0)
            order = cells[np.argsort(self.centres[cells, int(spread.argmax())], kind="stable")]
            half = len(order) // 2
            below = [self._divide(part, gone) for part in (order[:half], order[half:])]
        self._here[:] = False
        self._here[cells] = True
        touched = np.unique(np.concatenate([self._of_cell[c] for c in cells]))
        touched = touched[~gone[touched]]
        both = self._here[self.sides[touched]].all(1)
        gone[touched[both]] = True
        inner, border = self.unknowns(touched[both]), self.unknowns(touched[~both])
        everything = np.concatenate([inner, border])
        self._where[everything] = np.arange(len(everything))

        def places(unknowns: np.ndarray) -> Tensor:
            at = self._where[unknowns]
            return torch.as_tensor((at[:, None] * len(everything) + at).ravel(), device=self.device)

        within = [] if below else [(int(c), places(self.of_cell(c))) for c in cells]
        lower = [(k, places(self.parts[k].border.cpu().numpy())) for k in below]
        own, left = (torch.as_tensor(x, device=self.device) for x in (inner, border))
        self.parts.append(_Part(own, left, within, lower))
        return len(self.parts) - 1


@dataclass
class Factors:
    """The factorised matrices of S systems of one structure.

    Parameters
    ----------
    order : Dissection
    blocks : sequence by cell of tensor (S, k, k)
        What each cell adds, over the unknowns of its sides.
    """

    order: Dissection
    blocks: Sequence[Tensor]

    def __post_init__(self) -> None:
        self.upper: list[tuple[Tensor, Tensor]] = []
        left: dict[int, Tensor] = {}
        for number, part in enumerate(self.order.parts):
            k, size = len(part.inner), len(part.inner) + len(part.border)
            flat = self.blocks[0].new_zeros(self.blocks[0].shape[0], size * size)
            for cell, at in part.within:
                flat.index_add_(1, at, self.blocks[cell].flatten(1))
            for below, at in part.below:
                flat.index_add_(1, at, left.pop(below).flatten(1))
            front = flat.unflatten(1, (size, size))
            inverse, lower = _factor(front, k)
            left[number] = front[:, k:, k:] - lower @ lower.mH
            self.upper.append((inverse, lower))
        self.blocks = ()

    def solve(self, b: Tensor) -> Tensor:
        """x (S, N, K) for right sides b, which are used up."""
        kept = []
        for part, (inverse, lower) in zip(self.order.parts, self.upper, strict=True):
            y = inverse @ b[:, part.inner]
            b[:, part.border] -= lower @ y
            kept.append(y)
        x = torch.empty_like(b)
        for part, (inverse, lower), y in zip(
            reversed(self.order.parts), reversed(self.upper), reversed(kept), strict=True
        ):
            x[:, part.inner] = inverse.mH @ (y - lower.mH @ x[:, part.border])
        return x


def _factor(front: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Of a front's first k unknowns: L^-1, and what they are to the others, F21 L^-H."""
    if not k:
        return front[:, :0, :0], front[:, :, :0]
    factor = _positive(front[:, :k, :k])
    eye = torch.eye(k, dtype=front.dtype, device=front.device).expand_as(factor)
    inverse = torch.linalg.solve_triangular(factor, eye, upper=False)
    return inverse, front[:, k:, :k] @ inverse.mH


def _positive(matrix: Tensor) -> Tensor:
    """The Cholesky factor of a matrix that may be positive but for rounding, with as little added as will do.

    A direction that nothing determines (the mean of a pressure) stays where it is; what is added slows iterations, and
    is no error of theirs.
    """
    largest = matrix.diagonal(dim1=-2, dim2=-1).real.amax(-1)[:, None]
    for ridge in (1e-14, 1e-11, 1e-8, 1e-5):
        added = torch.diag_embed((ridge * largest).expand(-1, matrix.shape[-1]))
        factor, wrong = torch.linalg.cholesky_ex(matrix + added)
        if not bool(wrong.any()):
            break
    return factor
