"""A solution as one file, in the format that its ending says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from meshio import Mesh
from meshio.xdmf import TimeSeriesWriter
from meshio.xdmf import write as write_xdmf

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.triangulation import triangulated
from pinnsolve.machine.files import write_whole
from pinnsolve.report.export import mesh_of, write_mesh
from pinnsolve.report.fields import sampled
from pinnsolve.report.grids import Grid, Scattered, exported, held
from pinnsolve.report.layout import GRIDS
from pinnsolve.report.shown import report_of
from pinnsolve.report.tables import variables, whole_table
from pinnsolve.solution import Solution


def export(solution: Solution, path: Path) -> Path:
    """See `Solution.export`.

    Raises
    ------
    ProblemError
        If there is no such format, or the file cannot be written.
    """
    if path.suffix not in FORMATS:
        remedy = f'Possible: {", ".join(FORMATS)}. Pictures are solution.plot().savefig("u.png").'
        if "?" in did_you_mean(path.suffix[1:], [f[1:] for f in FORMATS]):  # the dot alone makes no two alike
            remedy = did_you_mean(path.suffix, FORMATS)
        raise ProblemError(f"'{path.name}' has no ending that says its format", remedy)
    try:
        FORMATS[path.suffix](solution, path)
    except OSError as error:
        raise ProblemError(f"{path} cannot be written: {error.strerror or error}", "Give another place.") from None
    return path


def _moment(solution: Solution, time: float | None) -> Mesh:
    """The unknowns at a moment of time, over space: on a regular grid, or on a shape's own cells."""
    problem, run = solution.problem, report_of(solution)
    shape, name = problem.domain.shape, problem.domain.time
    fixed = held(problem) | ({} if time is None or name is None else {name: time})
    on: Grid | Scattered
    if shape is not None and len(problem.space_coordinates) <= 3:
        places, cells = triangulated(shape, GRIDS.shape[len(problem.space_coordinates) - 2])
        points = dict(zip(problem.space_coordinates, places.T.copy(), strict=True))
        on = Scattered(points, cells, {c: v for c, v in fixed.items() if c not in points})
    else:
        usual = exported(problem)
        axes = {c: a for c, a in usual.axes.items() if c != name} or usual.axes
        on = Grid(axes, {c: v for c, v in fixed.items() if c not in axes})
    return mesh_of(run, {u: sampled(run, u, on) for u in problem.unknowns})


def _vtu(solution: Solution, path: Path) -> None:
    write_mesh(_moment(solution, None), path)


def _xdmf(solution: Solution, path: Path) -> None:
    """One file with all times, or with one grid where nothing evolves, as most programs read it; numbers as text."""
    problem = solution.problem
    evolves = problem.time is not None and bool(problem.space_coordinates)
    count = GRIDS.evolving[min(len(problem.space_coordinates), 3) - 1][1] if evolves else 1
    times: list[float] | list[None] = [None]
    if evolves and problem.time is not None:
        times = np.linspace(*problem.time, count).tolist()

    def write(file: Path) -> None:
        if times == [None]:
            write_xdmf(file, _moment(solution, None), data_format="XML")
            return
        with TimeSeriesWriter(file, data_format="XML") as writer:
            for k, time in enumerate(times):
                mesh = _moment(solution, time)
                if k == 0:
                    writer.write_points_cells(mesh.points, mesh.cells)
                writer.write_data(time, point_data=mesh.point_data)

    write_whole(path, write)


def _netcdf(solution: Solution, path: Path) -> None:
    """NetCDF 3, which SciPy writes; not a number outside a shape."""
    from scipy.io import netcdf_file

    found = variables(solution)
    held: dict[str, tuple[tuple[str, ...], Any]] = {name: ((), value) for name, value in found.held.items()}

    def write(file: Path) -> None:
        with netcdf_file(file, "w", version=2) as data:
            for name, told in found.told.items():
                setattr(data, name, told.encode() if isinstance(told, str) else np.float64(told))
            for name, axis in found.axes.items():
                data.createDimension(name, len(axis))
                data.createVariable(name, "f8", (name,))[:] = axis
            for name, (along, field) in (found.fields | held).items():
                data.createVariable(name, "f8", along)[...] = field

    write_whole(path, write)


def _csv(solution: Solution, path: Path) -> None:
    whole_table(solution).save(path)


FORMATS: dict[str, Callable[[Solution, Path], None]] = {
    ".vtu": _vtu, ".xdmf": _xdmf, ".nc": _netcdf, ".csv": _csv,
}  # fmt: skip
