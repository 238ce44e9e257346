"""A source that is not a number in a strip of 2e-5 of the domain, which redrawn points find and the first may miss.

u_t = u_xx - sqrt(|x - 0.6137| - 1e-5)
"""

from math import pi

from torch import sin

from pinnsolve import MLP, Box, Problem, Settings, d, dirichlet, initial
from validation.wanted import honest

wanted = honest(wrong=True, budget=5, slow=True)


def heat(u, x, t):
    return d(u, t) - d(u, x, x) + (((x - 0.6137) ** 2) ** 0.5 - 1e-5) ** 0.5


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=lambda x: sin(pi * x)), dirichlet(u=0)],
    reference=None,
)
settings = Settings(network=MLP(width=8, depth=1), points=400)
