"""A conductivity and a heat capacity of which only the quotient is in the equation: the flow of heat is right, they are not.

c u_t = k u_xx,  u(x, 0) = sin(pi x),  u(0, t) = u(1, t) = 0,  k/c = 0.3
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import Box, Problem, Unknown, d, dirichlet, exact, initial, observed
from validation.wanted import honest

wanted = honest(wrong=True, budget=2, slow=True)


def heat(u, x, t, k, c):
    return d(u, t) - k / c * d(u, x, x)


def true(x, t):
    return np.exp(-0.3 * pi**2 * t) * np.sin(pi * x)


rng = np.random.default_rng(5)
xs, ts = rng.random(200), rng.random(200)

problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[
        initial(u=lambda x: sin(pi * x)),
        dirichlet(u=0),
        observed(x=xs, t=ts, u=true(xs, ts) + 0.01 * rng.standard_normal(200), sigma=0.01),
    ],
    parameters={"k": Unknown(1.0), "c": Unknown(2.0)},
    reference=exact(u=true),
    tolerance=1e-2,
)
