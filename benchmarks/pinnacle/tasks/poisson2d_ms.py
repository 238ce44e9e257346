"""Poisson2d-MS: diffusion through 5 x 5 blocks whose conductivity differs by up to three decades.

    -div(a grad u) = c0 + c1 sin(pi r) sin(pi q)        -10 < x, y < 10,  r and q from 0 to 1 in each block of side 4
    a u_n + u = 0 on the boundary;   a, c0 and c1 are constant in each block

Faults of the published task: its code has a laplace(u) + f = 0 with u_n + u = 0, its paper the flux form, and these
differ at every edge of a block. This is the flux form, the physical one, with blocks from a seed of our own.
"""

from math import pi

from torch import abs, sin

from benchmarks.pinnacle.recipes import blocks
from pinnsolve import Box, Piecewise, Problem, condition, d

SIDE = 4


def in_blocks(values):
    """One number in each block, that of the first elsewhere."""
    shapes = []
    for i in range(5):
        for j in range(5):
            low = (SIDE * i - 10, SIDE * j - 10)
            shapes.append((Box(x=(low[0], low[0] + SIDE), y=(low[1], low[1] + SIDE)), values[i, j]))
    return Piecewise(values[0, 0], *shapes)


def diffusion(u, x, y, a, c0, c1):
    wave = abs(sin(pi * (x + 10) / 4) * sin(pi * (y + 10) / 4))  # sin(pi r) sin(pi q) in each block
    return d(a * d(u, x), x) + d(a * d(u, y), y) + c0 + c1 * wave


def leaky(u, x, y, nx, ny, a):
    return a * (nx * d(u, x) + ny * d(u, y)) + u


problem = Problem(
    space=Box(x=(-10, 10), y=(-10, 10)),
    unknowns="u",
    equations=diffusion,
    conditions=[condition(leaky)],
    parameters={name: in_blocks(values) for name, values in zip(("a", "c0", "c1"), blocks(), strict=True)},
    tolerance=3e-2,
)
