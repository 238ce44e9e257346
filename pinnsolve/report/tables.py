"""Unknowns at places, in columns; and on a grid with its coordinates."""

from __future__ import annotations

import csv
import html as text
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pinnsolve.errors import ProblemError, file_path
from pinnsolve.machine.files import write_whole
from pinnsolve.report.fields import sampled
from pinnsolve.report.functions import functions_on, handed_out
from pinnsolve.report.grids import Array, Grid, exported, grid
from pinnsolve.report.shown import report_of
from pinnsolve.solution import Solution


@dataclass(frozen=True)
class Table:
    """Columns of equal length, by the names of coordinates and unknowns.

    >>> print(Table({"x": np.array([0.0, 0.5]), "u": np.array([1.0, 2.25])}))
      x     u
      0     1
    0.5  2.25
    """

    columns: dict[str, Array]

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __str__(self) -> str:
        rows, left = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        told = ["  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*told, *[f"... and {left:,} more rows"] * (left > 0)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        (head, *rows), left = self._rows()
        top = "".join(f"<th>{text.escape(name)}</th>" for name in head)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        more = f"<p>... and {left:,} more rows</p>" if left > 0 else ""
        return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{more}"

    def _rows(self, most: int = 40) -> tuple[list[list[str]], int]:
        """The names and the first rows as text, and how many are left."""
        shown = [[f"{value:.6g}" for value in column[:most]] for column in self.columns.values()]
        return [list(self.columns), *map(list, zip(*shown, strict=True))], len(self) - most

    def save(self, path: str | Path) -> None:
        """Write all rows as CSV, to all digits.

        Raises
        ------
        ProblemError
            If it cannot be written.
        """

        def write(file: Path) -> None:
            with file.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.writer(stream)
                writer.writerow(self.columns)
                writer.writerows(zip(*(c.tolist() for c in self.columns.values()), strict=True))

        try:
            write_whole(file_path("save", path), write)
        except OSError as error:
            raise ProblemError(f"{path} cannot be written: {error.strerror}", "Give another place.") from None


def table(solution: Solution, places: Mapping[str, Any]) -> Table:
    """See `Solution.table`."""
    report_of(solution)  # refuses what has inputs beside the coordinates
    domain = solution.problem.domain
    if not places:
        several = len(domain.coordinates) > 1
        return _of_grid(solution, grid(solution.problem, dict.fromkeys(domain.coordinates[:3], 11 if several else 21)))
    arrays = [np.asarray(a, dtype=np.float64).reshape(-1) for a in domain.arrays(places)]
    at = dict(zip(domain.coordinates, arrays, strict=True))
    return Table(at | {u: np.asarray(v).reshape(-1) for u, v in solution.everything(**at).items()})


def _of_grid(solution: Solution, on: Grid, beside: Mapping[str, Array] | None = None) -> Table:
    """The rows of a grid, but for those outside a shape; with other fields beside the unknowns."""
    run, places = report_of(solution), on.places()
    columns = {c: places[c].reshape(-1) for c in solution.problem.coordinates}
    columns |= {u: sampled(run, u, on).solution.reshape(-1) for u in solution.problem.unknowns}
    columns |= {name: values.reshape(-1) for name, values in (beside or {}).items()}
    seen = np.any([np.isfinite(columns[u]) for u in solution.problem.unknowns], axis=0)
    return Table({name: column[seen] for name, column in columns.items()})


@dataclass(frozen=True)
class Variables:
    """What files of arrays hold.

    Parameters
    ----------
    axes : dict from coordinate to Array (n,)
    held : dict from coordinate to float
        Those along which nothing varies here.
    fields : dict from name to (coordinates, Array)
        The unknowns and what was found of unknown functions of coordinates, each over its own of these; not a number
        outside a shape.
    told : dict from name to text or number
        The problem, how its run ended, and numbers: parameters, and constants with their standard errors as found.
    """

    axes: dict[str, Array]
    held: dict[str, float]
    fields: dict[str, tuple[tuple[str, ...], Array]]
    told: dict[str, str | float]


def variables(solution: Solution) -> Variables:
    """The unknowns over space and time, and all else that is known of a solution."""
    problem, on, run = solution.problem, exported(solution.problem), report_of(solution)
    inside = np.isfinite(sampled(run, problem.unknowns[0], on).solution)
    fields: dict[str, tuple[tuple[str, ...], Array]] = {}
    for name, mine in (problem.declared_unknowns | handed_out(problem)).items():
        along = tuple(c for c in on.axes if c in mine)
        if name in problem.unknowns and len(along) == len(on.axes):
            fields[name] = along, sampled(run, name, on).solution
            continue
        there = dict(zip(along, np.meshgrid(*(on.axes[c] for c in along), indexing="ij"), strict=True))
        there |= {c: np.asarray(v) for c, v in on.fixed.items() if c in mine}
        values = np.full(tuple(len(on.axes[c]) for c in along), np.nan)
        seen = inside if inside.shape == values.shape else np.ones(values.shape, dtype=bool)
        values[seen] = solution.d(name)(**{c: v[seen] if c in along else v for c, v in there.items()})
        fields[name] = along, values
    told: dict[str, str | float] = {n: float(v) for n, v in problem.parameters.items() if n not in problem.functions}
    if solution.training is not None and solution.training.identified is not None:
        for n, c in solution.training.identified.constants.items():
            told |= {n: c.value, f"{n}_standard_error": c.standard_error}
    told |= {"problem": repr(problem), "outcome": str(solution.outcome)}
    told |= {} if solution.estimate is None else {"estimate": solution.estimate}
    return Variables(on.axes, {n: float(v) for n, v in on.fixed.items()}, fields, told)


def whole_table(solution: Solution) -> Table:
    """The rows of that grid, with the unknown functions of coordinates that were found."""
    on = exported(solution.problem)
    return _of_grid(solution, on, functions_on(report_of(solution), on))


def to_xarray(solution: Solution) -> Any:
    """See `Solution.to_xarray`."""
    try:
        import xarray
    except ImportError:
        raise ProblemError(
            "xarray is not installed here", "Install it (pip install xarray), or write solution.table(...)."
        ) from None
    found = variables(solution)
    return xarray.Dataset(found.fields, coords={**found.axes, **found.held}, attrs=found.told)
