"""A well in a round island, and its image beyond the shore.

    h = 50 + Q/(2 pi T) log(R |z - a| / |R^2 - a z|),      z = x + i y,  a = 400,  R = 1000

On the shore both distances are in the ratio R to a, so that the logarithm vanishes there. Units: m, s.
"""

from __future__ import annotations

from math import pi
from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

SHORE, WELL, LEVEL = 1000.0, 400.0, 50.0
ISLAND = {"x": (-SHORE, SHORE), "y": (-SHORE, SHORE)}
SOLVES = "a well 400 m off the middle of an island of 1000 m, h = 50 on the shore"


def image(problem: Declared) -> Reference:
    """Exact but for rounding. Reads the parameters "T" and "Q"; raises ValueError for another domain."""
    begin = perf_counter()
    transmissivity, pumped = read(problem, SOLVES, ISLAND, "T", "Q")
    if abs(problem.space.measure - pi * SHORE**2) > 1e-6 * SHORE**2:
        raise ValueError(f"this reference solves {SOLVES}, and not on {problem.space!r}.")

    def field(x: Array, y: Array) -> Array:
        z = x + 1j * y
        ratio = SHORE * abs(z - WELL) / abs(SHORE**2 - WELL * z)
        return np.asarray(LEVEL + pumped / (2 * pi * transmissivity) * np.log(ratio))

    return Reference("well and image", {"h": field}, 1e-15, perf_counter() - begin)
