"""A heated rod whose conductivity varies along it, between ends that are kept cold.

    u_t = (k(x) u_x)_x + 10 sin(pi x),   k = (2 + sin 2 pi x) / 10      0 < x < 1,  0 < t < 1
    u(0, t) = u(1, t) = 0,   u(x, 0) = 0

Everything is dimensionless; u is the temperature above that of the ends.
"""

from __future__ import annotations

import numpy as np

from pinnsolve.reference import Reference
from validation.chebyshev import Line
from validation.refine import Array, Declared, Fields, pointwise, read, refine

ROD = {"x": (0.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "u_t = (k u_x)_x + 10 sin(pi x), k = (2 + sin 2 pi x)/10, u = 0 at the ends and at the start"


def conductivity(x: Array) -> Array:
    """k(x), dimensionless."""
    return 0.2 + 0.1 * np.sin(2 * np.pi * x)


def chebyshev_in_space(problem: Declared) -> Reference:
    """Collocation in space, exact in time; the unknown function k is a field of its own.

    Raises ValueError for another domain. The own error is the difference of two numbers of nodes.
    """
    read(problem, SOLVES, ROD)

    def solve(n: int) -> Fields:
        return {**solve_on(n), "k": lambda x, t: conductivity(x)}

    return refine("Chebyshev collocation", solve, (16, 64), problem, ROD, rounding=1e-12)


def solve_on(n: int) -> Fields:
    """u from polynomials of degree n: u' = A u + s with eigenvalues of A, which are real and below zero.

    With A = V diag(l) V^-1, u(t) = V diag((exp(l t) - 1) / l) V^-1 s.
    """
    line = Line(n, ROD["x"])
    operator = (line.slope @ (conductivity(line.nodes)[:, None] * line.slope))[1:-1, 1:-1]
    rates, modes = np.linalg.eig(operator)
    strength = np.linalg.solve(modes, 10 * np.sin(np.pi * line.nodes[1:-1]))

    def evaluate(x: Array, t: Array) -> Array:
        inside = line.values(x)[:, 1:-1] @ modes
        return np.asarray(np.real((inside * (np.expm1(rates * t[:, None]) / rates)) @ strength))

    return {"u": pointwise(evaluate, width=n)}
