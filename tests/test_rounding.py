"""What is exact to rounding ends then and there, and what residuals are made of."""

from __future__ import annotations

import importlib.util
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import Box, Newton, Problem, RandomFeatures, Settings, compare, d, dirichlet, initial, solve
from pinnsolve import initial_rate as rate
from pinnsolve.errors import Outcome
from pinnsolve.solve import prepare
from pinnsolve.training.error_estimate import estimated
from pinnsolve.training.found import Found
from pinnsolve.training.rounding import ROUNDING, rounding, terms

CASES = Path(__file__).parent / "cases"


def case(name: str) -> Problem:
    spec = importlib.util.spec_from_file_location(name, CASES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.problem


@pytest.mark.parametrize(("name", "steps"), [("poiseuille", 3)])
def test_it_ends_with_the_solution_that_confirms_it(name: str, steps: int) -> None:
    problem = case(name)
    began = time.process_time()
    solution = solve(problem, budget=120.0)
    assert solution.training is not None and callable(problem.reference)
    assert solution.training.outcome.kind == "converged" and solution.training.steps <= steps
    assert solution.training.estimate == ROUNDING and time.process_time() - began < 60
    errors = compare(solution, problem.reference(problem)).errors
    assert all(e.relative_l2 < 2 * ROUNDING for e in errors.values())


def stirred(v, x):  # type: ignore[no-untyped-def]
    """Terms of 3 v^2, -5 v_x and a source of 7; v is nearly 2 x."""
    return 3 * v * v - 5 * d(v, x) + 7


def test_residuals_are_taken_apart_into_their_terms() -> None:
    problem = Problem(
        space=Box(x=(0, 2)), unknowns="v", equations=stirred, conditions=dirichlet(v=lambda x: 2 * x), reference=None
    )
    state = prepare(problem, Settings(network=RandomFeatures(20), method=Newton())).loop.state
    found = terms(state.points.held_out)  # at g = 2 x, of which 2 is the offset
    x = torch.linspace(0, 2, 200_001, dtype=torch.float64)
    linear = 12 * x * (2 * x - 2), torch.full_like(x, -10.0)
    source = (3 * 4 * x**2 - 10 + 7 - sum(linear)).abs()
    made = (sum(part.abs() for part in linear) + source).square().mean().sqrt()
    assert found["stirred"] == pytest.approx(float(made), rel=1e-3)


def solution_of(stage: int, residual: float, **values: float) -> Found:
    fields = {u: torch.full((4,), v, dtype=torch.float64) for u, v in values.items()}
    return Found(stage, "sines", {"r": residual}, fields, sizes={"r": 1.0}, scales={"v": 2.0})


def test_an_unknown_that_is_zero_is_compared_with_its_natural_scale() -> None:
    first = {"r": 1.0}
    both = [solution_of(1, 1e-6, u=1.0, v=1e-12), solution_of(2, 0.99e-6, u=1.0, v=-1e-12)]
    assert estimated(both, first, first) == ROUNDING, "and not one"
    small = [solution_of(1, 1e-6, u=1.0, v=2e-3), solution_of(2, 0.99e-6, u=1.0, v=1e-3)]
    assert estimated(small, first, first) == pytest.approx(0.99), "what is small and no rounding counts"


def test_a_residual_at_rounding_needs_no_first_one_to_be_small_beside() -> None:
    exact = [solution_of(1, 1e-15, u=1.0), solution_of(2, 2e-15, u=1.0)]
    assert estimated(exact, {"r": 1e-15}, {"r": 1.0}) == ROUNDING
    large = [solution_of(1, 1e-9, u=1.0), solution_of(2, 2e-9, u=1.0)]
    assert estimated(large, {"r": 1e-9}, {"r": 1.0}) == math.inf, "nothing is solved where all is left"
    assert rounding(torch.float32) > 1e-6


def test_two_solutions_of_one_problem_are_told_and_end_the_run() -> None:
    """u'' + pi^2 u = 0 with u(0) = 1 and u(1) = -1 holds for cos(pi x) + c sin(pi x), whatever c is."""
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=resonant, conditions=dirichlet(u=lambda x: 1 - 2 * x),
        reference=None,
    )  # fmt: skip
    solution = solve(problem, budget=60.0)
    assert solution.training is not None and solution.training.seconds < 50
    outcome: Outcome = solution.training.outcome
    assert outcome.kind == "undetermined" and "of about its own size" in outcome.detail
    assert solution.training.estimate is None


def resonant(u, x):  # type: ignore[no-untyped-def]
    return d(u, x, x) + math.pi**2 * u


def test_the_error_is_told_beside_what_varies_of_an_unknown() -> None:
    """An oscillation on a large offset, as sound on the pressure of the air."""
    offset = 1e7

    def spring(u: Any, t: Any) -> Any:
        return d(u, t, t) + 4 * (u - offset)

    problem = Problem(
        time=(0, 8),
        unknowns="u",
        equations=spring,
        conditions=[initial(u=offset + 1), rate(u=0)],
        tolerance=1e-6,
    )
    solution, t = solve(problem, budget=120.0), np.linspace(0, 8, 300)
    error = float(np.std(solution.u(t=t) - offset - np.cos(2 * t))) * 2**0.5
    assert solution.converged and solution.estimate is not None
    assert error < solution.estimate < 1e-6


@pytest.mark.parametrize("far", ["unknown", "time"])
def test_numbers_far_from_an_origin_carry_its_rounding(far: str) -> None:
    """Nothing that is told in float64 at 1e8 beside changes of one is known to better than 1e-8."""
    offset, begin = (1e8, 0.0) if far == "unknown" else (0.0, 1e8)
    problem = Problem(
        time=(begin, begin + 1), unknowns="u", equations=lambda u, t: d(u, t) + (u - offset),
        conditions=[initial(u=offset + 1)],
    )  # fmt: skip
    solution = solve(problem, budget=120.0)
    assert solution.estimate is not None and solution.estimate > 1e8 * torch.finfo(torch.float64).eps
