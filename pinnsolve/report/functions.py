"""Unknown functions that were found, on the grids of files."""

from __future__ import annotations

from typing import Any

from pinnsolve.problem.problem import Problem
from pinnsolve.report.fields import on_grid
from pinnsolve.report.grids import Array, Grid, Scattered
from pinnsolve.report.record import Report


def handed_out(problem: Problem) -> dict[str, tuple[str, ...]]:
    """The unknown functions that are known over space, by the coordinates on which they depend: on a shape those of all
    of it."""
    found = {n: f.coordinates for n, f in problem.functions.items() if n not in problem.of_unknowns}
    whole = set(problem.space_coordinates)
    return {n: c for n, c in found.items() if problem.domain.shape is None or not whole & {*c} or whole <= {*c}}


def functions_on(run: Report, on: Grid | Scattered) -> dict[str, Array]:
    """The unknown functions of coordinates on a grid, with `<name>_reference` and `<name>_error` where a reference has
    them: those that a file of this solution holds beside its unknowns."""
    solution, reference = run.solution, run.comparison.reference
    found = dict[str, Array]()
    for name, along in handed_out(solution.problem).items():
        known = None if reference is None else reference.fields.get(name)

        def there(name: str = name, along: tuple[str, ...] = along, known: Any = known, **places: Array) -> Any:
            mine = {c: places[c] for c in along}
            true = {} if known is None else {f"{name}_reference": known(**places)}
            return {name: solution.d(name)(**mine), **true}

        found |= on_grid(run, there, on)
        if known is not None:
            found[f"{name}_error"] = found[name] - found[f"{name}_reference"]
    return found
