"""Burgers' equation without viscosity, from a top hat: a fan opens behind, a shock runs ahead, and they meet.

    u_t + (u^2/2)_x = 0              -1/4 < x < 3/2,  0 < t < 2
    u(x, 0) = 1  for 0 < x < 1/2,  0 elsewhere

The entropy solution: until t = 1 the fan u = x/t from 0 < x < t, then u = 1 up to the shock at x = 1/2 + t/2; from
then on the fan alone, up to the shock at x = sqrt(t). All the while the integral of u is 1/2. Everything is
dimensionless. Whitham, Linear and Nonlinear Waves (1974), section 2.3; LeVeque, Finite Volume Methods for Hyperbolic
Problems (2002), section 11.5.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

LINE = {"x": (-0.25, 1.5), "t": (0.0, 2.0)}
END = 0.5  # of the top hat, which begins at 0 and is 1 high
NEAR = 1e-200  # a time before which there is the start
SOLVES = "u_t + (u^2/2)_x = 0 from u = 1 on 0 < x < 1/2 and 0 elsewhere"


def entropy(problem: Declared) -> Reference:
    """The entropy solution; exact but for rounding.

    Raises ValueError for another domain.
    """
    begin = perf_counter()
    read(problem, SOLVES, LINE)
    return Reference("entropy solution", {"u": hat}, float(8 * np.finfo(float).eps), perf_counter() - begin)


def shock(t: Array) -> Array:
    """Where the shock is, (N,)."""
    met = 2 * END  # when the fan meets it
    return np.asarray(np.where(t < met, END + t / 2, np.sqrt(met * np.maximum(t, 0.0))))


def hat(x: Array, t: Array) -> Array:
    """u, (N,)."""
    fan = np.clip(x / np.maximum(t, NEAR), 0.0, 1.0)
    return np.asarray(np.where(x < shock(t), fan, 0.0))
