"""Heat in a rod of two materials in perfect contact.

    u_t = (k u_x)_x          0 < x < 1,  0 < t < 1,   k = k1 for x < 0.4, k2 beyond
    u(0, t) = u(1, t) = 0,   u and k u_x continuous at x = 0.4

A mode decays as exp(-s t) and has the shape sin(l x) on the left, r sin(m (1 - x)) on the right, with l = sqrt(s/k1),
m = sqrt(s/k2). Value and flux are continuous where

    k1 l cos(l a) sin(m b) + k2 m cos(m b) sin(l a) = 0,      r = sin(l a) / sin(m b),      a = 0.4, b = 1 - a.

Everything is dimensionless. Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford 1959, section 12.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter

import numpy as np
from scipy.optimize import brentq

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, read

ROD = {"x": (0.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "the rod of two materials u_t = (k u_x)_x, k = k1 for x < 0.4 and k2 beyond, u(0, t) = u(1, t) = 0, two modes"
MIDDLE = 0.4
COUNT = 2


@dataclass(frozen=True)
class Mode:
    """exp(-decay t) times sin(left x) for x < 0.4, ratio sin(right (1 - x)) beyond."""

    decay: float
    left: float
    right: float
    ratio: float


@lru_cache(maxsize=8)
def modes(k1: float, k2: float, count: int = COUNT) -> tuple[Mode, ...]:
    """The slowest modes: sign changes of the condition above on a fine grid of sqrt(s), and Brent's method."""
    a, b = MIDDLE, 1 - MIDDLE

    def condition(root: float | Array) -> float | Array:
        left, right = root / np.sqrt(k1), root / np.sqrt(k2)
        flux = k1 * left * np.cos(left * a) * np.sin(right * b) + k2 * right * np.cos(right * b) * np.sin(left * a)
        return np.asarray(flux)[()]

    found: list[float] = []
    step = 0.01 * np.pi * np.sqrt(min(k1, k2))  # roots lie further apart than sqrt(k) pi over a length below one
    low = step
    while len(found) < count:
        if condition(low) * condition(low + step) < 0:
            found.append(float(brentq(condition, low, low + step, xtol=1e-15)))
        low += step
    scaled = [(root, root / np.sqrt(k1), root / np.sqrt(k2)) for root in found]
    return tuple(Mode(s**2, left, right, float(np.sin(left * a) / np.sin(right * b))) for s, left, right in scaled)


def separated(problem: Declared) -> Reference:
    """The two modes, exact but for rounding.

    Reads the parameters "k1" and "k2" (conductivities, dimensionless), on which the start depends, too; raises
    ValueError for another domain.
    """
    begin = perf_counter()
    k1, k2 = read(problem, SOLVES, ROD, "k1", "k2")
    told = modes(k1, k2)
    # the root is known to a few roundings, and with it the decay over all of time and the phase
    rounding = 8 * np.finfo(float).eps * max(1.0, *(m.decay + m.left + m.right for m in told))
    return Reference("separated modes", {"u": together(told)}, float(rounding), perf_counter() - begin)


def together(told: Sequence[Mode]) -> Field:
    """The sum of modes, as a field of x and t."""

    def field(x: Array, t: Array) -> Array:
        parts = [
            np.exp(-m.decay * t) * np.where(x < MIDDLE, np.sin(m.left * x), m.ratio * np.sin(m.right * (1 - x)))
            for m in told
        ]
        return np.asarray(np.sum(parts, axis=0))

    return field
