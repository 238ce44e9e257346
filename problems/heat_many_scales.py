"""Heat in a plate that conducts two hundred thousand times better along y than along x, where it starts in stripes.

    u_t = a u_xx + b u_yy        0 < x, y < 1,  0 < t <= 5,  a = (500 pi)^-2,  b = pi^-2
    u = 0 on the boundary,       u(x, y, 0) = sin(20 pi x) sin(pi y)

Twenty half waves in one direction and one in the other, which all but one part in a thousand of the heat leaves along:
what resolves the one direction is wasted on the other. u is a temperature, dimensionless. The task "Heat2d-MS" of Hao
et al., PINNacle, NeurIPS 2024 (Datasets and Benchmarks).
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.heat_many_scales import stripes


def heat(u, x, y, t, a, b):
    return d(u, t) - a * d(u, x, x) - b * d(u, y, y)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    time=(0, 5),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=lambda x, y: sin(20 * pi * x) * sin(pi * y)), dirichlet(u=0)],
    parameters={"a": (500 * pi) ** -2, "b": pi**-2},
    reference=stripes,
    tolerance=1e-4,
)
