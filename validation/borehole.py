"""The temperature down a borehole, by logarithms between the cores.

    k T_z = F + H (L - z),      T(z) = 10 + int_0^z (F + H (L - s)) / k(s) ds,      L = 2000

Between two cores k = k_0 + b (s - z_0), and the integral is elementary. The table is read here by itself. Units: K, m,
W/(m K), W/m^2, W/m^3.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, read

DEEP = 2000.0
GROUND = {"z": (0.0, DEEP)}
SOLVES = "conduction down a borehole, T = 10 at the surface"
CORES = Path(__file__).parents[1] / "problems" / "data" / "borehole.csv"


def cores(problem: Declared) -> Reference:
    """Exact but for rounding. Reads the parameters "H" and "F"; raises ValueError for another domain."""
    begin = perf_counter()
    heat, flow = read(problem, SOLVES, GROUND, "H", "F")
    depth, k = np.loadtxt(CORES, delimiter=",", skiprows=2, unpack=True)
    slopes = np.diff(k) / np.diff(depth)

    def risen(number: NDArray[np.intp], z: Array) -> Array:
        """From a core to a depth below it: with s - z_0 = (k - k_0) / b, int (c - H (s - z_0)) / k ds."""
        k0, b, above = k[number], slopes[number], depth[number]
        c, by = flow + heat * (DEEP - above), z - above
        return np.asarray((c + heat * k0 / b) / b * np.log1p(b * by / k0) - heat * by / b)

    steps = risen(np.arange(len(slopes)), depth[1:])
    at_cores = 10 + np.concatenate([[0.0], np.cumsum(steps)])

    def field(z: Array) -> Array:
        number = np.clip(np.searchsorted(depth, z, side="right") - 1, 0, len(slopes) - 1)
        return np.asarray(at_cores[number] + risen(number, z))

    rounding = 1e4 * np.finfo(float).eps  # c / b cancels where neighbouring cores are alike
    return Reference("logarithms between the cores", {"T": field}, float(rounding), perf_counter() - begin)
