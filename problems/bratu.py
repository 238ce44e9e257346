"""Bratu's problem: heat that a reaction makes, the faster the hotter it is, leaves through the ends.

    u'' + lam e^u = 0      0 < x < 1,      u(0) = u(1) = 0,      lam = 1

There are two solutions: one of height 0.14 and one of height 4.09, at which little more heat would be too much. They
meet at lam = 3.5138, and beyond there is none. The guess says which one is wanted: a hump of height 4 finds the upper
one, `--set height=0` the lower. u is dimensionless, x is over the length.

Bratu, Bull. Soc. Math. France 42 (1914) 113; Frank-Kamenetskii, Diffusion and Heat Transfer in Chemical Kinetics
(1955).
"""

from torch import exp

from pinnsolve import Box, Problem, d, dirichlet
from validation.bratu import branches


def bratu(u, x, lam):
    return d(u, x, x) + lam * exp(u)


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="u",
    equations=bratu,
    conditions=dirichlet(u=0),
    parameters={"lam": 1.0, "height": 4.0},
    guess={"u": lambda x, height: 4 * height * x * (1 - x)},
    reference=branches,
    tolerance=1e-6,
)
