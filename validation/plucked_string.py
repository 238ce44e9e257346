"""A string that is drawn aside to a corner and let go.

    u_tt = c^2 u_xx                      0 < x < 1,  0 < t < 2
    u(x, 0) = x/a  for x < a,  (1 - x)/(1 - a)  beyond,    u_t(x, 0) = 0,    u(0, t) = u(1, t) = 0,    a = 0.3

Everything is dimensionless. d'Alembert, Hist. Acad. Sci. Berlin 3 (1747) 214.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, read

STRING = {"x": (0.0, 1.0), "t": (0.0, 2.0)}
CORNER = 0.3
SOLVES = "the plucked string u_tt = c^2 u_xx, u(0, t) = u(1, t) = 0, at rest with a corner at x = 0.3"


def dalembert(problem: Declared) -> Reference:
    """u = (f(x - c t) + f(x + c t)) / 2, f the start, odd and of period 2; exact but for rounding.

    Reads the parameter "c" (speed, dimensionless); raises ValueError for another domain.
    """
    begin = perf_counter()
    (c,) = read(problem, SOLVES, STRING, "c")
    rounding = 8 * np.finfo(float).eps * (1 + c)  # of x +- c t, over the size of u
    return Reference("d'Alembert's solution", {"u": waves(c)}, float(rounding), perf_counter() - begin)


def waves(c: float) -> Field:
    """Both waves, as a field of x and t."""
    return lambda x, t: (continued(x - c * t) + continued(x + c * t)) / 2


def continued(x: Array) -> Array:
    """The start, continued as an odd function of period 2."""
    within = (x + 1) % 2 - 1
    y = np.abs(within)
    return np.asarray(np.sign(within) * np.where(y < CORNER, y / CORNER, (1 - y) / (1 - CORNER)))
