"""Both solutions of Bratu's problem, by one transcendental equation.

    u'' + lam e^u = 0,    u(0) = u(1) = 0:      u = 2 log(cosh(s / 4) / cosh(s (x - 1/2) / 2)),    s = sqrt(2 lam) cosh(s / 4)

There are two s for lam below 3.5138, one at it, and none beyond. Everything is dimensionless.

Bratu, Bull. Soc. Math. France 42 (1914) 113; Ascher, Mattheij & Russell (1995), example 3.5.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from scipy.optimize import brentq

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

LINE = {"x": (0.0, 1.0)}
SOLVES = "Bratu's problem u'' + lam e^u = 0, u(0) = u(1) = 0"
TURNS = 4.798714560877236  # s at which cosh(s / 4) = s / 4 sinh(s / 4), where both solutions are one


def roots(lam: float) -> tuple[float, float]:
    """s of the lower and of the upper solution.

    Raises
    ------
    ValueError
        If there is none.
    """

    def off(s: float) -> float:
        return float(s - np.sqrt(2 * lam) * np.cosh(s / 4))

    if off(TURNS) < 0:
        raise ValueError(f"{SOLVES} has no solution for lam = {lam:g}: it must be below 3.5138.")
    high = TURNS
    while off(high) > 0:
        high *= 1.5
    return brentq(off, 0.0, TURNS, xtol=1e-15), brentq(off, TURNS, high, xtol=1e-15)


def height(s: float) -> float:
    """Of the solution, in the middle."""
    return float(2 * np.log(np.cosh(s / 4)))


def branches(problem: Declared) -> Reference:
    """The solution whose height is nearer to the parameter "height"; exact but for rounding.

    Reads "lam" too; raises ValueError for another domain, or where there is no solution.
    """
    begin = perf_counter()
    lam, wanted = read(problem, SOLVES, LINE, "lam", signed=("height",))
    lower, upper = roots(lam)
    s = lower if abs(height(lower) - wanted) < abs(height(upper) - wanted) else upper

    def field(x: Array) -> Array:
        return np.asarray(height(s) - 2 * np.log(np.cosh(s * (x - 0.5) / 2)))

    turning = abs(1 - np.sqrt(2 * lam) * np.sinh(s / 4) / 4)  # the equation's slope by s: none where both are one
    rounding = 64 * np.finfo(float).eps * (1 + s / turning)
    name = "the lower solution" if s == lower else "the upper solution"
    return Reference(name, {"u": field}, float(rounding), perf_counter() - begin)
