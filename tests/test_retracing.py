"""A second solution on the cells of the first, with fewer features, tells the error of both."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import problems.klein_gordon
from pinnsolve import LocalFeatures, Marching, Newton, RandomFeatures, Settings, compare
from pinnsolve.history import Training
from pinnsolve.methods import Retracing
from pinnsolve.networks.piecewise import Piecewise
from pinnsolve.settings import FEWER, Stage
from pinnsolve.solution import Solution
from pinnsolve.solve import prepare
from pinnsolve.training import Loop

PROBLEM = problems.klein_gordon.problem.replaced(tolerance=1e-9)
FIRST = Stage(LocalFeatures(), Marching(bound=0.1))
SECOND = Stage(LocalFeatures(share=FEWER), Retracing())
REST = Stage(LocalFeatures(), Marching(bound=0.01, steps=1))


def run(*stages: Stage, **changes: Any) -> tuple[Loop, Training]:
    """As if these were the stages of an automatic run."""
    settings = Settings(budget=60.0, held_out=500, **changes)
    settings.__dict__["stages"] = stages
    loop = prepare(PROBLEM, settings).loop
    return loop, loop.run()


@pytest.fixture(scope="module")
def both() -> tuple[Loop, Training]:
    return run(FIRST, SECOND, REST)


def test_it_takes_the_cells_and_windows_of_the_first(both: tuple[Loop, Training]) -> None:
    loop, _ = both
    first = loop._best()
    assert isinstance(first, Piecewise)
    known, told = loop.state.found[0], loop.state.found[1]
    assert (known["stage"], told["stage"]) == (0, 1) and known["kind"] == told["kind"]
    assert loop.state.ended[1]["steps"] == len(first.parts)
    fewer = loop.state.ended[1]["parameters"] / loop.state.ended[0]["parameters"]
    assert fewer == pytest.approx(FEWER, rel=1e-3)


def test_it_is_worse_than_the_first(both: tuple[Loop, Training]) -> None:
    loop, _ = both
    first, second = (sum(e["held_out"].values()) for e in loop.state.ended[:2])
    assert first < second < 30 * first


def test_their_difference_tells_the_error(both: tuple[Loop, Training]) -> None:
    loop, training = both
    assert training.estimate is not None and callable(PROBLEM.reference)
    solution = Solution(loop.trial, training)
    error = compare(solution, PROBLEM.reference(PROBLEM)).errors["u"].relative_l2
    assert error / 3 < training.estimate < 3 * error


def test_only_windows_can_be_retraced() -> None:
    """Where the best solution has none, the stage ends with nothing, and the run goes on."""
    loop, training = run(Stage(RandomFeatures(400), Newton()), FIRST, SECOND, REST)
    assert [f["stage"] for f in loop.state.found] == [0, 1] and loop.state.stage == 3
    assert training.network.startswith("RandomFeatures")


def test_the_same_seed_gives_the_same_second_solution(both: tuple[Loop, Training]) -> None:
    again, _ = run(FIRST, SECOND, REST)
    assert torch.equal(again.state.found[1]["values"]["u"], both[0].state.found[1]["values"]["u"])
