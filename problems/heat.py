"""The heat equation: a sine-shaped temperature decays.

    u_t = alpha u_xx        0 < x < 1,  0 < t <= 1,  alpha = 0.4
    u(x, 0) = sin(pi x),    u(0, t) = u(1, t) = 0

Exact: u = exp(-alpha pi^2 t) sin(pi x). Carslaw & Jaeger, Conduction of Heat in Solids (1959), section 3.3.
All quantities are dimensionless.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.heat import exact_series


def heat(u, x, t, alpha):
    return d(u, t) - alpha * d(u, x, x)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=lambda x: sin(pi * x)), dirichlet(u=0)],
    parameters={"alpha": 0.4},
    reference=exact_series,
    tolerance=1e-6,
)
