"""Burgers2d-C: coupled Burgers' equations from random waves, periodic; many fronts that cross and merge.

    u_t + u u_x + v u_y = nu (u_xx + u_yy)
    v_t + u v_x + v v_y = nu (v_xx + v_yy)        0 < x, y < 1, periodic,  0 < t <= 1,  nu = 0.001
    u, v at t = 0: sums of sin and cos of 2 pi (i x + j y), i, j = 0, ..., 3, with random amplitudes, and a mean wind

Faults of the published task: it stands on (0, 4)^2, but its generator leaves out the division by the length, so that
its start repeats in each unit square: this is one of the sixteen copies. Its start is interpolated linearly from a
table; here the sum itself is evaluated, with a seed of our own. Fronts are 0.002 wide; `--set nu=0.01` is milder.
"""

from math import pi

from torch import cos, sin

from benchmarks.pinnacle.recipes import waves
from pinnsolve import Box, Problem, d, initial, laplace, periodic

A, B, SHIFT = waves()


def along_x(u, v, x, y, t, nu):
    return d(u, t) + u * d(u, x) + v * d(u, y) - nu * laplace(u, x, y)


def along_y(u, v, x, y, t, nu):
    return d(v, t) + u * d(v, x) + v * d(v, y) - nu * laplace(v, x, y)


def start(c, x, y):
    phases = {(i, j): 2 * pi * (i * x + j * y) for i in range(4) for j in range(4)}
    return SHIFT[c] + sum(A[c][i, j] * sin(p) + B[c][i, j] * cos(p) for (i, j), p in phases.items())


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    time=(0, 1),
    unknowns=("u", "v"),
    equations=[along_x, along_y],
    conditions=[initial(u=lambda x, y: start(0, x, y), v=lambda x, y: start(1, x, y)), periodic("x", "y")],
    parameters={"nu": 0.001},
    tolerance=1e-2,
)
