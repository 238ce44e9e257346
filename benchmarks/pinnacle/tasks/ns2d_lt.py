"""NS2d-LT: a channel whose inflow is driven back and forth for a long time.

    u_t + u u_x + v u_y = -p_x + nu (u_xx + u_yy)      0 < x < 2, 0 < y < 1, 0 < t <= 5,  nu = 0.01
    v_t + u v_x + v v_y = -p_y + nu (v_xx + v_yy) - sin(pi x) sin(pi y) sin(pi t)
    u_x + v_y = 0
    u = sin(pi y) (sin(pi t) + sin(3 pi t) + sin(5 pi t)), v = 0 at x = 0;   u = v = 0 on the walls y = 0, 1
    p = v = 0 at x = 2;   u = v = 0 at t = 0

Faults of the published task: it also asks for p = 0 at t = 0, where p_x = -9 pi sin(pi y) at the inlet; it gives the
velocity no condition at the outlet, and its reference has another one than its code. |p| is thirty times |u|: a joint
score is the pressure's.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, face, faces, initial, laplace


def x_momentum(u, v, p, x, y, t, nu):
    return d(u, t) + u * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)


def y_momentum(u, v, p, x, y, t, nu):
    force = -sin(pi * x) * sin(pi * y) * sin(pi * t)
    return d(v, t) + u * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y) - force


def continuity(u, v, x, y):
    return d(u, x) + d(v, y)


def inflow(y, t):
    return sin(pi * y) * (sin(pi * t) + sin(3 * pi * t) + sin(5 * pi * t))


problem = Problem(
    space=Box(x=(0, 2), y=(0, 1)),
    time=(0, 5),
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum, continuity],
    conditions=[
        initial(u=0, v=0),
        dirichlet(u=inflow, v=0, on=face(x=0)),
        dirichlet(u=0, v=0, on=faces("y")),
        dirichlet(v=0, p=0, on=face(x=2)),
    ],
    parameters={"nu": 0.01},
    tolerance=5e-2,
)
