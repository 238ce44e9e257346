"""Poisson3d-CG: a screened Poisson equation in a cube with four spherical holes, insulated all over.

    -(u_xx + u_yy + u_zz) + k2 u = f        0 < x, y, z < 1, outside of four balls;  k2 = 64 below z = 1/2, 100 above
    f = 20 exp(s) (r^2 - 1)/(r^2 + 1) + 100 sin(pi x) sin(10 pi y) sin(5 pi z)
    s = sin(pi x) + sin(10 pi y) + sin(5 pi z),   r^2 = x^2 + y^2 + z^2
    u_n = 0 on the cube and on the spheres

u and its gradient are continuous at z = 1/2. No faults were seen in the published task.
"""

from math import pi

from torch import exp, sin

from pinnsolve import Ball, Box, Piecewise, Problem, laplace, neumann

BALLS = [(0.4, 0.3, 0.6, 0.2), (0.6, 0.7, 0.6, 0.2), (0.2, 0.8, 0.7, 0.1), (0.6, 0.2, 0.3, 0.1)]  # x, y, z, radius


def screened(u, x, y, z, k2):
    r2 = x**2 + y**2 + z**2
    a, b, c = sin(pi * x), sin(10 * pi * y), sin(5 * pi * z)
    source = 20 * exp(a + b + c) * (r2 - 1) / (r2 + 1) + 100 * a * b * c
    return -laplace(u, x, y, z) + k2 * u - source


cube = Box(x=(0, 1), y=(0, 1), z=(0, 1))
for x, y, z, radius in BALLS:
    cube = cube - Ball(x=x, y=y, z=z, radius=radius)

problem = Problem(
    space=cube,
    unknowns="u",
    equations=screened,
    conditions=[neumann(u=0)],
    parameters={"k2": Piecewise(64.0, (Box(z=(0.5, 1)), 100.0))},
    tolerance=5e-3,
)
