"""A population by age, whose births are its parents' and which limits itself.

    n_t + n_a = -(mu + P) n,        0 < a < 4,  0 < t < 6,        P(t) = integral of n over a
    n(0, t) = integral of beta a exp(-2 a) n over a,              n(a, 0) = exp(-(r + mu) a) / 10

With the age distribution that lasts, exp(-(r + mu) a), whose growth r solves the equation of Euler and Lotka

    1 = integral from 0 to 4 of beta a exp(-(2 + r + mu) a) da,

the population is separable: n = A(t) exp(-(r + mu) a), and P = A S with S = integral of exp(-(r + mu) a) is logistic,

    P' = (r - P) P,        P(t) = r / (1 + (r/P(0) - 1) exp(-r t)).

Everything is dimensionless. Gurtin & MacCamy, Arch. Rational Mech. Anal. 54 (1974) 281; Iannelli, Mathematical Theory
of Age-Structured Population Dynamics (Pisa, 1995), chapter 5.
"""

from __future__ import annotations

from functools import lru_cache
from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, read

AGES = {"a": (0.0, 4.0), "t": (0.0, 6.0)}
SOLVES = "n_t + n_a = -(mu + P) n with births of beta a exp(-2 a), from exp(-(r + mu) a) / 10"
OLDEST = 4.0
BEGIN = 0.1


def births(k: float) -> float:
    """The integral from 0 to 4 of a exp(-k a) da."""
    return (1 - np.exp(-k * OLDEST) * (1 + k * OLDEST)) / k**2


@lru_cache
def growth(beta: float, mu: float) -> float:
    """r, the rate at which the lasting distribution of ages grows where nothing limits it."""
    from scipy.optimize import brentq  # a tenth of a second to import: only where it is used

    return float(brentq(lambda r: beta * births(2 + r + mu) - 1, -1.9 - mu, 20.0, xtol=1e-15, rtol=1e-14))


def population(beta: float, mu: float) -> Field:
    """n as a field of a and t."""
    r = growth(beta, mu)
    size = (1 - np.exp(-(r + mu) * OLDEST)) / (r + mu)  # S

    def field(a: Array, t: Array) -> Array:
        whole = r / (1 + (r / (BEGIN * size) - 1) * np.exp(-r * np.asarray(t)))
        return np.asarray(whole / size * np.exp(-(r + mu) * np.asarray(a)))

    return field


def lasting_ages(problem: Declared) -> Reference:
    """The separable solution; its own error is rounding, and what a root of 1e-14 leaves.

    Reads the parameters "beta" and "mu" (dimensionless); raises ValueError for another span of ages or of time.
    """
    begin = perf_counter()
    beta, mu = read(problem, SOLVES, AGES, "beta", "mu")
    fields = {"n": population(beta, mu)}
    return Reference("lasting ages, logistic", fields, 1e-13, perf_counter() - begin)
