"""The edge with x in kilometres, trained by Levenberg-Marquardt: what follows units is felt there more.

L^2 u_xx + u_yy = 2 u,  0 < x < L = 2e-3,  0 < y < 1,  L u_nx + u_ny + u given all round by one condition
exact: u = exp(x/L + y)
"""

from torch import exp

from pinnsolve import MLP, Box, LevenbergMarquardt, Problem, Settings, condition, d, exact
from validation.wanted import right

wanted = right(1e-6, slow=True)
L = 2e-3


def potential(x, y):
    return exp(x / L + y)


def membrane(u, x, y):
    return L**2 * d(u, x, x) + d(u, y, y) - 2 * u


def stiff_edge(u, x, y, nx, ny):
    return nx * L * d(u, x) + ny * d(u, y) + u - (1 + nx + ny) * potential(x, y)


problem = Problem(
    space=Box(x=(0, L), y=(0, 1)),
    unknowns="u",
    equations=membrane,
    conditions=[condition(stiff_edge)],
    reference=exact(u=potential),
    tolerance=1e-6,
)
settings = Settings(network=MLP(width=16, depth=2), method=LevenbergMarquardt(), points=600)
