"""A drum at the frequency of its first mode: zero solves it, and so does the mode with any size.

u_xx + u_yy + 2 pi^2 u = 0 in a square,  u = 0 on its rim
"""

from math import pi

import numpy as np

from pinnsolve import Box, Problem, dirichlet, exact, laplace
from validation.wanted import honest

wanted = honest(wrong=True, budget=8)


def drum(u, x, y):
    return laplace(u, x, y) + 2 * pi**2 * u


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns="u",
    equations=drum,
    conditions=[dirichlet(u=0)],
    reference=exact(u=lambda x, y: np.sin(pi * x) * np.sin(pi * y)),
)
