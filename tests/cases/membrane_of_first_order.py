"""Poisson's equation with its slopes as unknowns: two equations give them, and so no condition has to.

p = u_x,  q = u_y,  p_x + q_y - u = -(2 pi^2 + 1) sin(pi x) sin(pi y),  u = 0 on the edge
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, exact
from validation.wanted import right

wanted = right(1e-4)


def slope_x(u, p, x):
    return p - d(u, x)


def slope_y(u, q, y):
    return q - d(u, y)


def balance(u, p, q, x, y):
    return d(p, x) + d(q, y) - u + (2 * pi**2 + 1) * sin(pi * x) * sin(pi * y)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns=("u", "p", "q"),
    equations=[slope_x, slope_y, balance],
    conditions=[dirichlet(u=0)],
    reference=exact(
        u=lambda x, y: np.sin(pi * x) * np.sin(pi * y),
        p=lambda x, y: pi * np.cos(pi * x) * np.sin(pi * y),
        q=lambda x, y: pi * np.sin(pi * x) * np.cos(pi * y),
    ),
    tolerance=1e-5,
)
