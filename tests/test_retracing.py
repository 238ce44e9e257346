"""A second solution on the cells of the first, with other features, tells the error of both."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
import torch

import problems.klein_gordon
from pinnsolve import Box, LocalFeatures, Marching, Newton, Problem, RandomFeatures, Settings, compare, d, dirichlet
from pinnsolve.methods import Retracing
from pinnsolve.settings import Stage
from pinnsolve.solution import Solution
from pinnsolve.solve import prepare
from pinnsolve.training.history import Training
from pinnsolve.training.loop import Loop
from pinnsolve.trial.piecewise import Piecewise

PROBLEM = problems.klein_gordon.problem.replaced(tolerance=1e-9)
FIRST = Stage(LocalFeatures(), Marching(bound=0.1))
SECOND = Stage(LocalFeatures(), Retracing())
REST = Stage(LocalFeatures(), Marching(bound=0.01, steps=1))


def bratu(tolerance: float) -> Problem:
    def equation(u, x):  # type: ignore[no-untyped-def]
        return d(u, x, x) + torch.exp(u)

    return Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=equation, conditions=[dirichlet(u=0)], tolerance=tolerance,
        reference=None,
    )  # fmt: skip


def run(*stages: Stage, problem: Problem = PROBLEM, budget: float = 60.0) -> tuple[Loop, Training]:
    """As if these were the stages of an automatic run."""
    settings = Settings(budget=budget, held_out=500)
    settings.__dict__["stages"] = stages
    loop = prepare(problem, settings).loop
    return loop, loop.run()


@pytest.fixture(scope="module")
def both() -> tuple[Loop, Training]:
    return run(FIRST, SECOND, REST)


def test_it_takes_the_cells_and_windows_of_the_first(both: tuple[Loop, Training]) -> None:
    loop, training = both
    first = loop.state.best_trial()
    assert isinstance(first, Piecewise)
    assert [look.method for look in training.history].count("retracing") == 1, "looked at when it is whole"
    known, told = loop.state.found[0], loop.state.found[1]
    assert (known.stage, told.stage) == (0, 1) and known.kind == told.kind
    assert loop.state.ended[1].steps == len(first.parts)
    assert loop.state.ended[1].parameters == loop.state.ended[0].parameters


def test_it_is_another_one_and_as_good(both: tuple[Loop, Training]) -> None:
    loop, _ = both
    first, second = (sum(e.held_out.values()) for e in loop.state.ended[:2])
    assert first != second and 1 / 4 < second / first < 4


def test_their_difference_tells_the_error(both: tuple[Loop, Training]) -> None:
    loop, training = both
    assert training.estimate is not None and callable(PROBLEM.reference)
    solution = Solution(loop.state.trial, training)
    error = compare(solution, PROBLEM.reference(PROBLEM)).errors["u"].relative_l2
    assert error / 3 < training.estimate < 3 * error


def test_of_a_steady_problem_the_one_window_is_retraced_and_followed_by_a_finer_one() -> None:
    loop, _ = run(FIRST, SECOND, Stage(LocalFeatures(), Marching(bound=1e-9)), problem=bratu(1e-14))
    assert [f.stage for f in loop.state.found[:2]] == [0, 1]
    assert [e.stage for e in loop.state.ended] == [0, 1] and loop.state.trial.complete
    theta = 1.5171645990507834  # theta = sqrt(2) cosh(theta / 4); Bratu 1914, at x = 1/2
    solution = Solution(loop.state.trial)
    assert float(solution.u(x=0.5)) == pytest.approx(2 * math.log(math.cosh(theta / 4)), rel=1e-6)


def test_it_is_given_up_when_what_is_left_of_it_does_not_fit_in_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its first window it is known how long the others take, on a machine that becomes slow just then."""
    late = [0.0]
    retrace, plain = Retracing.step, time.perf_counter

    def slowly(self: Retracing, objective: Any, state: Any) -> Any:
        late[0] += 7.0
        return retrace(self, objective, state)

    monkeypatch.setattr(Retracing, "step", slowly)
    monkeypatch.setattr(time, "perf_counter", lambda: plain() + late[0])
    loop, training = run(FIRST, SECOND, REST, budget=10.0)
    windows = len(loop.state.best_trial().parts)  # type: ignore[attr-defined]
    assert windows >= 3 and late[0] == 7.0 and training.outcome.kind == "budget" and training.seconds < 10
    assert training.method.startswith("Marching") and [f.stage for f in loop.state.found] == [0]
    assert training.estimate is None and math.isfinite(sum(training.held_out.values()))


def test_a_solution_is_good_enough_only_when_it_was_solved_again() -> None:
    """Another solution with many times its residual says too little of it."""
    loop, training = run(Stage(RandomFeatures(20), Newton()), FIRST, SECOND, REST, problem=bratu(1e-3))
    assert [(f.stage, f.again) for f in loop.state.found] == [(0, None), (1, None), (2, 1)]
    assert training.outcome.kind == "converged"


def test_only_windows_can_be_retraced() -> None:
    """Where the best solution has none, the stage ends with nothing, and the run goes on."""
    loop, training = run(Stage(RandomFeatures(400), Newton()), FIRST, SECOND, REST)
    assert [f.stage for f in loop.state.found] == [0, 1] and loop.state.number == 3
    assert training.network.startswith("RandomFeatures")


def test_the_same_seed_gives_the_same_second_solution(both: tuple[Loop, Training]) -> None:
    again, _ = run(FIRST, SECOND, REST)
    assert torch.equal(again.state.found[1].values["u"], both[0].state.found[1].values["u"])
