"""A pipe at a high pressure, on an MLP: the pressure is known in one point, and of it only the fall matters.

p_x = -pi sin(pi x),  0 < x < 1,  p(1/2) = 1000,      exact: p = 1000 + cos(pi x)
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import MLP, Box, LevenbergMarquardt, Problem, Settings, d, dirichlet, exact, point
from validation.wanted import right

wanted = right(1e-3, slow=True)


def pipe(p, x):
    return d(p, x) + pi * sin(pi * x)


def true_error(solution):
    x = np.linspace(0, 1, 1001)
    return np.sqrt(2 * np.mean((solution.p(x=x) - 1000 - np.cos(pi * x)) ** 2))  # relative to what varies


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="p",
    equations=pipe,
    conditions=[dirichlet(p=1000, on=point(x=0.5))],
    reference=exact(p=lambda x: 1000 + np.cos(pi * x)),
)
settings = Settings(network=MLP(width=12, depth=2), method=LevenbergMarquardt(), points=200)
