"""The wave equation: a string that is released at rest, in its first and its fourth mode.

    u_tt = c^2 u_xx                                  0 < x < 1,  0 < t <= 1,  c = 2
    u(x, 0) = sin(pi x) + sin(4 pi x)/2,             u_t(x, 0) = 0,    u(0, t) = u(1, t) = 0

Exact: u = sin(pi x) cos(c pi t) + sin(4 pi x) cos(4 c pi t)/2. Wang, Yu & Perdikaris, J. Comput. Phys. 449 (2022)
110768, section 7.3. All quantities are dimensionless.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, initial, initial_rate
from validation.wave import exact_solution


def wave(u, x, t, c):
    return d(u, t, t) - c**2 * d(u, x, x)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=wave,
    conditions=[initial(u=lambda x: sin(pi * x) + sin(4 * pi * x) / 2), initial_rate(u=0), dirichlet(u=0)],
    parameters={"c": 2},
    reference=exact_solution,
    tolerance=1e-5,
)
