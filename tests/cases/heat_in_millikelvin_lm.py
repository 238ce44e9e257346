"""Heat whose temperature is in thousandths of its unit, on an MLP: the network starts at the unknown's own scale.

u_t = 0.4 u_xx,  u(x, 0) = 1000 sin(pi x),  u = 0 at the ends,      exact: u = 1000 exp(-0.4 pi^2 t) sin(pi x)
"""

from math import pi

import numpy as np
from torch import sin

from pinnsolve import MLP, Box, LevenbergMarquardt, Problem, Settings, d, dirichlet, exact, initial
from validation.wanted import right

wanted = right(1e-4, slow=True)


def heat(u, x, t):
    return d(u, t) - 0.4 * d(u, x, x)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=lambda x: 1000 * sin(pi * x)), dirichlet(u=0)],
    reference=exact(u=lambda x, t: 1000 * np.exp(-0.4 * pi**2 * t) * np.sin(pi * x)),
    tolerance=1e-4,
)
settings = Settings(network=MLP(width=12, depth=2), method=LevenbergMarquardt(), points=500)
