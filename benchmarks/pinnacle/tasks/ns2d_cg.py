"""NS2d-CG: the flow down a step that faces backwards.

    u u_x + v u_y = -p_x + nu (u_xx + u_yy)      0 < x < 4, 0 < y < 2, without x < 2, y > 1;   nu = 0.01
    u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0
    u = 4 y (1 - y), v = 0 at x = 0;   u = v = 0 on the walls;   p = v = 0 at x = 4

Faults of the published task: its code gives the velocity no condition at the outlet, and its reference has another one
there, which bends the pressure where the eddy reaches it. This is the well-posed form, u_x = 0 follows. The pressure is
singular at the edge of the step, and is scored also outside of a disc of radius 0.1 around it.
"""

from pinnsolve import Box, Problem, boundary, d, dirichlet, face, laplace


def x_momentum(u, v, p, x, y, nu):
    return u * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)


def y_momentum(u, v, p, x, y, nu):
    return u * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y)


def continuity(u, v, x, y):
    return d(u, x) + d(v, y)


channel = Box(x=(0, 4), y=(0, 2)) - Box(x=(0, 2), y=(1, 2), name="step")

problem = Problem(
    space=channel,
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum, continuity],
    conditions=[
        dirichlet(u=lambda y: 4 * y * (1 - y), v=0, on=face(x=0)),
        dirichlet(u=0, v=0, on=boundary.where(lambda x: (x > 0) & (x < 4))),
        dirichlet(v=0, p=0, on=face(x=4)),
    ],
    parameters={"nu": 0.01},
    tolerance=4e-3,
)
