"""NS2d-C: the flow in a cavity whose lid moves as 4 x (1 - x).

    u u_x + v u_y = -p_x + nu (u_xx + u_yy)      0 < x, y < 1,  nu = 0.01
    u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0
    u = 4 x (1 - x), v = 0 at y = 1;   u = v = 0 on the other walls;   p(0, 0) = 0

A fault of the published task: in the lid's corners u_x = 4 meets v_y = 0, so that the pressure is logarithmic there and
a joint score is mostly that. Scored are u, v, and p less its mean outside of discs of radius 0.1 around these corners.
"""

from pinnsolve import Box, Problem, d, dirichlet, face, laplace, point, solenoidal


def x_momentum(u, v, p, x, y, nu):
    return u * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)


def y_momentum(u, v, p, x, y, nu):
    return u * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y)


walls = face(x=0) | face(x=1) | face(y=0)

problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum],
    conditions=[
        solenoidal("u", "v"),
        dirichlet(u=lambda x: 4 * x * (1 - x), v=0, on=face(y=1)),
        dirichlet(u=0, v=0, on=walls),
        dirichlet(p=0, on=point(x=0, y=0)),
    ],
    parameters={"nu": 0.01},
    tolerance=1e-3,
)
