"""A string that is let go from rest, where "from rest" is said by condition(u_t = 0, on=face(t=0)), over cells.

u_tt = u_xx,  0 < x < 1,  0 < t < 1,  u(x, 0) = sin(pi x),  u = 0 at the ends,      exact: u = sin(pi x) cos(pi t)
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import Box, LocalFeatures, Marching, Problem, Settings, condition, d, dirichlet, exact, face, initial
from validation.wanted import right

wanted = right(1e-3)


def string(u, x, t):
    return d(u, t, t) - d(u, x, x)


def released(u, t):
    return d(u, t)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=string,
    conditions=[condition(released, on=face(t=0)), initial(u=lambda x: sin(pi * x)), dirichlet(u=0)],
    reference=exact(u=lambda x, t: np.sin(pi * x) * np.cos(pi * t)),
)
settings = Settings(network=LocalFeatures(), method=Marching(bound=1e-2))
