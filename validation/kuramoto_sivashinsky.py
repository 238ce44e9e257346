"""The Kuramoto-Sivashinsky equation on a ring.

    u_t + u u_x + u_xx + nu u_xxxx = 0    0 < x < 32 pi, periodic,  0 < t < 50,   u(x, 0) = cos(x/16) (1 + sin(x/16))

Everything is dimensionless. Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214-1233, section 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pinnsolve.reference import Reference
from validation.allen_cahn import exponential_step, exponential_weights
from validation.fourier import periodic
from validation.refine import Array, Declared, Field, read, refine

RING = {"x": (0.0, 32 * np.pi), "t": (0.0, 50.0)}
SOLVES = "the Kuramoto-Sivashinsky equation u_t + u u_x + u_xx + nu u_xxxx = 0, u(x, 0) = cos(x/16) (1 + sin(x/16))"


def initial(x: Array) -> Array:
    """u(x, 0), (N,) -> (N,), dimensionless."""
    return np.asarray(np.cos(x / 16) * (1 + np.sin(x / 16)))


def exponential_steps(problem: Declared) -> Reference:
    """Fourier modes in space, exponential Runge-Kutta steps of fourth order in time, refined together.

    Reads the parameter "nu" (of the fourth derivative, dimensionless); raises ValueError for another domain. Own error
    by Richardson's estimate, of order four: space converges faster. Source: Kassam & Trefethen 2005.
    """
    (nu,) = read(problem, SOLVES, RING, "nu")
    return refine("Fourier, ETDRK4", lambda n: {"u": solve_by_fourier(n, nu)}, (128, 1024), problem, RING, order=4)


def solve_by_fourier(n: int, nu: float) -> Field:
    """The modes of n nodes in 4 n equal steps, as a field of x and t."""
    length, end = RING["x"][1], RING["t"][1]
    x, steps = length * np.arange(n) / n, 4 * n
    k = 2 * np.pi / length * np.arange(n // 2 + 1)
    growth: Array = k**2 - nu * k**4
    slope = 1j * np.where(np.arange(n // 2 + 1) < n // 2, k, 0.0)  # the highest mode has no derivative on the grid

    def steepening(wave: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return np.asarray(-0.5 * slope * np.fft.rfft(np.fft.irfft(wave, n) ** 2))

    weights = exponential_weights(growth, end / steps)
    wave, levels = np.fft.rfft(initial(x)), [initial(x)]
    for _ in range(steps):
        wave = exponential_step(steepening, wave, weights)
        levels.append(np.fft.irfft(wave, n))
    return periodic(np.array(levels), RING["x"], RING["t"])
