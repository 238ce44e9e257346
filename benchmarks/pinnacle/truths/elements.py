"""Continuous spectral elements of one degree on quadrangles: matrices, loads, rims, and values at places.

Canuto, Hussaini, Quarteroni & Zang, Spectral Methods: Evolution to Complex Geometries, Springer 2007, chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from validation.refine import Array
from validation.spectral_elements import Element, Quadrangles, assembled, lagrange, lobatto

Numbers = NDArray[np.intp]
Given = Callable[[Array, Array], Array]


class Space(Quadrangles):
    """Functions of degree n in each direction on each element.

    Parameters
    ----------
    mesh : list of Element
    n : int
    lumped : bool
        Integrate at the nodes of Gauss and Lobatto: the mass matrix is diagonal then.
    """

    def __init__(self, mesh: Sequence[Element], n: int, lumped: bool = False) -> None:
        super().__init__(list(mesh), n, (lobatto(n), _lobatto_weights(n)) if lumped else None)
        self.size = len(self.places)
        self.x, self.y = (self.places[self.nodes][..., k] @ self.v.T for k in range(2))

    def _matrix(self, parts: Array) -> csr_matrix:
        return assembled([(self.nodes, self.nodes, parts)], self.size).tocsr()

    def stiffness(self, a: Any = 1.0) -> csr_matrix:
        """The integrals of a grad v . grad w; a may be an array over the points of integration."""
        a = np.asarray(a)[..., None]
        return self._matrix(self.against(self.vx, a * self.vx) + self.against(self.vy, a * self.vy))

    def mass(self, c: Any = 1.0) -> csr_matrix:
        """The integrals of c v w."""
        return self._matrix(self.against(self.v, np.asarray(c)[..., None] * self.v))

    def load(self, f: Any) -> Array:
        """The integrals of f v; f an array over the points of integration."""
        found = np.zeros(self.size)
        np.add.at(found, self.nodes, (self.weight * f) @ self.v)
        return found

    def rim(self, where: Given) -> tuple[csr_matrix, Array]:
        """The integrals of v w and of v over the outer edges whose middle is at a place that `where` accepts."""
        k = self.n + 1
        square = np.arange(k * k).reshape(k, k)
        edges = np.concatenate([self.nodes[:, e] for e in (square[0], square[-1], square[:, 0], square[:, -1])])
        _, first, times = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
        edges = edges[first[times == 1]]
        x, y = (self.places[edges][..., c] for c in range(2))
        middle = lagrange(self.n, np.zeros(1))
        keep = where((x @ middle.T)[:, 0], (y @ middle.T)[:, 0])
        edges, x, y = edges[keep], x[keep], y[keep]
        at, w = legendre.leggauss(self.n + 2)
        value, slope = lagrange(self.n, at), lagrange(self.n, at, 1)
        weight = np.hypot(x @ slope.T, y @ slope.T) * w
        parts = value.T @ (weight[..., None] * value)
        load = np.zeros(self.size)
        np.add.at(load, edges, weight @ value)
        return assembled([(edges, edges, parts)], self.size).tocsr(), load

    def at(self, x: Array, y: Array) -> csr_matrix:
        """The matrix (places, size) from the values at the nodes to those at places of the domain."""
        beyond = np.full(x.size, np.inf)
        rows: list[tuple[Numbers, Numbers, Array]] = []
        last = np.full(x.size, -1)
        for number, (element, mine) in enumerate(zip(self.elements, self.nodes, strict=True)):
            r, s = element.found(x, y)
            out = np.maximum(np.abs(r), np.abs(s))
            near = np.flatnonzero((out < beyond - 1e-12) & (out < 1.01))
            beyond[near], last[near] = out[near], number
            values = np.einsum("pi,pj->pij", lagrange(self.n, r[near]), lagrange(self.n, s[near]))
            rows.append((near, mine, values.reshape(near.size, mine.size)))
        if (last < 0).any():
            raise ValueError(f"{int((last < 0).sum())} places lie outside of the mesh")
        kept = [(near[mask], mine, v[mask]) for k, (near, mine, v) in enumerate(rows) for mask in [last[near] == k]]
        i = np.concatenate([np.repeat(near, mine.size) for near, mine, _ in kept])
        j = np.concatenate([np.tile(mine, near.size) for near, mine, _ in kept])
        return csr_matrix((np.concatenate([v.ravel() for *_, v in kept]), (i, j)), (x.size, self.size))


def _lobatto_weights(n: int) -> Array:
    values = legendre.legval(lobatto(n), [0] * n + [1])
    return np.asarray(2 / (n * (n + 1) * values**2))
