"""Poisson's equation on the unit square: a membrane under a load, its edge held.

    -(u_xx + u_yy) = 2 pi^2 sin(pi x) sin(pi y)      0 < x, y < 1,    u = 0 on the boundary

Manufactured: u = sin(pi x) sin(pi y). Everything is dimensionless.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, dirichlet, laplace
from validation.poisson import exact_solution


def poisson(u, x, y):
    return -laplace(u, x, y) - 2 * pi**2 * sin(pi * x) * sin(pi * y)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns="u",
    equations=poisson,
    conditions=[dirichlet(u=0)],
    reference=exact_solution,
    tolerance=1e-6,
)
