"""Sod's tube: a membrane bursts, and gas of high pressure runs into gas of low pressure.

    rho_t + (rho v)_x = 0,   (rho v)_t + (rho v^2 + p)_x = 0,   E_t + ((E + p) v)_x = 0,   E = p/(gamma - 1) + rho v^2/2
    rho, v, p = 1, 0, 1  for x < 0,   1/8, 0, 1/10  beyond,     v(-1/2, t) = v(1/2, t) = 0
    -1/2 < x < 1/2,  0 < t <= 1/5,  gamma = 1.4

A fan runs to the left, to the right a shock, and after it the contact between what was left and what was right of the
membrane. Everything is dimensionless. Sod, J. Comput. Phys. 27 (1978) 1.
"""

from torch import where

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.sod import LEFT, RIGHT, riemann


def mass(rho, v, x, t):
    return d(rho, t) + d(rho * v, x)


def momentum(rho, v, p, x, t):
    return d(rho * v, t) + d(rho * v**2 + p, x)


def energy(rho, v, p, x, t, gamma):
    E = p / (gamma - 1) + rho * v**2 / 2
    return d(E, t) + d((E + p) * v, x)


problem = Problem(
    space=Box(x=(-0.5, 0.5)),
    time=(0, 0.2),
    unknowns=("rho", "v", "p"),
    equations=[mass, momentum, energy],
    conditions=[
        initial(
            rho=lambda x: where(x < 0, LEFT[0], RIGHT[0]),
            v=0,
            p=lambda x: where(x < 0, LEFT[1], RIGHT[1]),
        ),
        dirichlet(v=0),
    ],
    parameters={"gamma": 1.4},
    reference=riemann,
    tolerance=2e-1,
)
