"""Functions from data: as coefficients, sources, walls and starts, and called on fields."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator, make_interp_spline
from scipy.sparse import lil_array
from scipy.sparse.linalg import spsolve

from pinnsolve import (
    Box,
    Problem,
    ProblemError,
    RandomFeatures,
    automatic_reference,
    d,
    dirichlet,
    face,
    initial,
    solve,
    table,
)
from pinnsolve.geometry.tabulated import Tabulated
from pinnsolve.jets.differences import Stencil
from pinnsolve.jets.intervals import Interval
from pinnsolve.jets.jet import Chart
from pinnsolve.training.within_tables import check_within_tables

RNG = np.random.default_rng(3)
X, Y = np.sort(RNG.uniform(0, 1, 9)), np.linspace(0, 2, 7)
XX, YY = np.meshgrid(X, Y, indexing="ij")
V = np.sin(3 * XX) * np.cos(YY)


def of_two(kind: Any) -> Tabulated:
    order = RNG.permutation(XX.size)  # rows in any order
    rows = {"x": XX.ravel()[order], "y": YY.ravel()[order], "k": V.ravel()[order]}
    return table(**rows, of=("x", "y"), kind=kind)


@pytest.mark.parametrize("kind", ["linear", "nearest", "cubic"])
def test_between_the_data_it_is_what_scipy_makes_of_them(kind: Any) -> None:
    places = np.column_stack([RNG.uniform(X[0], X[-1], 200), RNG.uniform(0, 2, 200)])
    made = of_two(kind)(places[:, 0], y=places[:, 1])
    if kind == "cubic":
        rows = make_interp_spline(X, make_interp_spline(Y, V, axis=1)(places[:, 1]), axis=0)(places[:, 0])
        wanted = rows[np.arange(200), np.arange(200)]
    else:
        wanted = RegularGridInterpolator((X, Y), V, method=kind)(places)
    assert np.allclose(made, wanted, atol=1e-12)
    assert isinstance(of_two(kind)(X[0], 1.0), float)


@pytest.mark.parametrize("kind", ["linear", "cubic", "smoothing"])
def test_derivatives_are_those_of_nested_autograd(kind: Any) -> None:
    k = table(x=X, k=np.sin(3 * X), of="x", kind=kind, outside="hold")
    x = torch.linspace(0.1, 0.85, 40, dtype=torch.float64)
    chart = Chart(("x",), len(x), torch.float64, torch.device("cpu"))
    at = chart.coordinate("x", x)
    made = k(0.8 * at * at + 0.1 * at)
    leaf = x.clone().requires_grad_()
    found = [k(0.8 * leaf * leaf + 0.1 * leaf)]
    for _ in range(2 if kind != "linear" else 1):
        found.append(torch.autograd.grad(found[-1].sum(), leaf, create_graph=True)[0])
    for order, wanted in enumerate(found):
        assert torch.allclose(made.dense((order,)), wanted.detach(), atol=1e-10)


def test_differences_see_its_kinks_and_derivatives_do_not() -> None:
    k = table(x=[0.0, 0.5, 1.0], k=[0.0, 1.0, 0.0], of="x")
    at = torch.tensor([0.5, 0.25], dtype=torch.float64)
    stencil = Stencil({"x": 1e-3}, 2, torch.float64, torch.device("cpu"))
    x = stencil.known(lambda offset: stencil.moved({"x": at}, offset)["x"], "x")
    assert torch.allclose(d(k(x), x, x).value, torch.tensor([-4e3, 0.0], dtype=torch.float64), atol=1e-6)


@pytest.mark.parametrize("kind", ["linear", "nearest", "cubic"])
def test_bounds_on_boxes_hold_all_values_and_come_closer(kind: Any) -> None:
    k, generator = of_two(kind), torch.Generator().manual_seed(1)
    ends = k.spline.ends
    widths: list[float] = []
    for size in (0.3, 1e-3):
        boxes, places = [], []
        for low, high in ends:
            a = low + (high - low) * torch.rand(200, generator=generator, dtype=torch.float64)
            b = (a + size * (high - low) * torch.rand(200, generator=generator, dtype=torch.float64)).clamp(max=high)
            boxes.append(Interval(a, b))
            places.append(a[:, None] + (b - a)[:, None] * torch.rand(200, 50, generator=generator, dtype=torch.float64))
        values = k.spline.at([p.flatten() for p in places]).view(200, 50)
        found = k.spline.on(boxes)
        assert bool(((values >= found.low[:, None] - 1e-12) & (values <= found.high[:, None] + 1e-12)).all())
        widths.append(float((found.high - found.low).median()))
    assert widths[1] < 2e-2 * widths[0] or kind == "nearest"


def test_noise_is_smoothed() -> None:
    x = np.linspace(0, 1, 200)
    noisy = np.sin(5 * x) + 0.1 * RNG.standard_normal(200)
    k = table(x=x, k=noisy, of="x", kind="smoothing")
    assert np.sqrt(np.mean((k(x) - np.sin(5 * x)) ** 2)) < 0.04


# ---------------------------------------------------------------- in problems


def conduction(T, x, k, q):  # type: ignore[no-untyped-def]
    return d(k * d(T, x), x) + q


def rod(kind: Any, count: int) -> tuple[Problem, Tabulated, Tabulated]:
    x = np.linspace(0, 1, count)
    k = table(x=x, k=1 + x**2 + 0.3 * np.sin(9 * x), of="x", kind=kind)
    q = table(x=x, q=np.cos(3 * x) + 2, of="x", kind=kind)
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="T", equations=conduction, conditions=dirichlet(T=0),
        parameters={"k": k, "q": q}, reference=None, tolerance=1e-7,
    )  # fmt: skip
    return problem, k, q


@pytest.mark.parametrize(("kind", "count"), [("nearest", 21), ("smoothing", 21)])
def test_coefficients_and_sources_of_every_kind(kind: Any, count: int) -> None:
    """k T' = C - Q(x), T = int (C - Q) / k, by Gauss points between all kinks and jumps."""
    problem, k, q = rod(kind, count)
    solution = solve(problem)
    assert solution.converged and solution.findings is not None
    ends = np.unique(np.concatenate([np.linspace(0, 1, 101), k.breaks("x"), q.breaks("x")]))
    g, w = np.polynomial.legendre.leggauss(8)
    one, other, made, rows = 0.0, 0.0, 0.0, [(0.0, 0.0)]
    for a, b in zip(ends[:-1], ends[1:], strict=True):
        x, h = (a + b) / 2 + (b - a) / 2 * g, (b - a) / 2
        inside = np.array([made + (s - a) / 2 * np.sum(w * q(a + (s - a) / 2 * (1 + g))) for s in x])
        one, other, made = (
            one + h * np.sum(w / k(x)),
            other + h * np.sum(w * inside / k(x)),
            made + h * np.sum(w * q(x)),
        )
        rows.append((one, other))
    exact = np.array([other / one * p - r for p, r in rows])
    assert np.abs(solution.T(x=ends) - exact).max() < 1e-7 * np.abs(exact).max()
    assert not any("vary within a small part" in f for f in solution.findings.warnings)


def test_a_start_that_was_measured() -> None:
    """The tent-like start of a table, by the sine series of its kinks."""
    x = np.linspace(0, 1, 11)
    u = x * (1 - x) * (1 + np.sin(7 * x))
    bends = np.diff(np.diff(u) / np.diff(x))

    def heat(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - 0.1 * d(u, x, x)

    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, reference=None, tolerance=1e-3,
        conditions=[initial(u=table(x=x, u=u, of="x")), dirichlet(u=0)],
    )  # fmt: skip
    solution = solve(problem)
    assert solution.converged
    places, t = np.linspace(0, 1, 33), 0.3
    exact = sum(
        -2 / (n * math.pi) ** 2 * np.sum(bends * np.sin(n * math.pi * x[1:-1])) * np.exp(-0.1 * (n * math.pi) ** 2 * t)
        * np.sin(n * math.pi * places) for n in range(1, 60)
    )  # fmt: skip
    assert np.abs(solution.u(x=places, t=t) - exact).max() < 1e-6 * np.abs(exact).max()


def test_a_wall_over_time_and_the_automatic_reference() -> None:
    t = np.linspace(0, 1, 6)

    def heat(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - 0.1 * d(u, x, x)

    wall = table(t=t, w=np.sin(3 * t), of="t", kind="cubic")
    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, tolerance=1e-3,
        conditions=[initial(u=0), dirichlet(u=wall, on=face(x=0)), dirichlet(u=0, on=face(x=1))],
    )  # fmt: skip
    reference, solution = automatic_reference(problem), solve(problem)
    x = np.linspace(0, 1, 17)
    far = solution.u(x=x, t=1.0) - reference.fields["u"](x=x, t=np.full_like(x, 1.0))
    assert np.abs(far).max() < 1e-4


def five_points(k: Tabulated, count: int) -> np.ndarray:
    """div(k grad T) + 1 = 0 in the unit square, by the fluxes through the sides of squares."""
    i, j = (index.ravel() for index in np.meshgrid(range(1, count), range(1, count), indexing="ij"))
    matrix = lil_array((len(i), len(i)))
    for di, dj in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        flux = k((i + di / 2) / count, (j + dj / 2) / count) * count**2
        within = (i + di > 0) & (i + di < count) & (j + dj > 0) & (j + dj < count)
        here = np.arange(len(i))
        matrix[here, here] -= flux
        matrix[here[within], (here + di * (count - 1) + dj)[within]] = flux[within]
    made: np.ndarray = spsolve(matrix.tocsc(), -np.ones(len(i))).reshape(count - 1, -1)
    return made


def test_a_conductivity_of_the_temperature() -> None:
    """K(T) = int k dT is a straight line in x."""
    T = np.linspace(-5, 120, 26)
    k = table(T=T, k=1 + 0.02 * T + 1e-4 * T**2, of="T", kind="cubic", outside="hold")

    def hot(T, x):  # type: ignore[no-untyped-def]
        return d(k(T) * d(T, x), x)

    walls = [dirichlet(T=0, on=face(x=0)), dirichlet(T=100, on=face(x=1))]
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="T", equations=hot, conditions=walls, reference=None, tolerance=1e-4
    )
    solution = solve(problem)
    x = np.linspace(0, 1, 9)
    made = solution.T(x=x)
    assert np.allclose(made + 0.01 * made**2 + 1e-4 / 3 * made**3, x * (100 + 100 + 100 / 3), rtol=1e-6, atol=1e-6)


def test_a_table_of_an_unknown_may_be_left_on_the_way_and_not_at_last() -> None:
    """K(T) = T + T^2 / 200 is a straight line in x, from 0 to K(100); probes and first guesses go below zero."""
    T = np.linspace(0, 110, 12)
    k, shorter = (table(T=part, k=1 + part / 100, of="T", kind="cubic") for part in (T, T[:-2]))

    def hot(T, x):  # type: ignore[no-untyped-def]
        return d(k(T) * d(T, x), x)

    walls = [dirichlet(T=0, on=face(x=0)), dirichlet(T=100, on=face(x=1))]
    problem = Problem(space=Box(x=(0, 1)), unknowns="T", equations=hot, conditions=walls, reference=None)
    solution = solve(problem)
    made = solution.T(x=np.linspace(0, 1, 9))
    assert np.allclose(made + made**2 / 200, 150 * np.linspace(0, 1, 9), rtol=1e-4, atol=1e-3)
    check_within_tables(solution.trial)
    k.spline = shorter.spline
    with pytest.raises(
        ProblemError, match=r"where training ended .* asked at T = 9\d.*, and its data reach from 0 to 90"
    ):
        check_within_tables(solution.trial)
    of_place = table(r=[0.0, 0.5], k=[1.0, 2.0], of="r")  # no unknown stands in it: it is seen at once
    with pytest.raises(ProblemError, match="asked at r = "):
        problem.replaced(equations=lambda T, x: d(of_place(torch.sqrt(x**2)) * d(T, x), x)).check()


def test_features_take_tables_too() -> None:
    problem, _, _ = rod("cubic", 21)
    one, other = solve(problem), solve(problem, network=RandomFeatures(200), budget=20)
    assert one.T(x=0.4) == pytest.approx(other.T(x=0.4), rel=1e-4)


# ---------------------------------------------------------------- files, and what is told


def test_files_are_read_from_beside_the_one_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "k.csv").write_text("y;x;k\n0;0;1\n0;1;2\n1;0;3\n1;1;4\n")
    np.savez(tmp_path / "k.npz", x=[2.0, 0.0, 1.0], k=[5.0, 1.0, 3.0], other=[0.0, 0.0, 1.0])
    assert table(tmp_path / "k.csv", of=("x", "y"))(0.5, 0.5) == 2.5
    assert table(tmp_path / "k.npz", of="x", value="k")(0.5) == 2.0
    (tmp_path / "problem.py").write_text("from pinnsolve import table\nk = table('k.csv', of=('x', 'y'))\n")
    names: dict[str, Any] = {}
    exec(compile((tmp_path / "problem.py").read_text(), str(tmp_path / "problem.py"), "exec"), names)  # a user's file
    assert names["k"](1.0, 0.0) == 2.0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"of": "x"}, "by a file, or by columns"), ({"of": "x", "file": "nowhere.csv"}, "there is no data file"),
        ({"of": 3, "x": [0, 1], "k": [1, 2]}, "names no coordinates"), ({"of": ("x", "x"), "x": [0, 1], "k": [1, 2]}, "names no coordinates"),
        ({"of": "z", "x": [0, 1], "k": [1, 2]}, "has no column 'z'"), ({"of": "x", "x": [0, 1]}, "no other column"),
        ({"of": "x", "x": [0, 1], "k": [1, 2], "q": [1, 2]}, "which one are the values"),
        ({"of": "x", "x": [0, 1], "k": [1, 2], "value": "q"}, "is no column"),
        ({"of": "x", "x": [0, 1], "value": np.ones(2)}, "no name of a column"),
        ({"of": "x", "x": [0, 1], "k": [1, math.nan]}, "no finite number"),
        ({"of": "x", "x": [0, 1, 1], "k": [1, 2, 3]}, "more than one row for x = 1"),
        ({"of": ("x", "y"), "x": [0, 0, 1], "y": [0, 1, 0], "k": [1, 2, 3]}, "no full grid"),
        ({"of": "x", "x": [0, 1], "k": [1, 2], "kind": "spline"}, "no kind 'spline'"),
        ({"of": "x", "x": [0, 1], "k": [1, 2], "outside": "zero"}, "no outside 'zero'"),
        ({"of": "x", "x": [0, 1], "k": [1, 2], "kind": "cubic"}, "needs 4"),
        ({"of": ("x", "y"), "x": XX.ravel(), "y": YY.ravel(), "k": V.ravel(), "kind": "smoothing"}, "along one coordinate"),
        ({"of": "x", "x": [0, 1], "k": [1j, 2]}, "complex"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ProblemError, match=told):
        table(**given)


def test_tables_that_do_not_fit_the_problem_are_told() -> None:
    short, other = table(x=[0.0, 0.5], k=[1.0, 2.0], of="x"), table(z=[0.0, 1.0], k=[1.0, 2.0], of="z")
    problem, _, _ = rod("linear", 5)
    for k, told in ((short, "the domain from 0 to 1"), (other, "'z', which is no coordinate")):
        with pytest.raises(ProblemError, match=told):
            problem.replaced(parameters={"k": k, "q": 1.0})
    held = table(x=[0.0, 0.5], k=[1.0, 2.0], of="x", outside="hold")
    assert problem.replaced(parameters={"k": held, "q": 1.0}).tables["k"](0.9) == 2.0
    with pytest.raises(ProblemError, match="asked at x = 0.9"):
        short(0.9)
    with pytest.raises(ProblemError, match="called with 2 arguments"):
        short(0.1, 0.2)
    assert "k = a function of x, linear between data" in repr(problem)
