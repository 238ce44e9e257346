"""The ignition of a cylinder: how hot heat that a reaction makes has to be to run away, near where any does.

    (r u')' + lam r e^u = 0      0 < r < 1,      u'(0) = 0,  u(1) = 0,      lam = 1.9

Below lam = 2 there are two solutions: a cool one that is kept, of height 0.98 here, and a hot one, of height 1.89:
what is hotter explodes. They are so close that a guess of height 1.2 leads to the one and of 1.4 to the other. So the
hot one is followed from lam = 0.5, where it is 39 times as high as the cool one, each solution the guess of the next.
u is dimensionless, r is over the radius.

Frank-Kamenetskii, Diffusion and Heat Transfer in Chemical Kinetics (1955), chapter 6.
"""

from torch import exp

from pinnsolve import Box, Problem, Settings, d, dirichlet, face, neumann
from validation.ignition import hot


def reaction(u, r, lam):
    return d(r * d(u, r), r) + lam * r * exp(u)


problem = Problem(
    space=Box(r=(0, 1)),
    unknowns="u",
    equations=reaction,
    conditions=[neumann(u=0, on=face(r=0)), dirichlet(u=0, on=face(r=1))],
    parameters={"lam": 1.9},
    guess={"u": lambda r: 5 * (1 - r**2)},
    reference=hot,
    tolerance=1e-6,
)

settings = Settings(continuation={"lam": (0.5, 1.0, 1.5, 1.9)})
