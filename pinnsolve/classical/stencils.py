"""Differences of high order on a line: weights of the nearest nodes, whatever their spacing.

Source: Fornberg, Math. Comp. 51 (1988) 699-706.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

Array = np.ndarray


def weights(places: Array, nodes: Array, order: int) -> Array:
    """The weights (P, w) of w nodes (P, w) in the derivative of this order at places (P,): Fornberg's recursion."""
    count, width = nodes.shape
    found = np.zeros((order + 1, count, width))
    found[0, :, 0] = 1.0
    before, beside = np.ones(count), nodes[:, 0] - places
    for i in range(1, width):
        product, last, beside = np.ones(count), beside, nodes[:, i] - places
        for j in range(i):
            gap = nodes[:, i] - nodes[:, j]
            product = product * gap
            if j == i - 1:
                for k in range(min(i, order), -1, -1):
                    below = k * found[k - 1, :, i - 1] if k else 0.0
                    found[k, :, i] = before / product * (below - last * found[k, :, i - 1])
            for k in range(min(i, order), -1, -1):
                below = k * found[k - 1, :, j] if k else 0.0
                found[k, :, j] = (beside * found[k, :, j] - below) / gap
        before = product
    return found[order]


@dataclass(frozen=True)
class Line:
    """The nodes of one coordinate.

    Parameters
    ----------
    nodes : array (n,)
        In rising order, the ends among them; around a period the upper end is left out, since it is the lower one.
    width : int
        How many of the nearest nodes a difference takes; the order is `width` less that of the derivative.
    period : float
        The length of the period; zero where there is none.
    breaks : tuple of float
        Places across which nothing is smooth, in rising order: no difference takes nodes from both sides.
    seam : bool
        Whether the coordinate repeats itself and its upper end is one of them: both ends are nodes then, and `period`
        is zero.
    """

    nodes: Array
    width: int
    period: float = 0.0
    breaks: tuple[float, ...] = ()
    seam: bool = False

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def parts(self) -> Array:
        """The number of the first node of each part between breaks, and of all nodes."""
        return np.concatenate([[0], np.searchsorted(self.nodes, self.breaks), [len(self)]]).astype(int)

    @property
    def spread(self) -> int:
        """How many nodes a difference takes."""
        return min(self.width, int(np.diff(self.parts).min()))

    def stencil(self, places: Array, order: int = 0) -> tuple[Array, Array]:
        """The numbers (P, w) of the nodes that a derivative at these places takes, and their weights (P, w)."""
        n, w, parts = len(self), self.spread, self.parts
        if self.period:
            around = np.concatenate([self.nodes - self.period, self.nodes, self.nodes + self.period])
            first = _nearest(around, places, w)
            chosen = first[:, None] + np.arange(w)
            return chosen % n, weights(places, around[chosen], order)
        part = np.searchsorted(self.breaks, places)
        chosen = np.clip(_nearest(self.nodes, places, w), parts[part], parts[part + 1] - w)[:, None] + np.arange(w)
        return chosen, weights(places, self.nodes[chosen], order)

    def matrix(self, places: Array, order: int) -> csr_matrix:
        """The matrix (P, n) from values at the nodes to the derivative of this order at places (P,)."""
        at = np.searchsorted(self.nodes, places).clip(0, len(self) - 1)
        if order == 0 and np.array_equal(self.nodes[at], places):  # the nodes themselves
            shape = (len(places), len(self))
            return csr_matrix((np.ones(len(places)), (np.arange(len(places)), at)), shape=shape)
        columns, values = self.stencil(places, order)
        rows = np.repeat(np.arange(len(places)), columns.shape[1])
        return csr_matrix((values.ravel(), (rows, columns.ravel())), shape=(len(places), len(self)))


def _nearest(nodes: Array, places: Array, width: int) -> Array:
    """The first of as many neighbours as near to each place as possible, as many on either side."""
    at = np.searchsorted(nodes, places)
    if width % 2 == 0:
        first: Array = at - width // 2
        return first
    lower, upper = nodes[np.clip(at - 1, 0, None)], nodes[np.clip(at, None, len(nodes) - 1)]
    closest = np.where(places - lower < upper - places, at - 1, at)
    first = closest - width // 2
    return first
