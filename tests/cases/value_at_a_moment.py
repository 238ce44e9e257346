"""Growth whose size was seen once, at a moment in the middle of time: neither end of a window knows of it.

u' = 2u,  0 < t < 1,  u(0.4) = 1,      exact: u = exp(2 (t - 0.4))
"""

from numpy import exp

from pinnsolve import LocalFeatures, Marching, Problem, Settings, d, dirichlet, exact, point
from validation.wanted import right

wanted = right(1e-3, budget=5)


def growth(u, t):
    return d(u, t) - 2 * u


problem = Problem(
    time=(0, 1),
    unknowns="u",
    equations=growth,
    conditions=[dirichlet(u=1, on=point(t=0.4))],
    reference=exact(u=lambda t: exp(2 * (t - 0.4))),
)
settings = Settings(network=LocalFeatures(), method=Marching())
