"""A reference of the wrong size that states a negative error of its own, as if that made up for it.

u' = -u,  u(0) = 1
"""

import numpy as np

from pinnsolve import Problem, Reference, d, initial
from validation.wanted import refused

wanted = refused("own_error=-2.0")


def decay(u, t):
    return d(u, t) + u


def doubled(problem):
    return Reference("twice as much", {"u": lambda t: 2 * np.exp(-t)}, -2.0, 0.0)


problem = Problem(time=(0, 1), unknowns="u", equations=decay, conditions=[initial(u=1)], reference=doubled)
