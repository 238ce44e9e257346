"""Steady scalar problems: spectral elements, and in space unfitted ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import spsolve

from benchmarks.pinnacle.recipes import blocks
from benchmarks.pinnacle.truths.elements import Space
from benchmarks.pinnacle.truths.mesh import Hole, graded, plane
from benchmarks.pinnacle.truths.record import STEADY, Truth, Values, on_two_grids, outside_of, uniform
from validation.refine import Array

QUARTER = Hole(0.3, 0.3, 0.1, 0.18)
FOUR = [(0.5, 0.5, 0.2, 0.28), (0.4, -0.4, 0.4, 0.45), (-0.2, -0.7, 0.1, 0.14), (-0.6, 0.5, 0.3, 0.36)]
ONTO = 1e-7  # of nodes and the lines on which they lie


def with_walls(space: Space, matrix: Any, load: Array, held: Any, given: Array) -> Array:
    """The values at the nodes where `given` ones are held."""
    u, free = np.where(held, given, 0.0), ~held
    u[free] = spsolve(matrix[free][:, free].tocsc(), (load - matrix @ u)[free])
    return u


def poisson2d_c() -> Truth:
    """A quarter of the square, with the symmetry as u_n = 0."""
    places = uniform(STEADY, {"x": (-0.5, 0.5), "y": (-0.5, 0.5)}, outside_of([
        (a, b, 0.1) for a in (-0.3, 0.3) for b in (-0.3, 0.3)
    ]))  # fmt: skip

    def solve(n: int) -> Values:
        space = Space(plane([0, 0.3, 0.5], [0, 0.3, 0.5], [QUARTER]), n)
        x, y = space.places.T
        rim = np.hypot(x - 0.3, y - 0.3) < 0.1 + ONTO
        square = np.maximum(x, y) > 0.5 - ONTO
        u = with_walls(space, space.stiffness(), np.zeros(space.size), rim | square, 1.0 * square)
        return {"u": space.at(abs(places["x"]), abs(places["y"])) @ u}

    return on_two_grids(places, solve, (10, 14), "spectral elements, degrees 10 and 14")


def poisson2d_cg() -> Truth:
    places = uniform(STEADY, {"x": (-1, 1), "y": (-1, 1)}, outside_of([(a, b, r) for a, b, r, _ in FOUR]))
    lines = (
        [*graded(-1, 1, 4, (-1, 1), 1e-2), *(h[0] for h in FOUR)],
        [*graded(-1, 1, 4, (-1, 1), 1e-2), *(h[1] for h in FOUR)],
    )
    mesh = plane(*lines, [Hole(*h) for h in FOUR])

    def solve(n: int) -> Values:
        space = Space(mesh, n)
        f = 10 * (17 + space.x**2 + space.y**2) * np.sin(np.pi * space.x) * np.sin(4 * np.pi * space.y)
        x, y = space.places.T
        square = np.maximum(abs(x), abs(y)) > 1 - ONTO
        rim = np.any([np.hypot(x - a, y - b) < r + ONTO for a, b, r, _ in FOUR], axis=0)
        matrix = space.stiffness() + space.mass(64.0)
        u = with_walls(space, matrix, space.load(f), rim | square, np.where(square, 0.2, 1.0))
        return {"u": space.at(**places) @ u}

    return on_two_grids(places, solve, (9, 12), "spectral elements, degrees 9 and 12")


def poisson2d_ms() -> Truth:
    """Elements are halved towards all edges of blocks, where four conductivities may meet."""
    places = uniform(STEADY, {"x": (-10, 10), "y": (-10, 10)})
    edges = (-10, -6, -2, 2, 6, 10)

    def solve(least: float) -> Values:
        lines = graded(-10, 10, 10, edges, least, 0.2)
        space = Space(plane(lines, lines), 4)
        i, j = (np.clip((v + 10) // 4, 0, 4).astype(int) for v in (space.x, space.y))
        a, c0, c1 = (values[i, j] for values in blocks())
        wave = np.abs(np.sin(np.pi * (space.x + 10) / 4) * np.sin(np.pi * (space.y + 10) / 4))
        rim, _ = space.rim(lambda x, y: np.full(x.shape, True))
        u = spsolve((space.stiffness(a) + rim).tocsc(), space.load(c0 + c1 * wave))
        return {"u": space.at(**places) @ u}

    return on_two_grids(
        places,
        solve,
        (1e-6, 1e-8),
        "spectral elements of degree 4, a fifth as wide again and again, to 1e-6 and to 1e-8 at edges",
    )


TRUTHS: dict[str, Callable[[], Truth]] = {
    "poisson2d_c": poisson2d_c, "poisson2d_cg": poisson2d_cg, "poisson2d_ms": poisson2d_ms,
}  # fmt: skip
