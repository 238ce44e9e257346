"""Kovasznay flow: the steady wake behind a two-dimensional grid.

    u u_x + v u_y = -p_x + (u_xx + u_yy)/Re      -0.5 < x < 1,  -0.5 < y < 1.5,  Re = 20
    u v_x + v v_y = -p_y + (v_xx + v_yy)/Re
    u_x + v_y = 0

with the velocity of the exact solution on the boundary, and p = 0 at x = y = 0:

    u = 1 - exp(lambda x) cos(2 pi y),    v = lambda/(2 pi) exp(lambda x) sin(2 pi y),    p = (1 - exp(2 lambda x))/2

where lambda = Re/2 - sqrt(Re^2/4 + 4 pi^2). Kovasznay, Proc. Cambridge Philos. Soc. 44 (1948) 58-62. Dimensionless.
"""

from math import pi, sqrt

from torch import cos, exp, sin

from pinnsolve import Box, Problem, d, dirichlet, laplace, point
from validation.kovasznay import exact_solution


def x_momentum(u, v, p, x, y, Re):
    return u * d(u, x) + v * d(u, y) + d(p, x) - laplace(u, x, y) / Re


def y_momentum(u, v, p, x, y, Re):
    return u * d(v, x) + v * d(v, y) + d(p, y) - laplace(v, x, y) / Re


def continuity(u, v, x, y):
    return d(u, x) + d(v, y)


def rate(Re):
    return Re / 2 - sqrt(Re**2 / 4 + 4 * pi**2)


def grid_u(x, y, Re):
    return 1 - exp(rate(Re) * x) * cos(2 * pi * y)


def grid_v(x, y, Re):
    return rate(Re) / (2 * pi) * exp(rate(Re) * x) * sin(2 * pi * y)


problem = Problem(
    space=Box(x=(-0.5, 1), y=(-0.5, 1.5)),
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum, continuity],
    conditions=[dirichlet(u=grid_u, v=grid_v), dirichlet(p=0, on=point(x=0, y=0))],
    parameters={"Re": 20},
    reference=exact_solution,
    tolerance=1e-5,
)
