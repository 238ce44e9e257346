"""Wave2d-CG: a pulse in a square whose stiffness varies at random, between 1 and 12.

    u_tt = div(c grad u)        -1 < x, y < 1,  0 < t <= 5
    u_n = 0 on the walls,       u = exp(-((x + 1/2)^2 + y^2)/0.18) (1 - x^2)^2 (1 - y^2)^2,  u_t = 0 at t = 0
    c = 6.5 + 5.5 tanh(5 g),    g a random field of spectrum |k|^-4 on 256 x 256 nodes

Faults of the published task: its code has c laplace(u) with c interpolated linearly, its reference div(c grad u) with
the nearest of 256 x 256 values, and c jumps by twelve: two different problems. Its pulse contradicts u_n = 0. This is
the flux form with a smooth c, and a pulse that is flat at the walls.
"""

import numpy as np
from torch import exp

from benchmarks.pinnacle.recipes import field_on
from pinnsolve import Box, Problem, d, initial, initial_rate, neumann, table

X, Y, G = field_on(-1, 1)


def wave(u, x, y, t, c):
    return d(u, t, t) - d(c * d(u, x), x) - d(c * d(u, y), y)


def pulse(x, y):
    return exp(-((x + 0.5) ** 2 + y**2) / 0.18) * (1 - x**2) ** 2 * (1 - y**2) ** 2


problem = Problem(
    space=Box(x=(-1, 1), y=(-1, 1)),
    time=(0, 5),
    unknowns="u",
    equations=wave,
    conditions=[initial(u=pulse), initial_rate(u=0), neumann(u=0)],
    parameters={"c": table(x=X, y=Y, c=6.5 + 5.5 * np.tanh(5 * G), of=("x", "y"), kind="cubic")},
    tolerance=4e-2,
)
