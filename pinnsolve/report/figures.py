"""One picture of a run: the solution, the reference, their difference, and how training went."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import ScalarFormatter

from pinnsolve.files import write_whole
from pinnsolve.report import grids
from pinnsolve.report.axes import GREY, shortened, tidy
from pinnsolve.report.found import functions
from pinnsolve.report.grids import Array, Grid, Peaks, Sampled, finite, limits
from pinnsolve.report.histories import history
from pinnsolve.report.record import Run, over_seeds

DPI = 110
WIDTH = 14.0  # inches
SLICE, CURVE, HISTORY = 2.2, 2.8, 2.5  # inches of height for a row of each kind
COLUMNS = 4
SOLUTION, ERROR, SCATTER = "#3b8bc8", "#b2182b", "#e69f00"
BAND = "\N{PLUS-MINUS SIGN} 2 std over seeds"
BADGES = {"pass": "#1a7f37", "fail": "#c62828", "unconfirmed": "#9a6700"}
DECADES = 1e-4  # what is smaller than this part of the largest is one colour on a logarithmic scale
MINUS = "solution \N{MINUS SIGN} reference"
Draw = Callable[[Axes], object]
Axis = Mapping[str, Array]


def solution_figure(run: Run) -> Figure:
    """The figure of a run, for a reader who sees nothing else.

    With two coordinates or more, each unknown has its solution and reference on one colour scale, their difference on
    a symmetric one, the size of the difference on a logarithmic one, and slices; with one coordinate, curves. Where
    there is no reference, the equations' residuals over the domain stand in for the error. Unknown functions follow,
    and the last row is the history of all residuals.
    """
    lines = _facts(run)
    rows = [*_rows(run), *_shared_out(CURVE, functions(run))]
    heights = [0.62 + 0.22 * len(lines), *(h for h, _ in rows), HISTORY]
    engine = ConstrainedLayoutEngine()
    figure = Figure(figsize=(WIDTH, sum(heights)), dpi=DPI, layout=engine, facecolor="white")
    places = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    parts = [figure.add_subfigure(places[k]) for k in range(len(heights))]
    _header(run, lines, heights[0], parts[0])
    for (_, panels), part in zip(rows, parts[1:-1], strict=True):
        for draw, axes in zip(panels, part.subplots(1, len(panels), squeeze=False)[0], strict=True):
            draw(axes)
    history(run, parts[-1].subplots())
    engine.execute(figure)
    figure.set_layout_engine("none")  # everything has its place: drawing it several times need not find it anew
    return figure


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, whole or not at all."""
    write_whole(path, lambda file: figure.savefig(file, format="png", dpi=DPI))


def _facts(run: Run) -> list[str]:
    """What the picture's title says beside the name and the verdict."""
    comparison, reference = run.comparison, run.comparison.reference
    if reference is None:
        held_out = ",  ".join(f"{n} {v:.1e}" for n, v in run.training.held_out.items())
        facts = f"no reference: the error is not known   \N{BULLET}   residual on held-out points (rms): {held_out}"
    else:
        errors = ",  ".join(f"{u} {e.relative_l2:.1e}" for u, e in comparison.errors.items())
        facts = (
            f"relative L2 error: {errors}   \N{BULLET}   tolerance {comparison.tolerance:.1e}   \N{BULLET}   "
            f"reference: {reference.name}, its own error {reference.own_error:.1e}"
        )
    worst = (
        [f"one network for all values; shown is the worst of {len(run.slices)}: {run.slices[0]}"] if run.slices else []
    )
    return [*worst, *textwrap.wrap(facts, 150), *_scatter(run), *textwrap.wrap(comparison.reason, 150)]


def _scatter(run: Run) -> list[str]:
    if run.scatter is None:
        return []
    spread = ",  ".join(f"{u} {s:.1e}" for u, s in run.scatter.spread.items())
    told = (
        f"scatter of the method over {over_seeds(run)}: {spread}   \N{BULLET}   "
        "bands: mean \N{PLUS-MINUS SIGN} 2 standard deviations of that scatter; they are no error bars"
    )
    return textwrap.wrap(told, 150)


def _header(run: Run, lines: Sequence[str], height: float, part: SubFigure) -> None:
    """The problem's name, the verdict, and the facts below them."""
    verdict, name = run.comparison.verdict, shortened(run.name, 70)
    part.text(0.012, 1 - 0.32 / height, name, fontsize=17, weight="bold", va="center", parse_math=False)
    part.text(
        0.988, 1 - 0.32 / height, verdict.upper(), fontsize=13, weight="bold", ha="right", va="center", color="white",
        bbox={"boxstyle": "round,pad=0.45", "facecolor": BADGES[verdict], "edgecolor": "none"},
    )  # fmt: skip
    for k, line in enumerate(lines):
        part.text(0.012, 1 - (0.68 + 0.22 * k) / height, line, fontsize=10.5, va="center", color=GREY, parse_math=False)


def _rows(run: Run) -> list[tuple[float, list[Draw]]]:
    """The rows between the title and the history: their heights and what their panels draw."""
    problem, referenced = run.solution.problem, run.comparison.reference is not None
    shown = grids.plane(problem)
    on = grids.grid(problem, dict.fromkeys(shown, 1001 if len(shown) == 1 else 161))
    fields = {u: grids.sampled(run, u, on) for u in problem.unknowns}
    if len(shown) == 1:
        signed = {u: f.difference for u, f in fields.items() if f.difference is not None}
        if referenced:
            return [
                (CURVE, [_measured(run, u, fields[u]), _marked(f"{u}: {MINUS}", on, v, spread=fields[u].spread)])
                for u, v in signed.items()
            ]
        return _shared_out(CURVE, [_measured(run, u, f) for u, f in fields.items()] + _residuals(run))
    rows: list[tuple[float, list[Draw]]] = []
    tall = 1.0 + min(2.0, 2.3 / (_ratio(on.axes) or 1.0))
    if not referenced:
        maps = [_map(u, f, f.solution, Normalize(*limits(f.solution)), "solution") for u, f in fields.items()]
        rows = _shared_out(tall, maps + _spreads(run, fields) + _residuals(run))
    for unknown, field in fields.items():
        if referenced:
            rows.append((tall, _compared(run, unknown, field)))
        cuts = grids.cuts(run, unknown)
        rows.append((SLICE, _slices(unknown, field, cuts)))
        if referenced and run.ensemble is not None:
            rows.append((SLICE, _differences(unknown, cuts)))
    return rows


def _shared_out(height: float, panels: list[Draw]) -> list[tuple[float, list[Draw]]]:
    """Panels in as few rows as will do, about equally many in each."""
    rows = -(-len(panels) // COLUMNS)
    return [(height, list(row)) for row in np.array_split(np.array(panels, dtype=object), rows)] if panels else []


def _compared(run: Run, unknown: str, field: Sampled) -> list[Draw]:
    reference, norm = run.comparison.reference, Normalize(*limits(*field.values))
    assert reference is not None
    assert field.reference is not None
    assert field.difference is not None
    largest = finite(np.abs(field.difference)).max(initial=0.0) or 1.0
    symmetric = Normalize(-largest, largest)
    name = f"reference ({shortened(reference.name, 22)})"
    return [
        _map(unknown, field, field.solution, norm, "solution"),
        _map(unknown, field, field.reference, norm, name),
        _map(unknown, field, field.difference, symmetric, MINUS, cmap="RdBu_r"),
        _where(f"error |{unknown} \N{MINUS SIGN} reference|", grids.error_peaks(run, unknown, field)),
    ]


def _spreads(run: Run, fields: Mapping[str, Sampled]) -> list[Draw]:
    """The standard deviation over an ensemble's members, where there is no error to set it beside."""
    found = []
    for unknown, field in fields.items():
        if field.spread is not None:
            where = f" at {field.grid.where}" if field.grid.fixed else ""
            what = f"{unknown}: std over {over_seeds(run)}{where}"
            found.append(_where(what, grids.peaks(field.grid, np.nan_to_num(field.spread), tuple(field.grid.axes))))
    return found


def _residuals(run: Run) -> list[Draw]:
    """The size of each equation's residual over the domain."""
    on, found = grids.whole_domain(run.solution.problem), []
    for equation in run.solution.problem.equations:
        what, values = f"|residual of {shortened(equation.name, 24)}|", grids.residual(run, equation.name, on)
        if len(on.axes) == 1:
            found.append(_marked(what, on, values, size=True))
        else:
            found.append(_where(what, grids.peaks(on, values, grids.plane(run.solution.problem))))
    return found


def _map(unknown: str, field: Sampled, values: Array, norm: Normalize, what: str, cmap: str = "viridis") -> Draw:
    """A field of its own colour; the bar of solution and reference stands beside the latter, where there is one."""
    bar = field.reference is None or values is not field.solution
    where = f"\nat {field.grid.where}" if field.grid.fixed else ""

    def draw(axes: Axes) -> None:
        _picture(axes, field.grid.axes, values, norm, cmap, bar)
        tidy(axes, f"{unknown}: {what}{where}", field.grid.axes)

    return draw


def _where(what: str, peaks: Peaks) -> Draw:
    """A size on a logarithmic scale, the largest marked."""
    title = _titled(what + (f", maximum over {', '.join(peaks.over)}" if peaks.over else ""), peaks, 40)

    def draw(axes: Axes) -> None:
        top = finite(peaks.values).max(initial=0.0) or 1e-16
        _picture(axes, peaks.axes, np.maximum(peaks.values, DECADES * top), LogNorm(DECADES * top, top), "magma")
        across, up = ([peaks.at[c]] for c in peaks.axes)
        for size, width, color in ((9.0, 1.6, "white"), (11.0, 1.0, "black")):  # seen on light and on dark
            axes.plot(across, up, "o", ms=size, mew=width, mfc="none", mec=color, clip_on=False)
        tidy(axes, title, peaks.axes)

    return draw


def _titled(what: str, peak: Peaks, width: int) -> str:
    place = grids.place(peak.at).replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    return f"{what}\n" + textwrap.fill(f"largest {peak.largest:.1e} at {place}", width)


def _picture(axes: Axes, over: Axis, values: Array, norm: Normalize, cmap: str, bar: bool = True) -> None:
    xs, ys = over.values()
    mesh = axes.pcolormesh(xs, ys, values.T, norm=norm, cmap=cmap, shading="nearest", rasterized=True)
    axes.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]))
    if _ratio(over):
        axes.set_aspect("equal")
    if bar:
        part = axes.get_figure()
        assert part is not None
        scale = part.colorbar(mesh, cax=axes.inset_axes((1.03, 0.0, 0.05, 1.0)))
        scale.ax.tick_params(labelsize=8.5)
        if not isinstance(norm, LogNorm):
            small = max(abs(norm.vmin or 0.0), abs(norm.vmax or 0.0)) < 1e-3
            scale.ax.yaxis.set_major_formatter("{x:.1e}" if small else ScalarFormatter(useOffset=False))


def _ratio(over: Axis) -> float | None:
    """Width by height of a picture that is true to scale; None with time, and where it would be too slender."""
    xs, ys = over.values()
    ratio = float((xs[-1] - xs[0]) / (ys[-1] - ys[0]))
    return ratio if "t" not in over and 1 / 3 <= ratio <= 3 else None


def _slices(unknown: str, field: Sampled, cuts: Sequence[Sampled]) -> list[Draw]:
    """Curves on one scale, which is that of the picture too where it is wider."""
    bounds = limits(*field.values, *(v for cut in cuts for v in (*cut.values, *(cut.band or ()))), margin=0.07)
    return [_curves(unknown, cut, bounds, legend=k == 0) for k, cut in enumerate(cuts)]


def _differences(unknown: str, cuts: Sequence[Sampled]) -> list[Draw]:
    """An ensemble's error beside its scatter; where zero lies far outside the band, all members are wrong alike."""
    return [
        _marked(f"{unknown}: {MINUS}, {cut.grid.where}", cut.grid, cut.difference, spread=cut.spread, width=40)
        for cut in cuts
        if cut.difference is not None
    ]


def _band(axes: Axes, xs: Array, low: Array, high: Array) -> None:
    axes.fill_between(xs, low, high, color=SCATTER, alpha=0.4, lw=0, label=BAND)


def _curves(unknown: str, field: Sampled, bounds: tuple[float, float] | None = None, legend: bool = True) -> Draw:
    """The solution as a thick line, the reference as a thin dashed one over it: both are seen where they agree."""
    ((along, xs),) = field.grid.axes.items()
    what = "solution" if field.reference is None else "solution and reference"
    title = f"{unknown} at {field.grid.where}" if field.grid.fixed else f"{unknown}: {what}"

    def draw(axes: Axes) -> None:
        if field.band is not None:
            _band(axes, xs, *field.band)
        width = 4 if field.band is None else 2  # a thick line would hide a narrow band
        axes.plot(xs, field.solution, color=SOLUTION, lw=width, alpha=0.85, label="solution", solid_capstyle="round")
        if field.reference is not None:
            axes.plot(xs, field.reference, color="black", lw=1.2, ls=(0, (5, 2.5)), label="reference")
        axes.set(xlim=(xs[0], xs[-1]), ylim=bounds or limits(*field.values, *(field.band or ()), margin=0.07))
        tidy(axes, title, (along, unknown), lines=True)
        if legend and (field.reference is not None or field.band is not None):
            axes.legend(fontsize=9, frameon=False, handlelength=2.6)

    return draw


def _measured(run: Run, unknown: str, field: Sampled) -> Draw:
    """Curves over the only coordinate, with the data among them: dots that were trained on, rings that were not."""
    (along,) = field.grid.axes
    data = list(grids.measurements(run, unknown))
    bounds = limits(*field.values, *(values for _, values, _ in data), margin=0.07)
    curves = _curves(unknown, field, bounds)

    def draw(axes: Axes) -> None:
        curves(axes)
        for k, (places, values, unseen) in enumerate(data):
            face, name = ("white", "held out") if unseen else ("black", "data")
            label = name if all(u != unseen for _, _, u in data[:k]) else None
            axes.plot(places[along], values, "o", ms=4.5, mfc=face, mec="black", mew=0.9, label=label)
        if data:
            axes.legend(fontsize=9, frameon=False, handlelength=2.6)

    return draw


def _marked(
    what: str, on: Grid, values: Array, size: bool = False, spread: Array | None = None, width: int = 90
) -> Draw:  # fmt: skip
    """One curve with its largest value marked: signed, or its size on a logarithmic scale."""
    ((along, xs),) = on.axes.items()
    peak = grids.peaks(on, values, (along,))

    def draw(axes: Axes) -> None:
        top = peak.largest if 0 < peak.largest < np.inf else 1e-16
        shown = np.maximum(np.abs(values), DECADES * top) if size else values
        axes.set_yscale("log" if size else "linear")
        axes.plot(xs, shown, color=ERROR, lw=1.6)
        if spread is not None:
            _band(axes, xs, values - 2 * spread, values + 2 * spread)
        at = int(np.searchsorted(xs, peak.at[along]))
        axes.plot(xs[at], shown[at], "o", ms=8, mfc="none", mec="black", clip_on=False)
        if not size:
            axes.axhline(0, color="0.6", lw=0.8)
        axes.set_xlim(xs[0], xs[-1])
        tidy(axes, _titled(what, peak, width), (along, "size" if size else "difference"), lines=True)

    return draw
