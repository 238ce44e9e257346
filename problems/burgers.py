"""Viscous Burgers' equation: a sine wave steepens into a shock at x = 0.

    u_t + u u_x = nu u_xx        -1 < x < 1,  0 < t <= 1,  nu = 0.01/pi
    u(x, 0) = -sin(pi x),        u(-1, t) = u(1, t) = 0

Basdevant et al., Computers & Fluids 14 (1986) 23-41.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.burgers import cole_hopf


def burgers(u, x, t, nu):
    return d(u, t) + u * d(u, x) - nu * d(u, x, x)


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 1),
    unknowns="u",
    equations=burgers,
    conditions=[initial(u=lambda x: -sin(pi * x)), dirichlet(u=0)],
    parameters={"nu": 0.01 / pi},
    reference=cole_hopf,
    tolerance=1e-3,
)
