"""A wave in a square of smooth but steep stiffness: spectral elements with a diagonal mass matrix, leapfrog in time.

Cohen, Higher-Order Numerical Methods for Transient Wave Equations, Springer 2002, chapter 11.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import RectBivariateSpline

from benchmarks.pinnacle.recipes import NODES, power_law_field
from benchmarks.pinnacle.truths.elements import Space
from benchmarks.pinnacle.truths.mesh import plane
from benchmarks.pinnacle.truths.record import MOVING, Truth, Values, at_times, on_two_grids, uniform

SIDE = np.linspace(-1, 1, NODES)


def wave2d_cg() -> Truth:
    """Two steps of leapfrog's error are taken off by the fourth derivative in time (the modified equation)."""
    times = np.linspace(0.1, 5, 50)
    here = uniform(MOVING, {"x": (-1, 1), "y": (-1, 1)})
    stiff = RectBivariateSpline(SIDE, SIDE, 6.5 + 5.5 * np.tanh(5 * power_law_field()).T)

    def solve(grid: tuple[int, int]) -> Values:
        cells, steps = grid  # steps between two times
        lines = np.linspace(-1, 1, cells + 1)
        space = Space(plane(lines, lines), 4, lumped=True)
        x, y = space.places.T
        mass, dt = space.load(1.0), 0.1 / steps
        matrix = (-space.stiffness(stiff.ev(space.x, space.y))).multiply(1 / mass[:, None]).tocsr()
        before = np.exp(-((x + 0.5) ** 2 + y**2) / 0.18) * (1 - x**2) ** 2 * (1 - y**2) ** 2
        rate = matrix @ before
        u = before + dt**2 / 2 * rate + dt**4 / 24 * (matrix @ rate)
        at, found = space.at(**here), []
        for number in range(1, 50 * steps + 1):
            if number % steps == 0:
                found.append(at @ u)
            rate = matrix @ u
            u, before = 2 * u - before + dt**2 * rate + dt**4 / 12 * (matrix @ rate), u
        return {"u": np.concatenate(found)}

    about = "spectral elements of degree 4, 48 x 48 and 80 x 80, with leapfrog of order four in 4,000 and 7,000 steps"
    return on_two_grids(at_times(here, times), solve, ((48, 80), (80, 140)), about)


TRUTHS: dict[str, Callable[[], Truth]] = {"wave2d_cg": wave2d_cg}
