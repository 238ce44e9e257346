"""The Klein-Gordon equation: the field of a massive particle that interacts with itself.

    u_tt - u_xx + m^2 u + g u^3 = 0                  0 < x < 2 pi,  0 < t <= 3,  m = g = 1
    u(x, 0) = cos x + cos(2 x)/2,    u_t(x, 0) = 0,    periodic in x

Without the interaction (`--set g=0`) each wave obeys the dispersion relation omega^2 = k^2 + m^2 of a relativistic
particle, so the two drift apart. Natural units. Klein, Z. Phys. 37 (1926) 895-906; Gordon, Z. Phys. 40 (1926) 117-133.
"""

from math import pi

from torch import cos

from pinnsolve import Box, Problem, d, initial, initial_rate, periodic
from validation.klein_gordon import spectral


def klein_gordon(u, x, t, m, g):
    return d(u, t, t) - d(u, x, x) + m**2 * u + g * u**3


problem = Problem(
    space=Box(x=(0, 2 * pi)),
    time=(0, 3),
    unknowns="u",
    equations=klein_gordon,
    conditions=[initial(u=lambda x: cos(x) + cos(2 * x) / 2), initial_rate(u=0), periodic("x")],
    parameters={"m": 1, "g": 1},
    reference=spectral,
    tolerance=1e-5,
)
