"""Data and materials that jump or have kinks."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
from torch import where

from pinnsolve import Box, Problem, d, dirichlet, exact, face, initial, initial_rate
from validation.drawn.statement import Drawn, Numbers, any_size, known, made

MODES = np.arange(1, 4001)


def _sine_series(coefficients: Any, length: float, decay: float) -> Callable[..., Any]:
    """sum b_k exp(-decay (k pi / L)^2 t) sin(k pi x / L)."""
    k = MODES[:, None] * pi / length

    def field(x: Any, t: Any) -> Any:
        flat, moments = np.ravel(x), np.ravel(np.broadcast_to(t, np.shape(x)))
        parts = [
            np.sum(
                coefficients[:, None] * np.exp(-decay * k**2 * moments[i : i + 512]) * np.sin(k * flat[i : i + 512]), 0
            )
            for i in range(0, len(flat), 512)
        ]
        return np.concatenate(parts).reshape(np.shape(x))

    return field


def _rod(length: float, alpha: float, start: Any, coefficients: Any, end: float) -> Problem:
    return made(
        space=Box(x=(0, length)), time=(0, end), equations=lambda u, x, t: d(u, t) - alpha * d(u, x, x),
        conditions=[initial(u=start), dirichlet(u=0)], reference=known(_sine_series(coefficients, length, alpha), 1e-4),
    )  # fmt: skip


def tent(rng: Numbers) -> Drawn:
    """A rod with a temperature joined by two lines."""
    length, alpha, high = any_size(rng, 1), rng.uniform(0.02, 0.2), any_size(rng, 2)
    top = length * rng.uniform(0.2, 0.8)
    k = MODES * pi / length
    b = 2 * high * np.sin(k * top) / (k**2 * top * (length - top))
    end = length**2
    return Drawn(
        _rod(length, alpha, lambda x: where(x < top, high * x / top, high * (length - x) / (length - top)), b, end)
    )


def top_hat(rng: Numbers) -> Drawn:
    """A rod of which a part is hot."""
    low, wide = rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.4)
    k = MODES * pi
    b = 2 / k * (np.cos(k * low) - np.cos(k * (low + wide)))
    return Drawn(_rod(1.0, rng.uniform(0.02, 0.2), lambda x: where((x > low) & (x < low + wide), 1.0, 0.0), b, 1.0))


def plucked(rng: Numbers) -> Drawn:
    """A string that is plucked, by d'Alembert's formula."""
    top, speed = rng.uniform(0.2, 0.8), rng.uniform(0.5, 2)

    def shape(x: Any) -> Any:
        return where(x < top, x / top, (1 - x) / (1 - top))

    def mirrored(s: Any) -> Any:
        s = np.mod(s + 1, 2) - 1
        a = np.abs(s)
        return np.sign(s) * np.where(a < top, a / top, (1 - a) / (1 - top))

    return Drawn(made(
        space=Box(x=(0, 1)), time=(0, 1), equations=lambda u, x, t: d(u, t, t) - speed**2 * d(u, x, x),
        conditions=[initial(u=shape), initial_rate(u=0), dirichlet(u=0)],
        reference=exact(u=lambda x, t: (mirrored(x - speed * t) + mirrored(x + speed * t)) / 2),
    ))  # fmt: skip


def tracer(rng: Numbers) -> Drawn:
    """A tracer that is let in for a while, or from a moment on, and carried along."""
    speed, begin, high = rng.uniform(0.3, 2), rng.uniform(0.1, 0.5), any_size(rng, 2)
    end = begin + rng.uniform(0.1, 3)
    return Drawn(made(
        space=Box(x=(0, 1)), time=(0, 1), equations=lambda u, x, t: d(u, t) + speed * d(u, x),
        conditions=[initial(u=0), dirichlet(u=lambda t: where((t > begin) & (t < end), high, 0.0), on=face(x=0))],
        reference=exact(u=lambda x, t: high * ((t - x / speed > begin) & (t - x / speed < end))),
    ))  # fmt: skip


def two_materials(rng: Numbers) -> Drawn:
    """Heat through two materials, written as everybody writes it."""
    joint, left, right = rng.uniform(0.2, 0.8), any_size(rng, 1), any_size(rng, 1)
    flux = 1 / (joint / left + (1 - joint) / right)

    def through(u: Any, x: Any) -> Any:
        return d(where(x < joint, left, right) * d(u, x), x)

    return Drawn(made(
        space=Box(x=(0, 1)), equations=through, conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
        reference=exact(u=lambda x: np.where(x < joint, flux * x / left, 1 - flux * (1 - x) / right)),
    ))  # fmt: skip


def switched(rng: Numbers) -> Drawn:
    """A capacitor that is charged from a moment on."""
    rate, begin, high = rng.uniform(0.5, 5), rng.uniform(0.2, 0.8), any_size(rng, 3)
    return Drawn(made(
        time=(0, 1), equations=lambda u, t: d(u, t) + rate * (u - where(t > begin, high, 0.0)), conditions=initial(u=0),
        reference=exact(u=lambda t: np.where(t > begin, high * (1 - np.exp(-rate * np.maximum(t - begin, 0))), 0.0)),
    ))  # fmt: skip
