"""Fields over a plane, as panels of a picture."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import ScalarFormatter

from pinnsolve.report.axes import GREY, Draw, beside, decades, ticks, tidy
from pinnsolve.report.curves import titled
from pinnsolve.report.fields import Outline, Peaks, Sampled, finite, widened
from pinnsolve.report.grids import Array, Axis, listed, ratio
from pinnsolve.report.layout import LAYOUT


def mapped(
    unknown: str, field: Sampled, values: Array, norm: Normalize, what: str, edge: Outline | None = None,
    cmap: str = "viridis",
) -> Draw:  # fmt: skip
    """A field of its own colour; the bar of solution and reference stands beside the latter, where there is one."""
    bar = field.reference is None or values is not field.solution
    where = f"\nat {field.grid.where}" if field.grid.fixed else ""

    def draw(axes: Axes) -> None:
        painted(axes, field.grid.axes, values, norm, cmap, bar, edge)
        tidy(axes, f"{unknown}: {what}{where}", field.grid.axes)

    return draw


def sizes(what: str, peaks: Peaks, edge: Outline | None = None) -> Draw:
    """A size on a logarithmic scale, the largest marked."""
    over = f", maximum over {listed(peaks.over)}" if peaks.over else ""
    title = titled(what + over + (f", at {peaks.held}" if peaks.held else ""), peaks, 40)

    def draw(axes: Axes) -> None:
        top = finite(peaks.values).max(initial=0.0) or 1e-16
        least = LAYOUT.decades * top
        painted(axes, peaks.axes, np.maximum(peaks.values, least), LogNorm(least, top), "magma", edge=edge)
        across, up = ([peaks.at[c]] for c in peaks.axes)
        for size, width, color in ((9.0, 1.6, "white"), (11.0, 1.0, "black")):  # seen on light and on dark
            axes.plot(across, up, "o", ms=size, mew=width, mfc="none", mec=color, clip_on=False)
        tidy(axes, title, peaks.axes)

    return draw


def painted(
    axes: Axes, over: Axis, values: Array, norm: Normalize, cmap: str, bar: bool = True, edge: Outline | None = None
) -> None:
    xs, ys = over.values()
    values = values if edge is None else widened(values)
    mesh = axes.pcolormesh(xs, ys, values.T, norm=norm, cmap=cmap, shading="nearest", rasterized=True)
    axes.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]))
    if edge is not None:
        axes.contourf(edge.xs, edge.ys, edge.signed.T, levels=[-np.inf, 0.0], colors="white")
        axes.contour(edge.xs, edge.ys, edge.signed.T, levels=[0.0], colors=GREY, linewidths=0.8)
    if ratio(over):
        axes.set_aspect("equal")
    if bar:
        part = axes.get_figure()
        assert part is not None
        scale = part.colorbar(mesh, cax=beside(axes))
        scale.ax.tick_params(labelsize=8.5)
        if isinstance(norm, LogNorm):
            decades(scale.ax.yaxis)
        else:
            scale.ax.yaxis.set_major_locator(ticks())
            small = max(abs(norm.vmin or 0.0), abs(norm.vmax or 0.0)) < 1e-3
            scale.ax.yaxis.set_major_formatter("{x:.1e}" if small else ScalarFormatter(useOffset=False))
