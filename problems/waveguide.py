"""A wave in a guide that bends by a right angle: Helmholtz's equation, with waves that come in and leave.

    u_xx + u_yy + k^2 u = 0                a guide of width 1: arms x < 0, y < 0 of length 1, and a quarter of
    u = 0 on walls                         the ring 0.5 < r < 1.5
    u_x + i b u = 2 i b sin(pi (y - 0.5)) at x = -1,     b^2 = k^2 - pi^2
    u_y + i b u = 0 at y = -1

u is complex: its real and imaginary parts are u and v. The first mode of the guide comes in at x = -1, and waves in
that mode leave at both ends. Dimensionless; u is the electric field across the plane of a bend between metal walls, by
what is sent. Jackson, Classical Electrodynamics (3rd ed.), section 8.3.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Disk, Problem, condition, d, dirichlet, laplace, side
from validation.waveguide import ARM, INNER, OUTER, spectral_elements


def along(k):
    """The wave number b of the first mode along the guide."""
    return (k**2 - pi**2) ** 0.5


def real(u, x, y, k):
    return laplace(u, x, y) + k**2 * u


def imaginary(v, x, y, k):
    return laplace(v, x, y) + k**2 * v


def coming_in(u, v, x, k):
    return d(u, x) - along(k) * v


def coming_in_beside(u, v, x, y, k):
    return d(v, x) + along(k) * (u - 2 * sin(pi * (y - INNER)))


def leaving(u, v, y, k):
    return d(u, y) - along(k) * v


def leaving_beside(u, v, y, k):
    return d(v, y) + along(k) * u


ring = Disk(x=0, y=0, radius=OUTER, name="wall") - Disk(x=0, y=0, radius=INNER, name="wall")
guide = (
    ring & Box(x=(0, OUTER), y=(0, OUTER))
    | Box(x=(-ARM, 0), y=(INNER, OUTER), names=["inlet", "bend", "wall", "wall"])
    | Box(x=(INNER, OUTER), y=(-ARM, 0), names=["wall", "wall", "outlet", "bend"])
)

problem = Problem(
    space=guide,
    unknowns=("u", "v"),
    equations=[real, imaginary],
    conditions=[
        dirichlet(u=0, v=0, on=side("wall")),
        condition(coming_in, on=side("inlet")),
        condition(coming_in_beside, on=side("inlet")),
        condition(leaving, on=side("outlet")),
        condition(leaving_beside, on=side("outlet")),
    ],
    parameters={"k": 5.0},
    reference=spectral_elements,
    tolerance=1e-5,
)
