"""Gas in a tube, from one state for x < 0 and another beyond: Riemann's problem, any two waves and the contact.

    rho_t + (rho v)_x = 0,   (rho v)_t + (rho v^2 + p)_x = 0,   E_t + ((E + p) v)_x = 0,   E = p/(gamma - 1) + rho v^2/2

Between both waves pressure p and velocity v are the same. On either side a shock or a fan leads there, which says by how
much v has changed; p is where both say the same v. All depends on x / t alone. In any units.

Source: Toro, Riemann Solvers and Numerical Methods for Fluid Dynamics (2009), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from validation.refine import Array


@dataclass(frozen=True)
class State:
    """Density, velocity and pressure."""

    rho: float
    v: float
    p: float

    def sound(self, gamma: float) -> float:
        return float(np.sqrt(gamma * self.p / self.rho))

    def mirrored(self) -> State:
        return State(self.rho, -self.v, self.p)

    def change(self, p: float, gamma: float) -> float:
        """By how much v differs across a wave behind which the pressure is p."""
        if p > self.p:
            return float((p - self.p) / np.sqrt(self.rho * ((gamma + 1) * p + (gamma - 1) * self.p) / 2))
        return float(2 * self.sound(gamma) / (gamma - 1) * ((p / self.p) ** ((gamma - 1) / (2 * gamma)) - 1))

    def wave(self, p: float, v: float, ray: Array, gamma: float) -> tuple[Array, Array, Array]:
        """What is seen along rays x / t from this state on the left to the contact."""
        c = self.sound(gamma)
        if p > self.p:
            low = (gamma - 1) / (gamma + 1)
            behind = self.rho * (p / self.p + low) / (low * p / self.p + 1)
            shock = self.v - c * np.sqrt((gamma + 1) / (2 * gamma) * p / self.p + (gamma - 1) / (2 * gamma))
            after = ray > shock
            return np.where(after, behind, self.rho), np.where(after, v, self.v), np.where(after, p, self.p)
        end = v - np.sqrt(gamma * p / (self.rho * (p / self.p) ** (1 / gamma)))
        within = np.clip(ray, self.v - c, end)
        here = (2 * c + (gamma - 1) * (self.v - within)) / (gamma + 1)
        speed = within + here
        return self.rho * (here / c) ** (2 / (gamma - 1)), speed, self.p * (here / c) ** (2 * gamma / (gamma - 1))


@dataclass(frozen=True)
class Tube:
    """What a gas does from two states."""

    left: State
    right: State
    gamma: float

    def between(self) -> tuple[float, float]:
        """Pressure and velocity between both waves; raises ValueError where they leave a vacuum."""
        a, b, gamma = self.left, self.right, self.gamma

        def apart(p: float) -> float:
            return a.change(p, gamma) + b.change(p, gamma) + b.v - a.v

        most = 2 * max(a.p, b.p) + 4 * gamma * max(a.rho, b.rho) * (a.v - b.v) ** 2
        p = float(brentq(apart, 1e-12 * min(a.p, b.p), most, xtol=1e-300, rtol=1e-14))
        return p, (a.v - a.change(p, gamma) + b.v + b.change(p, gamma)) / 2

    def at(self, x: Array, t: Array) -> tuple[Array, Array, Array]:
        """Density, velocity and pressure, (N,) each."""
        p, v = self.between()
        ray = x / np.maximum(t, 1e-200)
        left = self.left.wave(p, v, ray, self.gamma)
        rho, back, pressed = self.right.mirrored().wave(p, -v, -ray, self.gamma)
        return tuple(np.where(ray < v, a, b) for a, b in zip(left, (rho, -back, pressed), strict=True))  # type: ignore[return-value]
