"""A harmonic temperature in a bracket: the formula, and its heat flux.

    T = cos(x) cos(y) cosh(sqrt(2) z)

Any part of space will do, since it solves Laplace's equation everywhere: the bracket's mesh says where the problem
lives, and its boundary values are the formula's. Dimensionless.
"""

from __future__ import annotations

from math import sqrt
from time import perf_counter
from typing import Any

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

AROUND = {"x": (0.0, 1.0), "y": (0.0, 0.6), "z": (0.0, 1.0)}
ROOT = sqrt(2)


def temperature(x: Any, y: Any, z: Any, of: Any = np) -> Any:
    """T; of arrays, or of anything else for which `of` has the functions."""
    return of.cos(x) * of.cos(y) * of.cosh(ROOT * z)


def slopes(x: Any, y: Any, z: Any, of: Any = np) -> tuple[Any, Any, Any]:
    """T_x, T_y and T_z."""
    return (
        -of.sin(x) * of.cos(y) * of.cosh(ROOT * z),
        -of.cos(x) * of.sin(y) * of.cosh(ROOT * z),
        ROOT * of.cos(x) * of.cos(y) * of.sinh(ROOT * z),
    )


def harmonic(problem: Declared) -> Reference:
    """The formula, exact but for rounding; raises ValueError for another bounding box."""
    begin = perf_counter()
    read(problem, "a bracket", AROUND)

    def field(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(temperature(x, y, z))

    return Reference("harmonic function", {"T": field}, 2.0**-50, perf_counter() - begin)
