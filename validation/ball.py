"""Helmholtz' equation in the unit ball, driven from its surface: spherical Bessel functions.

    laplace(p) + k^2 p = 0 inside,   p = x y + z at r = 1
    p = x y j_2(k r) / (r^2 j_2(k)) + z j_1(k r) / (r j_1(k))

x y and z are harmonics of degree 2 and 1. Dimensionless.

Morse & Feshbach, Methods of Theoretical Physics, New York 1953, section 11.3.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from scipy.special import spherical_jn

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

BALL = {"x": (-1.0, 1.0), "y": (-1.0, 1.0), "z": (-1.0, 1.0)}
SOLVES = "laplace(p) + k^2 p = 0 in the unit ball, p = x y + z on its surface,"


def spherical_waves(problem: Declared) -> Reference:
    """The two waves. Reads "k", the wave number; raises ValueError for another domain.

    The own error is rounding, magnified where a wave nearly vanishes at the surface.
    """
    begin = perf_counter()
    (k,) = read(problem, SOLVES, BALL, "k")
    if abs(problem.space.measure - 4 / 3 * np.pi) > 1e-6:
        raise ValueError(f"this reference solves {SOLVES} and not on {problem.space!r}.")
    small = min(abs(spherical_jn(n, k)) for n in (1, 2))

    def p(x: Array, y: Array, z: Array) -> Array:
        r = np.maximum(np.sqrt(x**2 + y**2 + z**2), 1e-6)  # j_n(k r) / r^n is constant below that, to rounding
        first, second = (spherical_jn(n, k * r) / (r**n * spherical_jn(n, k)) for n in (1, 2))
        return np.asarray(x * y * second + z * first)

    return Reference("spherical waves", {"p": p}, 64 * 2.0**-52 / small, perf_counter() - begin)
