"""The Kuramoto-Sivashinsky equation: a flame front that wrinkles, and goes on wrinkling.

    u_t + u u_x + u_xx + u_xxxx = 0      0 < x < 32 pi,  0 < t <= 50,  periodic in x
    u(x, 0) = cos(x/16) (1 + sin(x/16))

Long waves grow (u_xx has the sign of negative diffusion), short ones are damped by the fourth derivative, and u u_x
hands on from the one to the other; soon after t = 50 that is chaos. u is the slope of the front, dimensionless.
Kuramoto & Tsuzuki, Prog. Theor. Phys. 55 (1976) 356; Sivashinsky, Acta Astronaut. 4 (1977) 1177; the start is that of
Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214, section 4.
"""

from math import pi

from torch import cos, sin

from pinnsolve import Box, Problem, d, initial, periodic
from validation.kuramoto_sivashinsky import exponential_steps


def flame(u, x, t, nu):
    return d(u, t) + u * d(u, x) + d(u, x, x) + nu * d(u, x, x, x, x)


problem = Problem(
    space=Box(x=(0, 32 * pi)),
    time=(0, 50),
    unknowns="u",
    equations=flame,
    conditions=[initial(u=lambda x: cos(x / 16) * (1 + sin(x / 16))), periodic("x")],
    parameters={"nu": 1.0},
    reference=exponential_steps,
    tolerance=1e-3,
)
