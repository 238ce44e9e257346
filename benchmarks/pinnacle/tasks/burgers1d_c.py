"""Burgers1d-C: viscous Burgers' equation, whose sine wave steepens into a shock at x = 0.

    u_t + u u_x = nu u_xx        -1 < x < 1,  0 < t <= 1,  nu = 0.01/pi
    u(x, 0) = -sin(pi x),        u(-1, t) = u(1, t) = 0

Faults of the published task: its reference has 101 nodes, 0.02 apart, and does not resolve the front, which is about
0.003 wide: it is 1.3e-2 off, as much as the best published errors. Scored here against the integral of Cole and Hopf.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, initial


def burgers(u, x, t, nu):
    return d(u, t) + u * d(u, x) - nu * d(u, x, x)


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 1),
    unknowns="u",
    equations=burgers,
    conditions=[initial(u=lambda x: -sin(pi * x)), dirichlet(u=0)],
    parameters={"nu": 0.01 / pi},
    tolerance=1e-4,
)
