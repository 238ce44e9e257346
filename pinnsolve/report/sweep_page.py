"""The page of a sweep: one table, and the error over the parameter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from pinnsolve.machine.files import write_whole
from pinnsolve.report.axes import GREY, shortened, tidy
from pinnsolve.report.embedded import address
from pinnsolve.report.figures import BADGES, png
from pinnsolve.report.histories import CYCLE, DASHES
from pinnsolve.report.layout import LAYOUT
from pinnsolve.report.page import template
from pinnsolve.report.sweep import DIED, FINISHED, PAGE, Row, Sweep, digits, short


def write_sweep_page(sweep: Sweep, folder: Path) -> None:
    """Write `sweep.html`, with links to the reports of all runs."""
    found = sweep_figure(sweep)
    text = template("sweep.html.j2").render(
        s=sweep,
        colour=BADGES["pass" if sweep.passed else "fail"],
        died=[row for row in sweep.rows if row.state == DIED],
        digits=digits,
        figure=None if found is None else address(png(found)),
    )
    write_whole(folder / PAGE, lambda file: file.write_text(text, encoding="utf-8"))


def sweep_figure(sweep: Sweep) -> Figure | None:
    """The largest error of each run over the first parameter that has several values, or else over the seeds.

    Runs that differ in other parameters have lines of their own, through the medians over the seeds. None where nothing
    is known of any error.
    """
    shown = [row for row in sweep.rows if row.state == FINISHED and _height(row)]
    if not shown:
        return None
    over = next((name for name, values in sweep.parameters.items() if len(values) > 1), "")
    series: dict[str, list[Row]] = {}
    for row in shown:
        others = ", ".join(f"{n} = {short(v)}" for n, v in row.parameters.items() if n != over)
        series.setdefault(others, []).append(row)
    figure = Figure(figsize=(LAYOUT.sweep, LAYOUT.curves), dpi=LAYOUT.dpi, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    handles = [_draw(axes, rows, over, k) for k, rows in enumerate(series.values())]
    axes.set_yscale("log")
    for tolerance in {row.tolerance for row in shown if row.tolerance}:
        axes.axhline(tolerance, color=GREY, lw=1.0, ls="--")
    tidy(axes, "largest relative error; dashed: tolerance", (over or "seed", "error"), lines=True)
    _ticks(axes, sorted({_place(row, over) for row in shown}))
    if len(series) > 1:
        kept = handles[: LAYOUT.residuals]
        legend = figure.legend(
            kept, [str(k) for k in range(len(kept))], loc="outside right center", fontsize=9, frameon=False
        )
        for text, label in zip(legend.get_texts(), series, strict=False):  # "$" and "_" mean something to matplotlib
            text.set_parse_math(False)
            text.set_text(shortened(label, 40))
    return figure


def _draw(axes: Axes, rows: Sequence[Row], over: str, number: int) -> Line2D:
    """A dot for each run, full where it passed, and a line; what stands for it in the legend."""
    colour, dash = CYCLE[number % len(CYCLE)], DASHES[number // len(CYCLE) % len(DASHES)]
    for row in rows:
        axes.plot(_place(row, over), _height(row), "o", color=colour, mfc=colour if row.passed else "white", ms=5)
    at = sorted({_place(row, over) for row in rows})
    middle = [median(_height(row) for row in rows if _place(row, over) == x) for x in at]
    (line,) = axes.plot(at, middle, color=colour, ls=dash, lw=1.2, zorder=1)
    return line


def _place(row: Row, over: str) -> float:
    return row.parameters[over] if over else row.seed


def _height(row: Row) -> float:
    """Its error; without a reference what it is estimated to be, and zero where nothing is known."""
    return (row.estimate if row.error is None else row.error) or 0.0


def _ticks(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis for values over a decade or more; ticks at the values themselves, while they have room."""
    if values[0] > 0 and values[-1] >= LAYOUT.decade * values[0]:
        axes.set_xscale("log")
    if len(values) <= LAYOUT.values:
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(values, [f"{value:.4g}" for value in values])
