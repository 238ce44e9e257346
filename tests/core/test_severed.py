"""What multiplies the highest derivative vanishes inside as a root: no point sees which flux passes there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import Box, Problem, d, dirichlet, face, initial, solve
from pinnsolve.checks.check import check
from pinnsolve.errors import NotConverged

C = 0.37139


def conducting(k: Callable[[Any], Any], **more: Any) -> Problem:
    return Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(k(x) * d(u, x), x), reference=None,
        conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))], **more,
    )  # fmt: skip


def profile(x: Any, p: float) -> Any:
    def one(x: Any) -> Any:
        return np.sign(x - C) * np.abs(x - C) ** (1 - p)

    return (one(x) - one(0.0)) / (one(1.0) - one(0.0))


@pytest.mark.parametrize("power", [-0.5, 1 / 3, 0.5])
def test_a_flux_that_no_point_sees_is_said_to_be_unknown(power: float) -> None:
    """Cells joined by slopes called 0.18 "converged", with an estimate of 5e-7."""
    problem = conducting(lambda x: abs(x - C) ** power)
    assert "which flux passes" in check(problem).undecided[0] and "x=0.371" in check(problem).undecided[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConverged)
        solution = solve(problem, budget=0.5)
    assert not solution.converged and solution.estimate is None


def test_as_a_system_with_its_flux_it_is_solved() -> None:
    problem = Problem(
        space=Box(x=(0, 1)), unknowns=("u", "q"), reference=None, tolerance=1e-3,
        equations=[lambda u, q, x: q - abs(x - C) ** 0.5 * d(u, x), lambda q, x: d(q, x)],
        conditions=[dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))],
    )  # fmt: skip
    solution = solve(problem, budget=20)
    x = np.linspace(0.001, 0.999, 997)
    away = np.std(solution.u(x=x) - profile(x, 0.5)) / np.std(profile(x, 0.5))
    assert solution.converged and solution.estimate is not None and away < 2 * solution.estimate


@pytest.mark.parametrize(
    "k",
    [
        lambda x: (x - C) ** 2 + 1e-10,  # thin
        lambda x: 0.01 + abs(x - C),  # a kink
        lambda x: torch.where(x < C, 1e-3, 1.0),
        lambda x: torch.sqrt(x),  # at an end, where conditions stand
    ],
    ids=["thin", "kinked", "two materials", "at an end"],
)
def test_other_coefficients_are_no_roots_inside(k: Callable[[Any], Any]) -> None:
    assert not check(conducting(k)).undecided


def test_what_vanishes_in_time_or_with_the_unknown_severs_nothing() -> None:
    def moving(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - abs(t - 0.4) ** 0.5 * d((1e-6 + abs(u)) ** 0.5 * d(u, x), x)

    walls = [initial(u=1), dirichlet(u=1)]
    assert not check(
        Problem(space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=moving, conditions=walls)
    ).undecided
