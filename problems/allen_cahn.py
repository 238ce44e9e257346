"""The Allen-Cahn equation: a mixture separates into two phases, u = 1 and u = -1.

    u_t = eps u_xx + r (u - u^3)      -1 < x < 1,  0 < t <= 1,  eps = 1e-4,  r = 5
    u(x, 0) = x^2 cos(pi x),          periodic in x

The interfaces are about sqrt(2 eps/r) = 0.006 wide. The initial value continues across x = 1 = -1, its slope does not.
Allen & Cahn, Acta Metall. 27 (1979) 1085-1095; Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686-707,
section 4.1. All quantities are dimensionless.
"""

from math import pi

from torch import cos

from pinnsolve import Box, Problem, d, initial, periodic
from validation.allen_cahn import fourier


def allen_cahn(u, x, t, eps, r):
    return d(u, t) - eps * d(u, x, x) - r * (u - u**3)


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 1),
    unknowns="u",
    equations=allen_cahn,
    conditions=[initial(u=lambda x: x**2 * cos(pi * x)), periodic("x")],
    parameters={"eps": 1e-4, "r": 5},
    reference=fourier,
    tolerance=1e-3,
)
