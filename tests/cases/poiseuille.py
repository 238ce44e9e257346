"""Plane Poiseuille flow: a parabola between two walls, v = 0, and a pressure that falls.

u u_x + v u_y + p_x = nu (u_xx + u_yy),   u v_x + v v_y + p_y = nu (v_xx + v_yy),   u_x + v_y = 0
u = 4 y (1 - y), v = 0 on all sides,   p = 0 at the outlet's corner;   p = 8 nu (2 - x)
"""

import numpy as np

from pinnsolve import Box, Problem, d, dirichlet, exact, laplace, point
from validation.wanted import right

wanted = right(1e-9)


def along(u, v, p, x, y, nu):
    return u * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)


def across(u, v, p, x, y, nu):
    return u * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y)


def continuity(u, v, x, y):
    return d(u, x) + d(v, y)


problem = Problem(
    space=Box(x=(0, 2), y=(0, 1)),
    unknowns=("u", "v", "p"),
    equations=[along, across, continuity],
    conditions=[dirichlet(u=lambda y: 4 * y * (1 - y), v=0), dirichlet(p=0, on=point(x=2, y=0))],
    parameters={"nu": 0.1},
    reference=exact(
        u=lambda x, y: 4 * y * (1 - y) + 0 * x,
        v=lambda x, y: np.zeros_like(x * y),
        p=lambda x, y: 0.8 * (2 - x) + 0 * y,
    ),
    tolerance=1e-3,
)
