"""Heat in a rod whose ends are kept at zero.

    u_t = alpha u_xx          0 < x < 1,  0 < t < 1
    u(x, 0) = sin(pi x),      u(0, t) = u(1, t) = 0

Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford 1959, section 3.3. Everything is dimensionless.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, march, pointwise, read, refine

ROD = {"x": (0.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "the heat equation u_t = alpha u_xx with zero ends and u(x, 0) = sin(pi x)"


def initial(x: Array) -> Array:
    """u(x, 0) = sin(pi x), (N,) -> (N,), dimensionless."""
    return np.sin(np.pi * x)


def exact_series(problem: Declared) -> Reference:
    """u = sum_k c_k sin(k pi x) exp(-alpha (k pi)^2 t), c_k by quadrature, with the own error from doubling the terms.

    Reads the parameter "alpha" (diffusivity, dimensionless); raises ValueError for another domain.
    Source: Carslaw & Jaeger 1959, section 3.3.
    """
    (alpha,) = read(problem, SOLVES, ROD, "alpha")
    return refine("sine series", lambda terms: {"u": solve_by_series(terms, alpha)}, (4, 512), problem, ROD)


def solve_by_series(terms: int, alpha: float) -> Field:
    """The first `terms` terms of the sine series, as a field of x and t."""
    return series(initial, np.sin, np.pi * np.arange(1.0, terms + 1), alpha)


def series(start: Callable[[Array], Array], shape: Callable[[Array], Array], mu: Array, alpha: float) -> Field:
    """u = sum_n c_n X_n(x) exp(-alpha mu_n^2 t), X_n = shape(mu_n x), c_n = (start, X_n) / (X_n, X_n) on 0 < x < 1.

    Parameters
    ----------
    start : callable
        u(x, 0), (N,) -> (N,).
    shape : callable
        sin or cos; the X_n must be orthogonal on 0 < x < 1.
    mu : (n,) array, rising
        Wave numbers (dimensionless). Gauss-Legendre's rule with eight nodes a term resolves them to rounding.
    """
    nodes, weights = np.polynomial.legendre.leggauss(16)
    panels = (mu.size + 1) // 2
    at = ((np.arange(panels)[:, None] + (nodes + 1) / 2) / panels).ravel()
    weight = np.tile(weights, panels) / (2 * panels)
    modes = shape(mu[:, None] * at)
    coefficient = modes @ (weight * start(at)) / (modes**2 @ weight)

    def evaluate(x: Array, t: Array) -> Array:
        # At the chunk's earliest time, the terms beyond exp(-40) = 4e-18 are nothing.
        alive = max(1, int(np.searchsorted(alpha * mu**2 * t.min(), 40.0)))
        decay = np.exp(-alpha * np.multiply.outer(t, mu[:alive] ** 2))
        return (shape(np.multiply.outer(x, mu[:alive])) * decay) @ coefficient[:alive]

    return pointwise(evaluate, width=mu.size)


def method_of_lines(problem: Declared) -> Reference:
    """Second-order central differences in x and LSODA in time, with the own error by Richardson's estimate.

    Reads the parameter "alpha"; raises ValueError for another domain. Source: Crank, The Mathematics of Diffusion,
    2nd ed., Oxford 1975, chapter 8.
    """
    (alpha,) = read(problem, SOLVES, ROD, "alpha")
    return refine("method of lines", lambda n: {"u": solve_on_grid(n, alpha)}, (32, 4096), problem, ROD, order=2)


def solve_on_grid(n: int, alpha: float) -> Field:
    """du_i/dt = alpha (u_(i-1) - 2 u_i + u_(i+1)) / dx^2 on n intervals, the ends fixed at zero, as a field."""
    x = np.linspace(*ROD["x"], n + 1)

    def rate(_: float, u: Array) -> Array:
        du = np.zeros_like(u)
        du[1:-1] = alpha * n**2 * np.diff(u, 2)
        return du

    return march(rate, x, initial(x), accuracy=5e-4)
