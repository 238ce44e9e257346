"""Poisson2d-C: Laplace's equation in a square with four round holes.

    u_xx + u_yy = 0        -1/2 < x, y < 1/2, outside of four discs of radius 0.1 around (+-0.3, +-0.3)
    u = 1 on the square,   u = 0 on the circles

No faults were seen in the published task.
"""

from pinnsolve import Box, Disk, Problem, dirichlet, laplace, side


def poisson(u, x, y):
    return laplace(u, x, y)


square = Box(x=(-0.5, 0.5), y=(-0.5, 0.5), name="square")
for x in (-0.3, 0.3):
    for y in (-0.3, 0.3):
        square = square - Disk(x=x, y=y, radius=0.1, name="circles")

problem = Problem(
    space=square,
    unknowns="u",
    equations=poisson,
    conditions=[dirichlet(u=1, on=side("square")), dirichlet(u=0, on=side("circles"))],
    tolerance=1e-4,
)
