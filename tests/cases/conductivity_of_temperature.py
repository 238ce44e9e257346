"""A conductivity that jumps with the temperature itself: where the jump lies is part of the solution.

(k(u) u')' = 0,  k = 1 below u = 0.6 and 20 above,  u = 0 and 1 at the ends
"""

import numpy as np
from torch import where

from pinnsolve import Box, Problem, d, dirichlet, exact, face
from validation.wanted import honest

wanted = honest(budget=4)


def rod(u, x):
    return d(where(u < 0.6, 1.0, 20.0) * d(u, x), x)


def true(x):
    """By Kirchhoff's transformation, q = the integral of k over u."""
    q = x * (0.6 + 20 * 0.4)
    return np.where(q < 0.6, q, 0.6 + (q - 0.6) / 20)


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="u",
    equations=rod,
    conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
    reference=exact(u=true),
    tolerance=1e-3,
)
