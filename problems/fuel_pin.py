"""A fuel pin of a reactor: a pellet with a hole makes heat, which passes a gap of gas and the cladding.

    k (r F')' + q r = 0     0.5 < r < 4.1 mm        F' = 0 in the hole
    c (r C')' = 0           4.1 < r < 4.75 mm       C = 600 K in the water
    k F' = c C',   c C' = -g (F - C)                at r = 4.1 mm, where F and C differ

F and C are the temperatures of pellet and cladding in K, k = 3e-3 and c = 2e-2 their conductivities in W/(mm K),
g = 1e-2 the conductance of the gap in W/(mm^2 K), q = 0.4 W/mm^3 the heat. Each unknown lives on its own part.
Todreas & Kazimi, Nuclear Systems I (2012), chapter 8.
"""

from pinnsolve import Box, Problem, condition, d, dirichlet, face, neumann
from validation.fuel_pin import logarithms


def pellet(F, r, k, q):
    return k * d(r * d(F, r), r) + q * r


def cladding(C, r, c):
    return c * d(r * d(C, r), r)


def flux(F, C, r, k, c):
    return k * d(F, r) - c * d(C, r)


def gap(F, C, r, c, g):
    return c * d(C, r) + g * (F - C)


problem = Problem(
    space=Box(r=(0.5, 4.75)),
    unknowns={"F": Box(r=(0.5, 4.1)), "C": Box(r=(4.1, 4.75))},
    equations=[pellet, cladding],
    conditions=[
        neumann(F=0, on=face(r=0.5)),
        condition(flux, on=face(r=4.1)),
        condition(gap, on=face(r=4.1)),
        dirichlet(C=600, on=face(r=4.75)),
    ],
    parameters={"k": 3e-3, "c": 2e-2, "g": 1e-2, "q": 0.4},
    reference=logarithms,
    tolerance=1e-6,
)
