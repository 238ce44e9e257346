"""KS: the Kuramoto-Sivashinsky equation, until after chaos has set in.

    u_t + 100/16 u u_x + 100/16^2 u_xx + 100/16^4 u_xxxx = 0        0 < x < 2 pi, periodic,  0 < t <= 1
    u(x, 0) = cos(x) (1 + sin(x))

In 16 x and 100 t it is the usual equation on a length of 32 pi, up to the time 100. A fault of the published task: no
conditions at the ends. It is scored as a function of time as well: what is chaotic amplifies every error.
Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214, section 4.
"""

from math import pi

from torch import cos, sin

from pinnsolve import Box, Problem, d, initial, periodic


def flame(u, x, t):
    return d(u, t) + 100 / 16 * u * d(u, x) + 100 / 16**2 * d(u, x, x) + 100 / 16**4 * d(u, x, x, x, x)


problem = Problem(
    space=Box(x=(0, 2 * pi)),
    time=(0, 1),
    unknowns="u",
    equations=flame,
    conditions=[initial(u=lambda x: cos(x) * (1 + sin(x))), periodic("x")],
    tolerance=1e-2,
)
