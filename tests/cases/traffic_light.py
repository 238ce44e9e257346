"""A traffic light turns green: cars of a full road start one after the other, and none stays where it is.

rho_t + (rho (1 - rho))_s = 0,  rho(s, 0) = 1 for s < 0, 0 beyond,  rho(-1, t) = 1

Lighthill & Whitham, Proc. R. Soc. A 229 (1955) 317.
"""

import numpy as np
from torch import where

from pinnsolve import Box, Problem, d, dirichlet, exact, face, initial
from validation.wanted import right

wanted = right(0.1, budget=30, slow=True)


def cars(rho, s, t):
    return d(rho, t) + d(rho * (1 - rho), s)


problem = Problem(
    space=Box(s=(-1, 1)),
    time=(0, 1),
    unknowns="rho",
    equations=cars,
    conditions=[initial(rho=lambda s: where(s < 0, 1.0, 0.0)), dirichlet(rho=1, on=face(s=-1))],
    reference=exact(rho=lambda s, t: np.clip((1 - s / np.maximum(t, 1e-9)) / 2, 0, 1)),
    tolerance=0.1,
)
