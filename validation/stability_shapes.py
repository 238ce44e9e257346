"""Does the march over cells that a rim cuts grow? The one-step operators that it makes, on small linear problems.

    c_new = G c        log(rho(G)) / (length of the step),   rho the spectral radius

As `validation.stability_planes`, over shapes: a disc that leaves slivers, a plate with a hole, a ring, an L; and over
cells that the edge of a disc of another material cuts. `python -m
validation.stability_shapes` makes the table of `validation/stability_shapes.md`.
"""

from __future__ import annotations

import sys
from typing import Any

from pinnsolve import (
    Box,
    Disk,
    Piecewise,
    Polygon,
    Problem,
    condition,
    d,
    dirichlet,
    initial,
    initial_rate,
    laplace,
    neumann,
)
from pinnsolve.geometry.shape import Shape
from validation.stability_planes import SCHROEDINGER, drum, heat, table, wind

DISC = Disk(x=0.503, y=0.507, radius=0.5 / (1 - 1e-3))
PLATE = Box(x=(0, 1), y=(0, 1)) - Disk(x=0.45, y=0.55, radius=0.2)
RING = Disk(x=0, y=0, radius=0.6) - Disk(x=0, y=0, radius=0.25)
ELL = Polygon(x=[0, 1, 1, 0.5, 0.5, 0], y=[0, 0, 0.5, 0.5, 1, 1])
START = initial(u=lambda x, y: x * (1 - y))


SQUARE = Box(x=(0, 1), y=(0, 1))
INCLUSION = Disk(x=0.47, y=0.52, radius=0.23)


def problem(shape: Shape, equations: Any, conditions: list[Any], unknowns: Any = "u", **more: Any) -> Problem:
    return Problem(
        space=shape, time=(0, 1), unknowns=unknowns, equations=equations, conditions=conditions, reference=None, **more
    )


def of_two(shape: Shape, equations: Any, conditions: list[Any], k: float) -> Problem:
    return problem(shape, equations, conditions, parameters={"k": Piecewise(1.0, (INCLUSION, k))})


def flux(u: Any, x: Any, y: Any, k: Any) -> Any:
    return d(k * d(u, x), x) + d(k * d(u, y), y)


def heats(u: Any, x: Any, y: Any, t: Any, k: Any) -> Any:
    return d(u, t) - flux(u, x, y, k)


def stores(u: Any, x: Any, y: Any, t: Any, k: Any) -> Any:
    return k * d(u, t) - laplace(u, x, y)


def swings(u: Any, x: Any, y: Any, t: Any, k: Any) -> Any:
    return d(u, t, t) - flux(u, x, y, k)


def blows(u: Any, x: Any, y: Any, t: Any, k: Any) -> Any:
    return d(u, t) + d(u, x) + 0.7 * d(u, y) - 1e-4 * flux(u, x, y, k)


def leaks(u: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
    return nx * d(u, x) + ny * d(u, y) + 2 * u


def around(u: Any, x: Any, y: Any, t: Any) -> Any:
    return d(u, t) - 6 * y * d(u, x) + 6 * x * d(u, y) - 1e-3 * laplace(u, x, y)


HELD, FREE = dirichlet(u=0), neumann(u=0)
CASES = {
    "heat, disc": problem(DISC, heat, [START, HELD]),
    "heat, disc, slopes": problem(DISC, heat, [START, FREE]),
    "heat, disc, leaks": problem(DISC, heat, [START, condition(leaks)]),
    "heat, plate": problem(PLATE, heat, [START, HELD]),
    "heat, plate, slopes": problem(PLATE, heat, [START, FREE]),
    "heat, L": problem(ELL, heat, [START, HELD]),
    "wind, diffusion 0.01, disc": problem(DISC, wind(1e-2), [START, HELD]),
    "wind, diffusion 0.0001, disc": problem(DISC, wind(1e-4), [START, HELD]),
    "wind, diffusion 0.0001, plate": problem(PLATE, wind(1e-4), [START, HELD]),
    "carried around, diffusion 0.001, ring": problem(RING, around, [START, HELD]),
    "carried around, diffusion 0.001, ring, slopes": problem(RING, around, [START, FREE]),
    "Schroedinger, disc": problem(DISC, SCHROEDINGER, [START, initial(v=0), dirichlet(u=0, v=0)], ("u", "v")),
    "drum, disc": problem(DISC, drum, [START, initial_rate(u=0), HELD]),
    "drum, plate": problem(PLATE, drum, [START, initial_rate(u=0), HELD]),
    "drum, ring, slopes": problem(RING, drum, [START, initial_rate(u=0), FREE]),
    "drum, disc, pair": problem(
        DISC, [lambda u, v, x, y, t: d(u, t) - v, lambda u, v, x, y, t: d(v, t) - laplace(u, x, y)],
        [START, initial(v=0), HELD], ("u", "v"),
    ),
    "heat, square, inclusion 1e6": of_two(SQUARE, heats, [START, HELD], 1e6),
    "heat, square, inclusion 1e6, slopes": of_two(SQUARE, heats, [START, FREE], 1e6),
    "heat, square, inclusion 1e-6, slopes": of_two(SQUARE, heats, [START, FREE], 1e-6),
    "heat, disc, inclusion 1e3": of_two(DISC, heats, [START, HELD], 1e3),
    "heat, square, inclusion that stores 1e3": of_two(SQUARE, stores, [START, HELD], 1e3),
    "wind, diffusion 0.0001, inclusion 100": of_two(SQUARE, blows, [START, HELD], 1e2),
    "wind, diffusion 0.0001, inclusion 0.01": of_two(SQUARE, blows, [START, HELD], 1e-2),
    "drum, square, inclusion 10": of_two(SQUARE, swings, [START, initial_rate(u=0), HELD], 10.0),
    "drum, square, inclusion 0.01": of_two(SQUARE, swings, [START, initial_rate(u=0), HELD], 1e-2),
    "drum, square, inclusion 10, slopes": of_two(SQUARE, swings, [START, initial_rate(u=0), FREE], 10.0),
    "drum, disc, inclusion 10": of_two(DISC, swings, [START, initial_rate(u=0), HELD], 10.0),
}  # fmt: skip


if __name__ == "__main__":
    table(CASES, sys.argv[1:])
