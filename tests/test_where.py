"""Parts of faces, `face(y=1).where(lambda x: x < 0.4)`: in a plane, over time, around a period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, exp, sin

from pinnsolve import (
    Box,
    Problem,
    ProblemError,
    Unknown,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    laplace,
    neumann,
    observed,
    periodic,
    solve,
)  # fmt: skip
from pinnsolve.checks.check import check
from pinnsolve.checks.variation import Variation
from pinnsolve.settings import Settings
from pinnsolve.solve import prepare
from pinnsolve.verdict.compare import compare

SQUARE = Box(x=(0, 1), y=(0, 1))


def harmonic(u: Any, x: Any, y: Any) -> Any:
    return laplace(u, x, y)


def heat(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) - d(u, x, x) + exp(-t) * x


def posed(name: str) -> Problem:
    if name == "a wall of two kinds":
        value = lambda x, y: exp(x) * sin(y)  # noqa: E731
        conditions = [
            dirichlet(u=value, on=faces("x") | face(y=0)), dirichlet(u=value, on=face(y=1).where(lambda x: x < 0.4)),
            neumann(u=lambda x, y: exp(x) * cos(y), on=face(y=1).where(lambda x: x > 0.4)),
        ]  # fmt: skip
        return Problem(
            space=SQUARE, unknowns="u", equations=harmonic, conditions=conditions,
            reference=exact(u=lambda x, y: np.exp(x) * np.sin(y)),
        )  # fmt: skip
    if name == "a wall that changes its kind":
        later, sooner = (face(x=1).where(f) for f in (lambda t: t > 0.5, lambda t: t < 0.5))
        conditions = [
            initial(u=lambda x: x), dirichlet(u=0, on=face(x=0)), dirichlet(u=lambda t: exp(-t), on=sooner),
            neumann(u=lambda t: exp(-t), on=later),
        ]  # fmt: skip
        return Problem(
            space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, conditions=conditions,
            reference=exact(u=lambda x, t: np.exp(-t) * x),
        )  # fmt: skip
    wave = lambda x: sin(x) * float(np.e)  # noqa: E731
    conditions = [
        periodic("x"), dirichlet(u=lambda x: sin(x), on=face(y=0)),
        dirichlet(u=wave, on=face(y=1).where(lambda x: x < np.pi)), neumann(u=wave, on=face(y=1).where(lambda x: x > np.pi)),
    ]  # fmt: skip
    return Problem(
        space=Box(x=(0, 2 * np.pi), y=(0, 1)), unknowns="u", equations=harmonic, conditions=conditions,
        reference=exact(u=lambda x, y: np.sin(x) * np.exp(y)),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["a wall that changes its kind", "around a period"])
def test_parts_of_faces(name: str) -> None:
    solution = solve(posed(name), budget=60)
    assert solution.converged and compare(solution).verdict == "pass"


def test_nothing_is_undecided_on_a_part_of_a_face() -> None:
    assert not posed("a wall of two kinds").check().findings


def test_a_place_without_points_is_told() -> None:
    with pytest.raises(ProblemError, match=r"(?s)nothing is left of face\(x=1\).*true nowhere"):
        Problem(
            space=SQUARE, unknowns="u", equations=harmonic,
            conditions=[dirichlet(u=0), neumann(u=1, on=face(x=1).where(lambda y: y > 2))],
        )  # fmt: skip


def test_what_lies_outside_of_a_part_is_no_place_to_look_at() -> None:
    """Boxes of which no point belongs to the part are apart; those that it cuts are not."""
    problem = posed("a wall of two kinds")
    told = next(c for c in problem.conditions if "where" in c.name and c.says("value"))
    variation = Variation(problem, told, problem.pieces(told)[0], {})
    low = torch.tensor([[0.0], [0.3], [0.5]], dtype=torch.float64)
    assert variation.apart(low, low + 0.2).tolist() == [False, False, True]


def test_features_that_begin_at_zero_beside_a_constant_that_does_not() -> None:
    """An unknown constant in a start was once taken for a network whose second derivatives are zero."""
    ts = np.linspace(0.1, 0.9, 20)
    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns={"u": ("x", "t"), "s": "t"},
        equations=[lambda u, x, t: d(u, t) - d(u, x, x), lambda s, k, t: d(s, t) + k * s],
        conditions=[
            initial(u=0, s=1), dirichlet(u=0, on=face(x=0)), condition(lambda u, s: u - s, on=face(x=1)),
            observed(t=ts, s=np.exp(-2 * ts), sigma=1e-4),
        ],
        parameters={"k": Unknown(1.0)}, reference=None,
    )  # fmt: skip
    assert prepare(problem, Settings()) is not None


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (lambda x: x < 0.4, lambda x: x > 0.6, ["u has no condition on the face y=0, on a part of it"]),
        (lambda x: x < 0.5, lambda x: x > 0.5, []),
        (lambda x: x <= 0.5, lambda x: x >= 0.5, []),
    ],
)
def test_a_gap_between_parts_of_a_face_is_told_and_one_point_is_none(low: Any, high: Any, told: list[str]) -> None:
    walls = face(x=0) | face(x=1) | face(y=1)
    square = Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y: d(u, x, x) + d(u, y, y), reference=None,
        conditions=[dirichlet(u=0, on=face(y=0).where(low) | walls), neumann(u=1, on=face(y=0).where(high))],
    )  # fmt: skip
    found = check(square).warnings
    assert len(found) == len(told) and all(text.startswith(words) for text, words in zip(found, told, strict=True))


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (lambda x: x - 0.5, "returned numbers"),
        (lambda x: 0.2 < x < 0.5, "raised RuntimeError"),
        (lambda x: x[:3] > 0, "returned shape"),
    ],
)
def test_a_part_that_no_function_tells_is_refused(function: Any, fault: str) -> None:
    with pytest.raises(ProblemError, match=rf"{fault}[\s\S]*\(x > 0.2\) & \(x < 0.5\)"):
        Problem(
            space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y: d(u, x, x) + d(u, y, y),
            conditions=[dirichlet(u=0, on=face(y=0).where(function))],
        )  # fmt: skip
