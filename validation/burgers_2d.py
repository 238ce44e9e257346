"""Burgers' equations of a plane: the front of Fletcher's solution.

    u_t + u u_x + v u_y = nu (u_xx + u_yy),   v_t + u v_x + v v_y = nu (v_xx + v_yy)      0 < x, y < 1,  0 < t < 1

Everything is dimensionless. By the Cole-Hopf transformation u = -2 nu phi_x / phi, v = -2 nu phi_y / phi of a sum of two
exponentials phi = exp(-(3 (x + y) / 8 - 9 t / 32) / nu) + (one more): u + v = 3/2, and u - v jumps from 0 to -1/2 across a
line. Fletcher, Int. J. Numer. Methods Fluids 3 (1983) 213-216.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

SQUARE = {"x": (0.0, 1.0), "y": (0.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "Burgers' equations of a plane from Fletcher's front"
ROUNDING = 1e-14  # exponents of a few hundred nu


def oblique_front(problem: Declared) -> Reference:
    """The exact solution. Reads the parameter "nu" (viscosity); raises ValueError for another domain."""
    begin = perf_counter()
    (nu,) = read(problem, SOLVES, SQUARE, "nu")

    def half(x: Array, y: Array, t: Array) -> Array:
        return np.asarray((1 + np.tanh((4 * x - 4 * y + t) / (64 * nu))) / 8)  # w/4

    fields = {"u": lambda x, y, t: 0.75 - half(x, y, t), "v": lambda x, y, t: 0.75 + half(x, y, t)}
    return Reference("exact solution of Fletcher", fields, ROUNDING, perf_counter() - begin)
