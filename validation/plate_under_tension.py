"""Kirsch's plate with a round hole, pulled along x from afar: displacements and stresses in closed form.

    u = ((1 - nu) r / 2 + (1 + nu) / (2 r)) cos(phi) + ((1 + nu) r / 2 + 2 / r - (1 + nu) / (2 r^3)) cos(2 phi) cos(phi)
        + ((1 + nu) r / 2 + (1 - nu) / r + (1 + nu) / (2 r^3)) sin(2 phi) sin(phi)
    v likewise with sin(phi) in place of cos(phi), and -cos(phi) in place of sin(phi) after sin(2 phi)

for plane stress, with the hole's radius, the pull and Young's modulus one. At (0, 1) the stress along x is 3.

Kirsch, Zeitschrift des VDI 42 (1898) 797; Timoshenko & Goodier, Theory of Elasticity, 3rd ed., 1970, section 35.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

QUARTER = {"x": (0.0, 4.0), "y": (0.0, 4.0)}
SOLVES = "a quarter of Kirsch's plate"


def displacement(x: Any, y: Any, nu: float) -> tuple[Any, Any]:
    """u and v at places outside of the unit disc; of arrays, or of anything that multiplies and divides.

    With cos(phi) = x / r and so on all are rational functions of x and y.
    """
    s = x * x + y * y  # r^2
    cos2, sin2 = (x * x - y * y) / s, 2 * x * y / s
    even = (1 - nu) / 2 + (1 + nu) / (2 * s)
    radial = (1 + nu) / 2 + 2 / s - (1 + nu) / (2 * s * s)
    around = (1 + nu) / 2 + (1 - nu) / s + (1 + nu) / (2 * s * s)
    return (
        x * (even + radial * cos2) + y * around * sin2,
        y * (even + radial * cos2) - x * around * sin2,
    )


def kirsch(problem: Declared) -> Reference:
    """Kirsch's formulas. Reads "nu", Poisson's ratio; raises ValueError for another domain. Its error is rounding."""
    begin = perf_counter()
    (nu,) = read(problem, SOLVES, QUARTER, "nu")
    if abs(problem.space.measure - (16 - np.pi / 4)) > 1e-6:
        raise ValueError(f"this reference solves {SOLVES}, and not on {problem.space!r}.")

    def component(k: int) -> Any:
        def field(x: Array, y: Array) -> Array:
            return np.asarray(displacement(x, y, nu)[k])

        return field

    return Reference("Kirsch's solution", {"u": component(0), "v": component(1)}, 2.0**-50, perf_counter() - begin)
