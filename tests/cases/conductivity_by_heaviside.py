"""A wall of two materials, k = 1 and k = 50, written by torch.heaviside inside of d(k u_x, x).

(k u_x)_x = 0,  u(0) = 0,  u(1) = 1;  the flux is 2/(1 + 1/50)
"""

import numpy as np
import torch

from pinnsolve import Box, Problem, d, dirichlet, exact, face
from validation.wanted import honest

wanted = honest(budget=5)
FLUX = 2 / (1 + 1 / 50)


def wall(u, x):
    k = 1 + 49 * torch.heaviside(x - 0.5, torch.ones_like(x))
    return d(k * d(u, x), x)


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="u",
    equations=wall,
    conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
    reference=exact(u=lambda x: np.where(x < 0.5, FLUX * x, 1 - FLUX * (1 - x) / 50)),
)
