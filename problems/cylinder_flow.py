"""The flow around a cylinder in a channel at Re = 20: drag, lift and pressure difference of a benchmark.

    u u_x + v u_y = -p_x + nu (u_xx + u_yy)      0 < x < 2.2,  0 < y < 0.41,  outside of the cylinder of radius 0.05
    u v_x + v v_y = -p_y + nu (v_xx + v_yy)                                   around (0.2, 0.2);  nu = 0.001
    u_x + v_y = 0
    u = 4 U y (H - y) / H^2,  v = 0 at x = 0,  U = 0.3, H = 0.41;   u = v = 0 on the walls and the cylinder
    nu u_x - p = 0,  nu v_x = 0 at x = 2.2

In metres and seconds, the density one. Re = 2/3 U 0.1 / nu. The coefficients of drag and lift are the force on the
cylinder over (2/3 U)^2 0.1 / 2. Schaefer & Turek, in: Flow Simulation with High-Performance Computers II (1996)
547-566, test 2D-1.
"""

from pinnsolve import Box, Disk, Problem, condition, d, dirichlet, face, faces, laplace, side
from validation.cylinder_flow import CENTRE, HEIGHT, LENGTH, RADIUS, SPEED, spectral_elements

SCALE = 2 / ((2 * SPEED / 3) ** 2 * 2 * RADIUS)


def along_x(u, v, p, x, y, nu):
    return u * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)


def along_y(u, v, p, x, y, nu):
    return u * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y)


def continuity(u, v, x, y):
    return d(u, x) + d(v, y)


def no_pull_along_x(u, p, x, nu):
    return nu * d(u, x) - p


def no_pull_along_y(v, x, nu):
    return nu * d(v, x)


def drag(u, v, p, x, y, nx, ny, nu):
    return -SCALE * ((2 * nu * d(u, x) - p) * nx + nu * (d(u, y) + d(v, x)) * ny)


def lift(u, v, p, x, y, nx, ny, nu):
    return -SCALE * (nu * (d(u, y) + d(v, x)) * nx + (2 * nu * d(v, y) - p) * ny)


cylinder = Disk(x=CENTRE[0], y=CENTRE[1], radius=RADIUS, name="cylinder")
problem = Problem(
    space=Box(x=(0, LENGTH), y=(0, HEIGHT)) - cylinder,
    unknowns=("u", "v", "p"),
    equations=[along_x, along_y, continuity],
    conditions=[
        dirichlet(u=lambda y: 4 * SPEED * y * (HEIGHT - y) / HEIGHT**2, v=0, on=face(x=0)),
        dirichlet(u=0, v=0, on=faces("y") | side("cylinder")),
        condition(no_pull_along_x, on=face(x=LENGTH)),
        condition(no_pull_along_y, on=face(x=LENGTH)),
    ],
    parameters={"nu": 1e-3},
    reference=spectral_elements,
    tolerance=1e-3,
    quantities={"drag": (drag, side("cylinder")), "lift": (lift, side("cylinder"))},
)
