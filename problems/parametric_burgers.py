"""Burgers' equation for all viscosities from 0.01 to 0.1 at once: one solution, of which nu is an input.

    u_t + u u_x = nu u_xx        -1 < x < 1,  0 < t <= 1,  0.01 < nu < 0.1
    u(x, 0) = -sin(pi x),        u(-1, t) = u(1, t) = 0

The front at x = 0 is thin at the one end of the range and none at the other: it is marched for some viscosities, which
are chosen by what the polynomial in log nu through those before misses. The solution is compared with Cole's and
Hopf's at both ends, in the middle and at 32 values that are drawn, and judged by the worst;
`solution.u(x=0.1, t=0.5, nu=0.03)` has all others.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, dirichlet, initial
from problems.burgers import burgers
from validation.burgers import cole_hopf

problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 1),
    unknowns="u",
    equations=burgers,
    conditions=[initial(u=lambda x: -sin(pi * x)), dirichlet(u=0)],
    parameters={"nu": (0.01, 0.1)},
    reference=cole_hopf,
    tolerance=1e-2,
)
