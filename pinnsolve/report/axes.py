"""What all panels of a picture have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from matplotlib.axes import Axes

GREY = "0.35"
Draw = Callable[[Axes], object]


def tidy(axes: Axes, title: str, labels: Iterable[str], lines: bool = False) -> None:
    """Title, names of the axes and, behind curves, a grid."""
    across, up = labels
    axes.set_title(title, fontsize=10, y=1.0, pad=9, parse_math=False)
    axes.set_xlabel(across, fontsize=10.5, parse_math=False)
    axes.set_ylabel(up, fontsize=10.5, parse_math=False)
    axes.tick_params(which="both", labelsize=9)
    if lines:
        axes.grid(color="0.9", lw=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_yscale() == "linear":
            axes.ticklabel_format(axis="y", scilimits=(-2, 4), useMathText=True, useOffset=False)
            axes.yaxis.get_offset_text().set_horizontalalignment("right")  # beside the title, not in it


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"
