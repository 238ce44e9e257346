"""How warm was the wall? An unknown function of time stands in a boundary value, and begins at a plausible guess.

u_t = u_xx + f,  u(0, t) = w(t),  u(1, t) = 0,  u(x, 0) = 2 (1 - x)
exact: u = (1 - x)(2 + t) + x (1 - x) t,  w = 2 + t,  from 300 exact measurements
"""

import numpy as np

from pinnsolve import Box, Problem, Unknown, d, dirichlet, exact, face, initial, observed
from validation.wanted import right

wanted = right(2e-2, slow=True)


def heat(u, x, t):
    return d(u, t) - d(u, x, x) - ((1 - x) + x * (1 - x) + 2 * t)


def room(x, t):
    return (1 - x) * (2 + t) + x * (1 - x) * t


rng = np.random.default_rng(5)
xs, ts = rng.uniform(0, 1, 300), rng.uniform(0, 1, 300)

problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[
        observed(x=xs, t=ts, u=room(xs, ts), sigma=1e-3),
        initial(u=lambda x: 2 * (1 - x)),
        dirichlet(u=lambda t, w: w, on=face(x=0)),
        dirichlet(u=0, on=face(x=1)),
    ],
    parameters={"w": Unknown(2.0, of="t")},
    reference=exact(u=room, w=lambda t: 2 + t),
    tolerance=1e-2,
)
