"""A plate in plane strain with its three stresses as unknowns, given by Hooke's law; manufactured displacements.

u = sin(pi x) cos(pi y),  v = cos(pi x) sin(pi y),  lambda = 2,  mu = 1;  u and v are given on the edge
(a smaller relative of github.com/lululxvi/deepxde, issues 71, 1442 and 1506)
"""

from math import pi

import numpy as np
from torch import cos, sin

from pinnsolve import Box, Problem, d, dirichlet, exact
from validation.wanted import right

wanted = right(1e-3, slow=True)
LAM, MU = 2.0, 1.0
STIFF = 2 * (LAM + 2 * MU) * pi**2  # the load of this displacement


def balance_x(sxx, sxy, x, y):
    return d(sxx, x) + d(sxy, y) + STIFF * sin(pi * x) * cos(pi * y)


def balance_y(syy, sxy, x, y):
    return d(sxy, x) + d(syy, y) + STIFF * cos(pi * x) * sin(pi * y)


def hooke_x(sxx, u, v, x, y):
    return sxx - (LAM + 2 * MU) * d(u, x) - LAM * d(v, y)


def hooke_y(syy, u, v, x, y):
    return syy - (LAM + 2 * MU) * d(v, y) - LAM * d(u, x)


def hooke_xy(sxy, u, v, x, y):
    return sxy - MU * (d(u, y) + d(v, x))


def normal_stress(x, y):
    return 2 * (LAM + MU) * pi * np.cos(pi * x) * np.cos(pi * y)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns=("u", "v", "sxx", "syy", "sxy"),
    equations=[balance_x, balance_y, hooke_x, hooke_y, hooke_xy],
    conditions=[dirichlet(u=lambda x, y: sin(pi * x) * cos(pi * y), v=lambda x, y: cos(pi * x) * sin(pi * y))],
    reference=exact(
        u=lambda x, y: np.sin(pi * x) * np.cos(pi * y),
        v=lambda x, y: np.cos(pi * x) * np.sin(pi * y),
        sxx=normal_stress,
        syy=normal_stress,
        sxy=lambda x, y: -2 * MU * pi * np.sin(pi * x) * np.sin(pi * y),
    ),
)
