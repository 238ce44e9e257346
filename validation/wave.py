"""The wave equation: a string with two of its modes, fixed at its ends and let go from rest.

    u_tt = c^2 u_xx                               0 < x < 1,  0 < t < 1
    u(x, 0) = sin(pi x) + sin(4 pi x) / 2,        u_t(x, 0) = 0,        u(0, t) = u(1, t) = 0

Everything is dimensionless; c = 2 is the usual value. Wang, Yu & Perdikaris, J. Comput. Phys. 449 (2022) 110768,
section 7.3.
"""

from __future__ import annotations

from functools import partial
from math import ceil
from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.interpolation import on_grid
from validation.refine import Array, Declared, Field, read, refine

STRING = {"x": (0.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "the wave equation u_tt = c^2 u_xx with zero ends and u(x, 0) = sin(pi x) + sin(4 pi x)/2 at rest"
MODES = ((1, 1.0), (4, 0.5))  # wave number over pi, amplitude
STRIDE = 16  # steps to a kept level: half a radian of the faster mode on the coarsest grid


def exact_solution(problem: Declared) -> Reference:
    """u = sin(pi x) cos(c pi t) + sin(4 pi x) cos(4 c pi t) / 2.

    Reads the parameter "c" (wave speed, dimensionless); raises ValueError for another domain. The own error is the
    rounding of the largest phase. Source: Wang, Yu & Perdikaris 2022, section 7.3.
    """
    begin, (c,) = perf_counter(), read(problem, SOLVES, STRING, "c")
    rounding = 2.0**-52 * (1 + 4 * np.pi * (1 + c))
    return Reference("exact solution of two modes", {"u": partial(modes, c=c)}, rounding, perf_counter() - begin)


def modes(x: Array, t: Array, c: float) -> Array:
    """sum a_k sin(k pi x) cos(k c pi t), for x and t of one shape."""
    return np.asarray(sum(a * np.sin(k * np.pi * x) * np.cos(k * c * np.pi * t) for k, a in MODES))


def leapfrog(problem: Declared) -> Reference:
    """Second-order central differences in x and t at Courant numbers up to a half; the own error by Richardson.

    Reads the parameter "c"; raises ValueError for another domain. Source: Courant, Friedrichs & Lewy, Math. Ann. 100
    (1928) 32-74; Strikwerda, Finite Difference Schemes and PDEs, 2nd ed., SIAM 2004, section 8.2.
    """
    (c,) = read(problem, SOLVES, STRING, "c")
    return refine("leapfrog", lambda n: {"u": solve_on_grid(n, c)}, (64, 8192), problem, STRING, order=2)


def solve_on_grid(n: int, c: float) -> Field:
    """u^(k+1) = 2 u^k - u^(k-1) + (c dt/dx)^2 (u_(i-1) - 2 u_i + u_(i+1)) on n intervals, as a field of x and t.

    The first step starts from rest, and the time step is at most 1 / (2 n max(c, 1)): both errors fall as n^-2.
    """
    levels = ceil(2 * max(c, 1.0) * n / STRIDE)
    courant = c * n / (levels * STRIDE)
    kept = np.empty((levels + 1, n + 1))
    now = modes(np.linspace(0.0, 1.0, n + 1), np.zeros(n + 1), c)
    now[-1] = 0.0
    kept[0], before = now, now.copy()
    before[1:-1] += courant**2 / 2 * np.diff(now, 2)
    for step in range(1, levels * STRIDE + 1):
        # The level before the last is overwritten by the next; at rest, it is the mirror image of the first.
        before[1:-1] = 2 * now[1:-1] - before[1:-1] + courant**2 * np.diff(now, 2)
        now, before = before, now
        if step % STRIDE == 0:
            kept[step // STRIDE] = now
    return on_grid(kept, t=(0.0, 1 / levels), x=(0.0, 1 / n))
