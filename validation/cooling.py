"""A wall that is insulated on one side and cooled by air on the other.

    u_t = alpha u_xx                          0 < x < 1,  0 < t < 1
    u(x, 0) = 1 - 4 x^2 / 7 + x^4 / 21
    u_x(0, t) = 0,  u_x(1, t) + h u(1, t) = 0

The initial value satisfies the Robin condition, and so does its second derivative, for h = 2 (the usual value, with
alpha = 1); for other h the solution starts with a layer at x = 1 as thin as sqrt(alpha t). Everything is dimensionless:
u is the temperature above the air's over the initial one at x = 0, h is the Biot number.

Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford 1959, section 3.11.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from pinnsolve.reference import Reference
from validation.heat import series
from validation.refine import Array, Declared, Field, march, read, refine

WALL = {"x": (0.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "the cooling wall u_t = alpha u_xx, u_x(0, t) = 0, u_x(1, t) + h u(1, t) = 0, u(x, 0) = 1 - 4x^2/7 + x^4/21"


def initial(x: Array) -> Array:
    """u(x, 0) = 1 - 4 x^2 / 7 + x^4 / 21, (N,) -> (N,), dimensionless."""
    return 1 - 4 * x**2 / 7 + x**4 / 21


def eigenfunction_series(problem: Declared) -> Reference:
    """u = sum_n c_n cos(mu_n x) exp(-alpha mu_n^2 t), mu_n tan(mu_n) = h, with the own error from doubling the terms.

    Reads the parameters "alpha" (diffusivity) and "h" (heat transfer), both dimensionless; raises ValueError for
    another domain. For h other than 2 the coefficients fall as n^-2 only, and the error as n^-5/2.
    Source: Carslaw & Jaeger 1959, section 3.11.
    """
    alpha, h = read(problem, SOLVES, WALL, "alpha", "h")
    return refine("eigenfunctions", lambda terms: {"u": solve_by_series(terms, alpha, h)}, (4, 512), problem, WALL)


def solve_by_series(terms: int, alpha: float, h: float) -> Field:
    """The first `terms` eigenfunctions' share of the solution, as a field of x and t."""
    return series(initial, np.cos, eigenvalues(terms, h), alpha)


def eigenvalues(terms: int, h: float) -> Array:
    """The smallest positive roots of mu sin(mu) = h cos(mu): one in each (n pi, n pi + pi/2), n = 0, 1, ...

    >>> eigenvalues(2, 1.0).round(4)
    array([0.8603, 3.4256])
    """

    def mismatch(mu: float) -> float:
        return float(mu * np.sin(mu) - h * np.cos(mu))

    return np.array([brentq(mismatch, n * np.pi, (n + 0.5) * np.pi, xtol=1e-14) for n in range(terms)])


def method_of_lines(problem: Declared) -> Reference:
    """Second-order central differences in x, the ends included, and LSODA in time; the own error by Richardson.

    Reads the parameters "alpha" and "h"; raises ValueError for another domain. Source: Crank, The Mathematics of
    Diffusion, 2nd ed., Oxford 1975, chapter 8.
    """
    alpha, h = read(problem, SOLVES, WALL, "alpha", "h")
    return refine("method of lines", lambda n: {"u": solve_on_grid(n, alpha, h)}, (32, 4096), problem, WALL, order=2)


def solve_on_grid(n: int, alpha: float, h: float) -> Field:
    """Central differences on n intervals, as a field.

    At an end the node beyond it follows from the boundary condition: u_(-1) = u_1 at x = 0, and
    u_(n+1) = u_(n-1) - 2 dx h u_n at x = 1.
    """
    x = np.linspace(*WALL["x"], n + 1)

    def rate(_: float, u: Array) -> Array:
        beyond = np.concatenate([u[1:2], u, u[-2:-1] - 2 * h / n * u[-1:]])
        return alpha * n**2 * np.diff(beyond, 2)

    return march(rate, x, initial(x), accuracy=5e-4)
