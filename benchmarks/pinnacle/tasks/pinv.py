"""PInv: the conductivity of a square from temperatures that are seen on a grid, with noise.

    -div(a grad u) = f        0 < x, y < 1;   a is known on the walls, u is not
    u is seen at 50 x 50 nodes, walls included, with noise of standard deviation 0.1

The truth is u = sin(pi x) sin(pi y), a = 1/(1 + x^2 + y^2 + (x - 1)^2 + (y - 1)^2), and f follows from it. Faults of
the published task: its f has 2 x + 1 and 2 y + 1 in place of 2 x - 1 and 2 y - 1 (39 % off), and its noise no seed.
"""

from math import pi

from torch import cos, sin

from benchmarks.pinnacle.recipes import NOISE, seen_by_grid
from pinnsolve import Box, Problem, Unknown, d, dirichlet, exact, observed


def conductivity(x, y):
    return 1 / (1 + x**2 + y**2 + (x - 1) ** 2 + (y - 1) ** 2)


def temperature(x, y):
    return sin(pi * x) * sin(pi * y)


def source(x, y):
    a = conductivity(x, y)
    flux = (2 * x - 1) * cos(pi * x) * sin(pi * y) + (2 * y - 1) * sin(pi * x) * cos(pi * y)
    return 2 * pi**2 * a * temperature(x, y) + 2 * pi * a**2 * flux


def diffusion(u, a, x, y):
    return d(a * d(u, x), x) + d(a * d(u, y), y) + source(x, y)


xs, ys, us = seen_by_grid()
problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns="u",
    equations=diffusion,
    parameters={"a": Unknown(0.5, of=("x", "y"), positive=True)},
    conditions=[dirichlet(a=conductivity), observed(x=xs, y=ys, u=us, sigma=NOISE)],
    reference=exact(u=temperature, a=conductivity),
    tolerance=0.1,  # the noise is
)
