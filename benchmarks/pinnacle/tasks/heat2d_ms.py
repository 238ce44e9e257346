"""Heat2d-MS: heat in a plate that conducts two hundred thousand times better along y than along x.

    u_t = u_xx/(500 pi)^2 + u_yy/pi^2        0 < x, y < 1,  0 < t <= 5
    u = 0 on the walls,                      u(x, y, 0) = sin(20 pi x) sin(pi y)

The published task has no faults; it is a single mode.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, initial


def heat(u, x, y, t):
    return d(u, t) - d(u, x, x) / (500 * pi) ** 2 - d(u, y, y) / pi**2


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    time=(0, 5),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=lambda x, y: sin(20 * pi * x) * sin(pi * y)), dirichlet(u=0)],
    tolerance=1e-3,
)
