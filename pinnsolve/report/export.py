"""The solution as files for ParaView: solution.vtu, and a series of time steps beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import meshio
import numpy as np
import numpy.typing as npt

from pinnsolve.geometry.triangulation import triangulated
from pinnsolve.machine.files import write_whole
from pinnsolve.report.fields import Sampled, sampled
from pinnsolve.report.functions import functions_on
from pinnsolve.report.grids import Array, Scattered, exported, held
from pinnsolve.report.layout import GRIDS
from pinnsolve.report.record import Report

FILE, SERIES, STEPS_FOLDER, STEP = "solution.vtu", "solution.pvd", "solution_steps", "solution_{:03d}.vtu"
CELLS = {1: "line", 2: "quad", 3: "hexahedron"}


def write_vtu(run: Report, folder: Path, steps: int | None = None) -> list[Path]:
    """Write the solution in VTK's XML format: on a regular grid, on the triangles or tetrahedra of a shape, or on the
    cells of a mesh as its file has them, curved ones too, with the numbers of its points.

    `solution.vtu` holds the points (padded with zeros to three components), line, quad or hexahedron cells by the
    dimension of space, and as point data each unknown, `<unknown>_reference` and `<unknown>_error`, which is solution
    minus reference; the last two only with a reference. Of an ensemble there is `<unknown>_spread` too, the standard
    deviation over its members. Where there is time, `solution.vtu` is its end, and `solution.pvd` lists
    `solution_steps/solution_000.vtu` and so on with their times: open that one for an animation. Without space, the
    points are a line along t. Of more than three dimensions of space, it is the slice through the middle of the others;
    those coordinates are point data too, so that the file says where it lies.

    Parameters
    ----------
    run : Report
    folder : Path
        It exists. What an earlier run left there of these files is replaced or removed.
    steps : int, optional
        Times of the series, both ends included; at least two. By default 21, 11 or 6 in one, two or three dimensions of
        space.

    Returns
    -------
    list of Path
        All that was written.
    """
    problem = run.solution.problem
    if problem.domain.shape is not None and len(problem.space_coordinates) <= 3:
        return _write_shape(run, folder, steps)
    on = exported(problem, steps)
    fields = {u: sampled(run, u, on) for u in problem.unknowns}
    target, series = folder / FILE, folder / SERIES
    if problem.time is None or not problem.space_coordinates:
        _write(run, fields, target)
        series.unlink(missing_ok=True)
        _remove_stale(folder / STEPS_FOLDER, keep=0)
        return [target]
    time = str(problem.domain.time)
    last = len(on.axes[time]) - 1
    count = steps or GRIDS.evolving[len(on.axes) - 2][1]
    moments = range(0, last + 1, last // (count - 1))
    (folder / STEPS_FOLDER).mkdir(exist_ok=True)
    files = [folder / STEPS_FOLDER / STEP.format(k) for k in range(count)]
    for moment, file in zip(moments, files, strict=True):
        _write(run, {u: field.at(time, moment) for u, field in fields.items()}, file)
    _write(run, {u: field.at(time, last) for u, field in fields.items()}, target)
    _write_series(series, on.axes[time][list(moments)], files)
    _remove_stale(folder / STEPS_FOLDER, keep=count)
    return [target, series, *files]


def _write_shape(run: Report, folder: Path, steps: int | None) -> list[Path]:
    """The files of a shape: its own cells, at the end of time, and at every step of the series."""
    problem, shape = run.solution.problem, run.solution.problem.domain.shape
    assert shape is not None
    places, numbers = triangulated(shape, GRIDS.shape[len(problem.space_coordinates) - 2])
    points = dict(zip(problem.space_coordinates, places.T.copy(), strict=True))
    target, series, count = folder / FILE, folder / SERIES, 0

    def write(fixed: dict[str, float], path: Path) -> None:
        on = Scattered(points, numbers, fixed)
        _write(run, {u: sampled(run, u, on) for u in problem.unknowns}, path)

    last = {c: v for c, v in held(problem).items() if c not in points}
    write(last, target)
    written = [target]
    if problem.time is None:
        series.unlink(missing_ok=True)
    else:
        count = steps or GRIDS.evolving[len(points) - 1][1]
        times = np.linspace(*problem.time, count)
        (folder / STEPS_FOLDER).mkdir(exist_ok=True)
        files = [folder / STEPS_FOLDER / STEP.format(k) for k in range(count)]
        for time, file in zip(times, files, strict=True):
            write({**last, str(problem.domain.time): float(time)}, file)
        _write_series(series, times, files)
        written += [series, *files]
    _remove_stale(folder / STEPS_FOLDER, keep=count)
    return written


def _write(run: Report, fields: Mapping[str, Sampled], path: Path) -> None:
    """One file: fields on one grid over space."""
    write_mesh(mesh_of(run, fields), path)


def write_mesh(mesh: meshio.Mesh, path: Path) -> None:
    """A mesh as a whole file, or none."""
    write_whole(path, lambda file: meshio.write(file, mesh, file_format="vtu"))


def mesh_of(run: Report, fields: Mapping[str, Sampled]) -> meshio.Mesh:
    """Fields on one grid over space, as points and cells."""
    problem, on = run.solution.problem, next(iter(fields.values())).grid
    places, scattered = on.places(), isinstance(on, Scattered)
    axes = on.points if scattered else on.axes
    points = np.zeros((int(np.prod(on.shape)), 3))
    for column, coordinate in enumerate(axes):
        points[:, column] = places[coordinate].ravel()
    data: dict[str, Array] = {c: places[c].ravel() for c in problem.space_coordinates if c not in axes}
    for unknown, field in fields.items():
        data[unknown] = field.solution.ravel()
        if field.reference is not None and field.difference is not None:
            data.setdefault(f"{unknown}_reference", field.reference.ravel())
            data.setdefault(f"{unknown}_error", field.difference.ravel())
        if field.spread is not None:
            data.setdefault(f"{unknown}_spread", field.spread.ravel())
    data |= {name: values.ravel() for name, values in functions_on(run, on).items() if name not in data}
    blocks = on.cells if scattered else [(CELLS[len(axes)], cells(on.shape))]
    return meshio.Mesh(points, blocks, point_data=data)


def cells(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The corners of every cell of a regular grid, in VTK's order: (cells, 2), (cells, 4) or (cells, 8).

    >>> cells((2, 3)).tolist()
    [[0, 3, 4, 1], [1, 4, 5, 2]]
    """
    number = np.arange(np.prod(shape)).reshape(shape)
    corners: dict[int, list[tuple[int, ...]]] = {1: [(0,), (1,)], 2: [(0, 0), (1, 0), (1, 1), (0, 1)]}
    corners[3] = [(i, j, k) for k in (0, 1) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
    picked = [
        number[tuple(slice(o, n - 1 + o) for o, n in zip(corner, shape, strict=True))] for corner in corners[len(shape)]
    ]
    return np.stack([p.ravel() for p in picked], axis=1)


def _write_series(path: Path, times: Array, files: list[Path]) -> None:
    """The collection that lists each step's file with its time."""
    root = ElementTree.Element("VTKFile", type="Collection", version="0.1", byte_order="LittleEndian")
    collection = ElementTree.SubElement(root, "Collection")
    for time, file in zip(times, files, strict=True):
        name = file.relative_to(path.parent).as_posix()
        ElementTree.SubElement(collection, "DataSet", timestep=repr(float(time)), group="", part="0", file=name)
    ElementTree.indent(root)
    write_whole(path, lambda file: ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True))


def _remove_stale(folder: Path, keep: int) -> None:
    """Take away the steps of an earlier run beyond the first ones, and the folder if it is then empty."""
    if not folder.is_dir():
        return
    kept = {STEP.format(k) for k in range(keep)}
    for file in folder.glob("solution_*.vtu"):
        if file.name not in kept:
            file.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
