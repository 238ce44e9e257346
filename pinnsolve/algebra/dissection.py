"""Systems over what neighbouring cells share: nested dissection with dense fronts.

Each cell adds a small matrix over the unknowns of its sides, and each side belongs to two cells. The cells are bisected
again and again; an unknown is eliminated as soon as both of its cells lie in one part, so that what is left of a part
is a matrix over its own border. Over n cells of a plane the work grows as n^1.5.

Where the cells are bisected decides the work: near the middle, along either coordinate, where the fronts that follow
are smallest. `pinnsolve.algebra.fronts` eliminates in this order.

Source: George, SIAM J. Numer. Anal. 10 (1973) 345.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pinnsolve.algebra.operations import cholesky, product


@dataclass
class Part:
    """A part of the cells: what it eliminates and what is left at its border, as numbers of unknowns."""

    inner: Tensor
    border: Tensor
    within: list[tuple[int, Tensor]]  # of a smallest part: a cell, and where its matrix stands in the front
    below: list[tuple[int, Tensor]]  # of another: a part, and where what it leaves stands in the front

    @property
    def operations(self) -> tuple[float, float]:
        """Of its elimination, and of its share of one solution; no less than some, side by side with others, too. Of
        the last one factors suffice."""
        k, m = len(self.inner), len(self.border)
        return (2 if m else 1) * cholesky(k) + product(k, k, m) + product(m, k, m) + 1e5, 2 * product(k, k + m, 1) + 9e4


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
    parts: list[Part] = field(init=False)
    shares: dict[Any, Any] = field(init=False, default_factory=dict)  # of ranks, as `subtrees` finds them

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

    @cached_property
    def operations(self) -> tuple[float, float]:
        """Of one factorisation of a real system, and of one solution."""
        return sum(p.operations[0] for p in self.parts), sum(p.operations[1] for p in self.parts)

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
        self.parts.append(Part(own, left, within, lower))
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
