"""A string is plucked: drawn aside to a corner, and let go at rest.

    u_tt = c^2 u_xx                      0 < x < 1,  0 < t <= 2,  c = 1
    u(x, 0) = x/a  for x < a,  (1 - x)/(1 - a)  beyond,      a = 0.3
    u_t(x, 0) = 0,                       u(0, t) = u(1, t) = 0

The corner parts into two that run to the ends, come back upside down, and meet again after one period, t = 2/c. u is
the deflection over that of the corner, x is in lengths of the string. d'Alembert, Hist. Acad. Sci. Berlin 3 (1747) 214;
Strang, Introduction to Applied Mathematics (1986), section 6.3.
"""

from torch import where

from pinnsolve import Box, Problem, d, dirichlet, initial, initial_rate
from validation.plucked_string import CORNER, dalembert


def string(u, x, t, c):
    return d(u, t, t) - c**2 * d(u, x, x)


def plucked(x):
    return where(x < CORNER, x / CORNER, (1 - x) / (1 - CORNER))


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 2),
    unknowns="u",
    equations=string,
    conditions=[initial(u=plucked), initial_rate(u=0), dirichlet(u=0)],
    parameters={"c": 1.0},
    reference=dalembert,
    tolerance=1e-2,
)
