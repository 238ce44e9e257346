"""A load at one place, written as the second derivative of |x - 0.3|: it is zero at every point but one.

u'' + |x - 0.3|'' = 0,  u = 0 at both ends
"""

import numpy as np

from pinnsolve import Box, Problem, d, dirichlet, exact
from validation.wanted import honest

wanted = honest(budget=4)


def string(u, x):
    return d(u, x, x) + d(abs(x - 0.3), x, x)


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="u",
    equations=string,
    conditions=[dirichlet(u=0)],
    reference=exact(u=lambda x: 0.3 + 0.4 * x - np.abs(x - 0.3)),
    tolerance=1e-3,
)
