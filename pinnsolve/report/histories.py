"""The panel that shows how training went."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pinnsolve.report.axes import GREY, shortened, tidy
from pinnsolve.report.layout import LAYOUT
from pinnsolve.report.record import Report, over_seeds

CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")  # Okabe & Ito: colour-blind-safe
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))  # for residuals beyond the colours
KEPT = "#b2182b"


def history(run: Report, axes: Axes) -> None:
    """Every residual over training time, of each member: thin on the training points, thick on the held-out ones."""
    histories = [training.history for training in run.members.values()]
    handles, labels, names = [], [], _shown(run)
    for k, name in enumerate(names):
        color, dash = CYCLE[k % len(CYCLE)], DASHES[k // len(CYCLE) % len(DASHES)]
        for looks in histories:
            seconds, mark = [look.seconds for look in looks], "." if len(looks) < 15 else ""
            trained = [look.training[name] or np.nan for look in looks]  # no zero on a logarithmic scale
            held_out = [look.held_out[name] or np.nan for look in looks]
            axes.plot(seconds, held_out, color=color, ls=dash, lw=2.8, alpha=0.6, marker=mark)
            axes.plot(seconds, trained, color=color, ls=dash, lw=0.9, marker=mark, ms=4)
        handles.append(Line2D([], [], color=color, ls=dash, lw=2.2))
        labels.append(shortened(name, 40))
    axes.set_yscale("log")
    axes.set_ylim(*_whole_decades(*axes.get_ylim()))
    handles += [Line2D([], [], color=GREY, lw=2.8, alpha=0.6), Line2D([], [], color=GREY, lw=0.9)]
    labels += ["thick: held-out points", "thin: training points"]
    title = "residuals while training (root mean square)"
    if len(names) < len(run.training.training):
        title += f", the {len(names)} largest of {len(run.training.training)}"
    if run.ensemble is not None:
        title += f", each of {over_seeds(run)}"
    if run.training.overfitting is not None:
        title += f": overfitting after step {run.training.overfitting.step}"
    tidy(axes, title, ("seconds of training", "residual"), lines=True)
    # Names that begin with "_" mean something to matplotlib, and "$" too: the texts are set afterwards.
    legend = axes.legend(
        handles, [str(k) for k in range(len(labels))], loc="center left", bbox_to_anchor=(1.005, 0.5), fontsize=9,
        frameon=False, ncols=_columns(len(labels)),
    )  # fmt: skip
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_parse_math(False)
        text.set_text(label)
    alone = histories[0] if len(histories) == 1 else []
    if alone and run.solution.settings["validation"]:
        at = next((look.seconds for look in alone if look.step == run.training.kept), alone[-1].seconds)
        axes.axvline(at, color=KEPT, lw=1.1, ls="--")
        words = f" kept: step {run.training.kept}"
        axes.annotate(words, (at, 0.88), xycoords=("data", "axes fraction"), va="top", fontsize=9, color=KEPT)
    changes = [(b.seconds, f" {b.method}") for a, b in pairwise(alone) if a.method != b.method]
    begin, end = axes.get_xlim()
    for at, method in changes[: LAYOUT.methods_marked]:
        side = (
            "right" if at - begin > LAYOUT.late * (end - begin) else "left"
        )  # of a line at the end: not in the legend
        axes.axvline(at, color="0.5", lw=0.9, ls=":")
        axes.annotate(
            f"{method} " if side == "right" else method, (at, 0.98), xycoords=("data", "axes fraction"), va="top",
            ha=side, fontsize=9, color=GREY,
        )  # fmt: skip


def _shown(run: Report) -> list[str]:
    """The residuals that are drawn: those that are largest on held-out points, in the order declared."""
    held_out = run.training.held_out
    largest = sorted(held_out, key=lambda name: -held_out[name])[: LAYOUT.residuals]
    return [name for name in run.training.training if name in largest]


def _columns(labels: int) -> int:
    return -(-labels // 10)


def legend_width(run: Report) -> float:
    """Inches that the legend takes beside the panel."""
    names = [*(shortened(name, 40) for name in _shown(run)), "thick: held-out points"]
    return 0.2 + _columns(len(names) + 1) * (LAYOUT.handle + LAYOUT.letter * max(map(len, names)))


def _whole_decades(low: float, high: float) -> tuple[float, float]:
    """The limits widened to powers of ten, at least two; what is below rounding is left out."""
    bottom, top = math.floor(math.log10(max(low, 1e-16 * high))), math.ceil(math.log10(high))
    return 10.0**bottom, 10.0 ** max(top, bottom + 1)
