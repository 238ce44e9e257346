"""Prey a and predators b.

    a' = r a - a b,     b' = a b - m b,       0 < t < 60,      a(0) = 4,  b(0) = 1

Everything is dimensionless. a - m ln a + b - r ln b stays what it is at the start. Lotka, Elements of Physical Biology
(1925); Volterra, Mem. R. Accad. Lincei 2 (1926) 31.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import SAFETY, Array, Declared, Field, read

TIME = {"t": (0.0, 60.0)}
SOLVES = "the Lotka-Volterra equations a' = r a - a b, b' = a b - m b, a(0) = 4, b(0) = 1"
START = (4.0, 1.0)
LEAST = 1e-13  # of the tolerances of steps: below it is rounding


def dormand_prince(problem: Declared) -> Reference:
    """The pair of orders 8 and 5(3) with dense output of order 7, once with thirty times the tolerance; their
    difference is the own error of both.

    Reads the parameters "r" and "m" (rates, dimensionless); raises ValueError for another span of time. Source: Hairer,
    Norsett & Wanner, Solving Ordinary Differential Equations I (1993), section II.5.
    """
    begin = perf_counter()
    r, m = read(problem, SOLVES, TIME, "r", "m")
    accuracy = max(LEAST, 1e-6 * problem.tolerance)
    coarse, fine = (solve_by_steps(a, r, m) for a in (30 * accuracy, accuracy))
    t = np.linspace(*TIME["t"], 17711)
    values = {u: (coarse[u](t=t), fine[u](t=t)) for u in fine}
    own_error = SAFETY * max(float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in values.values())
    return Reference("Dormand-Prince, order 8", fine, own_error, perf_counter() - begin)


def solve_by_steps(accuracy: float, r: float, m: float) -> dict[str, Field]:
    """Both populations as fields of t, by steps of this tolerance, absolute and relative."""
    from scipy.integrate import solve_ivp  # a quarter of a second to import: only where it is used

    def rate(_: float, u: Array) -> Any:
        a, b = u
        return r * a - a * b, a * b - m * b

    found = solve_ivp(rate, TIME["t"], START, "DOP853", dense_output=True, rtol=accuracy, atol=accuracy)
    if not found.success:
        raise ArithmeticError(f"the reference failed: {found.message}")

    def field(k: int) -> Field:
        return lambda t: np.asarray(found.sol(np.ravel(t))[k]).reshape(np.shape(t))

    return {"a": field(0), "b": field(1)}
