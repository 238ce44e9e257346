"""Runs that are taken up again where something had just ended, and Ctrl-C in the middle of things."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Newton,
    Problem,
    ProblemError,
    RandomFeatures,
    Settings,
    d,
    dirichlet,
    initial,
    solve,
)
from pinnsolve.errors import Outcome
from pinnsolve.machine.interrupts import Deferred
from pinnsolve.solve import prepare
from pinnsolve.training.history import Look
from pinnsolve.training.results import Turn

LAYER = LocalFeatures()


def heat_problem(start: Any, tolerance: float = 1e-3) -> Problem:
    def heat(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - 0.1 * d(u, x, x)

    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat,
        conditions=[initial(u=start), dirichlet(u=0)], reference=None, tolerance=tolerance,
    )  # fmt: skip


WARM = heat_problem(lambda x: torch.sin(torch.pi * x))


def stop_at(step: int, looks: list[Look] | None = None) -> Callable[[Look], None]:
    def stop(look: Look) -> None:
        if looks is not None:
            looks.append(look)
        if look.step == step:
            raise KeyboardInterrupt

    return stop


# ---------------------------------------------------------------- a stage had just ended


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path) -> None:
    first = solve(WARM, out=tmp_path, budget=20)
    again = solve(WARM, out=tmp_path, budget=40, resume=True)
    assert first.training is not None and again.training is not None
    assert again.training.outcome == first.training.outcome and first.training.outcome.kind == "converged"
    assert again.training.steps == first.training.steps and again.training.estimate == first.training.estimate


def test_a_finer_tolerance_is_met_by_going_on_and_not_by_the_same_solution_twice(tmp_path: Path) -> None:
    first = solve(WARM, out=tmp_path, budget=20)
    again = solve(WARM.replaced(tolerance=1e-12), out=tmp_path, budget=6, resume=True)
    assert first.training is not None and again.training is not None
    assert again.training.steps > first.training.steps
    assert again.training.outcome.kind != "converged", "an estimate never claims 3e-13"


def test_a_finished_march_is_taken_up_again(tmp_path: Path) -> None:
    options: dict[str, Any] = {"network": LAYER, "method": Marching(bound=1e-2), "out": tmp_path}
    problem = WARM.replaced(tolerance=1e-12)
    first = solve(problem, budget=20, **options)
    again = solve(problem, budget=40, resume=True, **options)
    assert first.trial.complete and first.training is not None and again.training is not None
    assert again.training.steps == first.training.steps and again.training.outcome.kind == "steps"
    assert torch.equal(first.trial.vector(), again.trial.vector())


def test_stopped_at_the_look_that_ends_a_stage_a_run_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    whole: list[Look] = []
    solve(WARM.replaced(tolerance=1e-12), budget=60, progress=stop_at(3, whole))
    cut: list[Look] = []
    for step in (1, 2, 3):
        found = solve(
            WARM.replaced(tolerance=1e-12), budget=60, out=tmp_path, resume=step > 1, progress=stop_at(step, cut)
        )
    assert found.training is not None and found.training.steps == 3
    told = {look.step: look for look in cut}
    assert [(told[k.step].training, told[k.step].held_out) for k in whole] == [(k.training, k.held_out) for k in whole]


# ---------------------------------------------------------------- sequences


def test_a_network_goes_on_from_its_weights_in_the_next_stage() -> None:
    looks: list[Look] = []
    methods = [Newton(steps=1), LevenbergMarquardt(steps=3)]
    solve(WARM, network=RandomFeatures(100), method=methods, budget=20, progress=looks.append)
    newton = next(look for look in looks if look.method == "newton" and look.step == 1)
    assert all(look.loss <= 1.01 * newton.loss for look in looks[looks.index(newton) :])
    assert newton.loss < 1e-6 * looks[0].loss


def test_marching_twice_is_refused() -> None:
    with pytest.raises(ProblemError, match="Marching stands twice"):
        Settings(network=LAYER, method=[Marching(bound=1e-1), Marching(bound=1e-3)])


def test_the_network_after_the_cells_begins_with_points_of_its_own() -> None:
    loop = prepare(WARM, Settings(redraw=None)).loop
    assert isinstance(loop.state.stage.network, LocalFeatures)
    loop._start(fresh=True)
    loop._look(None)
    loop._ended(Outcome("non-finite", "as if it had failed"))
    assert isinstance(loop.state.stage.network, RandomFeatures)
    loop._take_up(Turn(len(loop.state.settings.stages) - 1))
    assert isinstance(loop.state.stage.network, MLP)
    assert loop.state.points.counts()["interior"] == 4000


def test_features_get_two_equations_for_each_trained_number() -> None:
    def first(u, v, x):  # type: ignore[no-untyped-def]
        return d(u, x) - v

    def second(u, v, x):  # type: ignore[no-untyped-def]
        return d(v, x) + u

    problem = Problem(
        space=Box(x=(0, 1)), unknowns=("u", "v"), equations=[first, second], conditions=dirichlet(u=0, v=1),
        reference=None,
    )  # fmt: skip
    loop = prepare(problem, Settings(network=RandomFeatures(400))).loop
    assert loop.state.points.counts()["interior"] == loop.state.trial.parameters_count == 802


# ---------------------------------------------------------------- degenerate problems


@pytest.mark.parametrize("options", [{}, {"network": LAYER}, {"network": RandomFeatures(50)}])
def test_the_solution_zero_divides_nothing_by_zero(options: dict[str, Any]) -> None:
    solution = solve(heat_problem(0.0), budget=3, **options)
    assert solution.training is not None
    assert abs(solution.u(x=0.5, t=0.5)) < 1e-12


def test_a_user_s_own_forward_is_called_although_the_first_layer_is_frozen() -> None:
    class Skip(torch.nn.Sequential):
        def forward(self, h: Any) -> Any:
            return h[:, :1] + super().forward(h)

    module = Skip(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1)).double()
    module[0].requires_grad_(False)
    torch.nn.init.zeros_(module[2].weight)
    torch.nn.init.zeros_(module[2].bias)
    loop = prepare(WARM, Settings(network=module)).loop
    prepared = loop.state.trial.prepare(loop.state.points.training.places[0][1][:5])
    column = loop.state.trial.columns(prepared)[0].value
    x = prepared.points.coordinates["x"]
    assert torch.allclose(column, 2 * x - 1)


# ---------------------------------------------------------------- Ctrl-C


def test_an_interrupt_waits_for_the_end_of_a_step_and_a_second_one_does_not() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Deferred() as deferred:
        os.kill(os.getpid(), signal.SIGINT)
        deferred_once = deferred.waiting
        with pytest.raises(KeyboardInterrupt):
            deferred.check()
        deferred.check()  # told once
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert deferred_once and deferred.twice and signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_nothing_is_deferred() -> None:
    seen: list[Any] = []

    def work() -> None:
        with Deferred():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_run_that_is_interrupted_within_a_step_resumes_to_the_same_bits(tmp_path: Path) -> None:
    """The step that was begun is ended before the run is."""
    options: dict[str, Any] = {"network": MLP(width=6, depth=2), "method": LevenbergMarquardt(steps=12), "budget": 60}
    whole = solve(WARM, **options)
    loop = prepare(WARM, Settings(**options), tmp_path).loop
    assign, calls = loop.state.trial.assign, [0]

    def interrupting(vector: torch.Tensor) -> None:
        calls[0] += 1
        if calls[0] == 5:
            os.kill(os.getpid(), signal.SIGINT)
        assign(vector)

    loop.state.trial.assign = interrupting  # type: ignore[method-assign]
    training = loop.run()
    assert training.outcome.kind == "interrupted" and 0 < training.steps < 12
    again = solve(WARM, out=tmp_path, resume=True, **options)
    assert again.training is not None and again.training.steps == 12
    assert torch.equal(again.trial.vector(), whole.trial.vector())
