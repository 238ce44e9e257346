"""Systems over what neighbouring cells share: nested dissection with dense fronts.

Each cell adds a small matrix over the unknowns of its sides, and each side belongs to two cells. The cells are bisected
again and again; an unknown is eliminated as soon as both of its cells lie in one part, so that what is left of a part
is a matrix over its own border. Over n cells of a plane the work grows as n^1.5.

Where the cells are bisected decides the work: near the middle, along either coordinate, where the fronts that follow
are smallest. Of a Hermitian front what is left is computed by blocks of columns, from the diagonal down: half of it.

Source: George, SIAM J. Numer. Anal. 10 (1973) 345 (nested dissection); Duff & Reid, ACM Trans. Math. Software 9 (1983)
302 (fronts).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

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
    slack : float
        A half has between this less and this more than the half of the cells. Larger: deep trees, and a sixth more work
        on equal cells. Smaller: cuts through what is finely divided, twice the work on a ring of fine cells.
    """

    sides: np.ndarray
    counts: np.ndarray
    centres: np.ndarray
    device: torch.device
    leaf: int = 2
    slack: float = 0.2
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
    def cells(self) -> list[int]:
        """In the order in which they are eliminated."""
        return [cell for part in self.parts for cell, _ in part.within]

    @property
    def kept(self) -> int:
        """How many numbers are kept of a factorisation."""
        return sum(len(p.inner) * (len(p.inner) + len(p.border)) for p in self.parts)

    @property
    def largest(self) -> int:
        """How many numbers the largest front has."""
        return max(((len(p.inner) + len(p.border)) ** 2 for p in self.parts), default=0)

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
        touched = np.unique(np.concatenate([self._of_cell[c] for c in cells]))
        if len(cells) > self.leaf:
            below = [self._divide(part, gone) for part in self._halves(cells, touched)]
        self._here[:] = False
        self._here[cells] = True
        touched = touched[~gone[touched]]
        both = self._here[self.sides[touched]].all(1)
        gone[touched[both]] = True
        inner, border = self.unknowns(touched[both]), self.unknowns(touched[~both])
        everything = np.concatenate([inner, border])
        self._where[everything] = np.arange(len(everything))

        def places(unknowns: np.ndarray) -> Tensor:
            return torch.as_tensor(self._where[unknowns], device=self.device)

        within = [] if below else [(int(c), places(self.of_cell(c))) for c in cells]
        lower = [(k, places(self.parts[k].border.cpu().numpy())) for k in below]
        own, left = (torch.as_tensor(x, device=self.device) for x in (inner, border))
        self.parts.append(_Part(own, left, within, lower))
        return len(self.parts) - 1

    def _halves(self, cells: np.ndarray, touched: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Two parts of some cells, one beside the other, whose fronts and borders are smallest."""
        n, found = len(cells), list[tuple[float, np.ndarray, int]]()
        near = np.arange(max(1, int(n * (0.5 - self.slack))), min(n - 1, math.ceil(n * (0.5 + self.slack))) + 1)
        number, counts = np.full(len(self.centres), -1), self.counts[touched]
        for axis in range(self.centres.shape[1]):
            key = tuple(self.centres[cells].T)
            order = cells[np.lexsort((*key[:axis], *key[axis + 1 :], key[axis]))]
            number[order] = np.arange(n)
            low, high = np.sort(number[self.sides[touched]], 1).T
            within = low >= 0
            cut = np.cumsum(np.bincount(low[within] + 1, counts[within], n + 1))
            cut = (cut - np.cumsum(np.bincount(high[within] + 1, counts[within], n + 1)))[near]
            border = np.cumsum(np.bincount(high[~within] + 1, counts[~within], n + 1))
            left, right = border[near] + cut, border[-1] - border[near] + cut
            work = cut**3 + 2 * cut**2 * border[-1] + cut * border[-1] ** 2 + left**3 + right**3
            found.append((float(work.min()), order, int(near[work.argmin()])))
        _, order, half = min(found, key=lambda f: f[0])
        return order[:half], order[half:]


class Blocks(Protocol):
    """By cell what each adds, (S, k, k), over the unknowns of its sides."""

    def __getitem__(self, cell: int, /) -> Tensor: ...

    def pop(self, cell: int, /) -> Tensor:
        """The same, for the last time."""
        ...


@dataclass
class Factors:
    """The factorised matrices of S systems of one structure.

    Parameters
    ----------
    order : Dissection
    blocks : Blocks
        They are used up.
    positive : bool
        Whether the matrices are Hermitian and positive; otherwise they are eliminated as they are.
    brief : bool
        Whether factors are kept with half of their digits, for what is iterated upon anyway: half of the memory, and
        solutions in two thirds of the time. They are made with all digits: otherwise a tenth of a solution is wrong.
    probed : bool
        Whether it is looked how much these are wrong then, which takes all of what cells add at once.

    Attributes
    ----------
    error : float
        Where digits are few and it is looked: of the solution of one system that is known, relative, unknowns in the
        units in which the matrix' diagonal is one.
    """

    order: Dissection
    blocks: Blocks
    positive: bool = True
    brief: bool = False
    probed: bool = True
    error: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.eliminated: list[tuple[Tensor, Tensor, Tensor | None]] = []
        probe = self._probe() if self.brief and self.probed and self.order.size else None
        left: dict[int, Tensor] = {}
        for number, part in enumerate(self.order.parts):
            left[number] = self._eliminated(part, left)
        self.blocks = {}
        if probe is not None:
            units, known, told = probe
            self.error = float((units * (self.solve(told) - known)).norm() / (units * known).norm())

    def _eliminated(self, part: _Part, left: dict[int, Tensor]) -> Tensor:
        """What is left of a part, from what is left of those within it; fronts go with each."""
        k, size = len(part.inner), len(part.inner) + len(part.border)
        added = [(self.blocks.pop(cell), at) for cell, at in part.within]
        added += [(left.pop(below), at) for below, at in part.below]
        front = added[0][0].new_zeros(len(added[0][0]), size, size)
        while added:  # and let go: together they take as much memory as the front
            _add(front, *added.pop())
        inverse = _inverse(front[:, :k, :k], self.positive)
        lower, beside = front[:, k:, :k] @ inverse, front[:, :k, k:]
        few = torch.complex64 if front.is_complex() else torch.float32
        kept = few if self.brief else front.dtype
        upper = None if self.positive else (inverse @ beside).to(kept)
        self.eliminated.append((inverse.to(kept), lower.to(kept), upper))
        return _left(front[:, k:, k:], lower, beside, self.positive)

    def _probe(self) -> tuple[Tensor, Tensor, Tensor]:
        """Units of the unknowns, a solution that is known, and its right side, each (S, N, 1)."""
        first = self.blocks[0]
        units = first.new_zeros(len(first), self.order.size, 1, dtype=torch.float64)
        for cell in self.order.cells:
            units[:, self.order.of_cell(cell), 0] += self.blocks[cell].diagonal(dim1=-2, dim2=-1).abs()
        drawn = torch.randn(units.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        known = (drawn.to(units.device) * units.rsqrt()).to(first.dtype)
        told = torch.zeros_like(known)
        for cell in self.order.cells:
            here = self.order.of_cell(cell)
            told[:, here] += self.blocks[cell] @ known[:, here]
        return units.sqrt(), known, told

    def solve(self, b: Tensor) -> Tensor:
        """x (S, N, K) for right sides b, which are used up."""
        pairs, given = list(zip(self.order.parts, self.eliminated, strict=True)), b.dtype
        b = b.to(self.eliminated[0][0].dtype)
        for part, (_, lower, _) in pairs:
            b[:, part.border] -= lower @ b[:, part.inner]
        x = torch.empty_like(b)
        for part, (inverse, lower, upper) in reversed(pairs):
            known = x[:, part.border]
            told = upper @ known if upper is not None else (lower.mT @ known.conj().resolve_conj()).conj()
            x[:, part.inner] = inverse @ b[:, part.inner] - told
        return x.to(given)


def _left(front: Tensor, lower: Tensor, beside: Tensor, hermitian: bool, columns: int = 256) -> Tensor:
    """What an elimination leaves of a front's border, front - lower beside; of a Hermitian one from the diagonal down
    by so many columns at once. Fewer: products of narrow matrices, which are slow. More: half of it is computed twice.
    """
    size = front.shape[-1]
    if not hermitian or size <= columns:
        return front - lower @ beside
    found = front.clone()
    for low in range(0, size, columns):
        high = low + columns
        found[:, low:, low:high] -= lower[:, low:] @ beside[:, :, low:high]
        found[:, low:high, high:] = found[:, high:, low:high].mH
    return found


def _add(front: Tensor, block: Tensor, at: Tensor, rows: int = 512) -> None:
    """Add a matrix to a front, by where its rows stand there; so many of them at once, since what is needed on the way
    is as large. Fewer: many small operations."""
    for low in range(0, len(at), rows):
        some = at[low : low + rows]
        front[:, some] = front[:, some].index_add_(2, at, block[:, low : low + rows])


def _inverse(matrix: Tensor, positive: bool) -> Tensor:
    """The inverse of a matrix that may be positive but for rounding, with as little added as will do.

    A direction that nothing determines (the mean of a pressure) stays where it is; what is added slows iterations, and
    is no error of theirs.
    """
    if not matrix.shape[-1]:
        return matrix
    diagonal = matrix.diagonal(dim1=-2, dim2=-1).abs()
    if not positive:
        return torch.linalg.inv(matrix + torch.diag_embed((1e-14 * diagonal.amax(-1)[:, None]).expand_as(diagonal)))
    for ridge in (1e-14, 1e-11, 1e-8, 1e-5):  # of each unknown's own, since cells differ in size
        factor, wrong = torch.linalg.cholesky_ex(matrix + torch.diag_embed(ridge * diagonal))
        if not bool(wrong.any()):
            break
    return torch.cholesky_inverse(factor)
