"""A budget ends a run, and decides nothing else: neither what is chosen nor a single bit of what is found."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch

from pinnsolve import (
    MLP,
    Adam,
    Box,
    LevenbergMarquardt,
    Problem,
    RandomFeatures,
    Settings,
    Solution,
    d,
    dirichlet,
    initial,
    laplace,
    solve,
)
from pinnsolve.solve import Prepared, prepare
from pinnsolve.training import unseen
from pinnsolve.training.history import Look
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.planar import Planar


def gallery(name: str) -> Problem:
    return importlib.import_module(f"problems.{name}").problem


def simulated(monkeypatch: pytest.MonkeyPatch, ready: Prepared, speed: float) -> None:
    """Training on a machine that makes so many operations a second, whatever it makes them for."""
    clock, work = ready.loop.state.clock, ready.loop.state.clock.work
    clock.seconds = work.operations / speed
    clock.heaviest = {name: (operations, operations / speed) for name, (operations, _) in clock.heaviest.items()}
    monkeypatch.setattr(time, "perf_counter", lambda: work.operations / speed)


# ---------------------------------------------------------------- it is kept


SLOW = [(1.0, 2e9), (20.0, 5e8)]
# on the slowest machine a march meets its end; long runs of the others would show the same again
TRIED = [("burgers", *s) for s in SLOW] + [("cavity", 3.0, 2e9), ("schrodinger", 1.5, 2e9), ("taylor_green", 3.0, 2e9)]


@pytest.mark.parametrize(("name", "budget", "speed"), TRIED)
def test_it_is_kept_within_a_tenth(monkeypatch: pytest.MonkeyPatch, name: str, budget: float, speed: float) -> None:
    """No step is begun that does not fit, on machines slower than this one; and what was reached stands."""
    ready = prepare(gallery(name).replaced(tolerance=1e-14), Settings(budget=budget))
    simulated(monkeypatch, ready, speed)
    training = ready.loop.run()
    assert training.seconds <= 1.1 * budget
    assert training.outcome.kind == "budget" and training.steps > 0
    assert training.method.startswith(("Newton", "cells", "march in cells"))
    trial = ready.loop.state.trial  # a march over cells hands out what it has solved up to then
    held = isinstance(trial, Marched) and trial.slabs
    assert trial.complete or held or (isinstance(trial, Planar) and trial.mesh is not None)


@pytest.mark.parametrize(("name", "budget"), [("cavity", 2.0), ("inverse_burgers", 1.0), ("taylor_green", 1.0)])
def test_the_whole_of_a_run_fits(monkeypatch: pytest.MonkeyPatch, name: str, budget: float) -> None:
    """Checks, first evaluation and the end included; by the clock of this process, which others do not slow down."""
    monkeypatch.setattr(time, "perf_counter", time.process_time)
    began = time.process_time()
    solution = solve(gallery(name), budget=budget)
    assert time.process_time() - began <= 1.1 * budget + 1.0
    assert solution.training is not None and solution.training.steps > 0


def chain(count: int) -> Problem:
    """u_k' + k u_k = k u_(k-1) with u_0 = 0, each fed by the one before and all by the mean of all."""
    names = [f"u{k}" for k in range(1, count + 1)]

    def equation(k: int) -> Any:
        mean = " + ".join(names)
        feed = f" - {k} * {names[k - 2]}" * (k > 1)
        code = f"def equation_{k}(t, {', '.join(names)}):\n    return d({names[k - 1]}, t) + {k} * {names[k - 1]}{feed} - ({mean}) / {count}\n"
        scope: dict[str, Any] = {"d": d}
        exec(code, scope)
        return scope[f"equation_{k}"]

    return Problem(
        time=(0, 1), unknowns=tuple(names), equations=[equation(k) for k in range(1, count + 1)],
        conditions=[initial(**{n: float(n == "u1") for n in names})], reference=None, tolerance=1e-3,
    )  # fmt: skip


def test_many_coupled_unknowns_get_a_solution_in_time() -> None:
    began = time.process_time()
    solution = solve(chain(10), budget=10.0)
    assert solution.training is not None and solution.training.outcome.kind == "converged"
    assert time.process_time() - began < 11.0
    assert all(r < 1e-3 for r in solution.training.held_out.values())


# ---------------------------------------------------------------- it decides nothing else


def the_same_by_other_clocks(monkeypatch: pytest.MonkeyPatch, run: Callable[[list[Look]], Solution]) -> None:
    """By a clock that goes a hundred times too slowly, so that no budget is reached, and by one three times as fast and
    unsteady."""
    plain, late, noise = time.perf_counter, [0.0], torch.Generator().manual_seed(7)

    def unsteady() -> float:
        late[0] += 0.0003 * float(torch.rand(1, generator=noise))
        return 0.03 * plain() + late[0]

    found = []
    for clock in (lambda: 0.01 * plain(), unsteady):
        monkeypatch.setattr(time, "perf_counter", clock)
        looks: list[Look] = []
        solution = run(looks)
        assert solution.training is not None
        told = [(k.step, k.method, k.loss, k.training, k.held_out) for k in looks]
        found.append(([told, solution.training.choice, solution.training.steps], solution.trial.vector()))
    (one, vector), (other, same) = found
    assert one == other and torch.equal(vector, same)


def stopping(looks: list[Look], step: int) -> Any:
    def stop(look: Look) -> None:
        looks.append(look)
        if look.step >= step:
            raise KeyboardInterrupt

    return stop


def heated(u, x, y):  # type: ignore[no-untyped-def]
    """Over a spot: linear, so that each layer takes one step, and no layer is exact."""
    return laplace(u, x, y) + torch.exp(-200 * ((x - 0.4) ** 2 + (y - 0.6) ** 2))


SPOT = Problem(space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=heated, conditions=dirichlet(u=0), reference=None)


def test_an_automatic_run_makes_the_same_choices_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(looks: list[Look]) -> Solution:
        solution = solve(SPOT.replaced(tolerance=1e-14), budget=60.0, progress=stopping(looks, 5))
        assert solution.training is not None and solution.training.outcome.kind == "interrupted"
        return solution

    the_same_by_other_clocks(monkeypatch, run)


def test_what_is_looked_at_in_the_end_costs_the_same_however_few_points_are_held_out(heat: Problem) -> None:
    """It has points of its own; where thirty were held out it was counted as 34 times as much, and a run ended early."""
    of_few, of_many = (
        unseen.cost(
            prepare(heat, Settings(network=RandomFeatures(30), points=200, held_out=n)).loop.state.points.held_out
        )
        for n in (30, 3000)
    )
    assert of_few == of_many > 0


def test_a_sequence_of_methods_shares_the_budget_by_operations(monkeypatch: pytest.MonkeyPatch, heat: Problem) -> None:
    def run(looks: list[Look]) -> Solution:
        methods = [Adam(), LevenbergMarquardt(steps=2)]
        solution = solve(heat, network=MLP(width=6, depth=2), method=methods, budget=1.0, progress=looks.append)
        assert solution.training is not None and looks[-1].method == "lm"
        assert solution.training.outcome.kind == "steps"
        return solution

    the_same_by_other_clocks(monkeypatch, run)
