"""A decay that is known at the END of time, u(3) = 1: it is marched backwards from there.

u' = -u/2,  0 < t < 3,      exact: u = exp((3 - t)/2)
"""

from numpy import exp

from pinnsolve import LocalFeatures, Marching, Problem, Settings, d, dirichlet, exact, face
from validation.wanted import right

wanted = right(1e-3, budget=5)


def decay(u, t):
    return d(u, t) + u / 2


problem = Problem(
    time=(0, 3),
    unknowns="u",
    equations=decay,
    conditions=[dirichlet(u=1, on=face(t=3))],
    reference=exact(u=lambda t: exp((3 - t) / 2)),
)
settings = Settings(network=LocalFeatures(), method=Marching())
