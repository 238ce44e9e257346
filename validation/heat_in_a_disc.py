"""Heat in the unit disc whose rim is kept at zero, by the series of its vibrations.

    T_t = alpha (T_xx + T_yy),   x^2 + y^2 < 1,  0 < t < 1,   T = 0 at the rim
    T(x, y, 0) = (3 - 4 r^2 + r^4) / 3 + x (2 - 3 r^2 + r^4) / 2

    T = sum over m = 0, 1 and k of  c_mk J_m(j_mk r) cos(m phi) exp(-alpha j_mk^2 t)

Dimensionless. Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford 1959, section 7.6.
"""

from __future__ import annotations

import numpy as np
from scipy.special import jn_zeros, jv

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, read, refine

DISC = {"x": (-1.0, 1.0), "y": (-1.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "T_t = alpha (T_xx + T_yy) in the unit disc, T = 0 at its rim, from the start in validation/heat_in_a_disc.py,"


def starts(r: Array) -> tuple[Array, Array]:
    """The start's parts in front of one and of cos(phi), as functions of the radius (N,)."""
    return (3 - 4 * r**2 + r**4) / 3, r * (2 - 3 * r**2 + r**4) / 2


def bessel_series(problem: Declared) -> Reference:
    """The series, its own error by doubling the number of terms.

    Reads the parameter "alpha" (diffusivity, dimensionless); raises ValueError for another domain.
    """
    (alpha,) = read(problem, SOLVES, DISC, "alpha")
    if abs(problem.space.measure - np.pi) > 1e-9:
        raise ValueError(f"this reference solves {SOLVES} and not on {problem.space!r}.")
    return refine(
        "Bessel series", lambda n: {"T": solve_by_series(n, alpha)}, (8, 512), problem, DISC,
        within=lambda x, y, t: np.hypot(x, y) < 1,
    )  # fmt: skip


def coefficients(terms: int, m: int) -> tuple[Array, Array]:
    """j_mk and c_mk = 2 / J_(m+1)(j_mk)^2 integral of T_m(r) J_m(j_mk r) r over (0, 1), both (terms,), by Gauss."""
    zeros = jn_zeros(m, terms)
    nodes, weights = np.polynomial.legendre.leggauss(2 * terms + 32)
    r, w = (nodes + 1) / 2, weights / 2
    inside = jv(m, zeros[:, None] * r) @ (w * r * starts(r)[m])
    return zeros, 2 * inside / jv(m + 1, zeros) ** 2


def solve_by_series(terms: int, alpha: float) -> Field:
    """So many terms for each m, as a field of x, y and t."""
    series = [coefficients(terms, m) for m in (0, 1)]

    def field(x: Array, y: Array, t: Array) -> Array:
        r, total = np.hypot(x, y), np.zeros(np.broadcast(x, y, t).shape)
        for m, (zeros, c) in enumerate(series):
            angle = np.ones_like(r) if m == 0 else np.divide(x, r, out=np.zeros_like(r), where=r > 0)
            for zero, size in zip(zeros, c, strict=True):
                total += size * jv(m, zero * r) * angle * np.exp(-alpha * zero**2 * t)
        return total

    return field
