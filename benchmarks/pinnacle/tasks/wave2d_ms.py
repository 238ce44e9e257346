"""Wave2d-MS: waves that are faster along y, for a long time, with walls that move.

    u_tt = u_xx + 2 u_yy        0 < x, y < 1,  0 < t <= 100
    u = sin(3 pi x) sinh(2 pi y)/sinh(2 pi) cos(pi t) + sinh(pi x)/sinh(pi) sin(2 pi y) cos(sqrt(7) pi t)

is the solution; it is prescribed on the walls and at t = 0, where u_t = 0.

Faults of the published task: what it calls the solution is none (it solves u_tt + u_xx + 2 u_yy = 0), no rate is given
at the start, and a factor sinh(3 pi) = 6,200 outweighs all else. These are two modes of the same kind that do solve it.
"""

from math import pi, sinh, sqrt

from torch import cos, exp, sin

from pinnsolve import Box, Problem, d, dirichlet, exact, initial, initial_rate


def wave(u, x, y, t):
    return d(u, t, t) - d(u, x, x) - 2 * d(u, y, y)


def rise(s, k):
    return (exp(k * s) - exp(-k * s)) / (2 * sinh(k))


def modes(x, y, t):
    first = sin(3 * pi * x) * rise(y, 2 * pi) * cos(pi * t)
    return first + rise(x, pi) * sin(2 * pi * y) * cos(sqrt(7) * pi * t)


def modes_at_start(x, y):
    return sin(3 * pi * x) * rise(y, 2 * pi) + rise(x, pi) * sin(2 * pi * y)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    time=(0, 100),
    unknowns="u",
    equations=wave,
    conditions=[initial(u=modes_at_start), initial_rate(u=0), dirichlet(u=modes)],
    reference=exact(u=modes),
    tolerance=5e-2,
)
