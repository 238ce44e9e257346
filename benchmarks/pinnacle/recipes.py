"""The random numbers that tasks are made of, by the benchmark's recipes and from seeds of our own.

NumPy alone, so that problem files and truths may both use them: random coefficients, starts and measurements are data.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SEED = 20220722  # of the benchmark's own tables
NODES = 256  # of the random field, a side
NOISE = 0.1  # standard deviation of the measurements
BLOCKS = 5  # a side


@cache
def power_law_field() -> Array:
    """g (256, 256), rows y, columns x, nodes i/255: a Gaussian random field of spectrum |k|^-4, mean 0, variance 1.

    NumPy's legacy generator with the benchmark's seed gives the benchmark's own field.
    """
    random = np.random.RandomState(SEED)
    noise = random.normal(size=(NODES, NODES)) + 1j * random.normal(size=(NODES, NODES))
    k = np.fft.fftfreq(NODES, 1 / NODES)
    square = k[:, None] ** 2 + k[None, :] ** 2
    square[0, 0] = np.inf
    field = np.fft.ifft2(noise / square).real
    return np.asarray((field - field.mean()) / field.std())


def field_on(low: float, high: float) -> tuple[Array, Array, Array]:
    """x, y (65536,) on the square (low, high)^2, and the field there (65536,)."""
    nodes = np.linspace(low, high, NODES)
    y, x = np.meshgrid(nodes, nodes, indexing="ij")
    return x.ravel(), y.ravel(), power_law_field().ravel()


@cache
def waves() -> tuple[Array, Array, Array]:
    """A, B (2, 4, 4) and shifts (2,) of the start of Burgers2d-C:

    w_c = shift_c + sum over i, j of A_cij sin(2 pi (i x + j y)) + B_cij cos(2 pi (i x + j y)), c = u, v.

    The sums are divided by half of their largest value on 512 x 512 nodes.
    """
    random = np.random.default_rng(1)
    a, b = (np.array(parts) for parts in zip(*(random.standard_normal((2, 4, 4)) for _ in range(2)), strict=True))
    nodes = np.arange(512) / 512
    largest = max(float(sums.max()) for sums in wave_sums(a, b, nodes[:, None], nodes[None, :]))
    return a / (largest / 2), b / (largest / 2), random.standard_normal(2)


def wave_sums(a: Array, b: Array, x: Any, y: Any) -> list[Any]:
    """The two sums of `waves`, without the shifts."""
    phase = {(i, j): 2 * np.pi * (i * x + j * y) for i in range(4) for j in range(4)}
    return [
        sum(a[c, i, j] * np.sin(p) + b[c, i, j] * np.cos(p) for (i, j), p in phase.items()) for c in range(2)
    ]  # fmt: skip


@cache
def blocks() -> tuple[Array, Array, Array]:
    """a, c0, c1 (5, 5) of Poisson2d-MS, first index along x: a = 10^U(-1, 2), c0 and c1 uniform in (-1, 1)."""
    random = np.random.default_rng(6)
    shape = (BLOCKS, BLOCKS)
    return 10 ** random.uniform(-1, 2, shape), random.uniform(-1, 1, shape), random.uniform(-1, 1, shape)


def noise(count: int, seed: int) -> Array:
    """(count,) of N(0, 0.1^2)."""
    return NOISE * np.random.default_rng(seed).standard_normal(count)


def seen_by_grid() -> tuple[Array, Array, Array]:
    """x, y, u (2500,) of PInv: u = sin(pi x) sin(pi y) on 50 x 50 nodes of the unit square, with noise."""
    nodes = np.linspace(0, 1, 50)
    x, y = (a.ravel() for a in np.meshgrid(nodes, nodes, indexing="ij"))
    return x, y, np.sin(np.pi * x) * np.sin(np.pi * y) + noise(x.size, 21)


def seen_in_time() -> tuple[Array, Array, Array, Array]:
    """x, y, t, u (2500,) of HInv: u = exp(-t) sin(pi x) sin(pi y) at random places and times, with noise."""
    random = np.random.default_rng(22)
    x, y, t = random.uniform(-1, 1, 2500), random.uniform(-1, 1, 2500), random.uniform(0, 1, 2500)
    return x, y, t, np.exp(-t) * np.sin(np.pi * x) * np.sin(np.pi * y) + noise(x.size, 23)
