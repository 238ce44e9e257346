"""Maxwell's equations in a square cavity with perfectly conducting walls: two standing waves, one and two humps wide.

    Ez_t = Hy_x - Hx_y      0 < x, y < 1,  0 < t <= 1.5
    Hx_t = -Ez_y
    Hy_t =  Ez_x

with Ez = 0 on the walls, and Ez = sin(pi x) sin(pi y) + sin(2 pi x) sin(pi y)/2, Hx = Hy = 0 at t = 0 (transverse
magnetic field; lengths in sides of the cavity, times in light crossings of it, fields in natural units). The slower
wave has the period sqrt(2). Exact: each mode (m, n) turns with omega = pi sqrt(m^2 + n^2).

Yee, IEEE Trans. Antennas Propag. 14 (1966) 302-307; Taflove & Hagness, Computational Electrodynamics (2005), chapter 3.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, initial
from validation.maxwell_cavity import exact_solution


def ampere(Ez, Hx, Hy, x, y, t):
    return d(Ez, t) - d(Hy, x) + d(Hx, y)


def faraday_x(Ez, Hx, y, t):
    return d(Hx, t) + d(Ez, y)


def faraday_y(Ez, Hy, x, t):
    return d(Hy, t) - d(Ez, x)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    time=(0, 1.5),
    unknowns=("Ez", "Hx", "Hy"),
    equations=[ampere, faraday_x, faraday_y],
    conditions=[
        dirichlet(Ez=0),
        initial(Ez=lambda x, y: (sin(pi * x) + sin(2 * pi * x) / 2) * sin(pi * y), Hx=0, Hy=0),
    ],
    reference=exact_solution,
    tolerance=1e-3,
)
