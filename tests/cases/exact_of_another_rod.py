"""The exact solution of a rod that conducts three times as well: no run that solves the equation is called converged.

u_t = u_xx/10,  u(x, 0) = sin(pi x),  u(0, t) = u(1, t) = 0
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, exact, initial
from validation.wanted import honest

wanted = honest()


def heat(u, x, t):
    return d(u, t) - 0.1 * d(u, x, x)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=lambda x: sin(pi * x)), dirichlet(u=0)],
    reference=exact(u=lambda x, t: np.exp(-0.3 * pi**2 * t) * np.sin(pi * x)),
)
