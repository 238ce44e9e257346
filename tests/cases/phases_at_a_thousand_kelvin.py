"""Allen's and Cahn's phases at 1000 kelvin: what is judged by its swing of two may not be judged by its thousand.

u_t = eps u_xx + r (w - w^3),  w = u - 1000,  u(x, 0) = 1000 + x^2 cos(pi x),  periodic
"""

from math import pi

import numpy as np
from torch import cos

from pinnsolve import Box, Problem, Reference, d, initial, periodic
from problems import allen_cahn as shipped
from validation.wanted import honest

wanted = honest(slow=True)
KELVIN = 1000.0
dimensionless = shipped.problem.with_parameters({"eps": 1e-3})


def allen_cahn(u, x, t, eps, r):
    phase = u - KELVIN
    return d(u, t) - eps * d(u, x, x) - r * (phase - phase**3)


def warmer(problem):
    known = shipped.problem.reference(dimensionless)
    return Reference(
        known.name, {"u": lambda x, t: KELVIN + known.fields["u"](x=x, t=t)}, known.own_error, known.seconds
    )


def true_error(solution):
    x, t = np.random.default_rng(0).uniform([[-1], [0]], [[1], [1]], (2, 4000))
    true = warmer(None).fields["u"](x=x, t=t)
    return np.std(solution.u(x=x, t=t) - true) / np.std(true)


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 1),
    unknowns="u",
    equations=allen_cahn,
    conditions=[initial(u=lambda x: KELVIN + x**2 * cos(pi * x)), periodic("x")],
    parameters={"eps": 1e-3, "r": 5},
    reference=warmer,
    tolerance=2e-3,
)
