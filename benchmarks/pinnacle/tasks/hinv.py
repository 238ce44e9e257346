"""HInv: the conductivity of a plate from temperatures at random places and times, with noise.

    u_t = div(a grad u) + f        -1 < x, y < 1,  0 < t <= 1;   a(x, y) is known on the walls, nothing else of u
    u is seen at 2,500 places and times, with noise of standard deviation 0.1

The truth is u = exp(-t) S, a = 2 + S, S = sin(pi x) sin(pi y), and f follows from it. Faults of the published task: its
noise has no seed, and mean a^2 is forty times mean u^2, so that its joint score is a's. Places and noise are our own.
"""

from math import pi

from torch import cos, exp, sin

from benchmarks.pinnacle.recipes import NOISE, seen_in_time
from pinnsolve import Box, Problem, Unknown, d, dirichlet, exact, observed


def shape(x, y):
    return sin(pi * x) * sin(pi * y)


def conductivity(x, y):
    return 2 + shape(x, y)


def temperature(x, y, t):
    return exp(-t) * shape(x, y)


def source(x, y, t):
    s = shape(x, y)
    slopes = (cos(pi * x) * sin(pi * y)) ** 2 + (sin(pi * x) * cos(pi * y)) ** 2
    return exp(-t) * ((4 * pi**2 - 1) * s + pi**2 * (2 * s**2 - slopes))


def heat(u, a, x, y, t):
    return d(u, t) - d(a * d(u, x), x) - d(a * d(u, y), y) - source(x, y, t)


xs, ys, ts, us = seen_in_time()
problem = Problem(
    space=Box(x=(-1, 1), y=(-1, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    parameters={"a": Unknown(2.0, of=("x", "y"), positive=True)},
    conditions=[dirichlet(a=conductivity), observed(x=xs, y=ys, t=ts, u=us, sigma=NOISE)],
    reference=exact(u=temperature, a=conductivity),
    tolerance=0.2,  # the noise is that of u at the end of time
)
