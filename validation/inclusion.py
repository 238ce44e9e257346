"""A disc of another conductivity in a uniform field: the temperature in closed form.

    T = 2 x / (k + 1)                          in the disc,
    T = x (1 - (k - 1) / (k + 1) R^2 / r^2)     outside,     r^2 = x^2 + y^2,  R = 0.3,

with the conductivity k in the disc and one outside: T and k n . grad T are continuous at r = R, and far away T = x.
Dimensionless. Maxwell, A Treatise on Electricity and Magnetism (1873), article 310, for a sphere.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

RADIUS = 0.3
SQUARE = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}
SOLVES = "a disc of radius 0.3 in a uniform field"


def outside(x: Any, y: Any, k: float) -> Any:
    """The temperature outside of the disc; of arrays, or of anything that multiplies and divides."""
    return x * (1 - (k - 1) / (k + 1) * RADIUS**2 / (x * x + y * y))


def dipole(problem: Declared) -> Reference:
    """Maxwell's formulas, exact but for rounding. Reads the material "k"; raises ValueError for another domain."""
    begin = perf_counter()
    read(problem, SOLVES, SQUARE)
    elsewhere, inside = problem.materials["k"].values
    if elsewhere != 1.0:
        raise ValueError(f"this reference solves {SOLVES} with the conductivity one around it, and not {elsewhere:g}.")

    def field(x: Array, y: Array) -> Array:
        beyond = np.maximum(x * x + y * y, RADIUS**2)
        there = x * (1 - (inside - 1) / (inside + 1) * RADIUS**2 / beyond)
        return np.asarray(np.where(x * x + y * y < RADIUS**2, 2 * x / (inside + 1), there))

    return Reference("dipole", {"T": field}, 2.0**-50, perf_counter() - begin)
