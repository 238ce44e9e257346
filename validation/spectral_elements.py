"""Spectral elements in a plane: quadrangles with polynomials of one degree, joined at the nodes that they share.

Each is (-1, 1)^2 with the nodes of Gauss and Lobatto, and lies where its `place` says; integrals are Gauss' of two more
points. Patera, J. Comput. Phys. 54 (1984) 468-488.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from validation.refine import Array

Numbers = NDArray[np.int64]


class Element(Protocol):
    """A quadrangle."""

    def place(self, r: Array, s: Array) -> tuple[Array, Array]:
        """Where the point (r, s) of (-1, 1)^2 lies."""

    def found(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The (r, s) of places, beyond (-1, 1)^2 where they lie elsewhere."""


@dataclass(frozen=True)
class Rectangle:
    """One with sides along the coordinates, from `low` to `high`."""

    low: tuple[float, float]
    high: tuple[float, float]

    def place(self, r: Array, s: Array) -> tuple[Array, Array]:
        """Where the point (r, s) of (-1, 1)^2 lies."""
        x, y = (lo + (hi - lo) * (t + 1) / 2 for lo, hi, t in zip(self.low, self.high, (r, s), strict=True))
        return x, y

    def found(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The (r, s) of places."""
        r, s = (2 * (v - lo) / (hi - lo) - 1 for v, lo, hi in zip((x, y), self.low, self.high, strict=True))
        return r, s


def lobatto(n: int) -> Array:
    """The n + 1 nodes of Gauss and Lobatto."""
    inner = legendre.Legendre.basis(n).deriv().roots()
    return np.concatenate([[-1.0], np.sort(inner.real), [1.0]])


@cache
def modes(n: int, order: int) -> Array:
    """Legendre's coefficients of the polynomials of the nodes of degree n, or of their derivatives: (n + 1 - order, n + 1)."""
    return np.asarray(legendre.legder(np.linalg.inv(legendre.legvander(lobatto(n), n)), order))


def lagrange(n: int, at: Array, order: int = 0) -> Array:
    """The polynomials of the nodes of degree n, or their derivatives, at places: (places, n + 1)."""
    return np.asarray(legendre.legvander(at, n - order) @ modes(n, order))


def both(one: Array, other: Array) -> Array:
    """Products of two tables, those of r first: (places, nodes)."""
    return np.asarray(np.einsum("pi,qj->pqij", one, other).reshape(len(one) * len(other), -1))


class Quadrangles:
    """Elements with polynomials of degree n.

    Parameters
    ----------
    elements : sequence of Element
    n : int
    rule : (places, weights), optional
        Of integrals along (-1, 1), in place of Gauss'.

    Attributes
    ----------
    nodes : (elements, (n + 1)^2)
        Of each element, by number.
    places : (nodes, 2)
    v, vx, vy, weight
        Values (points, nodes) and slopes (elements, points, nodes) at Gauss' points, and the weights of these.
    """

    def __init__(self, elements: Sequence[Element], n: int, rule: tuple[Array, Array] | None = None) -> None:
        self.n, self.elements = n, elements
        self.nodes, self.places = self.numbered(n)
        self.ticks, w = rule or legendre.leggauss(n + 2)
        value, slope = lagrange(n, self.ticks), lagrange(n, self.ticks, 1)
        self.v, along = both(value, value), (both(slope, value), both(value, slope))
        x, y = (self.places[self.nodes][..., k] for k in range(2))
        (xr, xs), (yr, ys) = ([c @ t.T for t in along] for c in (x, y))
        area = xr * ys - xs * yr
        self.weight = np.abs(area) * np.outer(w, w).ravel()
        self.vx = (ys / area)[..., None] * along[0] - (yr / area)[..., None] * along[1]
        self.vy = (xr / area)[..., None] * along[1] - (xs / area)[..., None] * along[0]

    def numbered(self, n: int) -> tuple[Numbers, Array]:
        """The nodes of degree n of each element by number (elements, (n + 1)^2), and where each lies."""
        r, s = (v.ravel() for v in np.meshgrid(lobatto(n), lobatto(n), indexing="ij"))
        every = np.concatenate([np.stack(e.place(r, s), 1) for e in self.elements])
        _, first, number = np.unique(every.round(9), axis=0, return_index=True, return_inverse=True)
        return number.reshape(len(self.elements), -1), every[first]

    def against(self, test: Array, found: Array) -> Array:
        """Integrals of products of two tables (points, nodes) or (elements, points, nodes): (elements, nodes, nodes)."""
        weighed = self.weight[..., None] * found
        return np.asarray(np.swapaxes(np.broadcast_to(test, weighed.shape[:2] + test.shape[-1:]), 1, 2) @ weighed)

    def evaluated(self, values: NDArray[Any], n: int | None = None) -> Callable[..., NDArray[Any]]:
        """The field of values (elements, (n + 1)^2) at the nodes of degree n, this one's own without it."""
        n = self.n if n is None else n

        def field(x: Array, y: Array) -> NDArray[Any]:
            flat, found = (
                [np.asarray(v, dtype=float).ravel() for v in (x, y)],
                np.full(np.size(x), np.nan, values.dtype),
            )
            beyond = np.full(np.size(x), np.inf)
            for element, mine in zip(self.elements, values, strict=True):
                r, s = element.found(*flat)
                out = np.maximum(np.abs(r), np.abs(s))
                near = (out < beyond) & (out < 2.0)  # a little beyond, where differences are taken
                if not near.any():
                    continue
                tables = lagrange(n, r[near]), lagrange(n, s[near])
                found[near] = np.einsum("pi,pj,ij->p", *tables, mine.reshape(n + 1, n + 1))
                beyond[near] = out[near]
            return found.reshape(np.shape(x))

        return field


def assembled(
    blocks: Sequence[tuple[Numbers, Numbers, Array]], size: int, across: int | None = None
) -> csc_matrix:  # fmt: skip
    """The sum of blocks (elements, rows, columns) at the numbers of their rows and columns: a matrix (size, size), or
    (size, across)."""
    i = [np.broadcast_to(rows[:, :, None], block.shape).ravel() for rows, _, block in blocks]
    j = [np.broadcast_to(columns[:, None, :], block.shape).ravel() for _, columns, block in blocks]
    data = [block.ravel() for *_, block in blocks]
    return csc_matrix(
        (np.concatenate(data), (np.concatenate(i), np.concatenate(j))), (size, size if across is None else across)
    )


class Condensed:
    """A system over elements: what belongs to one of them alone is eliminated there, and what they share then is
    factorised, a quarter of the unknowns.

    Parameters
    ----------
    matrices : (elements, k, k)
        The sum of these at their numbers is the system.
    numbers : (elements, k)
    inner : (k,)
        Which of an element's unknowns no other one has.
    free : (size,)
        Which are solved for; those that are not are zero.
    """

    def __init__(
        self, matrices: Array, numbers: Numbers, inner: NDArray[np.bool_], free: NDArray[np.bool_]
    ) -> None:  # fmt: skip
        self.own, self.shared = numbers[:, inner], numbers[:, ~inner]
        self.rest = free.copy()
        self.rest[self.own] = False
        rows, columns = matrices[:, inner], matrices[:, ~inner]
        self.below = columns[:, :, inner]
        self.inverse = np.linalg.inv(rows[:, :, inner])
        self.lifted = self.inverse @ rows[:, :, ~inner]
        left = columns[:, :, ~inner] - self.below @ self.lifted
        whole = assembled([(self.shared, self.shared, left)], len(free))
        self.factors = splu(whole[self.rest][:, self.rest])

    def solve(self, given: Array) -> Array:
        """The unknowns (size,) of a right side (size,)."""
        own = np.einsum("eij,ej->ei", self.inverse, given[self.own])
        right, found = given.copy(), np.zeros_like(given)
        np.subtract.at(right, self.shared, np.einsum("eij,ej->ei", self.below, own))
        found[self.rest] = self.factors.solve(right[self.rest])
        found[self.own] = own - np.einsum("eij,ej->ei", self.lifted, found[self.shared])
        return found
