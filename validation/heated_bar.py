"""A bar that is heated all over, kept cold at one end, whose conductivity rises with its temperature.

    T + b T^2/2 = Q (1 - x^2)/(2 k),      (k (1 + b T) T')' = -Q,  T'(0) = 0,  T(1) = 0

Kirchhoff's transform makes it linear. Everything is dimensionless; k = 1 and b = 1/2 made the data.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

BAR = {"x": (0.0, 1.0)}
SOLVES = "(k (1 + b T) T')' = -Q, k = 1, b = 1/2, T' = 0 at x = 0, T = 0 at x = 1, and the same with Q = 4"
LEVEL, RISES, STRONG = 1.0, 0.5, 4.0


def temperature(heat: float) -> Callable[[Array], Array]:
    """T(x) where so much heat is made."""

    def field(x: Array) -> Array:
        linear = heat * (1 - x**2) / (2 * LEVEL)
        return np.asarray(2 * linear / (1 + np.sqrt(1 + 2 * RISES * linear)))

    return field


def kirchhoff(problem: Declared) -> Reference:
    """Both experiments, exact but for rounding. Reads the parameter "Q"; raises ValueError for another domain."""
    begin = perf_counter()
    (heat,) = read(problem, SOLVES, BAR, "Q")
    fields = {"T": temperature(heat), "T_2": temperature(STRONG)}
    return Reference("Kirchhoff's transform", fields, 1e-15, perf_counter() - begin)
