"""Burgers' equation on an axis of time that runs backwards: its data stand at the end, t = 3.

-u_s + u u_x = nu u_xx,  s = 3 - t,  nu = 0.02/pi,      u = -sin(pi x) at s = 3
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, Reference, d, dirichlet, face
from problems import burgers as shipped
from validation.wanted import right

wanted = right(1e-3, budget=60, slow=True)
forwards = shipped.problem.with_parameters({"nu": 0.02 / pi})


def burgers(u, x, t, nu):
    return -d(u, t) + u * d(u, x) - nu * d(u, x, x)


def mirrored(problem):
    known = shipped.problem.reference(forwards)
    return Reference(known.name, {"u": lambda x, t: known.fields["u"](x=x, t=3 - t)}, known.own_error, known.seconds)


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(2, 3),
    unknowns="u",
    equations=burgers,
    conditions=[dirichlet(u=lambda x: -sin(pi * x), on=face(t=3)), dirichlet(u=0)],
    parameters={"nu": 0.02 / pi},
    reference=mirrored,
)
