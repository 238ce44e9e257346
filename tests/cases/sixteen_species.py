"""Sixteen species in a chain of reactions: a first line within the budget, and an answer at its end.

    c_k' = D c_k_xx - r_k c_k + r_(k-1) c_(k-1),   r_k = 1 + k/4,  D = 0.02;  c_1 = sin(pi x) at the start, the others 0

After github.com/lululxvi/deepxde, issues 610 and 628.
"""

import inspect
from math import pi

import numpy as np
from scipy.integrate import solve_ivp
from torch import sin

from pinnsolve import Box, Problem, Reference, d, dirichlet, initial
from validation.wanted import right

wanted = right(1e-2, budget=20, slow=True)
COUNT, D = 16, 0.02
NAMES = tuple(f"c{k}" for k in range(1, COUNT + 1))
RATES = [1 + k / 4 for k in range(1, COUNT + 1)]


def chain(k):
    """The equation of species k, its arguments named after what it needs."""

    def equation(**at):
        own = at[NAMES[k]]
        left = d(own, at["t"]) - D * d(own, at["x"], at["x"]) + RATES[k] * own
        return left - RATES[k - 1] * at[NAMES[k - 1]] if k else left

    names = [*NAMES[max(k - 1, 0) : k + 1], "x", "t"]
    equation.__name__ = f"species_{k + 1}"
    equation.__signature__ = inspect.Signature([inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in names])
    return equation


def runge_kutta(problem):
    reactions = np.diag([-r - D * pi**2 for r in RATES]) + np.diag(RATES[:-1], -1)
    found = solve_ivp(
        lambda t, c: reactions @ c, (0, 1), np.eye(COUNT)[0], "DOP853", dense_output=True, rtol=1e-11, atol=1e-18
    )

    def field(k):
        return lambda x, t: found.sol(t)[k] * np.sin(pi * x)

    return Reference("Runge-Kutta, order 8", {name: field(k) for k, name in enumerate(NAMES)}, 1e-8, 0.0)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns=NAMES,
    equations=[chain(k) for k in range(COUNT)],
    conditions=[initial(**dict.fromkeys(NAMES[1:], 0), c1=lambda x: sin(pi * x)), dirichlet(**dict.fromkeys(NAMES, 0))],
    reference=runge_kutta,
    tolerance=1e-2,
)
