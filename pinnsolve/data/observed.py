"""Measurements as a problem file declares them: a file, or arrays, before it is known which columns are coordinates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from pinnsolve.calls import worded
from pinnsolve.data.tables import Column, Table, beside, read, table_of
from pinnsolve.errors import ProblemError, did_you_mean

Loss = Literal["squares", "huber"]
LOSSES: tuple[str, ...] = get_args(Loss)


@dataclass(frozen=True)
class Observed:
    """Measurements as they were given, before it is known which columns are coordinates.

    Parameters
    ----------
    table : Table
    sigma : number, str, array, or mapping from unknown to one of these, optional
        The standard deviation of the noise, in the unknown's units; a str names a column.
    loss : "squares" or "huber"
    given : mapping from parameter to value
        Where they were measured: at other values than the problem's own.
    experiment : object, optional
        What the problem has made of that.
    """

    table: Table
    sigma: Any
    loss: Loss = "squares"
    given: Mapping[str, Any] = field(default_factory=dict)
    experiment: Any = None

    @property
    def name(self) -> str:
        return self.table.name


@worded
def observed(
    file: str | Path | None = None,
    *,
    sigma: Any = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    loss: Loss = "squares",
    given: Mapping[str, Any] | None = None,
    **values: Any,
) -> list[Observed]:
    """Measured values: the unknowns at given places and times.

    Source of the loss: Huber, Ann. Math. Statist. 35 (1964) 73; 1.345 for 95 % efficiency under normal noise: Holland &
    Welsch, Comm. Statist. A 6 (1977) 813.

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
    loss : "squares" or "huber"
        "huber" counts a misfit beyond 1.345 sigma by its size and not by its square, so that a few outliers do not
        carry the fit away.
    given : mapping from parameter to value, optional
        An experiment of its own: these parameters have other values there than in the rest of the problem. What is to
        be found is one over all experiments.
    **values : array (N,) or number
        Columns by keyword, in place of the file's or beside them; a number stands for every row.

    Raises
    ------
    ProblemError
        If the file cannot be read, or holds anything but finite numbers; with line and column.
    """
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ProblemError(
            f"observed: there is no loss {loss!r:.60}",
            did_you_mean(str(loss), LOSSES) + ". Values of an unknown that is called loss are given by a file.",
        )
    if file is not None and not isinstance(file, str | Path):
        raise ProblemError(
            f"observed: file={file!r:.60} is no path",
            "The first argument names a file; arrays are given by name: observed(x=xs, u=us).",
        )
    if not (columns is None or isinstance(columns, Mapping | list | tuple)) or not all(
        isinstance(c, str) for c in (columns.values() if isinstance(columns, Mapping) else columns or ())
    ):
        raise ProblemError(
            f"observed: columns={columns!r:.60} names no columns of the file",
            'Write columns=("x", "u"), or columns={"u": "velocity"}. Values of an unknown that is called columns are '
            "given by a file.",
        )
    if given is not None and not (isinstance(given, Mapping) and given and all(isinstance(n, str) for n in given)):
        raise ProblemError(
            f"observed: given={given!r:.60} names no parameters with their values",
            'Write given={"Q": 3}. Values of an unknown that is called given are given by a file.',
        )
    if loss == "huber" and sigma is None:
        raise ProblemError(
            'observed: loss="huber" does not know how large a misfit is usual', "Give the noise: sigma=0.01."
        )
    if file is None and not values:
        raise ProblemError("observed() holds no data", 'Write observed("probe.csv"), or observed(x=xs, u=us).')
    name = f"data {', '.join(values)}"
    held: dict[str, Any] = {}
    rows: Callable[[int], str] = "row {}".format
    if file is not None:
        table = read(beside(Path(file), Path(sys._getframe(2).f_code.co_filename).parent))
        held, name = _chosen(table, columns), table.name
        rows = table.label
    for column in values:
        if column in held:
            raise ProblemError(f"{name} has a column '{column}', and it is given by keyword too", "Give it once.")
    return [Observed(table_of(name, {**held, **values}, rows), sigma, loss, dict(given or {}))]


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
