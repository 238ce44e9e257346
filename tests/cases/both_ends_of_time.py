"""A thrown ball that shall be caught: its height is given at both ends of time, by one condition on both.

h'' = -2,  0 < t < 3,  h(0) = h(3) = 1,      exact: h = 1 + t (3 - t)
"""

from pinnsolve import LocalFeatures, Marching, Problem, Settings, d, dirichlet, exact, faces
from validation.wanted import right

wanted = right(1e-3, budget=5)


def flight(h, t):
    return d(h, t, t) + 2


problem = Problem(
    time=(0, 3),
    unknowns="h",
    equations=flight,
    conditions=[dirichlet(h=1, on=faces("t"))],
    reference=exact(h=lambda t: 1 + t * (3 - t)),
)
settings = Settings(network=LocalFeatures(), method=Marching())
