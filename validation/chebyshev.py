"""Polynomials on Chebyshev points: values, derivatives, and surfaces over a rectangle.

Canuto, Hussaini, Quarteroni & Zang, Spectral Methods: Fundamentals in Single Domains, Springer 2006, section 2.4;
Baltensperger & Trummer, SIAM J. Sci. Comput. 24 (2003) 1465-1487 (rows of a derivative that sum to zero).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from scipy.special import eval_chebyu

from validation.refine import Array, Field, Interval


@dataclass(frozen=True)
class Line:
    """Polynomials of degree n on an interval by their values at the Gauss-Lobatto points, or at the inner ones."""

    n: int
    ends: Interval
    inner: bool = False

    @cached_property
    def nodes(self) -> Array:
        """Rising, (n + 1,), or (n - 1,) without the ends."""
        s = np.sin(np.pi * np.arange(-self.n, self.n + 1, 2) / (2 * self.n))  # rising, symmetric to the last bit
        low, high = self.ends
        nodes = (low + high) / 2 + (high - low) / 2 * s
        nodes[[0, -1]] = low, high
        return nodes[1:-1] if self.inner else nodes

    def _chebyshev(self, at: Array) -> Array:
        low, high = self.ends
        return np.asarray(chebvander((2 * at - low - high) / (high - low), self.nodes.size - 1), dtype=np.float64)

    @cached_property
    def _coefficients(self) -> Array:
        return np.asarray(np.linalg.inv(self._chebyshev(self.nodes)), dtype=np.float64)

    def values(self, at: Array) -> Array:
        """The matrix (M, nodes) from the values at the nodes to those at the points (M,)."""
        return self._chebyshev(at) @ self._coefficients

    def filtered(self, at: Array) -> Array:
        """That matrix for the inner points with a filter exp(-36 (k/n)^4) on the polynomials U_k (second kind).

        At walls it takes off the oscillations that a singularity elsewhere leaves, large where there are no nodes.
        Gottlieb & Shu, SIAM Review 39 (1997) 644-668.
        """
        k, (low, high) = np.arange(self.n - 1), self.ends
        s, z = ((2 * points - low - high) / (high - low) for points in (self.nodes, at))
        damped = np.exp(-36 * (k / (self.n - 1)) ** 4) * eval_chebyu(k, z[:, None])
        return damped @ (eval_chebyu(k, s[:, None]) * (1 - s[:, None] ** 2)).T * 2 / self.n

    @cached_property
    def slope(self) -> Array:
        """The matrix from values to first derivatives at the nodes."""
        off = self.nodes[:, None] - self.nodes + np.eye(self.nodes.size)
        weight = 1 / np.prod(off * 4 / (self.ends[1] - self.ends[0]), axis=1)  # 4 / length: neither over- nor underflow
        slope = weight / weight[:, None] / off
        np.fill_diagonal(slope, 0.0)
        np.fill_diagonal(slope, -slope.sum(axis=1))
        return slope


def surface(x: Line, y: Line, values: Array) -> Field:
    """The polynomial of x and y with these values (x nodes, y nodes) as a field."""

    def field(**at: Array) -> Array:
        in_x, in_y = x.values(at["x"].ravel()), y.values(at["y"].ravel())
        return np.asarray(((in_x @ values) * in_y).sum(axis=1).reshape(at["x"].shape))

    return field
