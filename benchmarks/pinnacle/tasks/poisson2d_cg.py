"""Poisson2d-CG: a screened Poisson equation with a source that oscillates, in a square with four holes of four sizes.

    -(u_xx + u_yy) + 64 u = 10 (17 + x^2 + y^2) sin(pi x) sin(4 pi y)        -1 < x, y < 1, outside of four discs
    u = 0.2 on the square,   u = 1 on the circles

No faults were seen in the published task.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Disk, Problem, dirichlet, laplace, side

DISCS = [(0.5, 0.5, 0.2), (0.4, -0.4, 0.4), (-0.2, -0.7, 0.1), (-0.6, 0.5, 0.3)]  # x, y, radius


def poisson_boltzmann(u, x, y):
    source = 10 * (17 + x**2 + y**2) * sin(pi * x) * sin(4 * pi * y)
    return -laplace(u, x, y) + 64 * u - source


square = Box(x=(-1, 1), y=(-1, 1), name="square")
for x, y, radius in DISCS:
    square = square - Disk(x=x, y=y, radius=radius, name="circles")

problem = Problem(
    space=square,
    unknowns="u",
    equations=poisson_boltzmann,
    conditions=[dirichlet(u=0.2, on=side("square")), dirichlet(u=1, on=side("circles"))],
    tolerance=1e-4,
)
