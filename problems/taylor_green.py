"""The Taylor-Green vortex: a doubly periodic array of eddies that viscosity brings to rest.

    u_t + u u_x + v u_y = -p_x + nu (u_xx + u_yy)      0 < x, y < 2 pi,  0 < t <= 1,  nu = 0.01
    v_t + u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0

periodic in x and y, with u = -cos x sin y and v = sin x cos y at t = 0, and p = 0 at x = y = pi/4. Exact:

    (u, v) = (-cos x sin y, sin x cos y) exp(-2 nu t),      p = -(cos 2x + cos 2y)/4 exp(-4 nu t)

Taylor & Green, Proc. R. Soc. Lond. A 158 (1937) 499-521; Chorin, Math. Comp. 22 (1968) 745-762. Dimensionless.
"""

from math import pi

from torch import cos, sin

from pinnsolve import Box, Problem, d, dirichlet, initial, laplace, periodic, point, solenoidal
from validation.taylor_green import exact_solution


def x_momentum(u, v, p, x, y, t, nu):
    return d(u, t) + u * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)


def y_momentum(u, v, p, x, y, t, nu):
    return d(v, t) + u * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y)


problem = Problem(
    space=Box(x=(0, 2 * pi), y=(0, 2 * pi)),
    time=(0, 1),
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum],
    conditions=[
        solenoidal("u", "v"),
        periodic("x", "y"),
        initial(u=lambda x, y: -cos(x) * sin(y), v=lambda x, y: sin(x) * cos(y)),
        dirichlet(p=0, on=point(x=pi / 4, y=pi / 4)),
    ],
    parameters={"nu": 0.01},
    reference=exact_solution,
    tolerance=1e-3,
)
