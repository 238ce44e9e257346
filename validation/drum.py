"""The eigenvalues of a round membrane: squares of the zeros of Bessel functions.

    J_m(k) = 0,      E = k^2,      twice for m > 0

Rayleigh, The Theory of Sound (1877), chapter IX. Dimensionless: the radius is one.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from scipy.special import jn_zeros

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

AROUND = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}
SOLVES = "the modes of a membrane of radius 1"
ORDERS, ZEROS = 60, 30


def spectrum() -> Array:
    """All eigenvalues below that of the first zero which is not looked for, ascending, each as often as it has modes."""
    found = [jn_zeros(m, ZEROS) ** 2 for m in range(ORDERS)]
    end = min(jn_zeros(ORDERS, 1)[0] ** 2, *(row[-1] for row in found))
    each = np.concatenate([np.repeat(row, 1 if m == 0 else 2) for m, row in enumerate(found)])
    return np.sort(each[each < end])


def bessel_zeros(problem: Declared) -> Reference:
    """The eigenvalue "E" by the number of its mode; exact but for rounding. Raises ValueError for another domain."""
    begin = perf_counter()
    read(problem, SOLVES, AROUND)
    values = spectrum()

    def of_mode(mode: Array) -> Array:
        return values[np.asarray(mode, dtype=int) - 1]

    return Reference("Bessel's zeros", {"E": of_mode}, 1e-14, perf_counter() - begin)
