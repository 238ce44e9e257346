"""Gray and Scott's reaction: a spot of v eats u, and spreads as a ring.

    u_t = a laplace(u) - u v^2 + F (1 - u)            -1/2 < x, y < 1/2,  periodic,  0 < t <= 40
    v_t = b laplace(v) + u v^2 - (F + k) v
    u(x, y, 0) = 1 - G(x + 1/40, y + 1/100) / 2,   v(x, y, 0) = G(x - 1/40, y - 1/100) / 2,
    G(x, y) = exp(3 (cos(2 pi x) + cos(2 pi y) - 2))

Two v and a u make three v; u is fed at the rate F, v is taken away at the rate F + k. The state u = 1, v = 0 is stable:
what the start puts beside it decides. Everything is dimensionless. Gray & Scott, Chem. Eng. Sci. 39 (1984) 1087;
Pearson, Science 261 (1993) 189.
"""

from math import pi

from torch import cos, exp

from pinnsolve import Box, Problem, d, initial, laplace, periodic
from validation.gray_scott import exponential_steps


def eaten(u, v, x, y, t, a, F):
    return d(u, t) - a * laplace(u, x, y) + u * v**2 - F * (1 - u)


def made(u, v, x, y, t, b, F, k):
    return d(v, t) - b * laplace(v, x, y) - u * v**2 + (F + k) * v


def spot(x, y):
    return exp(3 * (cos(2 * pi * x) + cos(2 * pi * y) - 2))


problem = Problem(
    space=Box(x=(-0.5, 0.5), y=(-0.5, 0.5)),
    time=(0, 40),
    unknowns=("u", "v"),
    equations=[eaten, made],
    conditions=[
        initial(u=lambda x, y: 1 - spot(x + 1 / 40, y + 1 / 100) / 2, v=lambda x, y: spot(x - 1 / 40, y - 1 / 100) / 2),
        periodic("x"),
        periodic("y"),
    ],
    parameters={"a": 3e-4, "b": 1.5e-4, "F": 0.04, "k": 0.06},
    reference=exponential_steps,
    tolerance=5e-3,
)
