"""Panels of the unknown functions that were found, with their standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pinnsolve.checks.references import OfUnknown
from pinnsolve.inverse.record import Function
from pinnsolve.report.axes import Draw, beside, tidy
from pinnsolve.report.curves import SOLUTION
from pinnsolve.report.fields import limits
from pinnsolve.report.grids import Array
from pinnsolve.report.layout import LAYOUT
from pinnsolve.report.record import Report


def functions(run: Report) -> list[Draw]:
    """One panel for a function of one argument; its values and its standard errors for one of two."""
    trained = run.solution.training
    found = {} if trained is None or trained.identified is None else trained.identified.functions
    panels: list[Draw] = []
    for name, function in found.items():
        if len(function.places) == 1:
            panels.append(_curve(run, name, function))
        elif len(function.places) == 2:
            panels.append(_map(f"{name}, as found", function, function.values))
            panels.append(_map(f"standard error of {name}", function, function.standard_errors))
    return panels


def _curve(run: Report, name: str, function: Function) -> Draw:
    ((along, places),) = function.places.items()
    xs, values, errors = np.array(places), np.array(function.values), np.array(function.standard_errors)
    reference = run.comparison.reference
    known: Any = reference.fields.get(name) if reference is not None else None
    if isinstance(known, OfUnknown) and not known.alone:
        known = None

    def draw(axes: Axes) -> None:
        low, high = values - LAYOUT.band * errors, values + LAYOUT.band * errors
        axes.fill_between(
            xs, low, high, color=SOLUTION, alpha=0.3, lw=0, label=f"\N{PLUS-MINUS SIGN} {LAYOUT.band:g} standard errors"
        )
        axes.plot(xs, values, color=SOLUTION, lw=2.5, label="found")
        if known is not None:
            axes.plot(xs, known(**_all(run, along, xs)), color="black", lw=1.2, ls=(0, (5, 2.5)), label="reference")
        shown = [np.clip(band, *_near(values)) for band in (low, high)]
        axes.set(xlim=(xs[0], xs[-1]), ylim=limits(values, *shown, margin=0.05))
        tidy(axes, f"{name}({along}), found from the data", (along, name), lines=True)
        axes.legend(fontsize=9, frameon=False, handlelength=2.6)

    return draw


def _near(values: Array) -> tuple[float, float]:
    """Twice the range of the values: a band beyond that would hide them."""
    low, high = limits(values)
    return low - (high - low) / 2, high + (high - low) / 2


def _all(run: Report, along: str, xs: Array) -> dict[str, Array]:
    """All coordinates, the others in their middle; of a function of an unknown this alone."""
    middle = run.solution.problem.domain.middle
    if along not in middle:
        return {along: xs}
    return {c: xs if c == along else np.full_like(xs, m) for c, m in middle.items()}


def _map(what: str, function: Function, values: list[float]) -> Draw:
    (across, xs), (up, ys) = ((c, np.array(places)) for c, places in function.places.items())
    each = np.unique(xs), np.unique(ys)
    grid = tuple(len(part) for part in each)

    def draw(axes: Axes) -> None:
        mesh: Any
        if len(values) == grid[0] * grid[1]:
            mesh = axes.pcolormesh(*each, np.array(values).reshape(grid).T, shading="nearest", rasterized=True)
        else:  # of unknowns: where the solution goes
            mesh = axes.scatter(xs, ys, c=values, s=40)
        part = axes.get_figure()
        assert part is not None
        part.colorbar(mesh, cax=beside(axes))
        tidy(axes, what, (across, up))

    return draw
