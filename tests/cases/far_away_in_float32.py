"""A metre that begins a thousand kilometres from the origin, in numbers of seven digits: it has eight places in them.

u'' = -2,  u(1e6) = u(1e6 + 1) = 0
"""

import torch

from pinnsolve import Box, Problem, Settings, d, dirichlet, exact
from validation.wanted import refused

wanted = refused("cannot tell places along x apart")


def membrane(u, x):
    return d(u, x, x) + 2


problem = Problem(
    space=Box(x=(1e6, 1e6 + 1)),
    unknowns="u",
    equations=membrane,
    conditions=[dirichlet(u=0)],
    reference=exact(u=lambda x: (x - 1e6) * (1e6 + 1 - x)),
)
settings = Settings(dtype=torch.float32)
