"""Burgers' equation with a moderate viscosity; its start is said by condition(u - value, on=face(t=0)), over cells."""

from math import pi

from torch import sin

from pinnsolve import Box, LocalFeatures, Marching, Problem, Settings, condition, d, dirichlet, face
from validation.burgers import cole_hopf
from validation.wanted import right

wanted = right(1e-3)


def burgers(u, x, t, nu):
    return d(u, t) + u * d(u, x) - nu * d(u, x, x)


def sine(u, x):
    return sin(pi * x) + u


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 1),
    unknowns="u",
    equations=burgers,
    conditions=[condition(sine, on=face(t=0)), dirichlet(u=0)],
    parameters={"nu": 0.1 / pi},
    reference=cole_hopf,
)
settings = Settings(network=LocalFeatures(), method=Marching(bound=1e-2))
