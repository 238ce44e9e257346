"""Does the march over cells of a plane grow? The one-step operators that it makes, on small linear problems.

    c_new = G c        log(rho(G)) / (length of the step),   rho the spectral radius

on 2 x 2 cells, one of them quartered, and a quarter of it again, so that small cells lie beside large ones. Unlike
`validation.stability`, which compares forms written anew, this asks the form that is built: cells that are joined by
fluxes where each equation diffuses its unknown; else least squares over cells that are weighed by their area, joined by
rows; or, where equations are of second order in time or say so in two, the weak form. `python -m validation.stability_planes` makes the table of `validation/stability_planes.md`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import cos, sin

from pinnsolve import (
    Box,
    Problem,
    d,
    dirichlet,
    face,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
    point,
    solenoidal,
)
from pinnsolve.march import growth
from validation.marched import read

pi = math.pi
LENGTHS = (1 / 4, 1 / 40, 1 / 400, 1 / 4000)


def problem(equations: Any, conditions: list[Any], unknowns: Any = "u", time: float = 1.0) -> Problem:
    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, time), unknowns=unknowns, equations=equations, conditions=conditions,
        reference=None,
    )  # fmt: skip


def wind(diffusion: float) -> Any:
    return lambda u, x, y, t: d(u, t) + d(u, x) + 0.7 * d(u, y) - diffusion * laplace(u, x, y)


def around(u: Any, x: Any, y: Any, t: Any) -> Any:
    return d(u, t) - 2 * pi * (y - 0.5) * d(u, x) + 2 * pi * (x - 0.5) * d(u, y)


def eddy(u: Any, x: Any, y: Any, t: Any) -> Any:
    a, b = sin(2 * pi * x) * cos(2 * pi * y), -cos(2 * pi * x) * sin(2 * pi * y)
    return d(u, t) + a * d(u, x) + b * d(u, y) - 1e-3 * laplace(u, x, y)


def heat(u: Any, x: Any, y: Any, t: Any) -> Any:
    return d(u, t) - laplace(u, x, y)


def drum(u: Any, x: Any, y: Any, t: Any) -> Any:
    return d(u, t, t) - laplace(u, x, y)


SCHROEDINGER = [
    lambda u, v, x, y, t: d(u, t) + laplace(v, x, y) / 2,
    lambda u, v, x, y, t: d(v, t) - laplace(u, x, y) / 2,
]
LIGHT = [
    lambda E, H, K, x, y, t: d(E, t) - d(K, x) + d(H, y),
    lambda E, H, y, t: d(H, t) + d(E, y),
    lambda E, K, x, t: d(K, t) - d(E, x),
]
STOKES = [
    lambda u, p, x, y, t: d(u, t) + d(p, x) - laplace(u, x, y) / 10,
    lambda v, p, x, y, t: d(v, t) + d(p, y) - laplace(v, x, y) / 10,
]
BUMP = initial(u=lambda x, y: sin(pi * x) * sin(pi * y))
RING = [initial(u=lambda x, y: sin(2 * pi * x) * sin(2 * pi * y)), periodic("x", "y")]
STILL = [dirichlet(u=0, v=0), solenoidal("u", "v"), dirichlet(p=0, on=point(x=0, y=0))]
SPIN = initial(u=lambda x, y: sin(pi * x) ** 2 * sin(2 * pi * y), v=lambda x, y: -(sin(pi * y) ** 2) * sin(2 * pi * x))
CASES = {
    "advection, ring": problem(wind(0.0), RING),
    "advection, zero where it enters": problem(wind(0.0), [BUMP, dirichlet(u=0, on=face(x=0) | face(y=0))]),
    "carried around, zero on all walls": problem(around, [BUMP, dirichlet(u=0)]),
    "wind, diffusion 0.01": problem(wind(1e-2), [BUMP, dirichlet(u=0)]),
    "wind, diffusion 0.0001": problem(wind(1e-4), [BUMP, dirichlet(u=0)]),
    "eddies, diffusion 0.001, ring": problem(eddy, RING),
    "heat": problem(heat, [BUMP, dirichlet(u=0)]),
    "heat, slopes": problem(heat, [BUMP, neumann(u=0)]),
    "Schroedinger, ring": problem(SCHROEDINGER, [*RING, initial(v=0)], ("u", "v")),
    "light in a cavity": problem(
        LIGHT, [initial(E=lambda x, y: sin(pi * x) * sin(pi * y), H=0, K=0), dirichlet(E=0)], ("E", "H", "K")
    ),
    "Stokes": problem(STOKES, [SPIN, *STILL], ("u", "v", "p")),
    "drum": problem(drum, [BUMP, initial_rate(u=0), dirichlet(u=0)]),
    "drum, ring": problem(drum, [*RING, initial_rate(u=0)]),
    "drum, pair": problem(
        [lambda u, v, x, y, t: d(u, t) - v, lambda u, v, x, y, t: d(v, t) - laplace(u, x, y)],
        [BUMP, initial(v=0), dirichlet(u=0)], ("u", "v"),
    ),
}  # fmt: skip


def rows(cases: Mapping[str, Problem], degrees: tuple[tuple[int, int], ...]) -> Iterator[str]:
    usual = growth.RULES
    for name, declared in cases.items():
        evolution, _ = read(declared)
        for degree, stages in degrees:
            told = []
            for length in LENGTHS:
                growth.RULES = replace(usual, degree=degree, stages=stages, lengths=(length,))
                told.append(f"{growth.growth(evolution, False, torch.device('cpu')):+.1e}")
            yield f"| {name} | {degree}, {stages} | " + " | ".join(told) + " |"
    growth.RULES = usual


def table(cases: Mapping[str, Problem], arguments: list[str]) -> None:
    """Print a row for each problem and each pair of degrees; of the smallest pair alone with --quick."""
    torch.set_num_threads(1)
    print("| problem | d, q | " + " | ".join(f"step 1/{round(1 / length)}" for length in LENGTHS) + " |")
    print("|---|---|" + "---|" * len(LENGTHS))
    for row in rows(cases, ((5, 3),) if "--quick" in arguments else ((5, 3), (7, 3), (7, 5))):
        print(row, flush=True)


if __name__ == "__main__":
    table(CASES, sys.argv[1:])
