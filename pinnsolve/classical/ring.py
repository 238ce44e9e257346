"""Distances around a period: what leaves space at one end of a coordinate comes back through the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from pinnsolve.classical.stencils import Array


@dataclass(frozen=True, eq=False)
class Ring:
    """The coordinates of space of which some repeat themselves.

    Parameters
    ----------
    low, period : array (d,)
        Where each begins, and after which length it repeats itself; zero where it does not.
    """

    low: Array
    period: Array

    @property
    def closed(self) -> bool:
        """Whether anything repeats itself."""
        return bool(self.period.any())

    def tree(self, places: Array) -> Any:
        """The tree of places (P, d), by the shortest way to them."""
        return Tree(self, places) if self.closed else cKDTree(places)

    def way(self, apart: Array) -> Array:
        """The shortest ones that lead as far as ways (..., d)."""
        if not self.closed:
            return apart
        one = np.where(self.period > 0, self.period, 1.0)
        found: Array = apart - self.period * np.round(apart / one)
        return found

    def within(self, places: Array) -> Array:
        """Where places (..., d) are between the ends."""
        if not self.closed:
            return places
        one = np.where(self.period > 0, self.period, 1.0)
        away = np.mod(places - self.low, one)
        found: Array = np.where(self.period > 0, self.low + np.where(away < one, away, 0.0), places)
        return found

    def at_seam(self, places: Array) -> Array:
        """Which places (P, d) lie at an end of what repeats itself, where nothing ends."""
        near = 1e-9 * self.period
        away = np.abs(self.way(places - self.low))
        found: Array = ((away <= near) & (self.period > 0)).any(1)
        return found


class Tree:
    """As `cKDTree`, around a period."""

    def __init__(self, ring: Ring, places: Array) -> None:
        self._ring = ring
        self._tree = cKDTree(self._from_low(places), boxsize=ring.period)

    def _from_low(self, places: Array) -> Array:
        ring = self._ring
        found: Array = np.where(ring.period > 0, np.maximum(ring.within(places) - ring.low, 0.0), places)
        return found

    def query(self, places: Array, *args: Any, **kwargs: Any) -> Any:
        """As that of `cKDTree`."""
        return self._tree.query(self._from_low(places), *args, **kwargs)

    def query_ball_point(self, places: Array, *args: Any, **kwargs: Any) -> Any:
        """As that of `cKDTree`."""
        return self._tree.query_ball_point(self._from_low(places), *args, **kwargs)
