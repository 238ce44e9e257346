"""Smooth problems in any units, and boundary layers."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
from torch import exp, sin

from pinnsolve import Box, d, dirichlet, exact, face, initial, initial_rate, laplace
from validation.drawn.statement import Drawn, Numbers, any_size, made


def decay(rng: Numbers) -> Drawn:
    """A relaxation about a level, in any units."""
    second, size, level = any_size(rng, 9), any_size(rng, 9), rng.uniform(-1, 1)
    rate, start, base = rng.uniform(0.3, 5) / second, size * rng.uniform(0.5, 2), size * level
    return Drawn(made(
        time=(0, second), equations=lambda u, t: d(u, t) + rate * (u - base), conditions=initial(u=start),
        reference=exact(u=lambda t: base + (start - base) * np.exp(-rate * t)),
    ))  # fmt: skip


def oscillator(rng: Numbers) -> Drawn:
    """A damped spring, in any units."""
    second, size = any_size(rng, 6), any_size(rng, 6)
    omega, damping = rng.uniform(2, 20) / second, rng.uniform(0.1, 1) / second

    def spring(u: Any, t: Any) -> Any:
        return d(u, t, t) + 2 * damping * d(u, t) + (omega**2 + damping**2) * u

    return Drawn(made(
        time=(0, second), equations=spring, conditions=[initial(u=size), initial_rate(u=-damping * size)],
        reference=exact(u=lambda t: size * np.exp(-damping * t) * np.cos(omega * t)),
    ))  # fmt: skip


def cooling(rng: Numbers) -> Drawn:
    """A rod with two modes, in any units, on a level."""
    meter, size, alpha = any_size(rng, 6), any_size(rng, 6), any_size(rng, 6)
    second, second_mode, level = 0.1 * meter**2 / alpha, rng.uniform(-0.5, 0.5), size * rng.uniform(-10, 10)
    k = pi / meter

    def field(x: Any, t: Any, s: Any, e: Any) -> Any:
        slow, fast = e(-alpha * k**2 * t), e(-4 * alpha * k**2 * t)
        return level + size * (slow * s(k * x) + second_mode * fast * s(2 * k * x))

    return Drawn(made(
        space=Box(x=(0, meter)), time=(0, second), equations=lambda u, x, t: d(u, t) - alpha * d(u, x, x),
        conditions=[initial(u=lambda x: field(x, 0 * x, sin, exp)), dirichlet(u=level)],
        reference=exact(u=lambda x, t: field(x, t, np.sin, np.exp)),
    ))  # fmt: skip


def membrane(rng: Numbers) -> Drawn:
    """A plane wave under a load, in any units."""
    meter, size = any_size(rng, 6), any_size(rng, 6)
    a, b, phase = (float(v) for v in rng.uniform(-4, 4, 3))

    def wave(x: Any, y: Any, s: Any) -> Any:
        return size * s((a * x + b * y) / meter + phase)

    return Drawn(made(
        space=Box(x=(0, meter), y=(0, meter)), conditions=dirichlet(u=lambda x, y: wave(x, y, sin)),
        equations=lambda u, x, y: laplace(u, x, y) + (a * a + b * b) / meter**2 * wave(x, y, sin),
        reference=exact(u=lambda x, y: wave(x, y, np.sin)),
    ))  # fmt: skip


def layer(rng: Numbers) -> Drawn:
    """Wind against a wall, with a boundary layer."""
    wind = 10 ** rng.uniform(0, 4)
    return Drawn(made(
        space=Box(x=(0, 1)), equations=lambda u, x: d(u, x, x) / wind - d(u, x),
        conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
        reference=exact(u=lambda x: (np.exp(wind * (x - 1)) - np.exp(-wind)) / (1 - np.exp(-wind))),
    ))  # fmt: skip
