"""Maxwell's equations in a square cavity with perfectly conducting walls: two transverse magnetic modes ring.

    Ez_t = Hy_x - Hx_y,    Hx_t = -Ez_y,    Hy_t = Ez_x        0 < x, y < 1,  0 < t < 1.5
    Ez(x, y, 0) = sin(pi x) sin(pi y) + sin(2 pi x) sin(pi y) / 2,    Hx = Hy = 0 at t = 0,    Ez = 0 on the walls

Everything is dimensionless: lengths by the side, times by the side over the speed of light, H by its impedance.

Yee, IEEE Trans. Antennas Propag. 14 (1966) 302-307; Taflove & Hagness, Computational Electrodynamics, 3rd ed., Artech
House 2005, chapter 3; Jackson, Classical Electrodynamics, 3rd ed., Wiley 1999, section 8.7 (the modes).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import hypot
from time import perf_counter

import numpy as np

from pinnsolve.reference import Reference
from validation.interpolation import on_grid
from validation.refine import Array, Declared, Fields, read, refine

CAVITY = {"x": (0.0, 1.0), "y": (0.0, 1.0), "t": (0.0, 1.5)}
SOLVES = "Maxwell's equations Ez_t = Hy_x - Hx_y, Hx_t = -Ez_y, Hy_t = Ez_x in a cavity with Ez = 0 on its walls"
MODES = ((1, 1, 1.0), (2, 1, 0.5))  # half waves along x and along y, amplitude
KEPT = 32  # cells of the grid that is kept: the shorter wave has as many
WIDTH = 6  # nodes a coordinate for interpolation in three of them
COURANT = 0.5  # dt / dx, below 1 / sqrt(2)


def exact_solution(problem: Declared) -> Reference:
    """Ez = sum a sin(m pi x) sin(n pi y) cos(omega t), omega = pi sqrt(m^2 + n^2), and the H that belongs to it.

    No parameters; raises ValueError for another domain. The own error is the rounding of the largest phase.
    Source: Jackson 1999, section 8.7.
    """
    begin = perf_counter()
    read(problem, SOLVES, CAVITY)

    def ez(x: Array, y: Array, t: Array) -> Array:
        parts = (
            a * np.sin(m * np.pi * x) * np.sin(n * np.pi * y) * np.cos(np.pi * hypot(m, n) * t) for m, n, a in MODES
        )
        return np.asarray(sum(parts))

    def hx(x: Array, y: Array, t: Array) -> Array:
        parts = (
            -a * n / hypot(m, n) * np.sin(m * np.pi * x) * np.cos(n * np.pi * y) * np.sin(np.pi * hypot(m, n) * t)
            for m, n, a in MODES
        )
        return np.asarray(sum(parts))

    def hy(x: Array, y: Array, t: Array) -> Array:
        parts = (
            a * m / hypot(m, n) * np.cos(m * np.pi * x) * np.sin(n * np.pi * y) * np.sin(np.pi * hypot(m, n) * t)
            for m, n, a in MODES
        )
        return np.asarray(sum(parts))

    rounding = 2.0**-52 * (1 + 1.5 * np.pi * hypot(2, 1))
    return Reference("exact solution of two modes", {"Ez": ez, "Hx": hx, "Hy": hy}, rounding, perf_counter() - begin)


def yee(problem: Declared) -> Reference:
    """Yee's finite differences in the time domain, of second order, with the own error by Richardson's estimate.

    No parameters; raises ValueError for another domain. Up to 1,024 cells along a side, which is half a minute.
    Source: Yee 1966; Taflove & Hagness 2005, section 3.6.
    """
    read(problem, SOLVES, CAVITY)
    return refine("Yee's finite differences", solve_on_grid, (KEPT, 1024), problem, CAVITY, order=2)


def march(n: int) -> Iterator[tuple[Array, Array, Array]]:
    """Ez at the times k dt, Hx and Hy at (k - 1/2) dt, k = 0, 1, ..., dt = COURANT / n, on n x n cells, without end.

    Ez (n + 1, n + 1) stands on the nodes, Hx (n + 1, n) half a cell on along y, and Hy (n, n + 1) half a cell on along
    x. The arrays are overwritten by the next step.
    """
    node = np.linspace(0.0, 1.0, n + 1)
    ez = np.asarray(sum(a * np.outer(np.sin(m * np.pi * node), np.sin(k * np.pi * node)) for m, k, a in MODES))
    ez[:, [0, -1]] = ez[[0, -1], :] = 0.0
    # At rest H(-dt/2) = -H(dt/2): half a step back from zero.
    hx, hy = COURANT / 2 * np.diff(ez, axis=1), -COURANT / 2 * np.diff(ez, axis=0)
    while True:
        yield ez, hx, hy
        hx -= COURANT * np.diff(ez, axis=1)
        hy += COURANT * np.diff(ez, axis=0)
        ez[1:-1, 1:-1] += COURANT * (np.diff(hy[:, 1:-1], axis=0) - np.diff(hx[1:-1, :], axis=1))


def solve_on_grid(n: int) -> Fields:
    """Ez, Hx and Hy from n x n cells, n a multiple of KEPT, of which every (n / KEPT)-th node and level is kept.

    A level more than needed is kept, since those of H come half a step early.
    """
    stride, dt = n // KEPT, COURANT / n
    levels = round(CAVITY["t"][1] / (stride * dt)) + 2
    kept = np.empty((3, levels, KEPT + 1, KEPT + 1))
    for level, (ez, hx, hy) in enumerate(islice(march(n), 0, (levels - 1) * stride + 1, stride)):
        kept[:, level] = ez[::stride, ::stride], on_nodes(hx, stride), on_nodes(hy.T, stride).T
    place = {"x": (0.0, 1 / KEPT), "y": (0.0, 1 / KEPT)}
    start = {"Ez": 0.0, "Hx": -dt / 2, "Hy": -dt / 2}
    return {
        name: on_grid(values, WIDTH, t=(start[name], stride * dt), **place)
        for name, values in zip(start, kept, strict=True)
    }


def on_nodes(h: Array, stride: int) -> Array:
    """A tangential H (n + 1, n) on every stride-th node of both axes, by cubics along the second.

    On a perfect conductor its normal derivative is zero, so that it goes on as its own mirror image.
    """
    h = np.pad(h[::stride], ((0, 0), (2, 2)), mode="symmetric")
    return np.asarray((9 * (h[:, 1:-2] + h[:, 2:-1]) - h[:, :-3] - h[:, 3:])[:, ::stride] / 16)
