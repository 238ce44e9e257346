"""Which temperature did a ring start from? An unknown function stands in the initial value; no corner weakens it.

u_t = u_xx/10,  u(x, 0) = k(x),  periodic;  true k = 2 + cos(2 pi x) - sin(4 pi x)/2,  300 measurements up to t = 0.3
"""

from math import pi

import numpy as np

from pinnsolve import Box, Problem, Unknown, d, exact, initial, observed, periodic
from validation.wanted import right

wanted = right(2e-2, slow=True)


def heat(u, x, t):
    return d(u, t) - 0.1 * d(u, x, x)


def ring(x, t):
    slow, fast = np.exp(-0.4 * pi**2 * t), np.exp(-1.6 * pi**2 * t)
    return 2 + slow * np.cos(2 * pi * x) - fast * np.sin(4 * pi * x) / 2


rng = np.random.default_rng(3)
xs, ts = rng.uniform(0, 1, 300), rng.uniform(0, 0.3, 300)

problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 0.3),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=lambda k: k), periodic("x"), observed(x=xs, t=ts, u=ring(xs, ts), sigma=1e-3)],
    parameters={"k": Unknown(1.5, of="x")},
    reference=exact(u=ring, k=lambda x: ring(x, 0)),
    tolerance=1e-2,
)
