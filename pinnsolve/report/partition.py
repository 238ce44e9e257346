"""The cells that a solution is made of, over its picture."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from pinnsolve.report.axes import GREY, Draw
from pinnsolve.report.grids import Array, Grid
from pinnsolve.report.layout import GRIDS
from pinnsolve.report.record import Report
from pinnsolve.trial.of_cells import OfCells


def with_cells(run: Report, on: Grid, below: Draw) -> Draw:
    """A picture with the solution's cells, where it has some and not too many: over a plane their sides, along a line
    strokes at the bottom."""
    cells = corners(run, on)

    def draw(axes: Axes) -> None:
        below(axes)
        if not 1 < len(cells) <= GRIDS.cells:
            return
        if len(on.axes) == 1:
            ends = np.unique(cells)
            axes.plot(ends, np.zeros_like(ends), "|", color=GREY, ms=7, transform=axes.get_xaxis_transform(), zorder=3)
        else:
            sides = PolyCollection(list(cells), facecolors="none", edgecolors="white", linewidths=0.4, alpha=0.55)
            axes.add_collection(sides, autolim=False)

    return draw


def corners(run: Report, on: Grid) -> Array:
    """Of the cells that meet the plane, or line, of a grid: (K, 4, 2) or (K, 2)."""
    trial = run.solution.trial
    found = {c: v.cpu().numpy() for c, v in trial.cells().items()} if isinstance(trial, OfCells) else {}
    if not {*on.axes, *on.fixed} <= found.keys():
        return np.zeros((0, 2))
    there = np.ones(len(next(iter(found.values()))), dtype=bool)
    for c, at in on.fixed.items():
        low, high = found[c].T
        there &= (low < at) & (at <= high) if at > low.min() else low <= at  # at a common end: those below it
    across, *up = (found[c][there] for c in on.axes)
    if not up:
        return across
    around = [(across[:, i], up[0][:, j]) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
    return np.stack([np.stack(corner, 1) for corner in around], 1)
