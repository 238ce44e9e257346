"""Measured data in files: CSV, .npz, and whatever meshio reads, as named columns."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pinnsolve.data.axes import AXES, TIME
from pinnsolve.errors import ProblemError, if_complex

Column = NDArray[np.float64]
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Parameters
    ----------
    name : str
        What messages call it.
    columns : mapping from name to array (N,)
    rows : sequence of str
        What messages call each row: "line 7".
    """

    name: str
    columns: Mapping[str, Column]
    rows: tuple[str, ...]

    def label(self, number: int) -> str:
        """What a row is called, counted from one."""
        return self.rows[number - 1]


def beside(path: Path, folder: Path) -> Path:
    """A relative path as it is meant: in the folder of the file that names it, or else in the current one."""
    near = folder / path
    return near if not path.is_absolute() and near.exists() else path


def read(path: Path) -> Table:
    """The columns of a file, by the ending of its name.

    Raises
    ------
    ProblemError
        If it does not exist, cannot be read, or holds anything but finite numbers; with line and column.
    """
    if not path.is_file():
        near = sorted(p.name for p in path.parent.iterdir() if _reader(p)) if path.parent.is_dir() else []
        raise ProblemError(
            f"there is no data file '{path}'", f"Possible there: {', '.join(near)}." if near else "Check the path."
        )
    reader = _reader(path)
    if reader is None:
        raise ProblemError(f"'{path.name}' is of no known format", f"Possible: {', '.join(READERS)}.")
    return reader(path)


def table_of(name: str, columns: Mapping[str, object], rows: Callable[[int], str] = "row {}".format) -> Table:
    """A table from arrays or numbers; numbers stand for every row.

    Raises
    ------
    ProblemError
        If a column holds no finite numbers, has more than one axis, or another length than the others.
    """
    arrays = {column: _numbers(name, column, values) for column, values in columns.items()}
    lengths = {column: len(a) for column, a in arrays.items() if a.ndim}
    if not lengths:
        raise ProblemError(f"{name} holds no column of numbers", "Give arrays of shape (N,): observed(x=xs, u=us).")
    count = next(iter(lengths.values()))
    if any(n != count for n in lengths.values()):
        told = ", ".join(f"{column} {n}" for column, n in lengths.items())
        raise ProblemError(f"{name}: the columns differ in length: {told}", "Each row is one measurement.")
    if count == 0:
        raise ProblemError(f"{name} holds no row", "At least one measurement is needed.")
    whole = {column: np.broadcast_to(a, (count,)) for column, a in arrays.items()}
    labels = tuple(rows(k + 1) for k in range(count))
    for column, a in whole.items():
        bad = np.flatnonzero(~np.isfinite(a))
        if len(bad):
            raise ProblemError(
                f"{name}, {labels[bad[0]]}, column '{column}': {a[bad[0]]} is no finite number"
                + (f", and so are {len(bad) - 1} more in this column" if len(bad) > 1 else ""),
                "Leave rows out that were not measured.",
            )
    return Table(name, whole, labels)


def _numbers(name: str, column: str, values: object) -> Column:
    if remedy := if_complex(values if np.isscalar(values) else np.asarray(values)):  # NumPy would drop a part of it
        raise ProblemError(f"{name}: the column '{column}' holds no real numbers", remedy.strip())
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ProblemError(f"{name}: the column '{column}' holds no numbers", "Give an array of shape (N,).") from None
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim > 1:
        raise ProblemError(
            f"{name}: the column '{column}' has shape {array.shape}", "A column is one number a row: shape (N,)."
        )
    return array


# ------------------------------------------------------------ formats


def _csv(path: Path) -> Table:
    """A line of names, then a line for each row; lines that begin with # are left out."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ProblemError(f"'{path.name}' is no text", "Save it as CSV in UTF-8.") from None
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    if not lines:
        raise ProblemError(f"'{path.name}' is empty", "Its first line names the columns: x,t,u.")
    delimiter = max(DELIMITERS, key=lines[0][1].count)
    cells = [[cell.strip() for cell in row] for row in csv.reader((line for _, line in lines), delimiter=delimiter)]
    names = _header(path.name, cells[0])
    values = np.empty((len(cells) - 1, len(names)))
    for k, ((number, _), row) in enumerate(zip(lines[1:], cells[1:], strict=True)):
        if len(row) != len(names):
            raise ProblemError(
                f"{path.name}, line {number}: {len(row)} values for the {len(names)} columns {', '.join(names)}",
                "Each line has one value for each column.",
            )
        for column, cell in enumerate(row):
            try:
                values[k, column] = float(cell)
            except ValueError:
                raise ProblemError(
                    f"{path.name}, line {number}, column '{names[column]}': '{cell}' is no number",
                    "Write numbers with a point, such as 0.5 or 1e-3; leave lines out that were not measured.",
                ) from None
    return table_of(path.name, dict(zip(names, values.T, strict=True)), lambda k: f"line {lines[k][0]}")


def _header(name: str, cells: list[str]) -> list[str]:
    for cell in cells:
        if not cell or _is_number(cell):
            raise ProblemError(
                f"{name}: the first line must name the columns, and '{cell}' is no name", "Write x,t,u, for example."
            )
        if cells.count(cell) > 1:
            raise ProblemError(f"{name}: two columns are called '{cell}'", "Give each column a name of its own.")
    return cells


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _npz(path: Path) -> Table:
    """Arrays by name."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return table_of(path.name, {name: stored[name] for name in stored.files})
    except ProblemError:
        raise
    except Exception as error:
        # NumPy takes whatever it does not know for pickled objects, and advises to load them unsafely
        why = "it is no archive of arrays" if "pickle" in str(error) else error
        raise ProblemError(f"'{path.name}' cannot be read: {why}", "Write it by numpy.savez, numbers alone.") from None


def _mesh(path: Path) -> Table:
    """Point data, and the points' coordinates by the names x, y, z as far as they differ; time steps as a column t."""
    import meshio

    quiet = io.StringIO()
    try:
        steps = _steps(path) if path.suffix == ".xdmf" else []
        if not steps:
            with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                mesh = meshio.read(path)
            steps = [(None, mesh.points, mesh.point_data)]
    except (Exception, SystemExit) as error:  # meshio exits on a file that it cannot read
        why = "it holds no grid or mesh" if isinstance(error, SystemExit) else error
        raise ProblemError(f"'{path.name}' cannot be read: {why}", "Is it what its name says?") from None
    if not steps[0][2]:
        raise ProblemError(f"'{path.name}' has no point data", "Values in cells are not read: write them at points.")
    parts = []
    for time, points, data in steps:
        moving = [k for k in range(points.shape[1]) if np.ptp(points[:, k]) > 0 or k == 0]
        columns = {AXES[k]: points[:, k] for k in moving} | dict(data)
        parts.append(columns if time is None else columns | {TIME: np.full(len(points), time)})
    return table_of(path.name, {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}, "point {}".format)


def _steps(path: Path) -> list[tuple[float | None, Column, Mapping[str, Column]]]:
    """The steps of a time series; none for a single grid."""
    import meshio

    try:
        with meshio.xdmf.TimeSeriesReader(path) as reader:
            points, _ = reader.read_points_cells()
            read = [reader.read_data(k) for k in range(reader.num_steps)]
        return [(float(time), points, data) for time, data, *_ in read]
    except meshio.ReadError:
        return []


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _csv, ".npz": _npz, ".vtu": _mesh, ".vtk": _mesh, ".xdmf": _mesh,
}  # fmt: skip


def _reader(path: Path) -> Callable[[Path], Table] | None:
    return READERS.get(path.suffix.lower())
