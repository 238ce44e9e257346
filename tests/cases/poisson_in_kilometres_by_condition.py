"""Poisson's equation with x in kilometres and y in metres, its edge said by condition(u - 3): held exactly all the same.

-L^2 u_xx - u_yy = 5 pi^2 sin(2 pi x/L) sin(pi y),  L = 1e-3,      exact: u = 3 + sin(2 pi x/L) sin(pi y)
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import Box, Problem, condition, d, exact
from validation.wanted import right

wanted = right(1e-9, slow=True)
L = 1e-3


def poisson(u, x, y):
    return -(L**2) * d(u, x, x) - d(u, y, y) - 5 * pi**2 * sin(2 * pi * x / L) * sin(pi * y)


def edge(u):
    return u - 3


problem = Problem(
    space=Box(x=(0, L), y=(0, 1)),
    unknowns="u",
    equations=poisson,
    conditions=[condition(edge)],
    reference=exact(u=lambda x, y: 3 + np.sin(2 * pi * x / L) * np.sin(pi * y)),
    tolerance=1e-6,
)
