"""Kovasznay's flow as a stream function's, in a box that names y before x: u goes with x all the same.

u u_x + v u_y = -p_x + (u_xx + u_yy)/Re,  u v_x + v v_y = -p_y + (v_xx + v_yy)/Re,  u_x + v_y = 0,  Re = 20, 0 < x < 1, -0.5 < y < 0.5
"""

from math import pi

import numpy as np
from torch import cos, exp, sin

from pinnsolve import Box, Problem, d, dirichlet, exact, point, solenoidal
from validation.wanted import right

wanted = right(1e-4, slow=True)
L = 1.0  # of x
RE = 20
RATE = RE / 2 - (RE**2 / 4 + 4 * pi**2) ** 0.5


def x_momentum(u, v, p, x, y):
    return u * d(u, x) + v * d(u, y) + d(p, x) - (L**2 * d(u, x, x) + d(u, y, y)) / RE


def y_momentum(u, v, p, x, y):
    return u * d(v, x) + v * d(v, y) + d(p, y) / L**2 - (L**2 * d(v, x, x) + d(v, y, y)) / RE


def grid_u(x, y):
    return L * (1 - exp(RATE * x / L) * cos(2 * pi * y))


def grid_v(x, y):
    return RATE / (2 * pi) * exp(RATE * x / L) * sin(2 * pi * y)


problem = Problem(
    space=Box(y=(-0.5, 0.5), x=(0, 1)),
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum],
    conditions=[solenoidal("u", "v"), dirichlet(u=grid_u, v=grid_v), dirichlet(p=0, on=point(x=0, y=0))],
    reference=exact(
        u=grid_u,
        v=grid_v,
        p=lambda x, y: L**2 * (1 - np.exp(2 * RATE * x / L)) / 2,
    ),
    tolerance=1e-4,
)
