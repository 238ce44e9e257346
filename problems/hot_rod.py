"""How well a rod conducts at which temperature, from three thermometers while a pulse of heat goes through it.

    T_t = (k(T) T_x)_x      0 < x < 1,  0 < t <= 1
    T(0, t) = 0,   k(T) T_x = 4 sin^2(pi t) at x = 1,   T(x, 0) = 0

`data/hot_rod.csv` holds T at x = 0.4, 0.7 and 1, 60 times each with normal noise of 0.005, where k = 1 + T^2/2. That k
is a positive function of the temperature is all that is known of it; that the flux into the rod is known sets its size.
k(T) is found as far as the rod becomes hot, and nothing is said of it beyond. Everything is dimensionless.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, Unknown, condition, d, dirichlet, face, initial, observed
from validation.hot_rod import chebyshev_and_radau


def heat(T, x, t, k):
    return d(T, t) - d(k * d(T, x), x)


def pulse(T, x, t, k):
    return k * d(T, x) - 4 * sin(pi * t) ** 2


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="T",
    equations=heat,
    conditions=[
        initial(T=0),
        dirichlet(T=0, on=face(x=0)),
        condition(pulse, on=face(x=1)),
        observed("data/hot_rod.csv", sigma=0.005),
    ],
    parameters={"k": Unknown(0.5, positive=True, of="T")},
    reference=chebyshev_and_radau,
    tolerance=5e-2,
)
