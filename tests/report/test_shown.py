"""What a solution shows of itself in Python: pictures, tables, files, a report, a page for notebooks."""

from __future__ import annotations

import csv
import json
import sys
import types
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from meshio.xdmf import TimeSeriesReader
from PIL import Image
from scipy.io import netcdf_file

from pinnsolve import (
    Box,
    Disk,
    Problem,
    ProblemError,
    RandomFeatures,
    Solution,
    Unknown,
    condition,
    d,
    dirichlet,
    face,
    initial,
    laplace,
    observed,
    solve,
)


@pytest.fixture(scope="module")
def rod() -> Solution:
    def heat(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - 0.1 * d(u, x, x)

    conditions = [initial(u=lambda x: x * (1 - x)), dirichlet(u=0)]
    return solve(Problem(space=Box(x=(0, 1)), time=(0, 2), unknowns="u", equations=heat, conditions=conditions))


@pytest.fixture(scope="module")
def disc() -> Solution:
    problem = Problem(
        space=Disk(x=0, y=0, radius=1), unknowns="u", equations=lambda u, x, y: laplace(u, x, y) + 4,
        conditions=[dirichlet(u=0)],
    )  # fmt: skip
    return solve(problem, network=RandomFeatures(count=60), budget=5)


def test_pictures(rod: Solution, disc: Solution, tmp_path: Path) -> None:
    disc.plot().savefig(tmp_path / "all.png")
    with Image.open(tmp_path / "all.png") as picture:
        assert picture.size[0] == 1400
    # what a notebook asks for where nobody imported pyplot; of a plain figure it shows the name
    figure = rod.plot()
    assert figure._repr_png_().startswith(b"\x89PNG")
    with_reference = rod.plot("u", reference="the problem's")
    assert len(with_reference.axes) > len(figure.axes), "its difference and error are drawn"
    with pytest.raises(ProblemError, match="no unknown 'w'"):
        rod.plot("w")
    page = rod._repr_html_()
    assert "converged" in page and "data:image/png" in page


def test_tables(rod: Solution, disc: Solution, tmp_path: Path) -> None:
    table = rod.table(x=[0.25, 0.5], t=0.5)
    assert np.array_equal(table["u"], rod.u(x=[0.25, 0.5], t=0.5)) and list(table.columns) == ["x", "t", "u"]
    assert str(table).splitlines()[0].split() == ["x", "t", "u"] and "<td>0.25</td>" in table._repr_html_()
    table.save(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open() as file:
        assert [float(row["u"]) for row in csv.DictReader(file)] == table["u"].tolist()
    whole = disc.table()
    assert 60 < len(whole) < 121 and bool((whole["x"] ** 2 + whole["y"] ** 2 <= 1 + 1e-9).all()), "none is outside"
    assert "more rows" in str(whole)


def test_files(rod: Solution, disc: Solution, tmp_path: Path) -> None:
    last = meshio.read(rod.export(tmp_path / "rod.vtu"))
    assert np.allclose(last.point_data["u"], rod.u(x=last.points[:, 0], t=2.0))
    with TimeSeriesReader(rod.export(tmp_path / "rod.xdmf")) as reader:
        points, _ = reader.read_points_cells()
        time, data, _ = reader.read_data(3)
        assert reader.num_steps > 10 and np.allclose(data["u"], rod.u(x=points[:, 0], t=time))
    with netcdf_file(rod.export(tmp_path / "rod.nc"), mmap=False) as file:
        x, t, u = (file.variables[name][:].copy() for name in ("x", "t", "u"))
        dimensions = file.variables["u"].dimensions
    at = {"x": x, "t": t}
    mesh = dict(zip(dimensions, np.meshgrid(*(at[name] for name in dimensions), indexing="ij"), strict=True))
    assert np.allclose(u, rod.u(**mesh))
    with disc.export(tmp_path / "disc.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert all(float(r["x"]) ** 2 + float(r["y"]) ** 2 <= 1 + 1e-9 for r in rows) and len(rows) > 1000
    shape = meshio.read(disc.export(tmp_path / "disc.vtu"))
    assert shape.cells[0].type == "triangle" and np.abs(shape.points).max() <= 1 + 1e-6
    with pytest.raises(ProblemError, match=r"did you mean '.vtu'"):
        rod.export(tmp_path / "rod.vtk")
    with pytest.raises(ProblemError, match=r"Possible: .vtu, .xdmf, .nc, .csv. Pictures are"):
        rod.export(tmp_path / "rod.png")
    with pytest.raises(ProblemError, match=r"animate\(\)\.save"):
        rod.animate("u.gif")
    with pytest.raises(ProblemError, match="cannot be written"):
        rod.export(tmp_path / "nowhere" / "rod.csv")


def test_files_hold_what_was_found_and_each_unknown_over_its_own_coordinates(tmp_path: Path) -> None:
    """k u'' = -1 with k = 2, and the slope at the end as a number of its own; a function k(x) beside a source."""
    x = np.linspace(0.05, 0.95, 19)
    seen, slope = observed(x=x, u=x * (1 - x) / 4, sigma=1e-4), condition(lambda u, E, x: E - d(u, x), on=face(x=1))
    rod = Problem(
        space=Box(x=(0, 1)), unknowns={"u": "x", "E": ()}, equations=lambda u, x, k, Q: k * d(u, x, x) + Q,
        conditions=[dirichlet(u=0), slope, seen], tolerance=0.1, reference=None,
        parameters={"k": Unknown(1.0, positive=True), "Q": 1.0},
    )  # fmt: skip
    with netcdf_file(solve(rod).export(tmp_path / "rod.nc"), mmap=False) as file:
        assert file.variables["E"].dimensions == () and file.variables["u"].dimensions == ("x",)
        assert float(file.variables["E"][...]) == pytest.approx(-0.25, abs=1e-3)
        assert (
            file.k.dtype.itemsize == 8
            and abs(file.k - 2) < 4 * file.k_standard_error
            and file.Q == 1.0
            and file.estimate < 0.1
        )
    k = Unknown(1.0, positive=True, of="x")
    solution = solve(rod.replaced(unknowns="u", conditions=[dirichlet(u=0), seen], parameters={"k": k, "Q": 1.0}))
    with netcdf_file(solution.export(tmp_path / "varied.nc"), mmap=False) as file:
        assert np.array_equal(file.variables["k"][:], solution.k(x=file.variables["x"][:].astype(float)))
    mesh = meshio.read(solution.export(tmp_path / "varied.vtu"))
    assert np.allclose(mesh.point_data["k"], solution.k(x=mesh.points[:, 0]))
    with solution.export(tmp_path / "varied.csv").open() as csv_file:
        assert all(float(r["k"]) == pytest.approx(float(solution.k(x=float(r["x"])))) for r in csv.DictReader(csv_file))


def test_xarray_where_it_is_installed(rod: Solution, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in: Any = types.ModuleType("xarray")
    stand_in.Dataset = lambda data, coords, attrs: (data, coords, attrs)
    monkeypatch.setitem(sys.modules, "xarray", stand_in)
    data, coordinates, told = rod.to_xarray()
    names, values = data["u"]
    assert values.shape == tuple(len(coordinates[name]) for name in names) and set(names) == {"x", "t"}
    assert "d(u, t) - 0.1 * d(u, x, x) = 0" in told["problem"]
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ProblemError, match="pip install xarray"):
        rod.to_xarray()


def test_what_moves(rod: Solution, disc: Solution, tmp_path: Path) -> None:
    animation = rod.animate(frames=4, seconds=1)
    animation.save(tmp_path / "u.gif")
    with Image.open(tmp_path / "u.gif") as gif:
        assert gif.n_frames == 4 and gif.info["duration"] == 250
    assert "data:image/gif" in animation._repr_html_()
    with pytest.raises(ProblemError, match=r"Write u.gif"):
        animation.save(tmp_path / "u.mp4")
    with pytest.raises(ProblemError, match="nothing that moves: the problem has no time"):
        disc.animate()


def test_a_report(rod: Solution, tmp_path: Path) -> None:
    comparison = rod.report(tmp_path / "heat in a rod")
    told = json.loads((tmp_path / "heat in a rod" / "report.json").read_text())
    assert told["problem"] == "heat in a rod" and told["verdict"] == comparison.verdict == "pass"
    assert {"report.html", "solution.png", "history.csv", "model.safetensors"} <= {
        p.name for p in (tmp_path / "heat in a rod").iterdir()
    }


def test_what_was_loaded_is_shown_too(rod: Solution, tmp_path: Path) -> None:
    rod.save(tmp_path / "model.safetensors")
    loaded = Solution.load(tmp_path / "model.safetensors", rod.problem)
    assert "not trained here" in loaded._repr_html_()
    with pytest.raises(ProblemError, match="it was loaded"):
        loaded.report(tmp_path / "report")


def test_inputs_beside_the_coordinates_are_to_be_fixed() -> None:
    problem = Problem(
        time=(0, 1), unknowns="u", equations=lambda u, t, k: d(u, t) + k * u, conditions=[initial(u=1)],
        parameters={"k": (0.5, 1.5)},
    )  # fmt: skip
    solution = solve(problem, network=RandomFeatures(count=20), budget=2)
    for call in (solution.plot, solution.table, lambda: solution.export("u.csv")):
        with pytest.raises(ProblemError, match=r"solution.at\(k=1\)"):
            call()
    assert len(solution.at(k=1.0).table()) == 21 and "<img" not in solution._repr_html_()
