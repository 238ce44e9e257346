"""Problems that more than one function solves."""

from __future__ import annotations

from math import pi

from torch import cos, sin

from pinnsolve import Box, d, dirichlet, initial, laplace, neumann
from validation.drawn.statement import Drawn, Numbers, any_size, made


def resonance(rng: Numbers) -> Drawn:
    """A string at one of its own frequencies."""
    length, mode = any_size(rng, 2), int(rng.integers(1, 5))
    k = mode * pi / length
    return Drawn(made(
        space=Box(x=(0, length)), equations=lambda u, x: d(u, x, x) + k**2 * u, conditions=dirichlet(u=0),
    ), alone=False)  # fmt: skip


def without_level(rng: Numbers) -> Drawn:
    """Insulated all around, the sources in balance."""
    n, size = int(rng.integers(1, 4)), any_size(rng, 3)
    return Drawn(made(
        space=Box(x=(0, 1), y=(0, 1)), equations=lambda u, x, y: laplace(u, x, y) - size * cos(n * pi * x) * cos(pi * y),
        conditions=neumann(u=0),
    ), alone=False)  # fmt: skip


def said_twice(rng: Numbers) -> Drawn:
    """Two unknowns, and one equation that is said twice."""
    a, b, c = (float(v) for v in rng.uniform(0.3, 3, 3))
    return Drawn(made(
        time=(0, 1), unknowns=("u", "v"), conditions=initial(u=1, v=0),
        equations=[lambda u, v, t: d(u, t) + a * d(v, t) - b * sin(t), lambda u, v, t: c * (d(u, t) + a * d(v, t) - b * sin(t))],
    ), alone=False)  # fmt: skip


def drum(rng: Numbers) -> Drawn:
    """A drum at one of its frequencies, driven at another place or not at all."""
    m, n, driven = int(rng.integers(1, 3)), int(rng.integers(1, 3)), float(rng.integers(0, 2))
    square = (m**2 + n**2) * pi**2
    return Drawn(made(
        space=Box(x=(0, 1), y=(0, 1)), conditions=dirichlet(u=0),
        equations=lambda u, x, y: laplace(u, x, y) + square * u - driven * sin(5 * pi * x) * sin(pi * y),
    ), alone=False)  # fmt: skip
