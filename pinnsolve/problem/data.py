"""Measurements as a problem file declares them: a file, or arrays, before it is known which columns are coordinates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.tables import Column, Table, read, table_of


@dataclass(frozen=True)
class Observed:
    """Measurements as they were given, before it is known which columns are coordinates.

    Parameters
    ----------
    table : Table
    sigma : number, str, array, or mapping from unknown to one of these, optional
        The standard deviation of the noise, in the unknown's units; a str names a column.
    """

    table: Table
    sigma: Any

    @property
    def name(self) -> str:
        return self.table.name


def observed(
    file: str | Path | None = None,
    *,
    sigma: Any = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    **values: Any,
) -> list[Observed]:
    """Measured values: the unknowns at given places and times.

    Parameters
    ----------
    file : path, optional
        `.csv` (its first line names the columns), `.npz`, or point data in `.vtu`, `.vtk` or `.xdmf`. Columns are named
        after coordinates and unknowns; any subset of the unknowns will do. A relative path begins at the folder of the
        file that calls this, or at the current one.
    sigma : number, str, array (N,), or mapping from unknown to one of these, optional
        The standard deviation of the noise, in the unknown's units; a str names a column.
    columns : sequence of str, or mapping from name to column, optional
        Which columns of the file count, or what they are called there: {"u": "velocity"}.
    **values : array (N,) or number
        Columns by keyword, in place of the file's or beside them; a number stands for every row.

    Raises
    ------
    ProblemError
        If the file cannot be read, or holds anything but finite numbers; with line and column.
    """
    if file is None and not values:
        raise ProblemError("observed() holds no data", 'Write observed("probe.csv"), or observed(x=xs, u=us).')
    name = f"data {', '.join(values)}"
    given: dict[str, Any] = {}
    rows: Callable[[int], str] = "row {}".format
    if file is not None:
        table = read(_found(Path(file), Path(sys._getframe(1).f_code.co_filename).parent))
        given, name = _chosen(table, columns), table.name
        rows = table.label
    for column in values:
        if column in given:
            raise ProblemError(f"{name} has a column '{column}', and it is given by keyword too", "Give it once.")
    return [Observed(table_of(name, {**given, **values}, rows), sigma)]


def _found(path: Path, beside: Path) -> Path:
    near = beside / path
    return near if not path.is_absolute() and near.exists() else path


def _chosen(table: Table, columns: Sequence[str] | Mapping[str, str] | None) -> dict[str, Column]:
    """The columns that count, by the names that the problem knows."""
    if columns is None:
        return dict(table.columns)
    wanted = dict(columns) if isinstance(columns, Mapping) else {name: name for name in columns}
    for column in wanted.values():
        if column not in table.columns:
            raise ProblemError(f"{table.name} has no column '{column}'", did_you_mean(column, table.columns))
    if isinstance(columns, Mapping):  # the others keep their names
        wanted |= {name: name for name in table.columns if name not in wanted.values() and name not in wanted}
    return {name: table.columns[column] for name, column in wanted.items()}
