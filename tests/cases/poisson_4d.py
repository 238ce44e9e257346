"""Poisson's equation in four dimensions, met by random features to rounding.

laplace(u) = f   0 < x_k < 1,    u = sum over k of sin(pi x_k / 2) on the boundary, and everywhere
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import Box, Problem, dirichlet, exact, laplace
from validation.wanted import right

wanted = right(1e-9, slow=True)


def poisson(u, x1, x2, x3, x4):
    return laplace(u, x1, x2, x3, x4) + pi**2 / 4 * sum(sin(pi * x / 2) for x in (x1, x2, x3, x4))


def wave(x1, x2, x3, x4):
    return sum(sin(pi * x / 2) for x in (x1, x2, x3, x4))


problem = Problem(
    space=Box(x1=(0, 1), x2=(0, 1), x3=(0, 1), x4=(0, 1)),
    unknowns="u",
    equations=poisson,
    conditions=[dirichlet(u=wave)],
    reference=exact(u=lambda x1, x2, x3, x4: sum(np.sin(np.pi * x / 2) for x in (x1, x2, x3, x4))),
    tolerance=1e-3,
)
