"""A slug of dye that a pipe carries along: what is prescribed jumps, and so does the solution, wherever it has come to.

u_t + 2 u_x = 0,  u(x, 0) = 1 for 0.1 < x < 0.3 and else 0,  u(0, t) = 0
"""

import numpy as np
from torch import where

from pinnsolve import Box, Problem, d, dirichlet, exact, face, initial
from validation.wanted import honest

wanted = honest(budget=8, slow=True)


def carried(u, x, t):
    return d(u, t) + 2 * d(u, x)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 0.3),
    unknowns="u",
    equations=carried,
    conditions=[initial(u=lambda x: where((x > 0.1) & (x < 0.3), 1.0, 0.0)), dirichlet(u=0, on=face(x=0))],
    reference=exact(u=lambda x, t: np.where((x - 2 * t > 0.1) & (x - 2 * t < 0.3), 1.0, 0.0)),
    tolerance=1e-2,
)
