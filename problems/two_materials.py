"""A rod of two materials in perfect contact cools between walls of one temperature.

    u_t = (k u_x)_x          0 < x < 1,  0 < t <= 1,   k = k1 = 0.2 for x < 0.4,  k2 = 4 beyond
    u(0, t) = u(1, t) = 0,   u(x, 0) = the two slowest modes, each of height one in the left part

u and the flux k u_x are continuous where the materials meet, so u_x jumps there by k2/k1 = 20. The equation says it:
k u_x is what is differentiated. u is the temperature above that of the walls; all quantities are dimensionless. Carslaw
& Jaeger, Conduction of Heat in Solids (1959), section 12.8.
"""

from torch import sin, where

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.two_materials import MIDDLE, modes, separated


def heat(u, x, t, k1, k2):
    k = where(x < MIDDLE, k1, k2)
    return d(u, t) - d(k * d(u, x), x)


def start(x, k1, k2):
    return sum(where(x < MIDDLE, sin(m.left * x), m.ratio * sin(m.right * (1 - x))) for m in modes(k1, k2))


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=start), dirichlet(u=0)],
    parameters={"k1": 0.2, "k2": 4.0},
    reference=separated,
    tolerance=1e-5,
)
