"""A heated plate with three cooling channels: the steady temperature, Robin conditions on the channels' walls.

    T_xx + T_yy = 0                0 < x < 2, 0 < y < 1, outside of three discs
    T = 1 at x = 0,  T = 0 at x = 2,  insulated at y = 0 and y = 1
    n . grad T + h T = 0           on the discs, h = 3, n out of the plate and into the channel

Dimensionless: T is the temperature above the coolant's over that of the hot side, h the Biot number.
"""

from pinnsolve import Box, Disk, Problem, condition, d, dirichlet, face, faces, laplace, neumann, side
from validation.plate_with_holes import CHANNELS, harmonic_series


def conduction(T, x, y):
    return laplace(T, x, y)


def coolant(T, x, y, nx, ny, h):
    return nx * d(T, x) + ny * d(T, y) + h * T


plate = Box(x=(0, 2), y=(0, 1))
for x, y, radius in CHANNELS:
    plate = plate - Disk(x=x, y=y, radius=radius, name="channels")

problem = Problem(
    space=plate,
    unknowns="T",
    equations=conduction,
    conditions=[
        dirichlet(T=1, on=face(x=0)),
        dirichlet(T=0, on=face(x=2)),
        neumann(T=0, on=faces("y")),
        condition(coolant, on=side("channels")),
    ],
    parameters={"h": 3.0},
    reference=harmonic_series,
    tolerance=1e-5,
)
