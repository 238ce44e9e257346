"""Steady problems in space over cells, and by random features alone: errors, estimates, seconds.

    python -m validation.spaces                     the table in docs/how_to_choose.md, in some minutes
    python -m validation.spaces smooth helmholtz    some of its rows

Tolerance 1e-3, and 1e-6 where the solution is smooth; seconds of CPU time of all of `solve`, one thread, seed 0. Random
features are the best of three sizes. Values on walls are zero, so that nothing of a solution can be built in.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from math import cosh, pi, sinh
from typing import Any

import numpy as np
import torch
from torch import exp, sin, tanh, where

from pinnsolve import (
    Ball,
    Box,
    NotConverged,
    Piecewise,
    Problem,
    RandomFeatures,
    compare,
    condition,
    d,
    dirichlet,
    div,
    exact,
    face,
    faces,
    grad,
    laplace,
    solve,
)

Field = Callable[..., Any]
CUBE = Box(x=(0, 1), y=(0, 1), z=(0, 1))
WIDE, MEET, RATIO = 2**0.5 * pi, 0.4, 1e4  # of a mode across two layers; where these meet, and of what they conduct
SPHERE, CONDUCTS = Ball(x=0.2, y=0, z=0, radius=0.4), 10.0
SIZES = 400, 800, 1600


def made(equation: Field, true: Field, conditions: Sequence[Any] = (), tolerance: float = 1e-3) -> Problem:
    """The equation with what makes `true` its solution on the right side."""

    def residual(u: Any, x: Any, y: Any, z: Any) -> Any:
        return equation(u, x, y, z) - equation(true(x, y, z), x, y, z)

    return stated(residual, true, conditions or [dirichlet(u=0)], tolerance)


def stated(equation: Field, true: Field, conditions: Sequence[Any], tolerance: float = 1e-3, **more: Any) -> Problem:
    def field(x: Any, y: Any, z: Any) -> Any:
        return true(*(torch.as_tensor(np.asarray(v)) for v in (x, y, z))).numpy()

    return Problem(
        unknowns="u", equations=equation, conditions=conditions, reference=exact(u=field), tolerance=tolerance,
        **{"space": CUBE, **more},
    )  # fmt: skip


def mild(x: Any, y: Any, z: Any) -> Any:
    return sin(pi * x) * sin(pi * y) * sin(pi * z) * exp(0.5 * x - y * z)


def waves(count: int) -> Field:
    return lambda x, y, z: sin(count * pi * x) * sin(pi * y) * sin(pi * z)


def leaks(u: Any, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any) -> Any:
    def of(v: Any) -> Any:
        return nx * d(v, x) + ny * d(v, y) + nz * d(v, z) + 2 * v

    return of(u) - of(mild(x, y, z))


def poisson(u: Any, x: Any, y: Any, z: Any) -> Any:
    return laplace(u, x, y, z)


def varied(u: Any, x: Any, y: Any, z: Any) -> Any:
    return div([(1.5 + sin(3 * x + y)) * g for g in grad(u, x, y, z)], x, y, z)


def layered(u: Any, x: Any, y: Any, z: Any) -> Any:
    return div([where(z < MEET, 1.0, RATIO) * g for g in grad(u, x, y, z)], x, y, z)


def across(x: Any, y: Any, z: Any) -> Any:
    """Harmonic on either side, with one flux where the layers meet."""
    above = (
        torch.cosh(WIDE * (z - MEET)) * sinh(MEET * WIDE) + torch.sinh(WIDE * (z - MEET)) * cosh(MEET * WIDE) / RATIO
    )
    return sin(pi * x) * sin(pi * y) * where(z < MEET, torch.sinh(WIDE * z), above)


def top(x: Any, y: Any) -> Any:
    rest = (1 - MEET) * WIDE
    return sin(pi * x) * sin(pi * y) * (cosh(rest) * sinh(MEET * WIDE) + sinh(rest) * cosh(MEET * WIDE) / RATIO)


def dipole(x: Any, y: Any, z: Any) -> Any:
    """Of a slope of one along z: a dipole around a sphere that conducts better, and a smaller slope within."""
    square, inside = (x - 0.2) ** 2 + y**2 + z**2, 0.4**2
    away = where(square < inside, inside, square)
    lost = (CONDUCTS - 1) / (CONDUCTS + 2) * 0.4**3 / away**1.5
    return where(square < inside, 3 / (CONDUCTS + 2) * z, z * (1 - lost))


def sphere_in(space: Any) -> Problem:
    def conducts(u: Any, x: Any, y: Any, z: Any, k: Any) -> Any:
        return div([k * g for g in grad(u, x, y, z)], x, y, z)

    k = Piecewise(1.0, (SPHERE, CONDUCTS))
    return stated(conducts, dipole, [dirichlet(u=dipole)], space=space, parameters={"k": k})


PROBLEMS = {
    "smooth": made(poisson, mild, tolerance=1e-6),
    "leaks": made(poisson, mild, [dirichlet(u=0, on=faces("x")), condition(leaks, on=faces("y", "z"))]),
    "conductivity": made(varied, mild),
    "two_layers": stated(
        layered, across, [dirichlet(u=0, on=faces("x", "y") | face(z=0)), dirichlet(u=top, on=face(z=1))]
    ),
    "waves_8": made(poisson, waves(8)),
    "waves_20": made(poisson, waves(20)),
    "helmholtz": made(lambda u, x, y, z: laplace(u, x, y, z) + 225 * u,
                      lambda x, y, z: sin(4 * pi * x) * sin(3 * pi * y) * sin(2 * pi * z) * exp(x * y * z)),
    "reaction": made(lambda u, x, y, z: laplace(u, x, y, z) - u**3 + u, mild),
    "wind": made(lambda u, x, y, z: laplace(u, x, y, z) - 100 * d(u, x), mild),
    "sphere_in_ball": sphere_in(Ball(x=0, y=0, z=0, radius=1)),
    "sphere_in_cube": sphere_in(Box(x=(-1, 1), y=(-1, 1), z=(-1, 1))),
    "layer": made(poisson, lambda x, y, z: tanh((x - 0.4) / 0.03) * sin(pi * x) * sin(pi * y) * sin(pi * z)),
}  # fmt: skip


def told(problem: Problem, **options: Any) -> tuple[float, str]:
    """The error; and with it the estimate, seconds, and how a run ended that did not converge."""
    begun = time.process_time()
    solution = solve(problem, seed=0, **options)
    spent = time.process_time() - begun
    error = max(found.strict for found in compare(solution).errors.values())
    estimate = "none" if solution.estimate is None else f"{solution.estimate:.0e}"
    ended = "" if solution.outcome is None or solution.converged else f" ({solution.outcome.kind})"
    return error, f"{error:.0e}, {estimate}, {spent:.1f}{ended}"


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(prog="python -m validation.spaces", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("problems", nargs="*", choices=[*PROBLEMS, []])
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", NotConverged)
    print("| problem | cells: error, estimate, seconds | random features: error, estimate, seconds |\n|---|---|---|")
    for name in parser.parse_args().problems or PROBLEMS:
        problem = PROBLEMS[name]
        _, features = min(told(problem, network=RandomFeatures(size), budget=30.0) for size in SIZES)
        print(f"| {name} | {told(problem)[1]} | {features} |", flush=True)


if __name__ == "__main__":
    main()
