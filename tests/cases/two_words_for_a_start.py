"""A turning vector, of which one component starts by initial() and the other by dirichlet(on=face(t=0)).

u' = 2 v,  v' = -2 u,  0 < t < 3,  u(0) = 0,  v(0) = 1,      exact: u = sin 2t,  v = cos 2t
"""

from numpy import cos, sin

from pinnsolve import LocalFeatures, Marching, Problem, Settings, d, dirichlet, exact, face, initial
from validation.wanted import right

wanted = right(1e-3, budget=5)


def east(u, v, t):
    return d(u, t) - 2 * v


def north(u, v, t):
    return d(v, t) + 2 * u


problem = Problem(
    time=(0, 3),
    unknowns=("u", "v"),
    equations=[east, north],
    conditions=[initial(u=0), dirichlet(v=1, on=face(t=0))],
    reference=exact(u=lambda t: sin(2 * t), v=lambda t: cos(2 * t)),
)
settings = Settings(network=LocalFeatures(), method=Marching())
