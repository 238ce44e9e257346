"""Error over training time, a panel a problem."""

from __future__ import annotations

from math import inf
from pathlib import Path

import matplotlib
import numpy as np

from benchmarks.table import NAMES, PACKAGES, PROBLEMS, Record, worst

COLOURS = {"pinnsolve": "#0b5fa5", "deepxde": "#d1730a", "jinns": "#5b8c2a", "scipy": "#7a7a7a"}
TITLES = {
    "heat": "heat", "poisson": "Poisson", "wave": "wave", "burgers": "Burgers", "allen_cahn": "Allen-Cahn",
    "kovasznay": "Kovasznay's flow", "taylor_green": "Taylor-Green vortices", "cavity": "lid-driven cavity",
    "maxwell_cavity": "Maxwell's equations in a cavity", "cooling": "a cooling wall", "heat_plate": "heat in a plate",
    "klein_gordon": "Klein-Gordon", "schrodinger": "Schroedinger", "kuramoto_sivashinsky": "Kuramoto-Sivashinsky",
    "lotka_volterra": "Lotka-Volterra", "maxwell_pulse": "a pulse that enters glass", "gray_scott": "Gray-Scott",
    "mixing": "mixing in a ring", "cylinder_flow": "flow past a cylinder", "fisher_kpp": "Fisher-KPP",
    "poisson_3d": "Poisson in a cube", "plate_with_holes": "a plate with holes",
    "backward_step": "flow over a step", "waveguide": "a waveguide's bend",
}  # fmt: skip
MARKERS = {"pinnsolve": "o", "deepxde": "", "jinns": "", "scipy": "s"}  # runs of their own are points


def draw(records: list[Record], path: Path) -> None:
    """The largest error of the unknowns over seconds of training, both on logarithmic axes."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    shown = [p for p in PROBLEMS if any(r["problem"] == p and r["curve"] for r in records)]
    across = min(3, max(1, len(shown)))
    down = max(1, -(-len(shown) // across))
    figure, axes = plt.subplots(down, across, figsize=(4.4 * across, 3.5 * down), squeeze=False, layout="constrained")
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    for k, problem in enumerate(shown):
        axis = axes.flat[k]
        for record in records:
            if record["problem"] == problem and record["curve"]:
                _line(axis, record)
        axis.set(xscale="log", yscale="log", title=TITLES[problem], xlim=decades(axis.dataLim.intervalx))
        axis.set_ylim(decades(axis.dataLim.intervaly))
        axis.grid(which="major", alpha=0.3)
        axis.set_ylabel("relative L2 error (worst unknown)" if k % across == 0 else "")
        axis.set_xlabel("seconds of training" if k + across >= len(shown) else "")
    handles = [
        Line2D([], [], color=COLOURS[p], marker=MARKERS[p], markersize=5, label=NAMES[p])
        for p in PACKAGES
        if any(r["package"] == p and r["curve"] for r in records)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def decades(ends: tuple[float, float]) -> tuple[float, float]:
    """The whole decades round an interval, at least one."""
    low, high = (np.log10(max(end, 1e-16)) for end in ends)
    low = np.floor(low)
    return float(10.0**low), float(10.0 ** max(np.ceil(high), low + 1))


def _line(axis: "matplotlib.axes.Axes", record: Record) -> None:  # noqa: UP037 (imported where it is needed)
    points = sorted((max(p["seconds"], 1e-4), worst(p["errors"])) for p in record["curve"])
    seconds, errors = np.array([point for point in points if point[1] < inf]).reshape(-1, 2).T
    package = record["package"]
    axis.plot(seconds, errors, color=COLOURS[package], marker=MARKERS[package], markersize=4, linewidth=1.4, alpha=0.85)
