"""A state that starts and an adjoint that ends, as optimal control has them.

x' = 2 p,  p' = 2 x,  0 < t < 1,  x(0) = 1,  p(1) = 0
exact: x = cosh(2 - 2t)/cosh 2,  p = -sinh(2 - 2t)/cosh 2
"""

from numpy import cosh, sinh

from pinnsolve import LocalFeatures, Marching, Problem, Settings, d, dirichlet, exact, face, initial
from validation.wanted import right

wanted = right(1e-3, budget=5)


def state(x, p, t):
    return d(x, t) - 2 * p


def adjoint(x, p, t):
    return d(p, t) - 2 * x


problem = Problem(
    time=(0, 1),
    unknowns=("x", "p"),
    equations=[state, adjoint],
    conditions=[initial(x=1), dirichlet(p=0, on=face(t=1))],
    reference=exact(x=lambda t: cosh(2 - 2 * t) / cosh(2), p=lambda t: -sinh(2 - 2 * t) / cosh(2)),
)
settings = Settings(network=LocalFeatures(), method=Marching())
