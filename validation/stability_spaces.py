"""Does the march over cells of space grow? The one-step operators that it makes, on small linear problems in a cube.

As `validation.stability_planes` asks it of a plane: on eight cells, one of which is cut into eight again, so that small
cells lie beside large ones; and over a ball and a cube less a ball, whose rims cut cells. `python -m validation.stability_spaces` makes the table of
`validation/stability_spaces.md`, in some minutes.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from torch import cos, sin

from pinnsolve import (
    Ball,
    Box,
    Problem,
    condition,
    d,
    dirichlet,
    face,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
)
from validation.stability_planes import table

pi = math.pi
CUBE = Box(x=(0, 1), y=(0, 1), z=(0, 1))
BALL = Ball(x=0.503, y=0.507, z=0.495, radius=0.5 / (1 - 1e-3))  # its box leaves slivers
HOLED = CUBE - Ball(x=0.45, y=0.55, z=0.5, radius=0.2)


def problem(equations: Any, conditions: list[Any], unknowns: Any = "u", time: float = 1.0, **more: Any) -> Problem:
    return Problem(
        time=(0, time), unknowns=unknowns, equations=equations, conditions=conditions,
        **{"space": CUBE, "reference": None, **more},
    )  # fmt: skip


def wind(diffusion: float) -> Any:
    return lambda u, x, y, z, t: d(u, t) + d(u, x) + 0.7 * d(u, y) + 0.4 * d(u, z) - diffusion * laplace(u, x, y, z)


def eddy(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    a, b = sin(2 * pi * x) * cos(2 * pi * y), -cos(2 * pi * x) * sin(2 * pi * y)
    return d(u, t) + a * d(u, x) + b * d(u, y) + 0.5 * d(u, z) - 1e-3 * laplace(u, x, y, z)


def heat(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    return d(u, t) - laplace(u, x, y, z)


def wave(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    return d(u, t, t) - laplace(u, x, y, z)


def around(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    return d(u, t) - 6 * (y - 0.5) * d(u, x) + 6 * (x - 0.5) * d(u, y) - 1e-3 * laplace(u, x, y, z)


def leaks(u: Any, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any) -> Any:
    return nx * d(u, x) + ny * d(u, y) + nz * d(u, z) + 2 * u


def bump(x: Any, y: Any, z: Any) -> Any:
    return sin(pi * x) * sin(pi * y) * sin(pi * z)


SCHROEDINGER = [
    lambda u, v, x, y, z, t: d(u, t) + laplace(v, x, y, z) / 2,
    lambda u, v, x, y, z, t: d(v, t) - laplace(u, x, y, z) / 2,
]
PAIR = [lambda u, v, x, y, z, t: d(u, t) - v, lambda u, v, x, y, z, t: d(v, t) - laplace(u, x, y, z)]
BUMP = initial(u=bump)
EVEN = initial(u=lambda x, y: x * (1 - y))
RING = [
    initial(u=lambda x, y, z: sin(2 * pi * x) * sin(2 * pi * y) * sin(2 * pi * z)),
    periodic("x", "y", "z"),
]
CASES = {
    "advection, ring": problem(wind(0.0), RING),
    "advection, zero where it enters": problem(wind(0.0), [BUMP, dirichlet(u=0, on=face(x=0) | face(y=0) | face(z=0))]),
    "wind, diffusion 0.0001": problem(wind(1e-4), [BUMP, dirichlet(u=0)]),
    "eddies, diffusion 0.001, ring": problem(eddy, RING),
    "heat": problem(heat, [BUMP, dirichlet(u=0)]),
    "heat, slopes": problem(heat, [BUMP, neumann(u=0)]),
    "Schroedinger, ring": problem(SCHROEDINGER, [*RING, initial(v=0)], ("u", "v")),
    "wave": problem(wave, [BUMP, initial_rate(u=0), dirichlet(u=0)]),
    "wave, pair": problem(PAIR, [BUMP, initial(v=0), dirichlet(u=0)], ("u", "v")),
    "ball, stirred, diffusion 0.001, slopes": problem(around, [EVEN, neumann(u=0)], space=BALL),
    "ball, wave that leaks": problem(wave, [EVEN, initial_rate(u=0), condition(leaks)], space=BALL),
    "cube less a ball, wind, diffusion 0.0001": problem(wind(1e-4), [EVEN, dirichlet(u=0)], space=HOLED),
    "cube less a ball, wave": problem(wave, [EVEN, initial_rate(u=0), dirichlet(u=0)], space=HOLED),
}


if __name__ == "__main__":
    table(CASES, sys.argv[1:])
