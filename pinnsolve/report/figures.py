"""One picture of a run: the solution, the reference, their difference, and how training went."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure

from pinnsolve.report import fields
from pinnsolve.report.axes import GREY, Draw, Shown, row, shortened
from pinnsolve.report.curves import MINUS, differences, marked, measured, slices
from pinnsolve.report.fields import Outline, Sampled, finite, limits
from pinnsolve.report.found import functions
from pinnsolve.report.grids import Axis, Grid, pictured, plane, ratio, whole_domain
from pinnsolve.report.histories import history, legend_width
from pinnsolve.report.layout import LAYOUT
from pinnsolve.report.maps import mapped, sizes
from pinnsolve.report.partition import with_cells
from pinnsolve.report.record import Report, over_seeds
from pinnsolve.report.solids import solids
from pinnsolve.report.streamlines import flows

BADGES = {"pass": "#1a7f37", "fail": "#c62828", "unconfirmed": "#9a6700"}


def solution_figure(run: Report, unknowns: Sequence[str] | None = None) -> Figure:
    """The figure of a run, for a reader who sees nothing else.

    With two coordinates or more, each unknown has its solution and reference on one colour scale, their difference on
    a symmetric one, the size of the difference on a logarithmic one, and slices; with one coordinate, curves. Where
    there is no reference, the equations' residuals over the domain stand in for the error. Unknown functions follow,
    and the last row is the history of all residuals.

    Parameters
    ----------
    run : Report
    unknowns : sequence of str, optional
        Those that are shown. By default all, or where that were more than some twenty panels, those with the largest
        errors.
    """
    shown = list(unknowns) if unknowns is not None else most_important(run)
    lines = [*_facts(run), *_left_out(run, shown)]
    rows = [*_rows(run, shown), *_shared_out(LAYOUT.curves, functions(run))]
    heights = [0.62 + 0.22 * len(lines), *(h for h, _ in rows), LAYOUT.history]
    figure = Figure(figsize=(LAYOUT.width, sum(heights)), dpi=LAYOUT.dpi, facecolor="white")
    places = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    parts = [figure.add_subfigure(places[k]) for k in range(len(heights))]
    _header(run, lines, heights[0], parts[0])
    for (height, panels), part in zip(rows, parts[1:-1], strict=True):
        row(part, (LAYOUT.width, height), panels)
    row(parts[-1], (LAYOUT.width, LAYOUT.history), [partial(history, run)], right=legend_width(run))
    return figure


def plain_figure(run: Report, shown: Sequence[str]) -> Figure:
    """The same without title and history: fields, curves and what was found."""
    rows = [*_rows(run, shown), *_shared_out(LAYOUT.curves, functions(run))]
    heights = [h for h, _ in rows]
    figure = Shown(figsize=(LAYOUT.width, sum(heights)), dpi=LAYOUT.dpi, facecolor="white")
    FigureCanvasAgg(figure)
    places = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    for k, (height, panels) in enumerate(rows):
        row(figure.add_subfigure(places[k]), (LAYOUT.width, height), panels)
    return figure


def most_important(run: Report) -> list[str]:
    """The unknowns that a figure shows by itself: those with the largest errors, in the order declared."""
    problem, errors = run.solution.problem, run.comparison.errors
    each = LAYOUT.panels_of_curves if len(problem.coordinates) == 1 else LAYOUT.panels_of_pictures
    worst = sorted(problem.unknowns, key=lambda u: -errors[u].relative_l2 if u in errors else 0.0)
    worst = worst[: LAYOUT.panels // each]
    return [u for u in problem.unknowns if u in worst]


def png(figure: Figure) -> bytes:
    """A figure as a PNG file."""
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream, pil_kwargs={"compress_level": LAYOUT.compression})  # type: ignore[no-untyped-call]
    return stream.getvalue()


def _left_out(run: Report, shown: Sequence[str]) -> list[str]:
    """Which unknowns are not shown, and how to see them."""
    hidden = [u for u in run.solution.problem.unknowns if u not in shown]
    if not hidden:
        return []
    again = "" if run.training.method.startswith("modes") else "--resume "
    told = (
        f"shown: {', '.join(shown)}; not shown: {', '.join(hidden)}   \N{BULLET}   "
        f"all of them with {again}--figures all, some with --figures NAME,NAME; solution.vtu holds them all"
    )
    return textwrap.wrap(told, 150)


def _facts(run: Report) -> list[str]:
    """What the picture's title says beside the name and the verdict."""
    comparison, reference = run.comparison, run.comparison.reference or run.comparison.eigenvalues_of
    if reference is None:
        held_out = ",  ".join(f"{n} {v:.1e}" for n, v in run.training.held_out.items())
        facts = f"no reference: the error is not known   \N{BULLET}   residual on held-out points (rms): {held_out}"
    else:
        errors = ",  ".join(f"{u} {e.relative_l2:.1e}" for u, e in comparison.errors.items())
        kind = "relative L2 error" if run.comparison.eigenvalues_of is None else "relative error"
        facts = (
            f"{kind}: {errors}   \N{BULLET}   tolerance {comparison.tolerance:.1e}   \N{BULLET}   "
            f"reference: {reference.name}, its own error {reference.own_error:.1e}"
        )
    worst = (
        [f"one solution for all values; shown is the worst of {len(run.slices)}: {run.slices[0]}"] if run.slices else []
    )
    return [*worst, *textwrap.wrap(facts, 150), *_scatter(run), *textwrap.wrap(comparison.reason, 150)]


def _scatter(run: Report) -> list[str]:
    if run.scatter is None:
        return []
    spread = ",  ".join(f"{u} {s:.1e}" for u, s in run.scatter.spread.items())
    told = (
        f"scatter of the method over {over_seeds(run)}: {spread}   \N{BULLET}   "
        "bands: mean \N{PLUS-MINUS SIGN} 2 standard deviations of that scatter; they are no error bars"
    )
    return textwrap.wrap(told, 150)


def _header(run: Report, lines: Sequence[str], height: float, part: SubFigure) -> None:
    """The problem's name, the verdict, and the facts below them."""
    verdict, name = run.comparison.verdict, shortened(run.name, 70)
    part.text(0.012, 1 - 0.32 / height, name, fontsize=17, weight="bold", va="center", parse_math=False)
    part.text(
        0.988, 1 - 0.32 / height, verdict.upper(), fontsize=13, weight="bold", ha="right", va="center", color="white",
        bbox={"boxstyle": "round,pad=0.45", "facecolor": BADGES[verdict], "edgecolor": "none"},
    )  # fmt: skip
    for k, line in enumerate(lines):
        part.text(0.012, 1 - (0.68 + 0.22 * k) / height, line, fontsize=10.5, va="center", color=GREY, parse_math=False)


def _rows(run: Report, shown: Sequence[str]) -> list[tuple[float, list[Draw]]]:
    """The rows between the title and the history: their heights and what their panels draw."""
    problem, referenced = run.solution.problem, run.comparison.reference is not None
    on = pictured(problem)
    found = {u: fields.sampled(run, u, on) for u in shown}
    if len(on.axes) == 1:
        if not referenced:
            return _shared_out(
                LAYOUT.curves, [with_cells(run, on, measured(run, u, f)) for u, f in found.items()] + _residuals(run)
            )
        return [
            (LAYOUT.curves, [with_cells(run, on, measured(run, u, f)), _difference(run, u, f)])
            for u, f in found.items()
            if f.difference is not None
        ]
    rows: list[tuple[float, list[Draw]]] = []
    tall, columns = _share(on.axes)
    if not referenced:
        edge = fields.outline(run, on.axes)
        maps = [_solution(run, u, f, Normalize(*limits(f.solution)), edge) for u, f in found.items()]
        rows = _shared_out(tall, maps + flows(run, found, edge) + _spreads(run, found) + _residuals(run), columns)
    else:
        rows = _shared_out(tall, flows(run, found, fields.outline(run, on.axes)), columns)
    for unknown, field in found.items():
        if referenced:
            rows += _shared_out(tall, _compared(run, unknown, field), columns)
        cuts = fields.cuts(run, unknown)
        rows.append((LAYOUT.slices, slices(unknown, field, cuts)))
        rows += _shared_out(LAYOUT.solid, solids(run, unknown))
        if referenced and run.ensemble is not None:
            rows.append((LAYOUT.slices, differences(unknown, cuts)))
    return rows


def _difference(run: Report, unknown: str, field: Sampled) -> Draw:
    """Where the unknown lives."""
    assert isinstance(field.grid, Grid)
    assert field.difference is not None
    outside = fields.beside(run, field.grid, unknown)
    return marked(f"{unknown}: {MINUS}", field.grid, field.difference, spread=field.spread, outside=outside)


def _share(over: Axis) -> tuple[float, int]:
    """The height of a row of pictures over these coordinates, and how many stand in it."""
    wide = ratio(over) or 1.0
    if wide > LAYOUT.wide:
        inside = LAYOUT.width / 2 - LAYOUT.left - LAYOUT.right
        return LAYOUT.below + LAYOUT.above + 2 * LAYOUT.line + inside / wide, 2
    return 1.0 + min(2.0, 2.3 / wide), LAYOUT.columns


def _shared_out(
    height: float, panels: list[Draw], columns: int = LAYOUT.columns
) -> list[tuple[float, list[Draw]]]:  # fmt: skip
    """Panels in as few rows as will do, about equally many in each."""
    rows = -(-len(panels) // columns)
    return [(height, list(row)) for row in np.array_split(np.array(panels, dtype=object), rows)] if panels else []


def _compared(run: Report, unknown: str, field: Sampled) -> list[Draw]:
    reference, norm = run.comparison.reference, Normalize(*limits(*field.values))
    assert reference is not None
    assert field.reference is not None
    assert field.difference is not None
    largest = finite(np.abs(field.difference)).max(initial=0.0) or 1.0
    symmetric = Normalize(-largest, largest)
    name = f"reference ({shortened(reference.name, 22)})"
    edge = fields.outline(run, field.grid.axes)
    return [
        _solution(run, unknown, field, norm, edge),
        mapped(unknown, field, field.reference, norm, name, edge),
        mapped(unknown, field, field.difference, symmetric, MINUS, edge, cmap="RdBu_r"),
        sizes(f"error |{unknown} \N{MINUS SIGN} reference|", fields.error_peaks(run, unknown), edge),
    ]


def _solution(run: Report, unknown: str, field: Sampled, norm: Normalize, edge: Outline | None = None) -> Draw:
    """An unknown over a plane, with the cells that it is made of."""
    return with_cells(run, field.grid, mapped(unknown, field, field.solution, norm, "solution", edge))


def _spreads(run: Report, shown: Mapping[str, Sampled]) -> list[Draw]:
    """The standard deviation over an ensemble's members, where there is no error to set it beside."""
    found = []
    for unknown, field in shown.items():
        if field.spread is not None:
            what = f"{unknown}: std over {over_seeds(run)}"
            on = field.grid
            at = fields.peaks(on, np.nan_to_num(field.spread), tuple(on.axes), fields.beside(run, on))
            found.append(sizes(what, at, fields.outline(run, on.axes)))
    return found


def _residuals(run: Report) -> list[Draw]:
    """The size of each equation's residual over the domain; of many, the largest."""
    trained, problem = run.solution.training, run.solution.problem
    held_out = {} if trained is None else trained.held_out
    on, found = whole_domain(problem), []
    values = fields.residuals(run, on)
    for name in sorted(values, key=lambda name: -held_out.get(name, 0.0))[: LAYOUT.columns]:
        what = f"|residual of {shortened(name, 24)}|"
        if len(on.axes) == 1:
            found.append(marked(what, on, values[name], size=True, outside=fields.beside(run, on, name)))
        else:
            at = fields.peaks(on, values[name], plane(problem), fields.unjudged(run, on, name))
            found.append(sizes(what, at, fields.outline(run, at.axes)))
    return found
