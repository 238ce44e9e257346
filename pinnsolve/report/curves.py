"""Panels of curves: slices, data among them, differences."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from pinnsolve.report import fields, grids
from pinnsolve.report.axes import Draw, tidy
from pinnsolve.report.fields import Peaks, Sampled, limits
from pinnsolve.report.grids import Array, Grid
from pinnsolve.report.layout import LAYOUT
from pinnsolve.report.record import Report

SOLUTION, ERROR, SCATTER = "#3b8bc8", "#b2182b", "#e69f00"
BAND = "\N{PLUS-MINUS SIGN} 2 std over seeds"
MINUS = "solution \N{MINUS SIGN} reference"


def titled(what: str, peak: Peaks, width: int) -> str:
    """With the largest value and its place."""
    place = grids.place(peak.at).replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    return textwrap.fill(what, width + 8) + "\n" + textwrap.fill(f"largest {peak.largest:.1e} at {place}", width)


def slices(unknown: str, field: Sampled, cuts: Sequence[Sampled]) -> list[Draw]:
    """Curves on one scale, which is that of the picture too where it is wider."""
    bounds = limits(*field.values, *(v for cut in cuts for v in (*cut.values, *(cut.band or ()))), margin=0.07)
    return [curves(unknown, cut, bounds, legend=k == 0) for k, cut in enumerate(cuts)]


def differences(unknown: str, cuts: Sequence[Sampled]) -> list[Draw]:
    """An ensemble's error beside its scatter; where zero lies far outside the band, all members are wrong alike."""
    return [
        marked(f"{unknown}: {MINUS}, {cut.grid.where}", cut.grid, cut.difference, spread=cut.spread, width=40)
        for cut in cuts
        if cut.difference is not None
    ]


def _band(axes: Axes, xs: Array, low: Array, high: Array) -> None:
    axes.fill_between(xs, low, high, color=SCATTER, alpha=0.4, lw=0, label=BAND)


def curves(unknown: str, field: Sampled, bounds: tuple[float, float] | None = None, legend: bool = True) -> Draw:
    """The solution as a thick line, the reference as a thin dashed one over it: both are seen where they agree."""
    ((along, xs),) = field.grid.axes.items()
    what = "solution" if field.reference is None else "solution and reference"
    title = f"{unknown} at {field.grid.where}" if field.grid.fixed else f"{unknown}: {what}"

    def draw(axes: Axes) -> None:
        plotted(axes, field)
        axes.set(xlim=(xs[0], xs[-1]), ylim=bounds or limits(*field.values, *(field.band or ()), margin=0.07))
        tidy(axes, title, (along, unknown), lines=True)
        if legend and (field.reference is not None or field.band is not None):
            axes.legend(fontsize=9, frameon=False, handlelength=2.6)

    return draw


def plotted(axes: Axes, field: Sampled) -> None:
    """The curves alone."""
    (xs,) = field.grid.axes.values()
    if field.band is not None:
        _band(axes, xs, *field.band)
    width = 4 if field.band is None else 2  # a thick line would hide a narrow band
    axes.plot(xs, field.solution, color=SOLUTION, lw=width, alpha=0.85, label="solution", solid_capstyle="round")
    if field.reference is not None:
        axes.plot(xs, field.reference, color="black", lw=1.2, ls=(0, (5, 2.5)), label="reference")


def measured(run: Report, unknown: str, field: Sampled) -> Draw:
    """Curves over the only coordinate, with the data among them: dots that were trained on, rings that were not."""
    (along,) = field.grid.axes
    data = list(fields.measurements(run, unknown))
    bounds = limits(*field.values, *(values for _, values, _ in data), margin=0.07)
    below = curves(unknown, field, bounds)

    def draw(axes: Axes) -> None:
        below(axes)
        for k, (places, values, unseen) in enumerate(data):
            face, name = ("white", "held out") if unseen else ("black", "data")
            label = name if all(u != unseen for _, _, u in data[:k]) else None
            axes.plot(
                places[along],
                values,
                "o",
                ms=4.5 if len(values) <= LAYOUT.many else 1.5,
                mfc=face,
                mec="black",
                mew=0.9,
                label=label,
            )
        if data:
            axes.legend(fontsize=9, frameon=False, handlelength=2.6)

    return draw


def marked(
    what: str, on: Grid, values: Array, size: bool = False, spread: Array | None = None, width: int = 90,
    outside: npt.NDArray[np.bool_] | None = None,
) -> Draw:  # fmt: skip
    """One curve with its largest value marked: signed, or its size on a logarithmic scale; there is none `outside`."""
    ((along, xs),) = on.axes.items()
    peak = fields.peaks(on, values, (along,), outside)

    def draw(axes: Axes) -> None:
        top = peak.largest if 0 < peak.largest < np.inf else 1e-16
        shown = np.maximum(np.abs(values), LAYOUT.decades * top) if size else values
        axes.set_yscale("log" if size else "linear")
        axes.plot(xs, shown, color=ERROR, lw=1.6)
        if spread is not None:
            _band(axes, xs, values - 2 * spread, values + 2 * spread)
        at = int(np.searchsorted(xs, peak.at[along]))
        axes.plot(xs[at], shown[at], "o", ms=8, mfc="none", mec="black", clip_on=False)
        if not size:
            axes.axhline(0, color="0.6", lw=0.8)
        axes.set_xlim(xs[0], xs[-1])
        tidy(axes, titled(what, peak, width), (along, "size" if size else "difference"), lines=True)

    return draw
