"""Evolution in a cube and over shapes of space over cells, and by random features alone: errors, estimates, seconds.

    python -m validation.spaces_in_time                   the table in docs/how_to_choose.md, in a quarter of an hour
    python -m validation.spaces_in_time heat wave         some of its rows
    python -m validation.spaces_in_time --cells           without random features

Tolerance 1e-4, of pulse and hoop 1e-3; seconds of CPU time of all of `solve`, one thread, seed 0, 60 s by the clock each on an idle machine.
Random features are 800 sines.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from math import pi
from typing import Any

import numpy as np
import torch
from torch import cos, exp, sin

from pinnsolve import (
    Ball,
    Box,
    Cylinder,
    NotConverged,
    Problem,
    RandomFeatures,
    condition,
    d,
    dirichlet,
    div,
    exact,
    face,
    faces,
    grad,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
    side,
)
from validation.spaces import told

Field = Callable[..., Any]
CUBE = Box(x=(0, 1), y=(0, 1), z=(0, 1))
FEATURES = RandomFeatures(800)


def stated(
    equations: Any, conditions: Sequence[Any], true: dict[str, Field], time: float = 1.0, space: Any = CUBE,
    tolerance: float = 1e-4,
) -> Problem:  # fmt: skip
    def field(f: Field) -> Field:
        return lambda x, y, z, t: f(*(torch.as_tensor(np.asarray(v)) for v in (x, y, z, t))).numpy()

    starts = initial(**{u: lambda x, y, z, f=f: f(x, y, z, 0 * x) for u, f in true.items()})
    return Problem(
        space=space, time=(0, time), unknowns=tuple(true), equations=equations, conditions=[starts, *conditions],
        reference=exact(**{u: field(f) for u, f in true.items()}), tolerance=tolerance,
    )  # fmt: skip


def bump(x: Any, y: Any, z: Any) -> Any:
    return sin(pi * x) * sin(pi * y) * sin(pi * z)


def mild(x: Any, y: Any, z: Any, t: Any) -> Any:
    return exp(-t) * sin(pi * x) * sin(pi * y) * cos(1.5 * z + 0.3 * x) + t * x * y


def varied(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    k = 0.1 * (1.5 + sin(3 * x + y) * cos(z))
    return d(u, t) - div([k * g for g in grad(u, x, y, z)], x, y, z)


def with_source(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    return varied(u, x, y, z, t) - varied(mild(x, y, z, t), x, y, z, t)


def leaks(much: float) -> Field:
    def of(v: Any, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any) -> Any:
        return nx * d(v, x) + ny * d(v, y) + nz * d(v, z) + much * v

    def residual(u: Any, x: Any, y: Any, z: Any, t: Any, nx: Any, ny: Any, nz: Any) -> Any:
        return of(u, x, y, z, nx, ny, nz) - of(mild(x, y, z, t), x, y, z, nx, ny, nz)

    return residual


def begins(x: Any, y: Any, z: Any) -> Any:
    """The rate at which `mild` starts."""
    return x * y - sin(pi * x) * sin(pi * y) * cos(1.5 * z + 0.3 * x)


def source_of(equation: Field) -> Field:
    """The equation with what makes `mild` its solution on the right side."""

    def residual(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
        return equation(u, x, y, z, t) - equation(mild(x, y, z, t), x, y, z, t)

    return residual


def wind(x_wind: float, y_wind: float, z_wind: float, diffusion: float) -> Field:
    def residual(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
        return d(u, t) + x_wind * d(u, x) + y_wind * d(u, y) + z_wind * d(u, z) - diffusion * laplace(u, x, y, z)

    return residual


def carried(x: Any, y: Any, z: Any, t: Any) -> Any:
    """A Gaussian of width 0.15 that is carried along (1, 0.7, 0.4) and spreads with diffusivity 1e-3."""
    square = (x - 0.3 - t) ** 2 + (y - 0.35 - 0.7 * t) ** 2 + (z - 0.4 - 0.4 * t) ** 2
    wide = 0.15**2 + 2e-3 * t
    return (0.15**2 / wide) ** 1.5 * exp(-square / (2 * wide))


def pulse(x: Any, y: Any, z: Any, t: Any) -> Any:
    """A Gaussian of width 0.12, beside the middle, that spreads with diffusivity 4e-3."""
    wide = 0.12**2 + 8e-3 * t
    return (0.12**2 / wide) ** 1.5 * exp(-((x - 0.45) ** 2 + (y - 0.55) ** 2 + (z - 0.5) ** 2) / (2 * wide))


def hoop(x: Any, y: Any, z: Any, t: Any) -> Any:
    """Around the axis of the cube, along which it is carried."""
    square = (x - 0.5) ** 2 + (y - 0.5) ** 2
    return exp(-(((square - 0.0625) / 0.125) ** 2) - ((z - 0.3 - 0.4 * t) / 0.15) ** 2)


def one(x: Any, y: Any, z: Any, t: Any) -> Any:
    return exp(-t) * cos(pi * x) * cos(pi * y) * cos(pi * z)


def other(x: Any, y: Any, z: Any, t: Any) -> Any:
    return 1 + 0.5 * exp(-2 * t) * cos(pi * x) * cos(pi * y) * (1 + 0.2 * cos(pi * z))


def made(v: Any, diffusion: float, x: Any, y: Any, z: Any, t: Any) -> Any:
    return d(v, t) - diffusion * laplace(v, x, y, z)


def feeds(u: Any, v: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    a, b = one(x, y, z, t), other(x, y, z, t)
    return made(u, 0.05, x, y, z, t) + u * v * v - u - (made(a, 0.05, x, y, z, t) + a * b * b - a)


def eats(u: Any, v: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
    a, b = one(x, y, z, t), other(x, y, z, t)
    return made(v, 0.02, x, y, z, t) - u * v * v + v - (made(b, 0.02, x, y, z, t) - a * b * b + b)


def ring(count: int) -> Field:
    k = 2 * pi * count
    return lambda x, y, z, t: exp(-3e-3 * k**2 * t) * sin(k * (x - t)) * cos(k * (y - t / 2)) * sin(k * (z - t / 4))


PROBLEMS = {
    "heat": stated(lambda u, x, y, z, t: d(u, t) - 0.1 * laplace(u, x, y, z), [dirichlet(u=0)],
                   {"u": lambda x, y, z, t: exp(-0.3 * pi**2 * t) * bump(x, y, z)}),
    "varied": stated(with_source, [dirichlet(u=mild)], {"u": mild}),
    "leaks": stated(with_source, [dirichlet(u=mild, on=faces("x")), condition(leaks(0.0), on=faces("y")),
                                  condition(leaks(2.0), on=faces("z"))], {"u": mild}),
    "wave": stated(lambda u, x, y, z, t: d(u, t, t) - laplace(u, x, y, z), [initial_rate(u=0), dirichlet(u=0)],
                   {"u": lambda x, y, z, t: cos(3**0.5 * pi * t) * bump(x, y, z)}),
    "carried": stated(wind(1, 0.7, 0.4, 1e-3), [dirichlet(u=carried)], {"u": carried}, 0.4),
    "reactions": stated([feeds, eats], [neumann(u=0, v=0)],
                        {"u": one, "v": other}),
    "holed": stated(source_of(lambda u, x, y, z, t: d(u, t) - 0.1 * laplace(u, x, y, z)), [
        dirichlet(u=mild, on=faces("x") | faces("y") | faces("z")), condition(leaks(2.0), on=side("hole"))],
        {"u": mild}, space=CUBE - Ball(x=0.5, y=0.5, z=0.5, radius=0.25, name="hole")),
    "cubic": stated(source_of(lambda u, x, y, z, t: d(u, t) - 0.1 * laplace(u, x, y, z) + u**3), [dirichlet(u=mild)],
                    {"u": mild}, space=Cylinder(x=0, y=0, radius=1, z=(0, 1))),
    "bounces": stated(source_of(lambda u, x, y, z, t: d(u, t, t) - laplace(u, x, y, z)), [initial_rate(u=begins), dirichlet(u=mild)],
                      {"u": mild}, space=Ball(x=0, y=0, z=0, radius=1)),
    "pulse": stated(lambda u, x, y, z, t: d(u, t) - 4e-3 * laplace(u, x, y, z), [dirichlet(u=pulse)], {"u": pulse},
                    tolerance=1e-3),
    "hoop": stated(lambda u, z, t: d(u, t) + 0.4 * d(u, z), [dirichlet(u=hoop, on=face(z=0))], {"u": hoop},
                   tolerance=1e-3),
    "ring": stated(wind(1, 0.5, 0.25, 1e-3), [periodic("x", "y", "z")], {"u": ring(1)}),
}  # fmt: skip


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(
        prog="python -m validation.spaces_in_time", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("problems", nargs="*", choices=[*PROBLEMS, []])
    parser.add_argument("--cells", action="store_true", help="without random features")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds by the clock: more on a loaded machine")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", NotConverged)
    print("| problem | cells: error, estimate, seconds | random features: error, estimate, seconds |\n|---|---|---|")
    for name in given.problems or PROBLEMS:
        problem, features = PROBLEMS[name], "not asked"
        if not given.cells:
            _, features = told(problem, network=FEATURES, budget=given.budget)
        print(f"| {name} | {told(problem, budget=given.budget)[1]} | {features} |", flush=True)


if __name__ == "__main__":
    main()
