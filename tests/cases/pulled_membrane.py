"""A frame that is bent at one place: its height has a kink, which a smooth lift would carry across the membrane.

u_xx + u_yy = 0 in a square,  u(x, 0) = |x - 0.3|, the other sides straight between its ends and zero
"""

from math import pi

import numpy as np
from scipy.special import spence

from pinnsolve import Box, Problem, dirichlet, exact, face, laplace
from validation.wanted import honest

AT = 0.3
wanted = honest(budget=8, slow=True)


def membrane(u, x, y):
    return laplace(u, x, y)


def bent(x):
    return abs(x - AT) - AT + (2 * AT - 1) * x


def true(x, y):
    """Modes of a slope that changes by two at one place, -4 sin(n pi a) sin(n pi x) / (n pi)^2: those that fall as
    exp(-n pi y) are dilogarithms, and what the far side adds to each falls as exp(-n pi)."""
    here = spence(1 - np.exp(pi * (1j * (x - AT) - y))) - spence(1 - np.exp(pi * (1j * (x + AT) - y)))
    n = np.arange(1, 15)[:, None]
    size = -4 * np.sin(n * pi * AT) * np.sin(n * pi * x) / (n * pi) ** 2
    there = (np.exp(-n * pi * (2 + y)) - np.exp(-n * pi * (2 - y))) / (1 - np.exp(-2 * n * pi))
    return -2 / pi**2 * here.real + (size * there).sum(0)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns="u",
    equations=membrane,
    conditions=[dirichlet(u=bent, on=face(y=0)), dirichlet(u=0, on=face(y=1) | face(x=0) | face(x=1))],
    reference=exact(u=true),
    tolerance=1e-3,
)
