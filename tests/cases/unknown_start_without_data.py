"""An unknown function in the start, and no measurement at all: its guess is not a finding.

u_t = u_xx/10 in a ring,  u(x, 0) = k(x),  true k = 1 + cos(2 pi x)
"""

from math import pi

import numpy as np

from pinnsolve import Box, Problem, Unknown, d, exact, initial, periodic
from validation.wanted import honest

wanted = honest(budget=5)


def heat(u, x, t):
    return d(u, t) - 0.1 * d(u, x, x)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 0.3),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=lambda k: k), periodic("x")],
    parameters={"k": Unknown(1.0, of="x")},
    reference=exact(
        u=lambda x, t: 1 + np.exp(-0.4 * pi**2 * t) * np.cos(2 * pi * x), k=lambda x: 1 + np.cos(2 * pi * x)
    ),
    tolerance=1e-2,
)
