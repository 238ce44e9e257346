"""Sources, pulses, wells and bumps that are much narrower than the domain."""

from __future__ import annotations

from math import erf, pi, sqrt
from typing import Any

import numpy as np
from scipy.integrate import quad_vec
from torch import exp

from pinnsolve import Box, d, dirichlet, exact, face, initial, laplace
from validation.drawn.statement import Drawn, Numbers, any_size, known, made


def spot(rng: Numbers) -> Drawn:
    """A rod that is heated in a narrow place."""
    at, wide, power = rng.uniform(0.1, 0.9), 10 ** rng.uniform(-5, -1.5), any_size(rng, 2)
    near = np.vectorize(erf)

    def twice(x: Any) -> Any:
        """The second antiderivative of the source."""
        s = (x - at) / wide
        return power * wide**2 / 2 * (sqrt(pi) * s * near(s) + np.exp(-(s**2)))

    ends = twice(0.0), twice(1.0)
    return Drawn(made(
        space=Box(x=(0, 1)), equations=lambda u, x: d(u, x, x) + power * exp(-(((x - at) / wide) ** 2)),
        conditions=dirichlet(u=0), reference=exact(u=lambda x: ends[0] + (ends[1] - ends[0]) * x - twice(x)),
    ))  # fmt: skip


def pulse(rng: Numbers) -> Drawn:
    """A short pulse drives a relaxation."""
    at, wide, rate, high = rng.uniform(0.1, 0.9), 10 ** rng.uniform(-5, -1.5), rng.uniform(0.2, 5), any_size(rng, 2)
    near = np.vectorize(erf)

    def answer(t: Any) -> Any:
        shift = rate * wide**2 / 2
        whole = near((t - at - shift) / wide) - near((-at - shift) / wide)
        return high * wide * sqrt(pi) / 2 * np.exp(-rate * (t - at) + rate**2 * wide**2 / 4) * whole

    return Drawn(made(
        time=(0, 1), equations=lambda u, t: d(u, t) + rate * u - high * exp(-(((t - at) / wide) ** 2)),
        conditions=initial(u=0), reference=exact(u=answer),
    ))  # fmt: skip


def bump(rng: Numbers) -> Drawn:
    """A narrow bump is carried along."""
    at, wide, speed = rng.uniform(0.1, 0.5), 10 ** rng.uniform(-4, -1.3), rng.uniform(0.2, 0.5)
    return Drawn(made(
        space=Box(x=(0, 1)), time=(0, 1), equations=lambda u, x, t: d(u, t) + speed * d(u, x),
        conditions=[initial(u=lambda x: exp(-(((x - at) / wide) ** 2))), dirichlet(u=0, on=face(x=0))],
        reference=exact(u=lambda x, t: np.exp(-(((x - speed * t - at) / wide) ** 2))),
    ))  # fmt: skip


def crack(rng: Numbers) -> Drawn:
    """A rod whose conductivity has a narrow well."""
    at, wide, depth = rng.uniform(0.1, 0.9), 10 ** rng.uniform(-4, -1.3), rng.uniform(0.5, 0.999)

    def k(x: Any, e: Any) -> Any:
        return 1 - depth * e(-(((x - at) / wide) ** 2))

    grid = np.unique(np.concatenate([np.linspace(0, 1, 2001), np.clip(at + wide * np.linspace(-8, 8, 4001), 0, 1)]))
    parts = [
        quad_vec(lambda s, a=a, b=b: (b - a) / k(a + (b - a) * s, np.exp), 0, 1)[0] for a, b in [(grid[:-1], grid[1:])]
    ]
    whole = np.concatenate([[0.0], np.cumsum(parts[0])])
    return Drawn(made(
        space=Box(x=(0, 1)), equations=lambda u, x: d(k(x, exp) * d(u, x), x),
        conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
        reference=known(lambda x: np.interp(x, grid, whole / whole[-1]), 1e-5),
    ))  # fmt: skip


def dot(rng: Numbers) -> Drawn:
    """A membrane with a narrow hill in two dimensions, from its own source."""
    a, b, wide = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), 10 ** rng.uniform(-3, -1)

    def load(u: Any, x: Any, y: Any) -> Any:
        r = ((x - a) ** 2 + (y - b) ** 2) / wide**2
        return laplace(u, x, y) - 4 * (r - 1) / wide**2 * exp(-r)

    return Drawn(made(
        space=Box(x=(0, 1), y=(0, 1)), equations=load,
        conditions=dirichlet(u=lambda x, y: exp(-((x - a) ** 2 + (y - b) ** 2) / wide**2)),
        reference=exact(u=lambda x, y: np.exp(-((x - a) ** 2 + (y - b) ** 2) / wide**2)),
    ))  # fmt: skip
