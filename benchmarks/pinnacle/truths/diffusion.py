"""Heat: spectral elements in space, implicit Runge-Kutta steps in time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.interpolate import RectBivariateSpline

from benchmarks.pinnacle.recipes import NODES, power_law_field
from benchmarks.pinnacle.truths.elements import Space
from benchmarks.pinnacle.truths.mesh import Hole, plane
from benchmarks.pinnacle.truths.potentials import ONTO
from benchmarks.pinnacle.truths.record import MOVING, Truth, Values, at_times, on_two_grids, outside_of, uniform
from benchmarks.pinnacle.truths.steps import implicit
from validation.refine import Array

LARGE = [(x, y) for x in (-4.0, 4.0) for y in (-9.0, -3.0, 3.0, 9.0)] + [(0.0, y) for y in (-6.0, 0.0, 6.0)]
SMALL = [(x, y) for x in (-3.2, 3.2) for y in (-6.0, 0.0, 6.0)]
SIDE = np.linspace(0, 1, NODES)


def heat2d_vc() -> Truth:
    """The conductivity is the cubic spline through the field's nodes, not-a-knot at the ends."""
    times = np.linspace(0.1, 5, 50)
    here = uniform(MOVING, {"x": (0, 1), "y": (0, 1)})
    conductivity = RectBivariateSpline(SIDE, SIDE, np.exp(power_law_field()).T)

    def solve(grid: tuple[int, int]) -> Values:
        cells, steps = grid
        lines = np.linspace(0, 1, cells + 1)
        space = Space(plane(lines, lines), 4)
        x, y = space.places.T
        free = ~((np.minimum(x, y) < ONTO) | (np.maximum(x, y) > 1 - ONTO))
        matrix = space.stiffness(conductivity.ev(space.x, space.y))[free][:, free]
        load = 200 * space.load(np.sin(np.pi * space.x) * np.sin(5 * np.pi * space.y))[free]
        states = implicit(
            space.mass()[free][:, free], matrix, lambda t: load * np.sin(np.pi * t), np.zeros(free.sum()),
            np.linspace(0, 5, 50 * steps + 1),
        )  # fmt: skip
        at = space.at(**here)[:, free]
        return {"u": np.concatenate([at @ u for k, u in enumerate(states, 1) if k % steps == 0])}

    about = "spectral elements of degree 4, 24 x 24 with steps of 0.05 and 48 x 48 with 0.025"
    return on_two_grids(at_times(here, times), solve, ((24, 2), (48, 4)), about)


def heat2d_cg() -> Truth:
    """A quarter of the plate, with the symmetries as u_n = 0; steps that double from 1e-6 to 0.05."""
    times = np.linspace(0.1, 3, 30)
    discs = [(*at, 1.0) for at in LARGE] + [(*at, 0.4) for at in SMALL]
    here = uniform(MOVING, {"x": (-8, 8), "y": (-12, 12)}, outside_of(discs))
    holes = [Hole(*at, 1.0, 1.5) for at in LARGE] + [Hole(*at, 0.4, 0.65) for at in SMALL]
    lines = [0, 3.2, 4, 7, 7.7, 8], [0, 3, 6, 9, 11.2, 11.8, 12]
    mesh = plane(
        [-v for v in lines[0]] + lines[0], [-v for v in lines[1]] + lines[1], holes, lambda x, y: x > 0 and y > 0,
        (0.0, 0.1, 0.3, 0.6, 1.0),
    )  # fmt: skip

    def solve(grid: tuple[int, int]) -> Values:
        n, halves = grid
        space = Space(mesh, n)
        mass, matrix, load = space.mass(), space.stiffness(), np.zeros(space.size)
        for u, where in zip((5.0, 1.0, 0.1), (_beside(LARGE, 1.0), _beside(SMALL, 0.4), _outer), strict=True):
            rim, weights = space.rim(where)
            matrix, load = matrix + rim, load + u * weights
        steps = [0.0, *(0.05 / 2.0 ** np.arange(16, -1, -1))]
        steps = [a + (b - a) * k / halves for a, b in pairwise(steps) for k in range(halves)]
        whole = [*steps, *np.arange(0.05, 3.0001, 0.05 / halves)]
        wanted = {round(t, 9) for t in times}
        at = space.at(abs(here["x"]), abs(here["y"]))
        states = implicit(mass, matrix, lambda t: load, np.zeros(space.size), whole)
        return {"u": np.concatenate([at @ u for t, u in zip(whole[1:], states, strict=True) if round(t, 9) in wanted])}

    about = "spectral elements of degrees 5 and 7 on a quarter, steps that double from 1e-6 to 0.05 and twice as many"
    return on_two_grids(at_times(here, times), solve, ((5, 1), (7, 2)), about)


def _beside(discs: list[tuple[float, float]], radius: float) -> Callable[[Array, Array], Array]:
    return lambda x, y: np.any([np.hypot(x - a, y - b) < radius * 1.001 for a, b in discs], axis=0)


def _outer(x: Array, y: Array) -> Array:
    return np.asarray((x > 8 - ONTO) | (y > 12 - ONTO))


TRUTHS: dict[str, Callable[[], Truth]] = {"heat2d_vc": heat2d_vc, "heat2d_cg": heat2d_cg}
