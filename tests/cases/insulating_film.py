"""A wall with an insulating film of width 1e-4 that takes two thirds of the drop; a first-order system, as is advised.

u_x = q r(x),  q_x = 0,  r = 1 + 2 exp(-((x - c)/w)^2)/(w sqrt(pi)),  u(0) = 0,  u(1) = 1
exact up to the film's width: q = 1/3,  u = (x + 2 H(x - c))/3
"""

from math import pi

from torch import exp

from pinnsolve import Box, Problem, d, dirichlet, exact
from validation.wanted import right

wanted = right(1e-2)
C, W = 0.6137, 1e-4


def resistance(x):
    return 1 + 2 * exp(-(((x - C) / W) ** 2)) / (W * pi**0.5)


def fourier(u, q, x):
    return d(u, x) - q * resistance(x)


def balance(q, x):
    return d(q, x)


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns=("u", "q"),
    equations=[fourier, balance],
    conditions=[dirichlet(u=lambda x: x)],
    reference=exact(u=lambda x: (x + 2 * (x > C)) / 3, q=lambda x: 1 / 3 + 0 * x),
    tolerance=1e-2,
)
