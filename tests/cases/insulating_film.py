"""A wall with an insulating film that takes two thirds of the drop, as a first-order system: no condition mentions q.

u_x = q r(x),  q_x = 0,  r = 1 + 2 exp(-((x - c)/w)^2)/(w sqrt(pi)),  w = 0.03,  u(0) = 0,  u(1) = 1
exact: q = 1/3,  u = (x + 1 + erf((x - c)/w))/3 to 1e-16
"""

from math import pi

from scipy.special import erf
from torch import exp

from pinnsolve import Box, Problem, d, dirichlet, exact
from validation.wanted import right

wanted = right(1e-3)
C, W = 0.6137, 0.03


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
    reference=exact(u=lambda x: (x + 1 + erf((x - C) / W)) / 3, q=lambda x: 1 / 3 + 0 * x),
)
