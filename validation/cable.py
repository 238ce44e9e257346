"""A coaxial cable with two insulators: the potential by logarithms.

    eps_1 r V' = eps_2 r V' = -Q,      V(a) = 1,  V(c) = 0,      Q = 1 / (log(b / a) / eps_1 + log(c / b) / eps_2)
    V = 1 - Q / eps_1 log(r / a)  for r < b,      V = Q / eps_2 log(c / r)  beyond,      a, b, c = 0.2, 0.5, 1

The charge on the core is 2 pi Q. Dimensionless. Jackson, Classical Electrodynamics, 3rd ed., 1999, chapter 4.
"""

from __future__ import annotations

from math import log, pi
from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

CORE, BETWEEN, SHEATH = 0.2, 0.5, 1.0
AROUND = {"x": (-SHEATH, SHEATH), "y": (-SHEATH, SHEATH)}
SOLVES = "a cable with radii 0.2, 0.5 and 1"


def charge(inner: float, outer: float) -> float:
    """Q, from the permittivities."""
    return 1 / (log(BETWEEN / CORE) / inner + log(SHEATH / BETWEEN) / outer)


def logarithms(problem: Declared) -> Reference:
    """Both logarithms, exact but for rounding. Reads the material "eps"; raises ValueError for another domain."""
    begin = perf_counter()
    read(problem, SOLVES, AROUND)
    if abs(problem.space.measure - pi * (SHEATH**2 - CORE**2)) > 1e-9:
        raise ValueError(f"this reference solves {SOLVES}, and not on {problem.space!r}.")
    outer, inner = problem.materials["eps"].values
    q = charge(inner, outer)

    def field(x: Array, y: Array) -> Array:
        r = np.hypot(x, y)
        return np.asarray(np.where(r < BETWEEN, 1 - q / inner * np.log(r / CORE), q / outer * np.log(SHEATH / r)))

    return Reference("logarithms", {"V": field}, 2.0**-49, perf_counter() - begin)
