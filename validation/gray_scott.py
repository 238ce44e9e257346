"""Gray and Scott's reaction in a periodic square.

    u_t = a laplace(u) - u v^2 + F (1 - u)            -1/2 < x, y < 1/2,  periodic,  0 < t < 40
    v_t = b laplace(v) + u v^2 - (F + k) v
    u(x, y, 0) = 1 - G(x + 1/40, y + 1/100) / 2,   v(x, y, 0) = G(x - 1/40, y - 1/100) / 2,
    G(x, y) = exp(3 (cos(2 pi x) + cos(2 pi y) - 2))

Everything is dimensionless. Pearson, Science 261 (1993) 189-192; Kassam & Trefethen, SIAM J. Sci. Comput. 26
(2005) 1214-1233, section 3, for the steps in time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pinnsolve.reference import Reference
from validation.allen_cahn import exponential_step, exponential_weights
from validation.interpolation import WIDTH, on_grid
from validation.refine import Array, Declared, Field, Fields, read, refine

SQUARE = {"x": (-0.5, 0.5), "y": (-0.5, 0.5), "t": (0.0, 40.0)}
SOLVES = "Gray and Scott's reaction u_t = a laplace(u) - u v^2 + F (1 - u), v_t = b laplace(v) + u v^2 - (F + k) v"
EVERY = 4  # steps: between them Lagrange's interpolation is used, so that its error falls as theirs does


def spot(x: Array, y: Array) -> Array:
    """G of the start."""
    return np.asarray(np.exp(3 * (np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y) - 2)))


def exponential_steps(problem: Declared) -> Reference:
    """Fourier modes in space, exponential Runge-Kutta steps of fourth order in time, refined together.

    Reads the parameters "a", "b" (diffusivities), "F" (feed) and "k" (kill), dimensionless; raises ValueError for
    another domain. Own error by Richardson's estimate, of order four: space converges faster.
    """
    numbers = read(problem, SOLVES, SQUARE, "a", "b", "F", "k")
    return refine("Fourier, ETDRK4", lambda n: solve_by_fourier(n, *numbers), (32, 256), problem, SQUARE, order=4)


def solve_by_fourier(n: int, a: float, b: float, feed: float, kill: float) -> Fields:
    """The modes of n x n nodes in 2 n equal steps, as fields of x, y and t."""
    (low, high), end = SQUARE["x"], SQUARE["t"][1]
    steps = 2 * n
    nodes = low + (high - low) * np.arange(n) / n
    x, y = np.meshgrid(nodes, nodes, indexing="ij")
    wave = 2 * np.pi * np.fft.fftfreq(n, (high - low) / n)
    square = wave[:, None] ** 2 + wave[None, : n // 2 + 1] ** 2
    decay = np.stack([-a * square - feed, -b * square - feed - kill])

    def rate(spectrum: NDArray[np.complex128]) -> NDArray[np.complex128]:
        u, v = np.fft.irfft2(spectrum, (n, n))
        made = u * v**2
        return np.asarray(np.fft.rfft2(np.stack([feed - made, made])))

    weights = exponential_weights(decay, end / steps)
    start = np.stack([1 - spot(x + 1 / 40, y + 1 / 100) / 2, spot(x - 1 / 40, y - 1 / 100) / 2])
    spectrum, levels = np.fft.rfft2(start), [start]
    for step in range(1, steps + 1):
        spectrum = exponential_step(rate, spectrum, weights)
        if step % EVERY == 0:
            levels.append(np.fft.irfft2(spectrum, (n, n)))
    u, v = np.stack(levels, axis=1)
    return {"u": _field(u, end * EVERY / steps), "v": _field(v, end * EVERY / steps)}


def _field(levels: Array, step: float) -> Field:
    """From values (levels, n, n) at equal steps of time."""
    n, half = levels.shape[1], WIDTH // 2
    low, high = SQUARE["x"]
    width = (high - low) / n
    wrapped = np.pad(levels, ((0, 0), (half, half), (half, half)), mode="wrap")
    first = low - half * width
    return on_grid(wrapped, t=(0.0, step), x=(first, width), y=(first, width))
