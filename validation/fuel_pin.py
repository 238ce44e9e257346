"""A hollow pellet that makes heat, a gap, and its cladding.

    C = 600 + p/c log(b/r),      F = F(s) + q (s^2 - r^2)/(4 k) - q a^2/(2 k) log(s/r),      F(s) = C(s) + p/(g s)

a, s, b the radii of the hole, the pellet and the cladding in mm, and 2 pi p = pi q (s^2 - a^2) the heat of a length.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

HOLE, PELLET, CLADDING, WATER = 0.5, 4.1, 4.75, 600.0
PIN = {"r": (HOLE, CLADDING)}
SOLVES = "a hollow pellet of 0.5 to 4.1 mm in a cladding to 4.75 mm"


def logarithms(problem: Declared) -> Reference:
    """Exact but for rounding. Reads the parameters "k", "c", "g" and "q"; raises ValueError for another domain."""
    begin = perf_counter()
    k, c, g, q = read(problem, SOLVES, PIN, "k", "c", "g", "q")
    made = q * (PELLET**2 - HOLE**2) / 2
    outside = WATER + made / c * np.log(CLADDING / PELLET)

    def cladding(r: Array) -> Array:
        return np.asarray(WATER + made / c * np.log(CLADDING / r))

    def pellet(r: Array) -> Array:
        through = outside + made / (g * PELLET)
        hollow = q * HOLE**2 / (2 * k) * np.log(PELLET / r)
        return np.asarray(through + q * (PELLET**2 - r**2) / (4 * k) - hollow)

    return Reference("logarithms", {"F": pellet, "C": cladding}, 1e-14, perf_counter() - begin)
