"""Heat in a square plate that conducts unequally along its sides, from stripes.

    u_t = a u_xx + b u_yy,   u = 0 on the boundary,   u(x, y, 0) = sin(20 pi x) sin(pi y)     0 < x, y < 1,  0 < t < 5

Everything is dimensionless. The start is an eigenfunction: u = exp(-(400 a + b) pi^2 t) sin(20 pi x) sin(pi y).
Carslaw & Jaeger, Conduction of Heat in Solids (1959), section 5.6 (products of solutions).
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

PLATE = {"x": (0.0, 1.0), "y": (0.0, 1.0), "t": (0.0, 5.0)}
SOLVES = "the heat equation u_t = a u_xx + b u_yy with u(x, y, 0) = sin(20 pi x) sin(pi y)"
ROUNDING = 1e-14  # of sines of sixty, and of an exponential of five


def stripes(problem: Declared) -> Reference:
    """The eigenfunction. Reads the parameters "a" and "b" (diffusivities); raises ValueError for another domain."""
    begin = perf_counter()
    a, b = read(problem, SOLVES, PLATE, "a", "b")

    def u(x: Array, y: Array, t: Array) -> Array:
        decay = np.exp(-(400 * a + b) * np.pi**2 * t)
        return np.asarray(decay * np.sin(20 * np.pi * x) * np.sin(np.pi * y))

    return Reference("eigenfunction", {"u": u}, ROUNDING, perf_counter() - begin)
