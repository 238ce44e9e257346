"""problems/allen_cahn.py in the calendar's years and a map's metres: x from 300 on, t from 1905 on."""

from math import pi

from torch import cos

from pinnsolve import Box, Problem, Reference, initial, periodic
from problems import allen_cahn as shipped
from validation.wanted import right

wanted = right(1e-3, budget=60, slow=True)
X, T = 300.0, 1905.0


def start(x):
    return (x - X) ** 2 * cos(pi * (x - X))


def moved(problem):
    known = shipped.problem.reference(shipped.problem)
    return Reference(
        known.name, {"u": lambda x, t: known.fields["u"](x=x - X, t=t - T)}, known.own_error, known.seconds
    )


problem = Problem(
    space=Box(x=(X - 1, X + 1)),
    time=(T, T + 1),
    unknowns="u",
    equations=shipped.allen_cahn,
    conditions=[initial(u=start), periodic("x")],
    parameters={"eps": 1e-4, "r": 5},
    reference=moved,
)
