"""A line charge of width 0.002 in a square whose walls hold its free potential: no evenly spread point meets it.

-lap u = q exp(-r^2/w^2)/(pi w^2),  u = -q log(r^2)/(4 pi) on the walls,  q = 10,  w = 0.002,  r^2 = (x-a)^2 + (y-b)^2
exact: u = -q (log(r^2) + E1(r^2/w^2))/(4 pi)
"""

from math import pi

import numpy as np
from scipy.special import exp1
from torch import exp, log

from pinnsolve import Box, Problem, dirichlet, exact, laplace
from validation.wanted import honest

wanted = honest(budget=4, slow=True)
Q, W, A, B = 10.0, 0.002, 0.37, 0.61


def poisson(u, x, y):
    return -laplace(u, x, y) - Q / (pi * W**2) * exp(-((x - A) ** 2 + (y - B) ** 2) / W**2)


def wall(x, y):
    return -Q / (4 * pi) * log((x - A) ** 2 + (y - B) ** 2)


def true(x, y):
    square = (x - A) ** 2 + (y - B) ** 2
    return -Q / (4 * pi) * (np.log(square) + exp1(square / W**2))


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns="u",
    equations=poisson,
    conditions=[dirichlet(u=wall)],
    reference=exact(u=true),
)
