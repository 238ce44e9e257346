"""Pictures of what lives in three dimensions of space: its surface from two sides, and cuts through its middle."""

from __future__ import annotations

from itertools import product
from typing import cast

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from mpl_toolkits.mplot3d.axes3d import Axes3D

from pinnsolve.geometry.triangulation import surface
from pinnsolve.problem.problem import Problem
from pinnsolve.report import fields
from pinnsolve.report.axes import Draw, ticks
from pinnsolve.report.fields import Sampled, limits, sampled
from pinnsolve.report.grids import Array, Scattered, grid, held
from pinnsolve.report.layout import GRIDS, LAYOUT
from pinnsolve.report.maps import mapped
from pinnsolve.report.record import Report


def solids(run: Report, unknown: str) -> list[Draw]:
    """One unknown on the surface, seen from the front and from behind, and in the two planes through the middle that
    the other pictures do not show, as far as these meet it, all on one scale; nothing where space has not three
    dimensions."""
    problem = run.solution.problem
    space = problem.space_coordinates
    if len(space) != 3:
        return []
    around = sampled(run, unknown, _surface(problem), alone=True)
    planes = [
        sampled(run, unknown, grid(problem, dict.fromkeys(pair, GRIDS.cut)), alone=True)
        for pair in ((space[0], space[2]), (space[1], space[2]))
    ]
    norm = Normalize(*limits(around.solution, *(p.solution for p in planes)))
    seen = [_seen(unknown, around, norm, turn) for turn in (LAYOUT.turn, LAYOUT.turn + 180.0)]
    return seen + [
        mapped(unknown, p, p.solution, norm, "solution", fields.outline(run, p.grid.axes))
        for p in planes if np.isfinite(p.solution).any()
    ]  # fmt: skip


def _surface(problem: Problem) -> Scattered:
    space, shape = problem.space_coordinates, problem.domain.shape
    points, triangles = _of_box(problem) if shape is None else surface(shape, GRIDS.shape[1])
    fixed = {c: v for c, v in held(problem).items() if c not in space}
    return Scattered(dict(zip(space, points.T.copy(), strict=True)), [("triangle", triangles)], fixed)


def _of_box(problem: Problem) -> tuple[Array, npt.NDArray[np.int64]]:
    """Points (n, 3) and triangles (T, 3) of the six faces of a box."""
    steps = np.arange(GRIDS.cut // 2)
    count = len(steps)
    i, j = (a.ravel() for a in np.meshgrid(steps[:-1], steps[:-1], indexing="ij"))
    corner = i * count + j
    far = corner + count + 1
    both = np.concatenate([np.c_[corner, corner + count, far], np.c_[corner, far, corner + 1]])
    points, triangles = list[Array](), list[npt.NDArray[np.int64]]()
    for axis, end in product(range(3), (0, -1)):
        lines = [np.linspace(*problem.domain.ends(c), count) for c in problem.space_coordinates]
        lines[axis] = lines[axis][[end]]
        triangles.append(both + len(points) * count**2)
        points.append(np.stack([a.ravel() for a in np.meshgrid(*lines, indexing="ij")], 1))
    return np.concatenate(points), np.concatenate(triangles)


def _seen(unknown: str, field: Sampled, norm: Normalize, turn: float) -> Draw:
    """The surface from this direction (degrees), lit from above."""
    on = field.grid
    names, points, ((_, triangles),) = list(on.points), np.stack(list(on.points.values()), 1), on.cells
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-300)
    angle = np.radians(turn + 25.0)
    light = 0.72 + 0.28 * np.abs(across @ np.array([0.6 * np.cos(angle), 0.6 * np.sin(angle), 0.8]))
    low, high = points.min(0), points.max(0)
    when = ", ".join(f"{c} = {v:.3g}" for c, v in on.fixed.items())
    what = f"{unknown} on the surface, from {'the front' if turn == LAYOUT.turn else 'behind'}"

    def draw(axes: Axes) -> None:
        colors = mpl.colormaps["viridis"](norm(field.solution[triangles].mean(1)))
        colors[:, :3] *= light[:, None]
        part = cast(Axes3D, axes.inset_axes((-0.12, -0.1, 1.24, 1.16), projection="3d"))
        part.add_collection3d(
            Poly3DCollection(corners, facecolors=colors, edgecolors=colors, linewidths=0.3, rasterized=True)
        )
        part.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
        part.set_box_aspect(high - low, zoom=1.15)
        part.view_init(elev=24.0, azim=turn)
        for axis, name in zip((part.xaxis, part.yaxis, part.zaxis), names, strict=True):
            axis.set_major_locator(ticks())
            axis.set_tick_params(labelsize=7.5, pad=-1)
            axis.label.set(text=name, fontsize=10, parse_math=False)
            axis.labelpad = -5.0
        axes.set_axis_off()
        axes.set_title(what + f"\nat {when}" * bool(when), fontsize=10, y=1.0, pad=9, parse_math=False)

    return draw
