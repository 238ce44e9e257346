"""Sod's tube: a membrane between gas of two pressures bursts.

    rho_t + (rho v)_x = 0,   (rho v)_t + (rho v^2 + p)_x = 0,   E_t + ((E + p) v)_x = 0,   E = p/(gamma - 1) + rho v^2/2
    rho, v, p = 1, 0, 1  for x < 0,   1/8, 0, 1/10  beyond             -1/2 < x < 1/2,  0 < t < 1/5

A fan runs to the left, a contact and a shock to the right. Behind both fan and shock pressure and velocity are the same.
With c^2 = gamma p/rho the fan keeps v + 2 c/(gamma - 1) and p/rho^gamma, and v - c = x/t in it; Rankine's and Hugoniot's
conditions give what is behind the shock. Everything is dimensionless. Sod, J. Comput. Phys. 27 (1978) 1; Toro, Riemann
Solvers and Numerical Methods for Fluid Dynamics (2009), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.optimize import brentq

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

TUBE = {"x": (-0.5, 0.5), "t": (0.0, 0.2)}
LEFT, RIGHT = (1.0, 1.0), (0.125, 0.1)  # density and pressure
NEAR = 1e-200  # a time before which there is the start
SOLVES = "Sod's tube: Euler's equations from (rho, v, p) = (1, 0, 1) for x < 0 and (1/8, 0, 1/10) beyond"


@dataclass(frozen=True)
class Waves:
    """What lies between the fan and the shock.

    Parameters
    ----------
    gamma : float
        The ratio of specific heats.
    p, v : float
        Pressure and velocity there.
    behind_fan, behind_shock : float
        Density on the left and on the right of the contact.
    shock : float
        How fast the shock runs.
    """

    gamma: float
    p: float
    v: float
    behind_fan: float
    behind_shock: float
    shock: float

    @classmethod
    def of(cls, gamma: float) -> Waves:
        """The pressure at which velocities behind the fan and behind the shock are the same."""
        (dense, high), (thin, low) = LEFT, RIGHT
        still, ratio = np.sqrt(gamma * high / dense), (gamma - 1) / (gamma + 1)

        def behind_fan(p: float) -> float:
            return float(2 * still / (gamma - 1) * (1 - (p / high) ** ((gamma - 1) / (2 * gamma))))

        def behind_shock(p: float) -> float:
            return float((p - low) * np.sqrt(2 / (gamma + 1) / thin / (p + ratio * low)))

        p = brentq(lambda p: behind_fan(p) - behind_shock(p), low, high, xtol=1e-15)
        pressed = thin * (p / low + ratio) / (ratio * p / low + 1)
        v = behind_fan(p)
        return cls(gamma, p, v, dense * (p / high) ** (1 / gamma), pressed, v * pressed / (pressed - thin))

    def at(self, x: Array, t: Array) -> tuple[Array, Array, Array]:
        """Density, velocity and pressure, (N,) each."""
        (dense, high), (thin, low), gamma = LEFT, RIGHT, self.gamma
        ray = x / np.maximum(t, NEAR)
        still, end = np.sqrt(gamma * high / dense), self.v - np.sqrt(gamma * self.p / self.behind_fan)
        within = np.clip(ray, -still, end)
        v = 2 / (gamma + 1) * (still + within)
        c = still - (gamma - 1) / 2 * v
        rho, p = dense * (c / still) ** (2 / (gamma - 1)), high * (c / still) ** (2 * gamma / (gamma - 1))
        rho = np.where(ray < self.v, rho, self.behind_shock)
        before = ray > self.shock
        return np.where(before, thin, rho), np.where(before, 0.0, v), np.where(before, low, p)


def riemann(problem: Declared) -> Reference:
    """The solution of Riemann's problem, for rho, v and p; exact but for rounding.

    Reads the parameter "gamma" (dimensionless); raises ValueError for another domain.
    """
    begin = perf_counter()
    (gamma,) = read(problem, SOLVES, TUBE, "gamma")
    waves = Waves.of(gamma)
    fields = {name: lambda x, t, k=k: waves.at(x, t)[k] for k, name in enumerate(("rho", "v", "p"))}
    return Reference("exact solution of Riemann's problem", fields, 1e-13, perf_counter() - begin)
