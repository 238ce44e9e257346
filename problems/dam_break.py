"""A dam breaks: water runs out of a reservoir as a bore, and the reservoir falls in a fan.

    h_t + m_x = 0,     m_t + (m^2/h + g h^2/2)_x = 0              -10 m < x < 10 m,  0 < t <= 1 s
    h(x, 0) = 2 m  for x < 0,  1 m  beyond,     m(x, 0) = 0,     m(-10, t) = m(10, t) = 0,     g = 9.81 m/s^2

h is the depth, m = h v the discharge over the width. Stoker, Water Waves (1957), section 10.8; LeVeque, Finite Volume
Methods for Hyperbolic Problems (2002), section 13.1.
"""

from torch import where

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.dam_break import DEEP, SHALLOW, stoker


def mass(h, m, x, t):
    return d(h, t) + d(m, x)


def momentum(h, m, x, t, g):
    return d(m, t) + d(m**2 / h + g * h**2 / 2, x)


problem = Problem(
    space=Box(x=(-10, 10)),
    time=(0, 1),
    unknowns=("h", "m"),
    equations=[mass, momentum],
    conditions=[initial(h=lambda x: where(x < 0, DEEP, SHALLOW), m=0), dirichlet(m=0)],
    parameters={"g": 9.81},
    reference=stoker,
    tolerance=2e-1,
)
