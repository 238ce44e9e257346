"""A light pulse meets glass: a third of it comes back, upside down, two thirds go on at half the speed.

    eps(x) Ez_t = Hy_x      -1 < x < 1,  0 < t <= 1,  eps = 1 for x < 0 and eps_r = 4 for x > 0
           Hy_t = Ez_x

with Ez = exp(-((x + 0.5)/0.1)^2) = -Hy at t = 0, a pulse that moves to the right. The ends let waves out and none in.
Ez and Hy are continuous at x = 0, the slope of Hy is not; Fresnel's coefficients are r = -1/3, t = 2/3. Lengths are in
half the domain, times in light crossings of it, fields in natural units.

Born & Wolf, Principles of Optics (1999), section 1.5.2; Taflove & Hagness, Computational Electrodynamics (2005).
"""

from torch import exp, where

from pinnsolve import Box, Problem, condition, d, face, initial
from validation.maxwell_pulse import characteristics


def ampere(Ez, Hy, x, t, eps_r):
    return where(x < 0, 1, eps_r) * d(Ez, t) - d(Hy, x)


def faraday(Ez, Hy, x, t):
    return d(Hy, t) - d(Ez, x)


def nothing_from_the_left(Ez, Hy):
    return Ez - Hy


def nothing_from_the_right(Ez, Hy, eps_r):
    return eps_r**0.5 * Ez + Hy


def pulse(x):
    return exp(-(((x + 0.5) / 0.1) ** 2))


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 1),
    unknowns=("Ez", "Hy"),
    equations=[ampere, faraday],
    conditions=[
        initial(Ez=pulse, Hy=lambda x: -pulse(x)),
        condition(nothing_from_the_left, on=face(x=-1)),
        condition(nothing_from_the_right, on=face(x=1)),
    ],
    parameters={"eps_r": 4},
    reference=characteristics,
    tolerance=1e-3,
)
