"""The nonlinear Schroedinger equation: two solitons in one place beat.

    i h_t + h_xx/2 + |h|^2 h = 0      -5 < x < 5,  0 < t <= pi/2
    h(x, 0) = 2 sech x,               periodic in x

with h = u + i v, so that u_t = -(v_xx/2 + |h|^2 v) and v_t = u_xx/2 + |h|^2 u. The initial value continues across the
ends, its slope jumps there by 0.05.

Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686-707, section 3.1.1; Satsuma & Yajima, Suppl. Prog.
Theor. Phys. 55 (1974) 284-306. All quantities are dimensionless.
"""

from math import pi

from torch import cosh

from pinnsolve import Box, Problem, d, initial, periodic
from validation.schrodinger import split_step


def real_part(u, v, x, t):
    return d(u, t) + d(v, x, x) / 2 + (u**2 + v**2) * v


def imaginary_part(u, v, x, t):
    return d(v, t) - d(u, x, x) / 2 - (u**2 + v**2) * u


problem = Problem(
    space=Box(x=(-5, 5)),
    time=(0, pi / 2),
    unknowns=("u", "v"),
    equations=[real_part, imaginary_part],
    conditions=[initial(u=lambda x: 2 / cosh(x), v=0), periodic("x")],
    reference=split_step,
    tolerance=1e-3,
)
