"""The string of problems/wave.py twice over: the same kind of waves in a larger box, at the same tolerance.

u_tt = 4 u_xx,  0 < x < 2,  0 < t < 1,      exact: u = sin(pi x) cos(2 pi t) + sin(4 pi x) cos(8 pi t)/3
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, exact, initial, initial_rate
from validation.wanted import right

wanted = right(1e-5, budget=30, slow=True)


def wave(u, x, t):
    return d(u, t, t) - 4 * d(u, x, x)


problem = Problem(
    space=Box(x=(0, 2)),
    time=(0, 1),
    unknowns="u",
    equations=wave,
    conditions=[initial(u=lambda x: sin(pi * x) + sin(4 * pi * x) / 3), initial_rate(u=0), dirichlet(u=0)],
    reference=exact(u=lambda x, t: np.sin(pi * x) * np.cos(2 * pi * t) + np.sin(4 * pi * x) * np.cos(8 * pi * t) / 3),
    tolerance=1e-5,
)
