"""Grids and figures: one for each kind of problem, and what they promise of their scales and titles."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from pinnsolve import MLP, Box, LevenbergMarquardt, Problem, Reference, d, dirichlet, exact, initial, laplace, solve
from pinnsolve.report import fields, figures, grids
from pinnsolve.report.export import write_vtu
from pinnsolve.report.figures import png, solution_figure
from pinnsolve.report.layout import LAYOUT
from pinnsolve.report.record import Report
from pinnsolve.verdict.compare import COUNT, REPLICATES, compare
from problems.fuel_pin import problem as fuel_pin

PI = torch.pi


def trained(name: str, problem: Problem, steps: int = 3) -> Report:
    small = MLP(width=6, depth=2)
    solution = solve(problem, network=small, method=LevenbergMarquardt(steps=steps), points=128, held_out=64)
    reference = problem.reference(problem) if callable(problem.reference) else None
    return Report(name, f"The problem {name}.", solution, compare(solution, reference), [], 2**28, 2**27)


def oscillator() -> Problem:
    def position(q, p, t):
        return d(q, t) - p

    def momentum(q, p, t):
        return d(p, t) + q

    conditions = [initial(q=1, p=0)]
    reference = exact(q=lambda t: 1 * np.cos(t), p=lambda t: -np.sin(t))
    return Problem(
        time=(0, 2), unknowns=("q", "p"), equations=[position, momentum], conditions=conditions, reference=reference
    )


def line(reference: object = None) -> Problem:
    def bar(u, s):
        return d(u, s, s) + 2

    return Problem(
        space=Box(s=(0, 1)), unknowns="u", equations=bar, conditions=[dirichlet(u=0)], reference=reference
    )  # fmt: skip


def rod(reference: object = None) -> Problem:
    def _heat(u, x, t):
        return d(u, t) - 0.1 * d(u, x, x)

    conditions = [initial(u=lambda x: torch.sin(PI * x)), dirichlet(u=0)]
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=_heat, conditions=conditions, reference=reference
    )


def box(names: str, time: tuple[float, float] | None = None, known: bool = True) -> Problem:
    """A box of any dimension: u = product of its coordinates (times 1 + t), which is harmonic in space."""
    args = [*names, *(["t"] if time else [])]
    scope = {"laplace": laplace, "d": d, "np": np}
    rest = f"d(u, t) - ({'*'.join(names)}) - " if time else ""
    exec(f"def equation(u, {', '.join(args)}): return {rest}laplace(u, {', '.join(names)})", scope)
    growth = " * (1 + t)" if time else ""
    exec(f"def true({', '.join(args)}): return {'*'.join(names)}{growth}", scope)
    exec(f"def start({', '.join(names)}): return {'*'.join(names)}", scope)
    conditions = [dirichlet(u=scope["true"])] + ([initial(u=scope["start"])] if time else [])
    return Problem(
        space=Box(**dict.fromkeys(names, (0, 1))), time=time, unknowns="u", equations=scope["equation"],
        conditions=conditions, reference=exact(u=scope["true"]) if known else None,
    )  # fmt: skip


HEAT = exact(u=lambda x, t: np.exp(-0.1 * PI**2 * t) * np.sin(PI * x))
KINDS = {
    "ode": oscillator,
    "steady 1D": lambda: line(exact(u=lambda s: s * (1 - s))),
    "steady 1D alone": line,
    "1D and time": lambda: rod(HEAT),
    "steady 2D": lambda: box("xy"),
    "2D and time": lambda: box("xy", (0, 1)),
    "2D and time alone": lambda: box("xy", (0, 1), known=False),
    "3D and time": lambda: box("xyz", (0, 1)),
    "4D": lambda: box("abce"),
}


@cache
def of_kind(name: str) -> Report:
    return trained(name, KINDS[name]())


@pytest.fixture(scope="module", params=list(KINDS))
def run(request: pytest.FixtureRequest) -> Report:
    return of_kind(request.param)


@pytest.fixture(scope="module")
def heat() -> Report:
    return of_kind("1D and time")


@pytest.fixture(scope="module")
def figure(heat: Report) -> Figure:
    return solution_figure(heat)


def meshes(figure: Figure) -> dict[str, QuadMesh]:
    """The pictures by their titles."""
    found = {}
    for axes in figure.get_axes():
        for mesh in axes.collections:
            if isinstance(mesh, QuadMesh) and axes.get_title():
                found[axes.get_title()] = mesh
    return found


def titled(figure: Figure, start: str) -> Axes:
    (axes,) = [a for a in figure.get_axes() if a.get_title().startswith(start)]
    return axes


def test_figure_becomes_a_file(figure: Figure) -> None:
    assert png(figure).startswith(b"\x89PNG")


def test_every_kind_of_problem_has_its_figure(run: Report) -> None:
    figure = solution_figure(run)
    titles = " | ".join(a.get_title() for a in figure.get_axes())
    for unknown in run.solution.problem.unknowns:
        assert f"{unknown}: solution" in titles
    referenced = run.comparison.reference is not None
    assert ("solution \N{MINUS SIGN} reference" in titles) == referenced
    assert ("|residual of" in titles) == (not referenced)
    assert "largest " in titles
    places = [a.title.get_window_extent() for a in figure.get_axes() if a.get_title()]
    assert not any(a.overlaps(b) for k, a in enumerate(places) for b in places[:k])
    assert all(a.x0 >= 0 and a.x1 <= figure.bbox.width for a in places)
    for at, value in grids.held(run.solution.problem).items():
        shown = grids.plane(run.solution.problem)
        assert at in shown or f"{at} = {value:.3g}" in titles


def test_where_an_unknown_does_not_live_it_has_no_largest_error() -> None:
    """A pellet and its cladding (mutant: what lies outside counts as no finite number)."""
    solution = solve(fuel_pin)
    known = fuel_pin.reference(fuel_pin)  # type: ignore[operator,misc]
    for reference in (known, None):
        report = Report("pin", "A pin.", solution, compare(solution, reference), [], 2**28, 2**27)
        told = [a.get_title() for a in solution_figure(report).get_axes() if "largest " in a.get_title()]
        assert len(told) == 2 and not any("inf" in title for title in told)


def test_figure_is_free_of_global_state(heat: Report) -> None:
    before = (dict(mpl.rcParams), mpl.get_backend())
    solution_figure(heat)
    assert (dict(mpl.rcParams), mpl.get_backend()) == before
    assert "pyplot" not in Path(figures.__file__).read_text()


def test_solution_and_reference_share_one_scale(figure: Figure) -> None:
    found = meshes(figure)
    solution, reference = found["u: solution"], found["u: reference (exact solution)"]
    assert solution.norm is reference.norm
    assert solution.get_clim() == reference.get_clim()
    assert solution.get_clim()[0] <= min(solution.get_array().min(), reference.get_array().min())
    assert solution.get_clim()[1] >= max(solution.get_array().max(), reference.get_array().max())
    difference = found["u: solution \N{MINUS SIGN} reference"]
    low, high = difference.get_clim()
    assert low == -high
    assert high == np.abs(difference.get_array()).max()
    np.testing.assert_array_equal(difference.get_array(), solution.get_array() - reference.get_array())


def test_largest_error_is_marked_where_it_is(heat: Report, figure: Figure) -> None:
    peak = fields.error_peaks(heat, "u")
    axes = titled(figure, "error |u")
    assert isinstance(axes.collections[0].norm, LogNorm)
    assert f"largest {peak.largest:.1e}" in axes.get_title()
    assert (axes.lines[0].get_xdata()[0], axes.lines[0].get_ydata()[0]) == (peak.at["t"], peak.at["x"])
    here = {c: np.array([v]) for c, v in peak.at.items()}
    error = heat.solution.u(**here) - HEAT(heat.solution.problem).fields["u"](**here)
    assert abs(error[0]) == pytest.approx(peak.largest, rel=1e-9)


def test_time_is_horizontal_and_slices_have_both_curves(figure: Figure) -> None:
    axes = titled(figure, "u: solution \N{MINUS SIGN}")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("t", "x")
    slices = titled(figure, "u at t = 0.25")
    assert [line.get_label() for line in slices.lines] == ["solution", "reference"]
    assert slices.lines[0].get_linewidth() > slices.lines[1].get_linewidth()
    assert titled(figure, "u at t = 1").get_ylim() == slices.get_ylim()


def test_history_names_every_residual_even_with_odd_names(figure: Figure) -> None:
    axes = titled(figure, "residuals while training")
    legend = axes.get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()][:-2] == ["_heat"]
    assert axes.get_yscale() == "log"


def test_title_tells_name_verdict_and_errors(heat: Report) -> None:
    figure = solution_figure(dataclasses.replace(heat, name="$a_b$ <x>"))
    header = " ".join(t.get_text() for t in figure.subfigs[0].texts)
    for part in ("$a_b$ <x>", heat.comparison.verdict.upper(), f"u {heat.comparison.errors['u'].relative_l2:.1e}"):
        assert part in header


def test_values_that_are_not_finite_do_not_stop_the_figure(heat: Report) -> None:
    def holed(x: np.ndarray, t: np.ndarray) -> np.ndarray:
        return np.where(x > 0.6, np.nan, x * t)

    reference = Reference("holed", {"u": holed}, 1e-9, 0.0)
    broken = dataclasses.replace(heat, comparison=dataclasses.replace(heat.comparison, reference=reference))
    assert png(solution_figure(broken)).startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["1D and time", "3D and time"])
def test_a_slow_reference_is_asked_once_for_each_place(kind: str, tmp_path: Path) -> None:
    """No more often than the comparison asks it, within a factor of two, however many pictures and files there are."""
    run, asked = of_kind(kind), []
    reference = run.comparison.reference
    assert reference is not None

    def slow(**places: np.ndarray) -> np.ndarray:
        asked.append(np.stack(list(places.values())))
        return reference.fields["u"](**places)

    told = dataclasses.replace(reference, fields={"u": slow})
    run = dataclasses.replace(run, comparison=dataclasses.replace(run.comparison, reference=told))
    solution_figure(run)
    drawn = sum(a.shape[1] for a in asked)
    write_vtu(run, tmp_path)
    written = sum(a.shape[1] for a in asked)
    solution_figure(run)
    assert written == sum(a.shape[1] for a in asked) <= 2 * REPLICATES * COUNT
    if kind == "1D and time":
        assert written == drawn == np.unique(np.concatenate(asked, axis=1), axis=1).shape[1]


def chain(count: int) -> Problem:
    """So many unknowns u_k = k exp(-t) x, each with an error of its own."""
    names = [f"u{k}" for k in range(1, count + 1)]
    scope = {"d": d}
    for n in names:
        exec(f"def of_{n}({n}, x, t): return d({n}, t) + {n} + 0 * d({n}, x)", scope)
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns=names, equations=[scope[f"of_{n}"] for n in names],
        conditions=[initial(**{n: (lambda x, k=k: k * x) for k, n in enumerate(names, 1)})],
        reference=exact(**{n: (lambda x, t, k=k: k * np.exp(-t) * x + 0.01 * (k % 5) * t) for k, n in enumerate(names, 1)}),
    )  # fmt: skip


def test_of_many_unknowns_those_with_the_largest_errors_are_shown() -> None:
    run = trained("chain", chain(7), steps=1)
    figure = solution_figure(run)
    errors = run.comparison.errors
    worst = sorted(errors, key=lambda u: -errors[u].relative_l2)[:3]
    titles = [a.get_title() for a in figure.get_axes()]
    shown = [u for u in errors if f"{u}: solution" in titles]
    assert sorted(shown) == sorted(worst)
    assert len([t for t in titles if t]) <= LAYOUT.panels + 1
    words = " ".join(t.get_text() for t in figure.subfigs[0].texts)
    assert "not shown" in words and "--figures all" in words and "solution.vtu holds them all" in words
    asked_for = solution_figure(run, ["u2", "u1"])
    assert [t for t in (a.get_title() for a in asked_for.get_axes()) if t.endswith(": solution")] == [
        "u2: solution", "u1: solution"
    ]  # fmt: skip


def test_maximum_is_over_the_coordinates_that_are_not_shown() -> None:
    on = grids.Grid({"x": np.array([0.0, 1.0]), "t": np.array([0.0, 0.5, 1.0])}, {"y": 0.5})
    found = fields.peaks(on, np.array([[1.0, -5.0, 2.0], [0.0, 3.0, -1.0]]), ("x",))
    assert found.values.tolist() == [5.0, 3.0]
    assert (found.largest, found.at, found.over) == (5.0, {"x": 0.0, "t": 0.5}, ("t",))
    turned = fields.peaks(on, np.arange(6.0).reshape(2, 3), ("t", "x"))
    assert turned.values.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


def test_limits_are_never_empty_and_ignore_what_is_not_finite() -> None:
    assert fields.limits(np.array([1.0, np.nan]), np.array([3.0, np.inf])) == (1.0, 3.0)
    assert fields.limits(np.zeros(3)) == (-0.5, 0.5)
    low, high = fields.limits(np.full(2, 300.0))
    assert low < 300 < high
