"""The unknown conductivity of a rod under the name `type`, which PyTorch's modules have for a method.

(type(x) u_x)_x = 1,  u(0) = 0,  type u_x = 1/2 at x = 0,  u(1) = 1 - (ln 2)/2
from 99 exact measurements of u = x - ln(1 + x)/2, where type = 1 + x
"""

import numpy as np

from pinnsolve import Box, Problem, Unknown, condition, d, dirichlet, exact, face, observed
from validation.wanted import right

wanted = right(5e-2)


def temperature(x):
    return x - np.log(1 + x) / 2


def rod(u, x, type):
    return d(type * d(u, x), x) - 1


def flux(u, x, type):
    return type * d(u, x) - 0.5


xs = np.linspace(0.01, 0.99, 99)

problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="u",
    equations=rod,
    conditions=[
        dirichlet(u=0, on=face(x=0)),
        condition(flux, on=face(x=0)),
        dirichlet(u=temperature(1), on=face(x=1)),
        observed(x=xs, u=temperature(xs), sigma=1e-4),
    ],
    parameters={"type": Unknown(1.2, positive=True, of="x")},
    reference=exact(u=temperature, type=lambda x: 1 + x),
    tolerance=5e-2,
)
