"""Poisson's equation on the unit cube: the potential of a charge cloud in an earthed box.

    -(u_xx + u_yy + u_zz) = 3 pi^2 sin(pi x) sin(pi y) sin(pi z)      0 < x, y, z < 1,    u = 0 on the boundary

Manufactured: u = sin(pi x) sin(pi y) sin(pi z). Everything is dimensionless.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, dirichlet, laplace
from validation.poisson import exact_solution_3d


def poisson(u, x, y, z):
    return -laplace(u, x, y, z) - 3 * pi**2 * sin(pi * x) * sin(pi * y) * sin(pi * z)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1), z=(0, 1)),
    unknowns="u",
    equations=poisson,
    conditions=[dirichlet(u=0)],
    reference=exact_solution_3d,
    tolerance=1e-6,
)
