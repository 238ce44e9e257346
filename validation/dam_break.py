"""Shallow water: a dam between two depths breaks.

    h_t + (h v)_x = 0,     (h v)_t + (h v^2 + g h^2/2)_x = 0              -10 m < x < 10 m,  0 < t < 1 s
    h(x, 0) = 2 m  for x < 0,  1 m  beyond,     v(x, 0) = 0

A fan runs upstream at sqrt(g h), a bore downstream; in between depth and speed are constant. With c = sqrt(g h), in the
fan v + 2 c is that at rest, and v - c = x/t; across the bore, which runs at s, s [h] = [h v] and s [h v] = [h v^2 +
g h^2/2]. Stoker, Water Waves (1957), section 10.8; Toro, Shock-Capturing Methods for Free-Surface Shallow Flows (2001),
chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.optimize import brentq

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

CHANNEL = {"x": (-10.0, 10.0), "t": (0.0, 1.0)}  # m, s
DEEP, SHALLOW = 2.0, 1.0  # m
NEAR = 1e-200  # a time before which there is the start
SOLVES = "shallow water at rest, 2 m deep for x < 0 and 1 m beyond"


@dataclass(frozen=True)
class Waves:
    """What lies between the fan and the bore, and how fast these run (m, s).

    Parameters
    ----------
    g : float
        Gravity (m/s^2).
    h, v : float
        Depth and speed between them.
    bore : float
        The speed of the bore.
    """

    g: float
    h: float
    v: float
    bore: float

    @classmethod
    def of(cls, g: float) -> Waves:
        """The depth at which the speeds behind the fan and behind the bore are the same."""

        def behind_fan(h: float) -> float:
            return float(2 * (np.sqrt(g * DEEP) - np.sqrt(g * h)))

        def behind_bore(h: float) -> float:
            return float((h - SHALLOW) * np.sqrt(g / 2 * (1 / h + 1 / SHALLOW)))

        h = brentq(lambda h: behind_fan(h) - behind_bore(h), SHALLOW, DEEP, xtol=1e-15)
        return cls(g, h, behind_fan(h), h * behind_fan(h) / (h - SHALLOW))

    def at(self, x: Array, t: Array) -> tuple[Array, Array]:
        """Depth and speed, (N,) each."""
        ray = x / np.maximum(t, NEAR)
        still, end = np.sqrt(self.g * DEEP), self.v - np.sqrt(self.g * self.h)
        within = np.clip(ray, -still, end)
        h, v = (2 * still - within) ** 2 / (9 * self.g), 2 / 3 * (still + within)
        return np.where(ray < self.bore, h, SHALLOW), np.where(ray < self.bore, v, 0.0)


def stoker(problem: Declared) -> Reference:
    """Stoker's solution for depth h (m) and discharge m = h v (m^2/s); exact but for rounding.

    Reads the parameter "g" (m/s^2); raises ValueError for another domain.
    """
    begin = perf_counter()
    (g,) = read(problem, SOLVES, CHANNEL, "g")
    waves = Waves.of(g)

    def h(x: Array, t: Array) -> Array:
        return waves.at(x, t)[0]

    def m(x: Array, t: Array) -> Array:
        depth, speed = waves.at(x, t)
        return depth * speed

    return Reference("Stoker's solution", {"h": h, "m": m}, 1e-13, perf_counter() - begin)
