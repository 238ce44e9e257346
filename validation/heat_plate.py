"""A plate kept at zero on two sides, insulated on the third, and cooled by air on the fourth.

    T_t = alpha (T_xx + T_yy)                              0 < x, y < 1,  0 < t < 1
    T(x, y, 0) = sin(pi x) (1 - 4 y^2 / 7 + y^4 / 21)
    T = 0 at x = 0 and x = 1,   T_y = 0 at y = 0,   T_y + h T = 0 at y = 1

For h = 2 (the usual value, with alpha = 0.1) the initial value and its time derivative satisfy the Robin condition; for
other h the solution starts with a layer at y = 1 as thin as sqrt(alpha t). Everything is dimensionless: T is the
temperature above the air's over the initial one at (1/2, 0), h is the Biot number.

Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford 1959, sections 1.15 (products) and 3.11.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh_tridiagonal

from pinnsolve.reference import Reference
from validation import cooling
from validation.poisson import spline
from validation.refine import Array, Declared, Field, read, refine

PLATE = {"x": (0.0, 1.0), "y": (0.0, 1.0), "t": (0.0, 1.0)}
SOLVES = (
    "the plate T_t = alpha (T_xx + T_yy), T = 0 at x = 0 and 1, T_y = 0 at y = 0, T_y + h T = 0 at y = 1, "
    "T(x, y, 0) = sin(pi x) (1 - 4y^2/7 + y^4/21)"
)


def product_series(problem: Declared) -> Reference:
    """T = exp(-alpha pi^2 t) sin(pi x) times the cooling wall's series in y, the own error by doubling the terms.

    Reads the parameters "alpha" (diffusivity) and "h" (heat transfer), both dimensionless; raises ValueError for
    another domain. Source: Carslaw & Jaeger 1959, sections 1.15 and 3.11.
    """
    alpha, h = read(problem, SOLVES, PLATE, "alpha", "h")
    return refine("product of series", lambda terms: {"T": solve_by_series(terms, alpha, h)}, (4, 512), problem, PLATE)


def solve_by_series(terms: int, alpha: float, h: float) -> Field:
    """One sine in x times the first `terms` eigenfunctions in y, as a field of x, y and t."""
    in_y = cooling.solve_by_series(terms, alpha, h)

    def field(x: Array, y: Array, t: Array) -> Array:
        return np.exp(-alpha * np.pi**2 * t) * np.sin(np.pi * x) * in_y(x=y, t=t)

    return field


def differences(problem: Declared) -> Reference:
    """Second-order central differences in x and y, exact in time; the own error by Richardson's estimate.

    Reads the parameters "alpha" and "h"; raises ValueError for another domain. Source: Lynch, Rice & Thomas,
    Numer. Math. 6 (1964) 185-199 (tensor products of difference operators).
    """
    alpha, h = read(problem, SOLVES, PLATE, "alpha", "h")
    return refine("differences", lambda n: {"T": solve_on_grid(n, alpha, h)}, (16, 512), problem, PLATE, order=2)


def solve_on_grid(n: int, alpha: float, h: float) -> Field:
    """dT_ij/dt = alpha n^2 (second differences in x and in y) on n by n intervals, as a field of x, y and t.

    With A and B the difference matrices in x and y, T(t) = exp(alpha A t) T(0) exp(alpha B t)^T. At the sides in y the
    node beyond follows from the boundary condition: T_(-1) = T_1, and T_(n+1) = T_(n-1) - 2 dy h T_n. Times are kept
    at equal steps of t^(1/4), for a quintic spline to see the first layers of a width of sqrt(alpha t).
    """
    s, root_t = np.linspace(0.0, 1.0, n + 1), np.linspace(0.0, 1.0, round(2 * np.sqrt(n)) + 17)
    inner, ones = np.full(n - 1, -2.0), np.ones(n - 1)
    in_x, wave_x, share_x = diagonalise(inner, ones[1:], ones[1:])
    in_y, wave_y, share_y = diagonalise(
        np.concatenate([[-2.0], inner, [-2 - 2 * h / n]]), np.append(2.0, ones), np.append(ones, 2.0)
    )
    share = share_x @ np.outer(np.sin(np.pi * s[1:-1]), cooling.initial(s)) @ share_y.T
    T = np.zeros((n + 1, n + 1, root_t.size))
    for k, time in enumerate(alpha * n**2 * root_t**4):
        T[1:-1, :, k] = (wave_x * np.exp(time * in_x)) @ share @ (wave_y * np.exp(time * in_y)).T
    through = spline({"x": s, "y": s, "t": root_t}, T)
    return lambda x, y, t: through(x=x, y=y, t=t**0.25)


def diagonalise(diagonal: Array, above: Array, below: Array) -> tuple[Array, Array, Array]:
    """Eigenvalues (n,), right eigenvectors (n, n) by columns, and their inverse, of a tridiagonal matrix.

    Above and below the diagonal (n,) stand (n - 1,) positive numbers: a diagonal matrix makes it symmetric.
    """
    scale = np.cumprod(np.append(1.0, np.sqrt(above / below)))
    values, vectors = eigh_tridiagonal(diagonal, np.sqrt(above * below))
    return values, vectors / scale[:, None], vectors.T * scale
