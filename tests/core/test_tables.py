"""Files of measurements: what they hold, and how a fault in them is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import meshio
import numpy as np
import pytest

from pinnsolve import ProblemError
from pinnsolve.data.tables import read, table_of

X, T, U = np.array([0.1, 0.2, 0.3]), np.array([0.0, 0.5, 1.0]), np.array([1.5, -2.0, 3e-4])


def as_csv(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_has_names_in_its_first_line(tmp_path: Path, delimiter: str) -> None:
    lines = [["x", "t", "u"], *([str(v) for v in row] for row in zip(X, T, U, strict=True))]
    text = "# probe 7\n" + "\n".join(f"{delimiter} ".join(line) for line in lines) + "\n\n"
    table = read(as_csv(tmp_path / "probe.csv", text))
    assert table.name == "probe.csv" and table.rows == ("line 3", "line 4", "line 5")
    for name, values in (("x", X), ("t", T), ("u", U)):
        np.testing.assert_array_equal(table.columns[name], values)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "'probe.csv' is empty"),
        ("0.1,0.2\n", "'0.1' is no name"),
        ("x,,u\n1,2,3\n", "'' is no name"),
        ("x,u,u\n1,2,3\n", "two columns are called 'u'"),
        ("x,u\n1,2\n1,2,3\n", "line 3: 3 values for the 2 columns x, u"),
        ("x,u\n1,2\n# no\n1,abc\n", "line 4, column 'u': 'abc' is no number"),
        ("x,u\n1,2\n3,\n", "line 3, column 'u': '' is no number"),
        ("x,u\n1,2\n3,nan\n4,inf\n", "line 3, column 'u': nan is no finite number, and so are 1 more"),
        ("x,u\n", "holds no row"),
    ],
)
def test_a_fault_is_named_with_line_and_column(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read(as_csv(tmp_path / "probe.csv", text))
    assert fault in str(caught.value) and "probe.csv" in str(caught.value)


def test_npz_holds_arrays_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "probe.npz", x=X, u=U[:, None])
    table = read(tmp_path / "probe.npz")
    np.testing.assert_array_equal(table.columns["u"], U)
    np.savez(tmp_path / "bad.npz", x=X, u=np.stack([U, U]))
    with pytest.raises(ProblemError, match="the column 'u' has shape"):
        read(tmp_path / "bad.npz")
    np.savez(tmp_path / "short.npz", x=X, u=U[:2])
    with pytest.raises(ProblemError, match="differ in length: x 3, u 2"):
        read(tmp_path / "short.npz")
    (tmp_path / "no.npz").write_bytes(b"nonsense")
    with pytest.raises(ProblemError, match=r"'no\.npz' cannot be read"):
        read(tmp_path / "no.npz")


@pytest.mark.parametrize("ending", ["vtu", "vtk", "xdmf"])
def test_meshes_have_point_data(tmp_path: Path, ending: str) -> None:
    points = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    mesh = meshio.Mesh(points, [("triangle", np.array([[0, 1, 2]]))], point_data={"p": U})
    path = tmp_path / f"flow.{ending}"
    keywords = {"data_format": "XML"} if ending == "xdmf" else {}
    meshio.write(path, mesh, **keywords)
    table = read(path)
    assert set(table.columns) == {"x", "y", "p"}, "z is the same everywhere"
    np.testing.assert_allclose(table.columns["y"], points[:, 1])
    np.testing.assert_allclose(table.columns["p"], U)


def test_a_time_series_has_a_column_for_time(tmp_path: Path) -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    path = tmp_path / "flow.xdmf"
    with meshio.xdmf.TimeSeriesWriter(path, data_format="XML") as writer:
        writer.write_points_cells(points, [("triangle", np.array([[0, 1, 2]]))])
        for time in (0.0, 0.5):
            writer.write_data(time, point_data={"p": U + time})
    table = read(path)
    np.testing.assert_allclose(table.columns["t"], np.repeat([0.0, 0.5], 3))
    np.testing.assert_allclose(table.columns["p"], np.concatenate([U, U + 0.5]))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("none.csv", "there is no data file"), ("data.txt", "is of no known format"), ("bad.vtu", "cannot be read"),
        ("bad.vtk", "cannot be read"), ("bad.npz", "it is no archive of arrays"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, fault: str) -> None:
    if name != "none.csv":
        (tmp_path / name).write_text("x")
    with pytest.raises(ProblemError, match=fault):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"x": 1.0}, "holds no column of numbers"),
        ({"x": X, "u": "ab"}, "'u' holds no numbers"),
        ({"x": []}, "holds no row"),
        ({"x": X, "u": [1.0, np.nan, 2.0]}, "row 2, column 'u': nan"),
    ],
)
def test_arrays_are_checked_too(columns: dict, fault: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ProblemError, match=fault):
        table_of("data", columns)


def test_numbers_stand_for_every_row() -> None:
    make: Callable[[int], str] = "point {}".format
    table = table_of("data", {"x": X, "t": 0.5}, make)
    assert table.columns["t"].tolist() == [0.5] * 3 and table.rows[2] == "point 3"
