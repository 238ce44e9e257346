"""Both solutions of a reacting cylinder, in closed form.

    (r u')' + lam r e^u = 0,    u'(0) = 0,  u(1) = 0:      u = 2 log((1 + b) / (1 + b r^2)),    lam = 8 b / (1 + b)^2

There are two b for lam below 2, with the product one, and none beyond. Everything is dimensionless.

Frank-Kamenetskii, Diffusion and Heat Transfer in Chemical Kinetics (1955), chapter 6.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

LINE = {"r": (0.0, 1.0)}
SOLVES = "a reacting cylinder, (r u')' + lam r e^u = 0, u'(0) = u(1) = 0"


def shapes(lam: float) -> tuple[float, float]:
    """b of the cool and of the hot solution.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not 0 < lam < 2:
        raise ValueError(f"{SOLVES} has no two solutions for lam = {lam:g}: it must lie between 0 and 2.")
    middle = 4 / lam - 1
    high = float(middle + np.sqrt(middle**2 - 1))
    return 1 / high, high


def temperature(b: float, r: Array) -> Array:
    """u of the solution of this shape."""
    return 2 * (np.log1p(b) - np.log1p(b * np.asarray(r) ** 2))


def hot(problem: Declared) -> Reference:
    """The upper solution; exact but for rounding, which grows where both meet.

    Reads the parameter "lam"; raises ValueError for another domain, or where there is no solution.
    """
    begin = perf_counter()
    (lam,) = read(problem, SOLVES, LINE, "lam")
    _, b = shapes(lam)
    rounding = float(64 * np.finfo(float).eps * (1 + 1 / (2 - lam)))
    return Reference("the hot solution", {"u": lambda r: temperature(b, r)}, rounding, perf_counter() - begin)
