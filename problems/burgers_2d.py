"""Burgers' equations of a plane: a front that runs across a square at an angle.

    u_t + u u_x + v u_y = nu (u_xx + u_yy)
    v_t + u v_x + v v_y = nu (v_xx + v_yy)        0 < x, y < 1,  0 < t <= 1,  nu = 0.01

Start and boundary are those of the exact solution

    u = 3/4 - w/4,   v = 3/4 + w/4,   w = 1 / (1 + exp((-4x + 4y - t) / (32 nu))),

whose front lies along x = y - t/4 and is about 8 sqrt(2) nu wide. Everything is dimensionless. Fletcher, Int. J. Numer.
Methods Fluids 3 (1983) 213.
"""

from torch import sigmoid

from pinnsolve import Box, Problem, d, dirichlet, initial, laplace
from validation.burgers_2d import oblique_front


def along_x(u, v, x, y, t, nu):
    return d(u, t) + u * d(u, x) + v * d(u, y) - nu * laplace(u, x, y)


def along_y(u, v, x, y, t, nu):
    return d(v, t) + u * d(v, x) + v * d(v, y) - nu * laplace(v, x, y)


def front_u(x, y, t, nu):
    return 0.75 - 0.25 * sigmoid((4 * x - 4 * y + t) / (32 * nu))


def front_v(x, y, t, nu):
    return 0.75 + 0.25 * sigmoid((4 * x - 4 * y + t) / (32 * nu))


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    time=(0, 1),
    unknowns=("u", "v"),
    equations=[along_x, along_y],
    conditions=[
        initial(u=lambda x, y, nu: front_u(x, y, 0.0, nu), v=lambda x, y, nu: front_v(x, y, 0.0, nu)),
        dirichlet(u=front_u, v=front_v),
    ],
    parameters={"nu": 0.01},
    reference=oblique_front,
    tolerance=1e-3,
)
