"""Hidden places: what evenly spread points do not see is found in any number of coordinates, told, and looked into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import exp, relu, sin, tanh, where

from pinnsolve import Box, Problem, Settings, compare, condition, d, dirichlet, exact, face, initial, laplace, solve
from pinnsolve.checks.boxes import RULES
from pinnsolve.checks.check import Findings, check
from pinnsolve.checks.hidden import hidden
from pinnsolve.checks.scales import sizes_of
from pinnsolve.checks.variation import Variation
from pinnsolve.geometry.wanting import Wanting
from pinnsolve.methods import Newton
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.problem_file import load
from pinnsolve.solve import prepare
from pinnsolve.verdict.slices import values_of

Source = Callable[..., Any]
OTHERS = sorted((Path(__file__).parents[2] / "problems").glob("*.py"))[1::2]  # of the rest: test_interfaces.py


def spot(width: float, *places: tuple[Any, float]) -> Any:
    return exp(-sum(((x - c) / width) ** 2 for x, c in places))


def square(source: Source, **more: Any) -> Problem:
    def poisson(u: Any, x: Any, y: Any) -> Any:
        return -laplace(u, x, y) - source(x, y)

    space = Box(x=(0, 1), y=(0, 1))
    given = {"conditions": [dirichlet(u=0)], "reference": None, **more}
    return Problem(space=space, unknowns="u", equations=poisson, **given)


def cube(source: Source) -> Problem:
    def poisson(u: Any, x: Any, y: Any, z: Any) -> Any:
        return -laplace(u, x, y, z) - source(x, y, z)

    space = Box(x=(0, 1), y=(0, 1), z=(0, 1))
    return Problem(space=space, unknowns="u", equations=poisson, conditions=[dirichlet(u=0)], reference=None)


def heated(source: Source) -> Problem:
    def heat(u: Any, x: Any, y: Any, z: Any, t: Any) -> Any:
        return d(u, t) - laplace(u, x, y, z) - source(x, y, z, t)

    return Problem(
        space=Box(x=(0, 1), y=(0, 1), z=(0, 1)), time=(0, 1), unknowns="u", equations=heat,
        conditions=[initial(u=0), dirichlet(u=0)], reference=None,
    )  # fmt: skip


def rod(start: Source, source: Source = lambda x, t: 0) -> Problem:
    def heat(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - d(u, x, x) - source(x, t)

    walls = [initial(u=start), dirichlet(u=0)]
    return Problem(space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, conditions=walls, reference=None)


def conducting(k: Source) -> Problem:
    def conduction(u: Any, x: Any, y: Any) -> Any:
        return d(k(x, y) * d(u, x), x) + d(k(x, y) * d(u, y), y) + 1

    space, walls = Box(x=(0, 1), y=(0, 1)), [dirichlet(u=0)]
    return Problem(space=space, unknowns="u", equations=conduction, conditions=walls, reference=None)


def found(problem: Problem) -> Findings:
    findings = check(problem)
    assert findings.undecided == ()
    return findings


@pytest.mark.parametrize("width", [1e-2, 1e-6])
def test_a_charge_is_found_in_two_to_four_coordinates(width: float) -> None:
    for problem, middle in (
        (square(lambda x, y: spot(width, (x, 0.37), (y, 0.61)) / width**2), {"x": 0.37, "y": 0.61}),
        (
            cube(lambda x, y, z: spot(width, (x, 0.37), (y, 0.61), (z, 0.52)) / width**3),
            {"x": 0.37, "y": 0.61, "z": 0.52},
        ),
        (
            heated(lambda x, y, z, t: 1e4 * spot(width, (x, 0.3), (y, 0.6), (z, 0.7), (t, 0.2))),
            {"x": 0.3, "y": 0.6, "z": 0.7, "t": 0.2},
        ),
    ):
        (place,) = found(problem).narrow
        assert place.middle == pytest.approx(middle, abs=0.3 * width)
        assert all(2 * width < w < 6 * width for w in place.width.values())


@pytest.mark.parametrize(
    ("problem", "middle"),
    [
        (cube(lambda x, y, z: 1e5 * spot(1e-5, (z, 0.71))), {"z": 0.71}),
        (cube(lambda x, y, z: 1e5 * spot(1e-3, (z, 0.71), (x, 0.2))), {"x": 0.2, "z": 0.71}),
        (cube(lambda x, y, z: where(abs(x - 0.3) < 1e-5, 1e5, 1.0) + 0 * y), {"x": 0.3}),
        (heated(lambda x, y, z, t: sin(pi * x) * sin(pi * y) * 1e4 * spot(1e-4, (t, 0.2))), {"t": 0.2}),
        (square(lambda x, y: 100 * sin(pi * x) * sin(pi * y) + 10 * spot(1e-4, (x, 0.3))), {"x": 0.3}),
        (square(lambda x, y: where((abs(x - 0.3) < 1e-4) & (abs(y - 0.6) < 1e-4), 1e6, 0.0) + x), {"x": 0.3, "y": 0.6}),
        (square(lambda x, y: 1e6 * relu(1 - abs(x - 0.3) / 1e-3) * relu(1 - abs(y - 0.6) / 1e-3)), {"x": 0.3, "y": 0.6}),
        (square(lambda x, y: 1e4 / torch.cosh((x - 0.3) / 1e-4) ** 2 + y), {"x": 0.3}),
        (square(lambda x, y: 1e4 * exp(-x / 1e-4) * sin(pi * y)), {"x": 1e-4}),
        (conducting(lambda x, y: 1 - (1 - 1e-4) * spot(1e-3, (x, 0.3), (y, 0.6))), {"x": 0.3, "y": 0.6}),
        (conducting(lambda x, y: 1 - (1 - 1e-6) * spot(1e-6, (x, 0.3))), {"x": 0.3}),
        (rod(lambda x: tanh((x - 0.3) / 1e-5)), {"x": 0.3}),
        (rod(lambda x: 1e5 * spot(1e-5, (x, 0.3))), {"x": 0.3}),
        (square(lambda x, y: 0, conditions=[dirichlet(u=lambda y: spot(1e-5, (y, 0.4)), on=face(x=0))]), {"y": 0.4}),
    ],
    ids=[
        "sheet", "wire", "film", "pulse", "weak", "window", "hat", "sech", "edge", "dip", "thin dip", "layer", "start",
        "contact",
    ],
)  # fmt: skip
def test_what_is_narrow_is_found_along_its_coordinates(problem: Problem, middle: dict[str, float]) -> None:
    (place,) = found(problem).narrow
    assert place.middle == pytest.approx(middle, abs=2e-4)
    assert all(w < 0.01 for w in place.width.values())


def test_both_edges_of_a_window_and_two_charges_are_places_of_their_own() -> None:
    edges = found(rod(lambda x: 500 * (tanh((x - 0.3) / 1e-5) - tanh((x - 0.302) / 1e-5)))).narrow
    assert sorted(p.middle["x"] for p in edges) == pytest.approx([0.3, 0.302], abs=1e-5)
    two = square(lambda x, y: 1e9 * spot(1e-4, (x, 0.2), (y, 0.3)) + 1e3 * spot(1e-3, (x, 0.7), (y, 0.8)))
    assert sorted(p.middle["x"] for p in found(two).narrow) == pytest.approx([0.2, 0.7], abs=1e-3)


@pytest.mark.parametrize(
    "problem",
    [
        square(lambda x, y: spot(0.05, (x, 0.3), (y, 0.6))),
        square(lambda x, y: sin(40 * x) * sin(60 * y)),
        square(lambda x, y: 1 / ((x - 0.3) ** 2 + (y - 0.6) ** 2) ** 0.5),
        square(lambda x, y: torch.log((x - 0.3) ** 2 + (y - 0.6) ** 2)),
        square(lambda x, y: x**0.5 + abs(y - 0.3) ** 0.7),
        square(lambda x, y: where((x - 0.5) ** 2 + y**2 < 0.04, 1.0, 3.0) + where(x < 0.3, 1.0, 2.0)),
        square(lambda x, y: tanh((x + y - 0.7) / 0.05)),
        cube(lambda x, y, z: exp(5 * x * y * z) * sin(6 * x) * torch.cos(7 * y - 2 * z)),
        heated(lambda x, y, z, t: spot(0.1, (x, 0.3), (y, 0.6), (z, 0.7), (t, 0.2)) + exp(x + y + z + t)),
    ],
    ids=["bump", "waves", "singular", "logarithm", "roots", "jumps", "layer", "products", "bump in four"],
)
def test_what_points_see_or_has_no_length_is_not_hidden(problem: Problem) -> None:
    assert found(problem).narrow == ()


@pytest.mark.parametrize("path", OTHERS, ids=lambda p: p.stem)
def test_nothing_is_hidden_in_the_gallery(path: Path) -> None:
    problem = load(path).problem
    assert hidden(problem, sizes_of(problem)) == ([], [], [])


def test_what_has_no_enclosure_is_scanned() -> None:
    source = lambda x, y: 1e5 * torch.lgamma(1 + spot(1e-3, (x, 0.4), (y, 0.3)))  # noqa: E731
    (place,) = found(square(source)).narrow
    assert place.middle == pytest.approx({"x": 0.4, "y": 0.3}, abs=1e-3)


def test_a_condition_is_no_prescribed_slope_where_a_coefficient_hides_between_the_points() -> None:
    robin = condition(lambda u, x, y: d(u, x) - 1e4 * spot(1e-4, (y, 0.3)) * u, on=face(x=0))
    problem = square(lambda x, y: 1, conditions=[robin])
    assert [c.prescribes for c in problem.conditions] == [None]
    (place,) = found(problem).narrow
    assert place.middle == pytest.approx({"y": 0.3}, abs=1e-4)


def test_what_moves_is_undecided_and_the_run_says_so() -> None:
    problem = rod(lambda x: 0, lambda x, t: 1e4 * spot(1e-4, (x - 0.5 * t, 0.3)))
    findings = check(problem)
    (told,) = findings.undecided
    assert "'heat' varies on a short length along a curve" in told
    assert any(told in w for w in findings.warnings)
    training = solve(problem, network=RandomFeatures(60), method=Newton(), budget=5).training
    assert training is not None and training.outcome.kind != "converged" and training.estimate is None


def test_a_run_with_something_undecided_does_not_converge(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = square(lambda x, y: sin(pi * x) * sin(pi * y))
    assert solve(problem, budget=5).training.outcome.kind == "converged"  # type: ignore[union-attr]
    monkeypatch.setattr("pinnsolve.checks.boxes.RULES", replace(RULES, most=10))
    training = solve(problem.replaced(), budget=5).training  # what was found of the same problem stays
    assert training is not None and training.estimate is None
    assert str(training.outcome).startswith(
        "undetermined: whether 'poisson' varies on a length that no point sees is not decided; write it with functions"
    )


def test_a_warning_says_where_and_what_is_done() -> None:
    warnings = check(square(lambda x, y: 1e6 * spot(1e-3, (x, 0.37), (y, 0.61)))).warnings
    (told,) = (w for w in warnings if "small part" in w)
    assert "x=0.37, y=0.61 (width 0.003" in told and "more points are drawn there" in told and "cells" not in told


def test_points_are_drawn_into_a_place_of_several_coordinates() -> None:
    piece = square(lambda x, y: 1).domain.interior
    place = Wanting({"x": 0.3, "y": 0.6}, {"x": 1e-5, "y": 1e-3})
    points = piece.draw(1000, "sobol", torch.Generator().manual_seed(0), [place]).coordinates
    near = ((points["x"] - 0.3).abs() < 1e-5) & ((points["y"] - 0.6).abs() < 1e-3)
    assert 70 <= int(near.sum()) <= 120
    wall = square(lambda x, y: 1).domain.face("x", 0.0)
    assert bool((wall.draw(100, "sobol", torch.Generator().manual_seed(0), [place]).coordinates["x"] == 0).all())


def bumped(width: float) -> Problem:
    def source(x: Any, y: Any) -> Any:
        s = ((x - 0.37) ** 2 + (y - 0.61) ** 2) / width**2
        return 2 * pi**2 * sin(pi * x) * sin(pi * y) + 300 * exp(-s) * (4 - 4 * s) / width**2

    def true(x: Any, y: Any) -> Any:
        s = ((x - 0.37) ** 2 + (y - 0.61) ** 2) / width**2
        return np.sin(pi * x) * np.sin(pi * y) + 300 * np.exp(-s)

    return square(source, reference=exact(u=true))


def test_a_solution_without_the_bump_does_not_pass() -> None:
    problem = bumped(4e-4)
    smooth = square(lambda x, y: 2 * pi**2 * sin(pi * x) * sin(pi * y))
    right_beside = solve(smooth, network=RandomFeatures(300), method=Newton(), budget=10)
    solution = prepare(problem, Settings(network=RandomFeatures(300), method=Newton())).solution()
    solution.trial.assign(right_beside.trial.vector())
    solution = type(solution)(right_beside.trial, None, solution.findings, solution.settings)
    solution.problem, solution.trial.plan = problem, prepare(problem, Settings()).loop.state.trial.plan
    comparison = compare(solution, problem.reference(problem))  # type: ignore[operator, misc]
    assert comparison.errors["u"].relative_l2 < 1e-3
    assert comparison.verdict == "fail" and "near x=0.37, y=0.61" in comparison.reason


def test_parameters_are_compared_in_their_narrow_places() -> None:
    def decay(u: Any, t: Any, p: Any) -> Any:
        return d(u, t) + u - 1 - 100 * spot(1e-5, (p, 0.2371))

    problem = Problem(
        time=(0, 1), unknowns="u", equations=decay, conditions=[initial(u=0)], parameters={"p": (0, 1)}, reference=None
    )
    (place,) = found(problem).narrow
    middle, low, high, *_, last = [v["p"] for v in values_of(problem, [place])]
    assert [middle, low, high, last] == pytest.approx([0.5, 0, 1, 0.2371], abs=1e-5)


def test_a_run_that_does_not_meet_a_charge_has_no_estimate() -> None:
    problem = square(lambda x, y: 1 / (pi * 1e-8) * spot(1e-4, (x, 0.37), (y, 0.61)))
    training = solve(problem, network=RandomFeatures(100), method=Newton(), budget=5).training
    assert training is not None and training.outcome.kind != "converged" and training.estimate is None


def test_a_network_in_an_equation_is_scanned_on_fewer_points() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1)).double()
    costs = [
        Variation(problem, problem.equations[0], problem.domain.interior, {}).cost()
        for problem in (square(lambda x, y: net(torch.stack([x, y], -1))[:, 0]), square(lambda x, y: sin(x * y)))
    ]
    assert costs[0] > 500 and 5 < costs[1] < 50


def two_humps(x: Any) -> Any:
    """Two solitons by Hirota's sum of exponentials, of whose quotients intervals know little."""
    one, other = exp(400 * (x - 0.3)), exp(600 * (x - 0.5))
    total, slope = 1 + one + other + 0.04 * one * other, 400 * one + 600 * other + 40 * one * other
    return (160e3 * one + 360e3 * other + 40e3 * one * other) / total - (slope / total) ** 2


def test_what_enclosures_leave_is_looked_at_by_points() -> None:
    assert check(rod(two_humps)).undecided == ()
    (place,) = found(rod(lambda x: two_humps(x) + 1e8 * spot(1e-4, (x, 0.712)))).narrow
    assert place.middle == pytest.approx({"x": 0.712}, abs=1e-4)
