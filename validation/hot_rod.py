"""A rod that a pulse heats through one end, while the other is kept cold; it conducts the better the hotter it is.

    T_t = (k(T) T_x)_x,   k = 1 + T^2 / 2      0 < x < 1,  0 < t < 1
    T(0, t) = 0,   k(T) T_x = 4 sin^2(pi t) at x = 1,   T(x, 0) = 0

Everything is dimensionless; T is the temperature above that of the cold end.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from pinnsolve.reference import Reference
from validation.chebyshev import Line
from validation.refine import Array, Declared, Fields, pointwise, read, refine

ROD = {"x": (0.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "T_t = (k(T) T_x)_x, k = 1 + T^2 / 2, T = 0 at x = 0 and at the start, k T_x = 4 sin^2(pi t) at x = 1"


def conductivity(T: Array) -> Array:
    """k(T), dimensionless."""
    return 1 + T**2 / 2


def chebyshev_and_radau(problem: Declared) -> Reference:
    """Collocation in space, Radau IIA in time; the unknown function k is a field of its own, of T.

    Raises ValueError for another domain. The own error is the difference of two numbers of nodes.
    """
    read(problem, SOLVES, ROD)

    def solve(n: int) -> Fields:
        fields = solve_on(n)
        return {**fields, "k": lambda x, t: conductivity(fields["T"](x=x, t=t))}

    found = refine("Chebyshev collocation, Radau IIA", solve, (12, 48), problem, ROD, rounding=1e-9)
    return Reference(found.name, {**found.fields, "k": conductivity}, found.own_error, found.seconds)


def solve_on(n: int) -> Fields:
    """T from polynomials of degree n in x; the flux through the heated end is put in place of that of the polynomial."""
    line = Line(n, ROD["x"])

    def rate(t: float, inside: Array) -> Array:
        T = np.concatenate([[0.0], inside])
        flux = conductivity(T) * (line.slope @ T)
        flux[-1] = 4 * np.sin(np.pi * t) ** 2
        return np.asarray((line.slope @ flux)[1:])

    found = solve_ivp(rate, ROD["t"], np.zeros(n), "Radau", dense_output=True, rtol=1e-9, atol=1e-11)

    def evaluate(x: Array, t: Array) -> Array:
        return np.asarray((line.values(x)[:, 1:] * found.sol(t).T).sum(1))

    return {"T": pointwise(evaluate, width=n)}
