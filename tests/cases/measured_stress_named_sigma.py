"""A hanging bar whose stress is an unknown called sigma: observed(..., sigma=...) would take it for the noise of u.

sigma = E u_x,  sigma_x = -f,  0 < x < 2,  u(0) = 0,  sigma(2) = 0;  true E = 3, f = 1:  sigma = 2 - x
"""

import numpy as np

from pinnsolve import Box, Problem, Unknown, d, dirichlet, exact, face, observed
from validation.wanted import refused

wanted = refused("sigma")


def hooke(u, sigma, x, E):
    return sigma - E * d(u, x)


def weight(sigma, x, f):
    return d(sigma, x) + f


xs = np.linspace(0.05, 1.95, 39)

problem = Problem(
    space=Box(x=(0, 2)),
    unknowns=("u", "sigma"),
    equations=[hooke, weight],
    conditions=[
        dirichlet(u=0, on=face(x=0)),
        dirichlet(sigma=0, on=face(x=2)),
        observed(x=xs, u=(2 * xs - xs**2 / 2) / 3, sigma=2 - xs),
    ],
    parameters={"E": Unknown(2.0, positive=True), "f": Unknown(2.0)},
    reference=exact(u=lambda x: (2 * x - x**2 / 2) / 3, sigma=lambda x: 2 - x),
)
