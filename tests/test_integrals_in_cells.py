"""Integrals over cells of a line or a rectangle, where each is an unknown of its own."""

from __future__ import annotations

from math import e, pi
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, exp, sin

from pinnsolve import (
    Box,
    Disk,
    LocalFeatures,
    Marching,
    NotConverged,
    Problem,
    ProblemError,
    at,
    condition,
    d,
    dirichlet,
    face,
    initial,
    integral,
    interior,
    neumann,
    periodic,
    point,
    solve,
)
from pinnsolve.checks.check import check
from pinnsolve.geometry.points import Points
from pinnsolve.problem.local import in_place, sizes_in_place
from pinnsolve.problem.probes import Size
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.exact import verified
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.of_network import read_for_cells
from pinnsolve.trial.planar import Planar

ROD, SQUARE = Box(x=(0, 1)), Box(x=(0, 1), y=(0, 1))


def line(equation: Any, *conditions: Any, **changes: Any) -> Problem:
    given: dict[str, Any] = {"space": ROD, "unknowns": "u", "tolerance": 1e-6, "reference": None}
    return Problem(**{**given, "equations": equation, "conditions": conditions, **changes})


def heat(u: Any, x: Any, t: Any) -> Any:
    """u = exp(-t) (1 + cos(pi x)), fed by its own mean."""
    fed = exp(-t) * (1 + cos(pi * x) - pi**2 * cos(pi * x) + 1)
    return d(u, t) - d(u, x, x) - integral(u, over="x") + fed


def ages(n: Any, a: Any, t: Any) -> Any:
    return d(n, t) + d(n, a) + n


def born(n: Any) -> Any:
    return n - 2 / (1 - e**-2) * integral(n, over="a")


def beam(u: Any, x: Any) -> Any:
    """Kirchhoff's: u = sin(pi x)."""
    return (1 + integral(d(u, x) ** 2, over="x")) * d(u, x, x) + pi**2 * (1 + pi**2 / 2) * sin(pi * x)


def humps(x: Any, y: Any) -> Any:
    return sin(pi * x) * sin(pi * y)


SOLVED: dict[str, tuple[Problem, Any]] = {
    "nonlocal heat": (
        line(heat, initial(u=lambda x: 1 + cos(pi * x)), neumann(u=0), time=(0, 1)),
        lambda x, t: np.exp(-t) * (1 + np.cos(pi * x)),
    ),
    "births": (
        line(
            ages, initial(n=lambda a: exp(-2 * a)), condition(born, on=face(a=0)), space=Box(a=(0, 1)), time=(0, 1),
            unknowns="n",
        ),
        lambda a, t: np.exp(t - 2 * a),
    ),
    "mean zero": (
        line(lambda u, x: d(u, x, x) + pi**2 * cos(pi * x), neumann(u=0), condition(lambda u: integral(u, over="x"))),
        lambda x: np.cos(pi * x),
    ),
    "norm": (
        line(
            lambda u, x: d(u, x, x) + 2, dirichlet(u=0, on=face(x=0)),
            condition(lambda u: integral(u**2, over="x") - 1 / 30), guess={"u": lambda x: x * (1 - x)},
        ),
        lambda x: x * (1 - x),
    ),
    "beam": (line(beam, dirichlet(u=0)), lambda x: np.sin(pi * x)),
    "moment": (
        line(
            lambda u, x: d(u, x, x) + pi**2 * sin(pi * x) + x * (integral(lambda u, s: s * u, over="x") - 1 / pi),
            dirichlet(u=0),
        ),
        lambda x: np.sin(pi * x),
    ),
    "Volterra": (
        line(lambda u, x: d(u, x) + integral(u, upto="x"), dirichlet(u=1, on=face(x=0))),
        lambda x: np.cos(x),
    ),
    "total over a plate": (
        line(
            lambda u, x, y: d(u, x, x) + d(u, y, y) - integral(u, over=("x", "y")) + 2 * pi**2 * humps(x, y) + 4 / pi**2,
            dirichlet(u=0), space=SQUARE, tolerance=1e-3,
        ),
        lambda x, y: np.sin(pi * x) * np.sin(pi * y),
    ),
    "mean zero of a plate": (
        line(
            lambda u, x, y: d(u, x, x) + d(u, y, y) + 2 * pi**2 * cos(pi * x) * cos(pi * y), neumann(u=0),
            condition(lambda u: integral(u, over=interior)), space=SQUARE, tolerance=1e-3,
        ),
        lambda x, y: np.cos(pi * x) * np.cos(pi * y),
    ),
    "slope at an end": (
        line(lambda u, x: d(u, x, x) + at(d(u, x), x=0) * x - 1, dirichlet(u=0)),
        lambda x: x**2 / 2 + 0.6 * x**3 / 6 - 0.6 * x,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SOLVED)
def test_cells_find_what_solves_them(name: str) -> None:
    problem, true = SOLVED[name]
    solution = solve(problem, budget=60)
    places = {c: np.random.default_rng(1).uniform(*problem.domain.ends(c), 100) for c in problem.coordinates}
    assert isinstance(solution.trial, Marched | Lined | Planar) and solution.converged
    found = getattr(solution, problem.unknowns[0])(**places)
    np.testing.assert_allclose(found, true(**places), atol=1e-7)
    assert solution.problem.unknowns == problem.unknowns


def test_its_equations_hold_for_what_integrals_are() -> None:
    """u = x^2: what runs up to x is x^3 / 3, all of it 1 / 3, and other numbers do not do."""
    problem = line(
        lambda u, x: d(u, x) - 2 * x + integral(u, over="x") - 1 / 3, dirichlet(u=0, on=face(x=0)),
    )  # fmt: skip
    local = in_place(problem)
    assert local.unknowns == ("u", "upto_1", "whole_1") and not local.integrals
    points = Points({"x": torch.linspace(0.1, 0.9, 5, dtype=torch.float64)}, torch.ones(5, dtype=torch.float64))

    def left(whole: float) -> float:
        chart, places = points.chart()
        x = places["x"]
        known = {"u": x**2, "upto_1": x**3 / 3, "whole_1": whole + 0 * x}
        fields = local.fields(chart, places, known, points)
        return max(float(equation.residual(fields).value.abs().max()) for equation in local.equations)

    assert left(1 / 3) < 1e-14 and left(1.0) > 0.5
    sizes = sizes_in_place(local, {"u": Size(scale=100.0)})
    assert 10 < sizes["upto_1"].scale < 100 and sizes["whole_1"] == sizes["upto_1"]


def test_names_that_are_taken_are_left_alone() -> None:
    named = line(
        lambda whole_1, x: d(whole_1, x) + integral(whole_1, over="x"), dirichlet(whole_1=1, on=face(x=0)),
        unknowns="whole_1",
    )  # fmt: skip
    assert in_place(named).unknowns == ("whole_1", "upto_1", "whole_2")


def test_an_unknown_beside_its_own_integral_is_no_integral_alone() -> None:
    problem, _ = SOLVED["births"]
    assert [c.integrates for c in problem.conditions] == ["", "also"]


def neumann_with(settled: Any, source: float) -> Problem:
    return line(lambda u, x: d(u, x, x) + pi**2 * cos(pi * x) + source, neumann(u=0), settled, tolerance=1e-3)


MEAN = condition(lambda u: integral(u, over="x"))


def test_fluxes_that_balance_no_source_are_not_solved_by_a_number_that_is_added() -> None:
    with pytest.warns(NotConverged):
        solution = solve(neumann_with(MEAN, 0.1), network=LocalFeatures(), method=Marching(), budget=20)
    assert isinstance(solution.trial, Lined) and not solution.trial.complete


@pytest.mark.parametrize("settled", [MEAN, dirichlet(u=1, on=point(x=0.5))])
def test_what_settles_a_constant_hides_no_contradiction(settled: Any) -> None:
    """Without a mean or a value somewhere it was told that no solution satisfies all, and with them nothing."""
    assert "no solution satisfies all" in check(neumann_with(settled, 0.1)).contradiction
    assert not check(neumann_with(settled, 0.0)).contradiction
    with pytest.warns(NotConverged):
        solution = solve(neumann_with(settled, 0.1), budget=20)
    assert solution.outcome is not None and solution.outcome.kind == "contradicted"


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (line(lambda u, x: d(u, x, x) - integral(lambda u, s: exp(x - s) * u, over="x"), dirichlet(u=1)), "a kernel in"),
        (line(lambda u, x, t: d(u, t) - d(u, x, x) - integral(u, over="x"), initial(u=1), periodic("x"), time=(0, 1)),
         "which is periodic"),
        (line(lambda u, x, t: d(u, t) - d(u, x, x) - integral(u, over="t"), initial(u=1), dirichlet(u=1), time=(0, 1)),
         "over all of time"),
        (line(lambda u, x, y: d(u, x, x) + d(u, y, y) - integral(u, over=interior), dirichlet(u=1),
              space=Disk(x=0, y=0, radius=1)), "a line or a rectangle"),
        (line(lambda u, x, y: d(u, x, x) + d(u, y, y) - integral(u, over=face(x=1)), dirichlet(u=1), space=SQUARE),
         "over a part of space or of its boundary"),
        (line(lambda u, x, t: d(u, t) - d(u, x, x) - at(u, x=0.5), initial(u=1), dirichlet(u=1), time=(0, 1)), "inside"),
        (line(lambda u, x: d(u, x, x) - 1, dirichlet(u=0, on=face(x=0)),
              condition(lambda u, x, nx: nx * d(u, x) - integral(u, over="x"), on=face(x=1))), "beside a normal"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("unasked")
def test_what_cells_cannot_take_is_told(problem: Problem, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        in_place(problem)
    made, _ = verified(problem, check(problem))
    with pytest.raises(UnmarchableError, match=words):
        read_for_cells(problem, made)
