"""The nonlinear Klein-Gordon equation: two standing waves that exchange energy.

    u_tt - u_xx + m^2 u + g u^3 = 0               0 < x < 2 pi, periodic,  0 < t < 3
    u(x, 0) = cos x + cos(2 x) / 2,               u_t(x, 0) = 0

Everything is dimensionless; m = g = 1 are the usual values. With g = 0 waves keep the dispersion relation
omega^2 = k^2 + m^2; with g below zero the solution may blow up.

Whitham, Linear and Nonlinear Waves, Wiley 1974, sections 11.1 and 14.1.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.fourier import Flow, State, periodic, split
from validation.refine import Array, Declared, Fields, read, refine

RING = {"x": (0.0, 2 * np.pi), "t": (0.0, 3.0)}
SOLVES = "the Klein-Gordon equation u_tt - u_xx + m^2 u + g u^3 = 0, periodic, from u(x, 0) = cos x + cos(2x)/2 at rest"
MODES = ((1, 1.0), (2, 0.5))  # wave number, amplitude
STEPS = 4  # to a node
ROUNDING = 2.0**-44  # of some hundred steps


def initial(x: Array) -> Array:
    """u(x, 0) = cos x + cos(2 x) / 2, (N,) -> (N,), dimensionless."""
    return np.asarray(sum(a * np.cos(k * x) for k, a in MODES))


def exact_solution(problem: Declared) -> Reference:
    """u = cos x cos(sqrt(1 + m^2) t) + cos(2 x) cos(sqrt(4 + m^2) t) / 2, for g = 0 alone.

    Reads the parameters "m" (mass) and "g" (coupling), dimensionless; raises ValueError for another g or domain. The
    own error is the rounding of the largest phase. Source: Whitham 1974, section 11.1.
    """
    begin, (m, g) = perf_counter(), read(problem, SOLVES, RING, "m", signed=("g",))
    if g != 0:
        raise ValueError(
            f"this reference solves {SOLVES} exactly for g = 0 alone; the problem was given g = {g:g}.\n"
            "  Give the problem the reference klein_gordon.spectral."
        )

    def u(x: Array, t: Array) -> Array:
        return np.asarray(sum(a * np.cos(k * x) * np.cos(np.sqrt(k**2 + m**2) * t) for k, a in MODES))

    rounding = 2.0**-52 * (1 + 4 * np.pi + 3 * np.sqrt(4 + m**2))
    return Reference("exact solution of two linear modes", {"u": u}, rounding, perf_counter() - begin)


def spectral(problem: Declared) -> Reference:
    """Fourier's pseudo-spectral method and a splitting of fourth order, the linear part exact; Richardson's estimate.

    Reads the parameters "m" (above zero) and "g" (of any sign); raises ValueError for another domain, ArithmeticError
    if the solution blows up. Source: Bao & Dong, Numer. Math. 120 (2012) 189-229 (the linear part by its
    exponential); Yoshida, Phys. Lett. A 150 (1990) 262-268 (the splitting).
    """
    m, g = read(problem, SOLVES, RING, "m", signed=("g",))

    def solve(n: int) -> Fields:
        return {"u": periodic(march(n, m, g)[:, 0], RING["x"], RING["t"])}

    found = refine("Fourier spectral", solve, (32, 512), problem, RING, order=4)
    return replace(found, own_error=max(found.own_error, ROUNDING))


def march(n: int, m: float, g: float, start: Array | None = None) -> Array:
    """The levels of (u, u_t), (steps + 1, 2, n), on n nodes and in 4 n steps; from another u(x, 0), (n,), if given."""
    k = np.arange(n // 2 + 1.0)
    omega = np.sqrt(k**2 + m**2)
    u = initial(np.linspace(0.0, 2 * np.pi, n, endpoint=False)) if start is None else start

    def kick(state: State, dt: float) -> State:
        u, rate = state
        return np.stack([u, rate - dt * g * u**3])

    def drift(dt: float) -> Flow:
        cos, sin = np.cos(omega * dt), np.sin(omega * dt)

        def flow(state: State) -> State:
            u, rate = np.fft.rfft(state)
            return np.fft.irfft(np.stack([cos * u + sin / omega * rate, cos * rate - omega * sin * u]), n)

        return flow

    return split(kick, drift, np.stack([u, np.zeros(n)]), RING["t"][1], STEPS * n)
