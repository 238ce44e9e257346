"""The files for ParaView, read back by meshio and by an XML parser."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from xml.etree import ElementTree

import meshio
import numpy as np
import pytest

from pinnsolve import MLP, Box, LevenbergMarquardt, Mesh, Problem, d, dirichlet, exact, initial, laplace, solve
from pinnsolve.report.export import cells, write_vtu
from pinnsolve.report.record import Report
from pinnsolve.verdict.compare import compare

CORNERS = {"line": 2, "quad": 4, "hexahedron": 8}


def trained(problem: Problem) -> Report:
    small = MLP(width=6, depth=2)
    solution = solve(problem, network=small, method=LevenbergMarquardt(steps=2), points=64, held_out=64)
    return Report("small", "", solution, compare(solution, problem.reference(problem)), [], 0, 0)  # type: ignore[operator]


def rising(u, x, t):
    return d(u, t) - d(u, x, x)


def poisson2(v, x, y):
    return laplace(v, x, y) - 4


def poisson3(v, x, y, z):
    return laplace(v, x, y, z) - 6


def poisson4(v, a, b, c, e):
    return laplace(v, a, b, c, e)


def decay(q, p, t):
    return d(q, t) + q + 0 * p


def rest(q, p, t):
    return d(p, t) + 0 * q


@pytest.fixture(scope="module")
def evolving() -> Report:
    """u = x^2 + 2 t on (-1, 3) x (0.5, 2)."""
    conditions = [initial(u=lambda x: x**2 + 1), dirichlet(u=lambda x, t: x**2 + 2 * t)]
    return trained(
        Problem(
            space=Box(x=(-1, 3)), time=(0.5, 2), unknowns="u", equations=rising, conditions=conditions,
            reference=exact(u=lambda x, t: x**2 + 2 * t),
        )
    )  # fmt: skip


def test_last_time_has_points_cells_and_values(evolving: Report, tmp_path: Path) -> None:
    written = write_vtu(evolving, tmp_path)
    assert written[0] == tmp_path / "solution.vtu"
    mesh = meshio.read(written[0])
    assert mesh.points.shape == (201, 3)
    assert (mesh.points[0, 0], mesh.points[-1, 0]) == (-1, 3)
    assert not mesh.points[:, 1:].any()
    assert [(c.type, c.data.shape) for c in mesh.cells] == [("line", (200, 2))]
    assert set(mesh.point_data) == {"u", "u_reference", "u_error"}
    x = mesh.points[:, 0]
    np.testing.assert_allclose(mesh.point_data["u_reference"], x**2 + 4, rtol=1e-14)
    np.testing.assert_array_equal(mesh.point_data["u"], evolving.solution.u(x=x, t=2.0))
    np.testing.assert_array_equal(mesh.point_data["u_error"], mesh.point_data["u"] - mesh.point_data["u_reference"])


def test_series_lists_files_that_exist_with_their_times(evolving: Report, tmp_path: Path) -> None:
    written = write_vtu(evolving, tmp_path)
    sets = list(ElementTree.parse(tmp_path / "solution.pvd").getroot().iter("DataSet"))
    times = [float(s.attrib["timestep"]) for s in sets]
    np.testing.assert_allclose(times, np.linspace(0.5, 2, 21), rtol=1e-15)
    files = [tmp_path / s.attrib["file"] for s in sets]
    assert files == written[2:]
    assert set(tmp_path.rglob("*")) == {*written, tmp_path / "solution_steps"}
    for time, file in list(zip(times, files, strict=True))[::5]:
        mesh = meshio.read(file)
        np.testing.assert_allclose(mesh.point_data["u_reference"], mesh.points[:, 0] ** 2 + 2 * time, rtol=1e-14)
    last, end = meshio.read(files[-1]), meshio.read(written[0])
    np.testing.assert_array_equal(last.point_data["u"], end.point_data["u"])


def test_stale_steps_are_removed(evolving: Report, tmp_path: Path) -> None:
    write_vtu(evolving, tmp_path, steps=7)
    (tmp_path / "solution_steps" / "mine.txt").write_text("kept")
    write_vtu(evolving, tmp_path, steps=3)
    names = sorted(p.name for p in (tmp_path / "solution_steps").iterdir())
    assert names == ["mine.txt", "solution_000.vtu", "solution_001.vtu", "solution_002.vtu"]


def test_without_reference_there_is_the_solution_alone(evolving: Report, tmp_path: Path) -> None:
    alone = dataclasses.replace(evolving, comparison=compare(evolving.solution, None))
    mesh = meshio.read(write_vtu(alone, tmp_path, steps=2)[0])
    assert set(mesh.point_data) == {"u"}


def test_time_alone_is_a_line_and_no_series(evolving: Report, tmp_path: Path) -> None:
    write_vtu(evolving, tmp_path, steps=3)
    problem = Problem(
        time=(0, 2), unknowns=("q", "p"), equations=[decay, rest], conditions=[initial(q=1, p=3)],
        reference=exact(q=lambda t: np.exp(-t), p=lambda t: 3 + 0 * t),
    )  # fmt: skip
    assert write_vtu(trained(problem), tmp_path) == [tmp_path / "solution.vtu"]
    assert [p.name for p in tmp_path.iterdir()] == ["solution.vtu"]
    mesh = meshio.read(tmp_path / "solution.vtu")
    assert mesh.cells[0].type == "line"
    assert set(mesh.point_data) == {f"{u}{end}" for u in "qp" for end in ("", "_reference", "_error")}
    np.testing.assert_allclose(mesh.point_data["q_reference"], np.exp(-mesh.points[:, 0]), rtol=1e-14)
    assert mesh.points[-1].tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("space", "equation", "kind", "true"),
    [
        (Box(x=(0, 1), y=(0, 2)), poisson2, "quad", lambda x, y: x**2 + y**2),
        (Box(x=(0, 1), y=(0, 2), z=(0, 3)), poisson3, "hexahedron", lambda x, y, z: x**2 + y**2 + z**2),
        (Box(a=(0, 1), b=(0, 1), c=(0, 1), e=(0, 4)), poisson4, "hexahedron", lambda a, b, c, e: a * b + c * e),
    ],
    ids=["2D", "3D", "4D"],
)
def test_cells_by_dimension(space: Box, equation, kind: str, true, tmp_path: Path) -> None:
    problem = Problem(
        space=space, unknowns="v", equations=equation, conditions=[dirichlet(v=true)], reference=exact(v=true)
    )
    mesh = meshio.read(write_vtu(trained(problem), tmp_path)[0])
    places = dict(zip(space.coordinates, mesh.points.T, strict=False))
    if len(space.coordinates) == 4:
        np.testing.assert_array_equal(mesh.point_data["e"], 2.0)
        places["e"] = mesh.point_data["e"]
    np.testing.assert_allclose(mesh.point_data["v_reference"], true(**places), rtol=1e-13, atol=1e-13)
    assert mesh.cells[0].type == kind
    assert np.unique(mesh.cells[0].data).size == len(mesh.points)
    assert all(np.isfinite(v).all() for v in mesh.point_data.values())
    assert (tmp_path / "solution.vtu").stat().st_size < 3e6


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
def test_cells_are_right_handed_and_fill_the_box(shape: tuple[int, ...]) -> None:
    """Corners run along the first axis, round the square, then up: the volumes are positive and sum to the box's."""
    found = cells(shape)
    points = np.stack([a.ravel() for a in np.indices(shape)], axis=1).astype(float)
    edges = [points[found[:, k]] - points[found[:, 0]] for k in {1: [1], 2: [1, 3], 3: [1, 3, 4]}[len(shape)]]
    volumes = np.linalg.det(np.stack(edges, axis=1))
    assert found.shape == (np.prod([n - 1 for n in shape]), 2 ** len(shape))
    np.testing.assert_allclose(volumes, 1.0)


def curved_disc(path: Path, k: int = 8) -> meshio.Mesh:
    """The unit disc as quadratic triangles around its middle, whose outer edges are arcs nearly, and a point apart."""
    turn = 2 * np.pi * np.arange(k) / k
    rim, between = (np.c_[np.cos(a), np.sin(a)] for a in (turn, turn + np.pi / k))
    n, after = np.arange(k), (np.arange(k) + 1) % k
    cells = np.c_[0 * n, 1 + n, 1 + after, 1 + 2 * k + n, 1 + k + n, 1 + 2 * k + after]
    mesh = meshio.Mesh(np.concatenate([[[0, 0]], rim, between, rim / 2, [[3, 3]]]), [("triangle6", cells)])
    mesh.write(path)
    return mesh


def test_a_curved_mesh_comes_out_as_it_went_in(tmp_path: Path) -> None:
    """Kinds of cells, numbers of points and their places; values at its nodes on the rim, too."""
    given = curved_disc(tmp_path / "disc.vtu")
    space = Mesh(tmp_path / "disc.vtu").moved(x=2)
    run = trained(
        Problem(space=space, unknowns="v", equations=poisson2, conditions=[dirichlet(v=1)],
                reference=exact(v=lambda x, y: x + 3 * y))
    )  # fmt: skip
    mesh = meshio.read(write_vtu(run, tmp_path)[0])
    assert [(c.type, c.data.tolist()) for c in mesh.cells] == [("triangle6", given.cells[0].data.tolist())]
    np.testing.assert_allclose(mesh.points[:, :2], given.points[:, :2] + [2, 0], atol=1e-15)
    values, (x, y) = mesh.point_data["v"], mesh.points[:-1, :2].T
    assert np.isnan(values[-1])
    np.testing.assert_allclose(values[:-1], run.solution.v(x=x, y=y), rtol=1e-12)
    np.testing.assert_allclose(mesh.point_data["v_reference"][:-1], x + 3 * y, atol=1e-14)
    again = meshio.read(run.solution.export(tmp_path / "solution.xdmf"))  # one grid, since nothing evolves
    assert again.cells[0].type == "triangle6" and again.points.shape == mesh.points.shape
    np.testing.assert_allclose(again.point_data["v"], values, rtol=1e-12)
