"""The conductivity k(x) of a heated rod from 500 scattered temperatures with one per cent of noise.

    u_t = (k(x) u_x)_x + 10 sin(pi x)      0 < x < 1,  0 < t <= 1
    u(0, t) = u(1, t) = 0,   u(x, 0) = 0

`data/rod.csv` holds u where k = (2 + sin 2 pi x)/10, with normal noise of 0.013, a hundredth of the highest temperature
(Chebyshev collocation, `validation/rod.py`). That k depends on x alone and is positive is all that is known of it.
Everything is dimensionless.

Where the temperature is level in space, no heat flows and nothing is learned of k: there its standard error is largest.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, Unknown, d, dirichlet, initial, observed
from validation.rod import chebyshev_in_space


def heat(u, x, t, k):
    return d(u, t) - d(k * d(u, x), x) - 10 * sin(pi * x)


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[initial(u=0), dirichlet(u=0), observed("data/rod.csv", sigma=0.013)],
    parameters={"k": Unknown(0.1, positive=True, of="x")},
    reference=chebyshev_in_space,
    tolerance=5e-2,
)
