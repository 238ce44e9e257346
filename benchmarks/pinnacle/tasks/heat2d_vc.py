"""Heat2d-VC: heat in a plate whose conductivity is a random field, from 0.06 to 14.

    u_t = div(a grad u) + 200 sin(pi x) sin(5 pi y) sin(pi t)        0 < x, y < 1,  0 < t <= 5
    u = 0 at t = 0 and on the walls;   a = exp(g), g a random field of spectrum |k|^-4 on 256 x 256 nodes

Faults of the published task: its code has a laplace(u), its paper the flux form, and neither gives its reference with
the field of its own generator (they are 1.9 and 4.6 away). This is the flux form with that field, and a cubic spline
through it.
"""

from math import pi

import numpy as np
from torch import sin

from benchmarks.pinnacle.recipes import field_on
from pinnsolve import Box, Problem, d, dirichlet, initial, table

X, Y, G = field_on(0, 1)


def heat(u, x, y, t, a):
    source = 200 * sin(pi * x) * sin(5 * pi * y) * sin(pi * t)
    return d(u, t) - d(a * d(u, x), x) - d(a * d(u, y), y) - source


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    time=(0, 5),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=0), dirichlet(u=0)],
    parameters={"a": table(x=X, y=Y, a=np.exp(G), of=("x", "y"), kind="cubic")},
    tolerance=1e-2,
)
