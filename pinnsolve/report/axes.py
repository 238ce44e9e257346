"""What all panels of a picture have in common."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from pinnsolve.report.layout import LAYOUT

GREY = "0.35"
SUPERSCRIPTS = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
Draw = Callable[[Axes], object]


class Shown(Figure):
    """A figure that a notebook shows where nobody imported pyplot."""

    def _repr_png_(self) -> bytes:
        made = io.BytesIO()
        self.savefig(made, format="png")
        return made.getvalue()


def row(part: SubFigure, size: tuple[float, float], panels: Sequence[Draw], right: float = LAYOUT.right) -> None:
    """Draw panels side by side into a part of a figure of this size (inches).

    Every panel has its place at once: matplotlib's own layouts measure each text, which costs as much as drawing it.
    """
    width, height = size
    each = width / len(panels)
    for k, draw in enumerate(panels):
        left, wide, tall = k * each + LAYOUT.left, each - LAYOUT.left - right, height - LAYOUT.below - LAYOUT.above
        axes = part.add_axes((left / width, LAYOUT.below / height, wide / width, tall / height))
        draw(axes)
        tall -= LAYOUT.line * (axes.get_title().count("\n") + 1)
        axes.set_position((left / width, LAYOUT.below / height, wide / width, tall / height))


def beside(axes: Axes) -> Axes:
    """The place of a colour bar to the right of a panel."""
    wide = axes.get_window_extent().width / axes.figure.dpi
    return axes.inset_axes((1 + LAYOUT.gap / wide, 0.0, LAYOUT.bar / wide, 1.0))


def tidy(axes: Axes, title: str, labels: Iterable[str], lines: bool = False) -> None:
    """Title, names of the axes and, behind curves, a grid."""
    across, up = labels
    axes.set_title(title, fontsize=10, y=1.0, pad=9, parse_math=False)
    axes.set_xlabel(across, fontsize=10.5, parse_math=False)
    axes.set_ylabel(up, fontsize=10.5, parse_math=False)
    axes.tick_params(which="both", labelsize=9)
    axes.xaxis.set_major_locator(ticks())
    if axes.get_yscale() == "log":
        decades(axes.yaxis)
    else:
        axes.yaxis.set_major_locator(ticks())
    if lines:
        axes.grid(color="0.9", lw=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_yscale() == "linear":
            axes.ticklabel_format(axis="y", scilimits=(-2, 4), useOffset=False)
            axes.yaxis.get_offset_text().set_horizontalalignment("right")  # beside the title, not in it


def ticks() -> MaxNLocator:
    return MaxNLocator(LAYOUT.ticks, steps=[1, 2, 2.5, 5, 10])


def decades(axis: Axis) -> None:
    """Ticks of a logarithmic axis: powers of ten in plain text. Parsing mathematics costs a tenth of a second."""
    axis.set_major_locator(LogLocator(numticks=LAYOUT.ticks + 2))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: power_of_ten(value))


def power_of_ten(value: float) -> str:
    """A power of ten with its exponent raised.

    >>> power_of_ten(1e-12) == "10\\u207b\\u00b9\\u00b2"
    True
    """
    return "10" + str(round(math.log10(value))).translate(SUPERSCRIPTS)


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"
