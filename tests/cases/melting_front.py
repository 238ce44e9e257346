"""Stefan's problem on a layer that is scaled to one: the front s(t) is an unknown that does not depend on xi.

    s^2 u_t - xi s s' u_xi = u_xixi,  u(1, t) = 0,  s s' = -u_xi(1, t);      exact: s = 1 + 2t,  u = exp(2 (s - xi s)) - 1

from s = 1 at t = 0, with u_t = u_xx and s' = -u_x at x = s = xi s in the unscaled layer.
"""

import numpy as np
from torch import exp

from pinnsolve import Box, Problem, condition, d, dirichlet, exact, face, initial
from validation.wanted import right

wanted = right(1e-5, budget=5)


def heat(u, s, xi, t):
    return s**2 * d(u, t) - xi * s * d(s, t) * d(u, xi) - d(u, xi, xi)


def level(s, xi):
    return d(s, xi)


def front(u, s, xi, t):
    return s * d(s, t) + d(u, xi)


problem = Problem(
    space=Box(xi=(0, 1)),
    time=(0, 0.5),
    unknowns=("u", "s"),
    equations=[heat, level],
    conditions=[
        initial(u=lambda xi: exp(2 - 2 * xi) - 1, s=1),
        dirichlet(u=lambda t: exp(2 + 4 * t) - 1, on=face(xi=0)),
        dirichlet(u=0, on=face(xi=1)),
        condition(front, on=face(xi=1)),
    ],
    reference=exact(u=lambda xi, t: np.exp((2 + 4 * t) * (1 - xi)) - 1, s=lambda xi, t: 1 + 2 * t),
)
