"""The corner of an L: the harmonic function that is zero on both sides of a corner that turns inwards.

    u = r^(2/3) cos(2 phi / 3),     phi the angle from the corner's bisector, 3 pi / 4 at its sides

Its slopes grow as r^(-1/3) towards the corner, and no more than that is what any solution of Laplace's or Poisson's
equation does there. Dimensionless. Kondrat'ev, Trans. Moscow Math. Soc. 16 (1967) 227; Grisvard, Elliptic Problems in
Nonsmooth Domains (1985), section 2.7.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

AROUND = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}
SOLVES = "the corner of an L"


def corner(problem: Declared) -> Reference:
    """The formula, exact but for rounding; raises ValueError for another domain."""
    begin = perf_counter()
    read(problem, SOLVES, AROUND)
    if abs(problem.space.measure - 3.0) > 1e-12:
        raise ValueError(f"this reference solves {SOLVES} of area 3, and not on {problem.space!r}.")

    def field(x: Array, y: Array) -> Array:
        angle = np.mod(np.arctan2(y, x), 2 * np.pi) - 0.75 * np.pi
        return np.asarray((x * x + y * y) ** (1 / 3) * np.cos(2 * angle / 3))

    return Reference("corner function", {"u": field}, 2.0**-50, perf_counter() - begin)
