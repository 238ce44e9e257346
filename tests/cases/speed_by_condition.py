"""A spring whose first deflection is said by initial(), and whose first speed by condition(..., on=face(t=0)).

u'' = -4 u,  0 < t < 4,  u(0) = 1,  u'(0) = 2,      exact: u = cos 2t + sin 2t
"""

from numpy import cos, sin

from pinnsolve import LocalFeatures, Marching, Problem, Settings, condition, d, exact, face, initial
from validation.wanted import right

wanted = right(1e-3, budget=5)


def spring(u, t):
    return d(u, t, t) + 4 * u


def pushed(u, t):
    return d(u, t) - 2


problem = Problem(
    time=(0, 4),
    unknowns="u",
    equations=spring,
    conditions=[initial(u=1), condition(pushed, on=face(t=0))],
    reference=exact(u=lambda t: cos(2 * t) + sin(2 * t)),
)
settings = Settings(network=LocalFeatures(), method=Marching())
