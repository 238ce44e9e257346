"""A valve at the inlet opens at t = 0.4 with a jerk: the wall's value has a kink in time, and two derivatives in space
see it everywhere behind.

u_t = u_xx/5,  u(0, t) = max(t - 0.4, 0),  u_x(1, t) = 0,  u(x, 0) = 0
"""

from math import pi

import numpy as np
import torch

from pinnsolve import Box, Problem, d, dirichlet, exact, face, initial, neumann
from validation.wanted import honest

D = 0.2
wanted = honest(budget=8, slow=True)


def diffusion(u, x, t):
    return d(u, t) - D * d(u, x, x)


def true(x, t):
    """The ramp, less how far the wall lags behind it in the end, and what is left of that of each mode."""
    x, since = np.atleast_1d(x), np.atleast_1d(np.maximum(t - 0.4, 0.0))
    k = (np.arange(2000)[:, None] + 0.5) * pi
    left = 2 / k * np.sin(k * x) * np.exp(-D * k**2 * since) / (D * k**2)
    return np.where(since > 0, since - (x - x**2 / 2) / D + left.sum(0), 0.0)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=diffusion,
    conditions=[dirichlet(u=lambda t: torch.relu(t - 0.4), on=face(x=0)), neumann(u=0, on=face(x=1)), initial(u=0)],
    reference=exact(u=true),
    tolerance=1e-3,
)
