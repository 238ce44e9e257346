"""Kovasznay's flow: the steady wake behind a row of obstacles, an exact solution of the Navier-Stokes equations.

    u u_x + v u_y = -p_x + (u_xx + u_yy) / Re       -0.5 < x < 1,  -0.5 < y < 1.5
    u v_x + v v_y = -p_y + (v_xx + v_yy) / Re
    u_x + v_y = 0,   p(0, 0) = 0,   u and v on the whole boundary from

    u = 1 - exp(lambda x) cos(2 pi y),   v = lambda / (2 pi) exp(lambda x) sin(2 pi y),   p = (1 - exp(2 lambda x)) / 2,
    lambda = Re/2 - sqrt(Re^2/4 + 4 pi^2)

Everything is dimensionless; Re is the Reynolds number, 20 by default.

Kovasznay, Proc. Camb. Phil. Soc. 44 (1948) 58-62.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.collocation import solve_steady
from validation.refine import Array, Declared, Fields, read, refine

WAKE = {"x": (-0.5, 1.0), "y": (-0.5, 1.5)}
SOLVES = "Kovasznay's flow, u u_x + v u_y = -p_x + laplace(u) / Re with u and v of Kovasznay 1948 on the boundary,"


def decay(re: float) -> float:
    """lambda, the rate of decay downstream (dimensionless), without cancellation at large Re."""
    return float(-4 * np.pi**2 / (re / 2 + np.hypot(re / 2, 2 * np.pi)))


def velocity(x: Array, y: Array, re: float) -> tuple[Array, Array]:
    """Kovasznay's u and v at (x, y), (N,) each."""
    wake = np.exp(decay(re) * x)
    return 1 - wake * np.cos(2 * np.pi * y), decay(re) / (2 * np.pi) * wake * np.sin(2 * np.pi * y)


def exact_solution(problem: Declared) -> Reference:
    """Kovasznay's formulas. Reads the parameter "Re"; raises ValueError for another domain.

    The own error is rounding, magnified by the exponents, of at most 2 pi, and by pi / lambda in v.
    """
    begin = perf_counter()
    (re,) = read(problem, SOLVES, WAKE, "Re")
    fields: Fields = {
        "u": lambda x, y: velocity(x, y, re)[0],
        "v": lambda x, y: velocity(x, y, re)[1],
        "p": lambda x, y: -np.expm1(2 * decay(re) * x) / 2,
    }
    return Reference("exact solution of Kovasznay", fields, 8 * 2.0**-52, perf_counter() - begin)


def chebyshev_collocation(problem: Declared) -> Reference:
    """Newton's method on polynomials (`validation.collocation`), the own error by comparison with a finer grid.

    Reads the parameter "Re"; raises ValueError for another domain. Of the flow it takes the boundary velocities alone.
    """
    (re,) = read(problem, SOLVES, WAKE, "Re")
    return refine(
        "Chebyshev collocation", lambda k: solve_on_grid(12 + 4 * k, re), (1, 8), problem, WAKE, rounding=1e-13
    )


def solve_on_grid(n: int, re: float) -> Fields:
    """u, v and p of degree 3n/4 in x, and n in y, where two wavelengths must be resolved."""
    return solve_steady((3 * n // 4, n), WAKE, 1 / re, lambda x, y: velocity(x, y, re), zero=(0.0, 0.0))
