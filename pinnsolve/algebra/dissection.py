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
        below, above = self.sides.T
        other = below != above
        cells = np.concatenate([below, above[other]])
        number = np.arange(len(self.sides))
        self._of_cell = self._gathered(cells, np.concatenate([number, number[other]]), len(self.centres))
        self.parts = self._parts(_Tree.of(self)) if self.size else []

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

    def of_cell(self, cell: int) -> np.ndarray:
        """The numbers of the unknowns of a cell's sides, one side after the other."""
        return self._of_cell[cell]

    def _gathered(self, owners: np.ndarray, sides: np.ndarray, count: int) -> list[np.ndarray]:
        """By owner, of so many, the unknowns of its sides, one side after the other."""
        order = np.lexsort((sides, owners))
        owners, sides = owners[order], sides[order]
        counts = self.counts[sides]
        ends = np.cumsum(counts)
        unknowns = np.arange(counts.sum()) + np.repeat(self.first[sides] - (ends - counts), counts)
        return np.split(unknowns, np.cumsum(np.bincount(owners, counts, count).astype(np.int64))[:-1])

    def _parts(self, tree: _Tree) -> list[Part]:
        """The parts of a tree, those below before what they are parts of."""
        inner = self._gathered(tree.inner, np.arange(len(self.sides)), len(tree.halves))
        border = self._gathered(*tree.border, len(tree.halves))
        where = np.zeros(self.size, dtype=np.int64)
        number, found = dict[int, int](), list[Part]()

        def places(unknowns: np.ndarray) -> Tensor:
            return torch.as_tensor(where[unknowns], device=self.device)

        for k in tree.order():
            size = len(inner[k])
            where[inner[k]] = np.arange(size)
            where[border[k]] = np.arange(size, size + len(border[k]))
            within = [(int(c), places(self._of_cell[c])) for c in tree.cells.get(k, ())]
            below = [(number[j], places(border[j])) for j in tree.halves[k]]
            own, left = (torch.as_tensor(x, device=self.device) for x in (inner[k], border[k]))
            number[k] = len(found)
            found.append(Part(own, left, within, below))
        return found


class _Tree:
    """How cells are bisected again and again, those of one depth at once.

    Attributes
    ----------
    halves : list of tuple of int
        By part the two that it is cut into; nothing of the smallest.
    cells : dict
        By smallest part its cells.
    inner : array (p,)
        By side the smallest part in which both of its cells lie.
    border : pair of arrays
        Parts, and sides of which they have one cell.
    """

    def __init__(self, order: Dissection) -> None:
        self.given, self.halves = order, list[tuple[int, ...]]([()])
        self.cells: dict[int, np.ndarray] = {}
        self.part = np.zeros(len(order.centres), dtype=np.int64)  # of each cell, the smallest so far
        self.inner = np.zeros(len(order.sides), dtype=np.int64)
        nothing = np.zeros(0, dtype=np.int64)
        self._borders = [(nothing, nothing)]

    @classmethod
    def of(cls, order: Dissection) -> _Tree:
        tree = cls(order)
        cut = tree._sorted_out([(0, np.arange(len(order.centres)))])
        while cut:
            made = list[tuple[int, np.ndarray]]()
            for (k, _), halves in zip(cut, tree._cut(cut), strict=True):
                first = len(tree.halves)
                tree.halves[k], tree.halves[first:] = (first, first + 1), [(), ()]
                made += zip((first, first + 1), halves, strict=True)
            tree._share(made)
            cut = tree._sorted_out(made)
        return tree

    @property
    def border(self) -> tuple[np.ndarray, np.ndarray]:
        parts, sides = zip(*self._borders, strict=True)
        return np.concatenate(parts), np.concatenate(sides)

    def order(self) -> list[int]:
        """The parts, those below first."""
        found, rest = list[int](), [0]
        while rest:
            found.append(rest.pop())
            rest += self.halves[found[-1]]
        return found[::-1]

    def _sorted_out(self, made: list[tuple[int, np.ndarray]]) -> list[tuple[int, np.ndarray]]:
        """Those parts that are to be cut."""
        self.cells.update((k, cells) for k, cells in made if len(cells) <= self.given.leaf)
        return [(k, cells) for k, cells in made if len(cells) > self.given.leaf]

    def _share(self, made: list[tuple[int, np.ndarray]]) -> None:
        """Give parts that were made their cells, and sides."""
        for k, cells in made:
            self.part[cells] = k
        both = self.part[self.given.sides]
        same = both[:, 0] == both[:, 1]
        self.inner[same] = both[same, 0]
        parts, sides = both[~same].T.ravel(), np.tile(np.flatnonzero(~same), 2)
        new = parts >= made[0][0]
        self._borders.append((parts[new], sides[new]))

    def _cut(self, cut: list[tuple[int, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Two halves of each of some parts, one beside the other, whose fronts and borders are smallest."""
        o, sizes = self.given, np.array([len(cells) for _, cells in cut])
        cells, turn = np.concatenate([cells for _, cells in cut]), np.repeat(np.arange(len(cut)), sizes)
        ends, best = np.cumsum(sizes), [(math.inf, cells, 0)] * len(cut)
        of_cell, rank = np.full(len(o.centres), -1), np.zeros(len(o.centres), dtype=np.int64)
        of_cell[cells] = turn
        both = of_cell[o.sides]
        within = (both[:, 0] == both[:, 1]) & (both[:, 0] >= 0)
        out = (~within[:, None] & (both >= 0)).nonzero()
        begins = ends - sizes + np.arange(len(cut))  # of each part's places before, between and after its cells
        total, last = int(ends[-1]) + len(cut), begins + sizes
        for axis in range(o.centres.shape[1]):
            key = tuple(o.centres[cells].T)
            by_axis = cells[np.lexsort((*key[:axis], *key[axis + 1 :], key[axis], turn))]
            rank[by_axis] = np.arange(len(cells)) - np.repeat(ends - sizes, sizes)
            low, high = np.sort(rank[o.sides[within]], 1).T + begins[both[within, 0]] + 1
            cuts = np.cumsum(np.bincount(low, o.counts[within], total) - np.bincount(high, o.counts[within], total))
            there = rank[o.sides[out]] + begins[both[out]] + 1
            left = np.cumsum(np.bincount(there, o.counts[out[0]], total))
            border = np.repeat(left[last] - left[begins], sizes + 1)
            left = left - np.repeat(left[begins], sizes + 1)
            left, right = left + cuts, border - left + cuts
            work = cuts**3 + 2 * cuts**2 * border + cuts * border**2 + left**3 + right**3
            for k, (n, begin, end) in enumerate(zip(sizes.tolist(), begins.tolist(), ends.tolist(), strict=True)):
                near = max(1, int(n * (0.5 - o.slack)))
                some = work[begin + near : begin + min(n - 1, math.ceil(n * (0.5 + o.slack))) + 1]
                least = int(some.argmin())
                if some[least] < best[k][0]:
                    best[k] = float(some[least]), by_axis[end - n : end], near + least
        return [(mine[:half], mine[half:]) for _, mine, half in best]
