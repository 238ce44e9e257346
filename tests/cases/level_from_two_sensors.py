"""A stiffness that does not vary, measured in two places, and the deflection that follows: no network of ReLU here.

k_x = 0,  k u_xx = -1,  u(0) = u(1) = 0,  k = 4 seen at x = 0.3 and 0.9;      exact: u = x (1 - x)/8
"""

from pinnsolve import Box, Problem, d, dirichlet, exact, observed
from validation.wanted import right

wanted = right(1e-3, budget=5)


def uniform(k, x):
    return d(k, x)


def beam(u, k, x):
    return k * d(u, x, x) + 1


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns=("u", "k"),
    equations=[uniform, beam],
    conditions=[dirichlet(u=0), observed(x=[0.3, 0.9], k=[4.0, 4.0])],
    reference=exact(u=lambda x: x * (1 - x) / 8, k=lambda x: 4 + 0 * x),
)
