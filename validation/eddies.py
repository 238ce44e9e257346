"""Eddies of two sizes that turn each other round: unsteady incompressible flow without an exact solution.

    u_t + u u_x + v u_y = -p_x + nu (u_xx + u_yy)       periodic in x and y with 2 pi,  0 < t < 1
    v_t + u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0,   p(pi/4, pi/4, t) = 0,   v_x - u_y = 2 cos x cos y + (3/2) sin(2x + y) at t = 0

seen through the window 0 < x, y < pi. Everything is dimensionless; nu is the viscosity.
"""

from __future__ import annotations

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Fields, read, refine
from validation.taylor_green import solve_in_steps

WINDOW = {"x": (0.0, np.pi), "y": (0.0, np.pi), "t": (0.0, 1.0)}
SOLVES = "eddies that begin with the vorticity 2 cos x cos y + (3/2) sin(2x + y)"


def vorticity(x: Array, y: Array) -> Array:
    """v_x - u_y at t = 0, dimensionless."""
    return 2 * np.cos(x) * np.cos(y) + 1.5 * np.sin(2 * x + y)


def pseudospectral(problem: Declared) -> Reference:
    """Fourier modes and Runge and Kutta's method (`validation.taylor_green`), twice as many of both each time.

    Reads the parameter "nu" (viscosity); raises ValueError for another domain. The own error is the difference of two
    sizes, as of any series: it falls faster than the fourth order of the steps, which are kept fine.
    """
    (nu,) = read(problem, SOLVES, WINDOW, "nu")
    return refine("pseudo-spectral", lambda n: solve_on_grid(n, nu), (12, 48), problem, WINDOW, rounding=1e-13)


def solve_on_grid(n: int, nu: float) -> Fields:
    """u, v and p from n x n modes, in 4 n steps of time."""
    return solve_in_steps(4 * n, nu, vorticity, n)
