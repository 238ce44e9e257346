"""What moves, one picture a moment: what stays is drawn once."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from PIL import Image

from pinnsolve.report.curves import curves, plotted
from pinnsolve.report.embedded import address
from pinnsolve.report.fields import Sampled, limits, outline, sampled
from pinnsolve.report.grids import Grid, pictured, place, whole_domain
from pinnsolve.report.layout import LAYOUT, MOMENTS
from pinnsolve.report.maps import mapped, smooth
from pinnsolve.report.record import Report


@dataclass(frozen=True)
class OverTime:
    """What a page shows as a slider is moved.

    Parameters
    ----------
    at : list of str
        The moments, "t = 0.25".
    pictures : dict from unknown to list of str
        One for each moment: addresses that hold a PNG file.
    """

    at: list[str]
    pictures: dict[str, list[str]]


def over_time(run: Report, unknowns: Sequence[str]) -> OverTime | None:
    """The first few unknowns as they move; None where there is no time beside space."""
    problem = run.solution.problem
    time, space = problem.domain.time, problem.space_coordinates
    on = pictured(problem) if len(space) == 1 else whole_domain(problem)
    if time is None or not space or time not in on.axes:
        return None
    count = len(on.axes[time])
    chosen = range(0, count, max(1, (count - 1) // MOMENTS.most))
    at = [place({time: float(on.axes[time][k])}) for k in chosen]
    few = unknowns[: MOMENTS.unknowns]
    return OverTime(at, {u: [address(_png(image)) for image in frames(run, u, on, chosen)] for u in few})


def frames(run: Report, unknown: str, on: Grid, chosen: Sequence[int]) -> Iterator[Image.Image]:
    """An unknown over the first one or two coordinates of space, the others in the middle, at some of the times of a
    grid; on one scale."""
    field, time = sampled(run, unknown, on), str(run.solution.problem.domain.time)
    for coordinate in run.solution.problem.space_coordinates[2:]:
        if coordinate in field.grid.axes:
            field = field.at(coordinate, len(field.grid.axes[coordinate]) // 2)
    figure = Figure(figsize=MOMENTS.size, dpi=MOMENTS.dpi, facecolor="white")
    canvas, axes = FigureCanvasAgg(figure), figure.add_axes(MOMENTS.place)
    draw = _prepared(run, unknown, field, axes)
    for artist in (axes.title, *axes.lines, *axes.collections):
        artist.set_visible(False)
    canvas.draw()  # type: ignore[no-untyped-call]
    axes.title.set_visible(True)
    bare = canvas.copy_from_bbox(figure.bbox)  # type: ignore[no-untyped-call]
    for k in chosen:
        canvas.restore_region(bare)  # type: ignore[no-untyped-call]
        moment = field.at(time, k)
        _add(axes, f"{unknown} at {moment.grid.where}", moment, draw)
        image = Image.fromarray(np.asarray(canvas.buffer_rgba()))  # type: ignore[no-untyped-call]
        yield _of_few_colours(image.convert("RGB"), draw is not plotted)


def _prepared(run: Report, unknown: str, field: Sampled, axes: Axes) -> Callable[[Axes, Sampled], object]:
    """Draw what stays; how to draw what does not."""
    time = str(run.solution.problem.domain.time)
    first = field.at(time, 0)
    if len(first.grid.axes) == 1:
        curves(unknown, first, limits(*field.values, *(field.band or ()), margin=0.07))(axes)
        return plotted
    norm, edge = Normalize(*limits(field.solution)), outline(run, first.grid.axes)
    mapped(unknown, Sampled(first.grid, first.solution, None), first.solution, norm, "solution", edge)(axes)
    return lambda axes, moment: smooth(axes, moment.grid.axes, moment.solution, norm, edge)


def _add(axes: Axes, title: str, moment: Sampled, draw: Callable[[Axes, Sampled], object]) -> None:
    """Draw a moment upon what stays, and take it away again for the next one."""
    before = set(axes.get_children())
    draw(axes, moment)
    own = [a for a in axes.get_children() if a not in before]
    axes.title.set_text(title)
    for artist in (*sorted(own, key=lambda a: a.get_zorder()), *axes.spines.values(), axes.title):
        axes.draw_artist(artist)
    for artist in own:
        artist.remove()


def _of_few_colours(image: Image.Image, of_a_map: bool) -> Image.Image:
    """256 of them: those of a map and greys, or those that curves have."""
    if not of_a_map:
        return image.quantize(256, Image.Quantize.FASTOCTREE)
    greys = MOMENTS.greys
    shades = np.linspace(0, 1, greys)[:, None].repeat(3, 1)
    colours = np.concatenate([colormaps["viridis"](np.linspace(0, 1, 256 - greys))[:, :3], shades])
    palette = Image.new("P", (1, 1))
    palette.putpalette((255 * colours).round().astype(np.uint8).tobytes())
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=LAYOUT.compression)
    return stream.getvalue()
