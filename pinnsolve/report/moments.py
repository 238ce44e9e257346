"""What evolves, moment by moment, for the report page: drawings that need no script."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import matplotlib as mpl
import numpy as np
from contourpy import contour_generator
from matplotlib.colors import Normalize
from PIL import Image

from pinnsolve.report import fields
from pinnsolve.report.cells import cells_on
from pinnsolve.report.fields import Outline, Sampled, limits, sampled
from pinnsolve.report.grids import Array, exported, plane, ratio
from pinnsolve.report.layout import GRIDS, LAYOUT
from pinnsolve.report.record import Report


@dataclass(frozen=True)
class Drawing:
    """One unknown at one moment: the inside of an SVG.

    Parameters
    ----------
    unknown : str
    wide, tall : int
    image : str
        A picture that fills it, as an address that holds its contents; empty where there are curves.
    lines : list of (class, path)
    low, high, left, right, bottom, top : str
        The range of values, and the ends of both axes.
    across, up : str
        What they are called.
    """

    unknown: str
    wide: int
    tall: int
    image: str
    lines: list[tuple[str, str]]
    low: str
    high: str
    left: str
    right: str
    bottom: str
    top: str
    across: str
    up: str


def moments(run: Report, shown: Sequence[str]) -> list[tuple[str, list[Drawing]]]:
    """Each moment in words, with what the unknowns are then; nothing where there is no time and space.

    They are taken from the grid of the files, which is evaluated anyway; of three dimensions of space or more it is a
    cut through the middle of the others.
    """
    problem = run.solution.problem
    time = problem.domain.time
    if time is None or not problem.space_coordinates:
        return []
    on, over = exported(problem), plane(problem)
    over = over[1:] if over[0] == time else over
    known = problem.domain.shape is None
    found = {u: _cut(sampled(run, u, on, alone=not known), (time, *over)) for u in shown[: LAYOUT.moments]}
    last = len(on.axes[time]) - 1
    steps = [round(k * last / (n - 1)) for n in (min(last + 1, GRIDS.moments),) for k in range(n)]
    edge = fields.outline(run, {c: on.axes[c] for c in over}) if len(over) == 2 else None
    draw = _curve if len(over) == 1 else _map
    bounds = {u: limits(*f.values) for u, f in found.items()}
    return [
        (f"{time} = {on.axes[time][k]:.4g}",
         [draw(run, u, field.at(time, k), bounds[u], edge) for u, field in found.items()])
        for k in steps
    ]  # fmt: skip


def _cut(field: Sampled, kept: Sequence[str]) -> Sampled:
    """In the middle of all other coordinates."""
    for c in [c for c in field.grid.axes if c not in kept]:
        field = field.at(c, len(field.grid.axes[c]) // 2)
    return field


def _curve(run: Report, unknown: str, field: Sampled, bounds: tuple[float, float], _: Outline | None) -> Drawing:
    """The solution, over it the reference, and below where cells meet."""
    ((along, xs),) = field.grid.axes.items()
    wide, tall = LAYOUT.moment, round(LAYOUT.moment / 2)
    low, high = bounds[0] - 0.05 * (bounds[1] - bounds[0]), bounds[1] + 0.05 * (bounds[1] - bounds[0])

    def placed(x: Array) -> Array:
        return wide * (x - xs[0]) / (xs[-1] - xs[0])

    lines = []
    if cells := cells_on(run, field.grid):
        ends = placed(np.unique(np.concatenate(cells[along])))
        lines.append(("cells", "".join(f"M{x:.1f} {tall}v-8" for x in ends)))
    for kind, values in (("solution", field.solution), ("reference", field.reference)):
        if values is not None:
            up = tall * (high - values) / (high - low)
            lines.append((kind, _path(np.stack([placed(xs), up], 1))))
    return Drawing(unknown, wide, tall, "", lines, *_words(low, high, xs, np.array([low, high])), along, unknown)


def _map(run: Report, unknown: str, field: Sampled, bounds: tuple[float, float], edge: Outline | None) -> Drawing:
    """The solution in colours, over it its cells and the shape."""
    (across, xs), (up, ys) = field.grid.axes.items()
    shape = ratio(field.grid.axes) or 1.5
    wide = LAYOUT.moment
    tall = round(wide / shape)

    def placed(x: Array, y: Array) -> Array:
        return np.stack([wide * (x - xs[0]) / (xs[-1] - xs[0]), tall * (ys[-1] - y) / (ys[-1] - ys[0])], -1)

    lines = []
    if cells := cells_on(run, field.grid):
        (a, b), (c, e) = cells[across], cells[up]
        corners = np.stack([placed(a, c), placed(b, c), placed(b, e), placed(a, e)], 1)
        lines.append(("cells", "".join(_path(box) + "Z" for box in corners)))
    if edge is not None:
        parts = contour_generator(edge.xs, edge.ys, edge.signed.T, fill_type="OuterOffset").filled(-np.inf, 0.0)
        rings = [
            points[a:b]
            for points, begins in zip(*cast(tuple[list[Array], list[Array]], parts), strict=True)
            for a, b in pairwise(begins.astype(int))
        ]
        lines.append(("outside", "".join(_path(placed(*ring.T)) + "Z" for ring in rings)))
    image = _image(field.solution if edge is None else fields.widened(field.solution), Normalize(*bounds))
    return Drawing(unknown, wide, tall, image, lines, *_words(*bounds, xs, ys), across, up)


def _image(values: Array, norm: Normalize) -> str:
    """A PNG picture, one point for each value; clear where there is none."""
    colors = mpl.colormaps["viridis"](norm(np.ma.masked_invalid(values.T[::-1])), bytes=True)
    colors[..., 3] = np.where(np.isfinite(values.T[::-1]), 255, 0)
    stream = io.BytesIO()
    Image.fromarray(colors).save(stream, format="PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _path(points: Array) -> str:
    """Through all points (n, 2), interrupted where there is no number."""
    told, pen = list[str](), "M"
    for x, y in points:
        if not np.isfinite(y):
            pen = "M"
            continue
        told.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(told)


def _words(low: float, high: float, xs: Array, ys: Array) -> tuple[str, str, str, str, str, str]:
    low_, high_, left, right, bottom, top = (f"{v:.3g}" for v in (low, high, xs[0], xs[-1], ys[0], ys[-1]))
    return low_, high_, left, right, bottom, top
