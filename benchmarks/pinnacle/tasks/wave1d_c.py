"""Wave1d-C: a string that vibrates in two modes.

    u_tt = 4 u_xx        0 < x < 1,  0 < t <= 1
    u = 0 at the ends,   u(x, 0) = sin(pi x) + sin(4 pi x)/2,   u_t(x, 0) = 0

The published task has no faults.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, initial, initial_rate


def wave(u, x, t):
    return d(u, t, t) - 4 * d(u, x, x)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=wave,
    conditions=[
        initial(u=lambda x: sin(pi * x) + sin(4 * pi * x) / 2),
        initial_rate(u=0),
        dirichlet(u=0),
    ],
    tolerance=1e-4,
)
