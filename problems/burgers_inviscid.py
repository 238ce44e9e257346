"""Burgers' equation without viscosity: of a top hat one end becomes a fan, the other one a shock.

    u_t + (u^2/2)_x = 0              -1/4 < x < 3/2,  0 < t <= 2
    u(x, 0) = 1  for 0 < x < 1/2,  0 elsewhere,      u(-1/4, t) = 0

The shock runs at half the height of its jump, the fan opens behind it, and after t = 1 eats into it: a triangle is
left, whose area stays. Everything is dimensionless. Whitham, Linear and Nonlinear Waves (1974), section 2.3.
"""

from torch import where

from pinnsolve import Box, Problem, d, dirichlet, face, initial
from validation.burgers_inviscid import END, entropy


def burgers(u, x, t):
    return d(u, t) + d(u**2 / 2, x)


problem = Problem(
    space=Box(x=(-0.25, 1.5)),
    time=(0, 2),
    unknowns="u",
    equations=burgers,
    conditions=[initial(u=lambda x: where((x > 0) & (x < END), 1.0, 0.0)), dirichlet(u=0, on=face(x=-0.25))],
    reference=entropy,
    tolerance=2e-1,
)
