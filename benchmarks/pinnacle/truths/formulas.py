"""Truths in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.pinnacle.truths.record import MORE_INPUTS, TWO_INPUTS, Truth, by_formula, on_two_grids, uniform
from validation.burgers import solve_by_quadrature

UNIT = (0.0, 1.0)
FIVE = [f"x{k}" for k in range(1, 6)]


def burgers1d_c() -> Truth:
    places = uniform(TWO_INPUTS, {"x": (-1, 1), "t": UNIT})
    about = "the integral of Cole and Hopf, 2 and 4 nodes to the width of its peaks"
    return on_two_grids(places, lambda k: {"u": solve_by_quadrature(k, 0.01 / np.pi)(**places)}, (2, 4), about)


def heat2d_ms() -> Truth:
    places = uniform(MORE_INPUTS, {"x": UNIT, "y": UNIT, "t": (0, 5)})
    x, y, t = places.values()
    decay = 400 / 500**2 + 1
    return by_formula(places, {"u": np.sin(20 * np.pi * x) * np.sin(np.pi * y) * np.exp(-decay * t)}, "exact")


def wave1d_c() -> Truth:
    places = uniform(TWO_INPUTS, {"x": UNIT, "t": UNIT})
    x, t = (np.pi * v for v in places.values())
    return by_formula(places, {"u": np.sin(x) * np.cos(2 * t) + np.sin(4 * x) * np.cos(8 * t) / 2}, "exact")


def wave2d_ms() -> Truth:
    places = uniform(MORE_INPUTS, {"x": UNIT, "y": UNIT, "t": (0, 100)})
    x, y, t = (np.pi * v for v in places.values())
    u = np.sin(3 * x) * np.sinh(2 * y) / np.sinh(2 * np.pi) * np.cos(t)
    u += np.sinh(x) / np.sinh(np.pi) * np.sin(2 * y) * np.cos(np.sqrt(7) * t)
    return by_formula(places, {"u": u}, "exact", 1e-13)


def pnd() -> Truth:
    places = uniform(MORE_INPUTS, dict.fromkeys(FIVE, UNIT))
    return by_formula(places, {"u": np.sin(np.pi / 2 * np.stack(list(places.values()))).sum(axis=0)}, "exact")


def hnd() -> Truth:
    ball = dict.fromkeys(FIVE, (-1.0, 1.0)) | {"t": UNIT}
    places = uniform(MORE_INPUTS, ball, lambda *at: np.sum(np.square(at[:5]), axis=0) < 1)
    square = sum(places[name] ** 2 for name in FIVE)
    return by_formula(places, {"u": np.exp(square / 2 + places["t"])}, "exact")


def pinv() -> Truth:
    places = uniform(TWO_INPUTS, {"x": UNIT, "y": UNIT})
    x, y = places.values()
    a = 1 / (1 + x**2 + y**2 + (x - 1) ** 2 + (y - 1) ** 2)
    return by_formula(places, {"u": np.sin(np.pi * x) * np.sin(np.pi * y), "a": a}, "exact")


def hinv() -> Truth:
    places = uniform(MORE_INPUTS, {"x": (-1, 1), "y": (-1, 1), "t": UNIT})
    x, y, t = places.values()
    shape = np.sin(np.pi * x) * np.sin(np.pi * y)
    return by_formula(places, {"u": np.exp(-t) * shape, "a": 2 + shape}, "exact")


TRUTHS: dict[str, Callable[[], Truth]] = {
    "burgers1d_c": burgers1d_c, "heat2d_ms": heat2d_ms, "wave1d_c": wave1d_c, "wave2d_ms": wave2d_ms, "pnd": pnd,
    "hnd": hnd, "pinv": pinv, "hinv": hinv,
}  # fmt: skip
