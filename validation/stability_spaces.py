"""Does the march over cells of space grow? The one-step operators that it makes, on small linear problems in a cube.

As `validation.stability_planes` asks it of a plane: on eight cells, one of which is cut into eight again, so that small
cells lie beside large ones. `python -m validation.stability_spaces` makes the table of
`validation/stability_spaces.md`, in some minutes.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from torch import cos, sin

from pinnsolve import Box, Problem, d, dirichlet, face, initial, initial_rate, laplace, neumann, periodic
from validation.stability_planes import table

pi = math.pi
CUBE = Box(x=(0, 1), y=(0, 1), z=(0, 1))


def problem(equations: Any, conditions: list[Any], unknowns: Any = "u", time: float = 1.0, **more: Any) -> Problem:
    return Problem(
        space=CUBE, time=(0, time), unknowns=unknowns, equations=equations, conditions=conditions,
        **{"reference": None, **more},
    )  # fmt: skip


def wind(diffusion: float) -> Any:
    return lambda u, x, y, z, t: d(u, t) + d(u, x) + 0.7 * d(u, y) + 0.4 * d(u, z) - diffusion * laplace(u, x, y, z)


def eddy(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    a, b = sin(2 * pi * x) * cos(2 * pi * y), -cos(2 * pi * x) * sin(2 * pi * y)
    return d(u, t) + a * d(u, x) + b * d(u, y) + 0.5 * d(u, z) - 1e-3 * laplace(u, x, y, z)


def heat(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    return d(u, t) - laplace(u, x, y, z)


def bump(x: Any, y: Any, z: Any) -> Any:
    return sin(pi * x) * sin(pi * y) * sin(pi * z)


SCHROEDINGER = [
    lambda u, v, x, y, z, t: d(u, t) + laplace(v, x, y, z) / 2,
    lambda u, v, x, y, z, t: d(v, t) - laplace(u, x, y, z) / 2,
]
PAIR = [lambda u, v, x, y, z, t: d(u, t) - v, lambda u, v, x, y, z, t: d(v, t) - laplace(u, x, y, z)]
BUMP = initial(u=bump)
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
    "wave": problem(lambda u, x, y, z, t: d(u, t, t) - laplace(u, x, y, z), [BUMP, initial_rate(u=0), dirichlet(u=0)]),
    "wave, pair": problem(PAIR, [BUMP, initial(v=0), dirichlet(u=0)], ("u", "v")),
}


if __name__ == "__main__":
    table(CASES, sys.argv[1:])
