"""Several processes that share one run: the same numbers, the same choices, one that writes, and what is left when one
is lost."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch

from pinnsolve import MLP, Box, LevenbergMarquardt, Problem, RandomFeatures, Settings, d, dirichlet
from pinnsolve.__main__ import main
from pinnsolve.algebra.least_squares import Triangle, solved
from pinnsolve.errors import ProblemError
from pinnsolve.machine.world import ALONE, RULES, LostError, World
from pinnsolve.methods import protocol
from pinnsolve.residuals import Residuals
from pinnsolve.solve import Prepared, prepare
from pinnsolve.training.together import Together
from tests.ranks import on_ranks

Write = Callable[..., Path]
FEATURES = Settings(network=RandomFeatures(60), points=301, held_out=100, budget=100)
TRAINED = Settings(
    network=MLP(width=8, depth=2), method=LevenbergMarquardt(steps=12), points=300, held_out=100, budget=100
)


def source(k: float) -> Problem:
    """u_xx + u_yy = 20 u^3 + f in a square: several steps of Newton's method."""

    def equation(u, x, y):  # type: ignore[no-untyped-def]
        return d(u, x, x) + d(u, y, y) - 20 * u**3 - torch.sin(k * x) * y

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=equation, conditions=[dirichlet(u=lambda x: x)],
        reference=None, tolerance=1e-9,
    )  # fmt: skip


PROBLEM = source(3.0)


def trained(settings: Settings, world: World, folder: Path | None = None) -> Prepared:
    ready = prepare(PROBLEM, settings, folder, world)
    ready.loop.train()
    return ready


def made(settings: Settings, world: World, folder: Path | None = None) -> tuple[torch.Tensor, list[float], int]:
    """The solution at the held-out points, the losses of all looks, and the steps."""
    state = trained(settings, world, folder).loop.state
    return state.points.values()["u"].detach(), [look.loss for look in state.history.looks], state.step


@cache
def on_one(settings: Settings) -> tuple[torch.Tensor, list[float], int]:
    return made(settings, ALONE)


# ------------------------------------------------------------ numbers


def test_parts_are_all_of_it_once_and_pairs_stay_together() -> None:
    for count in (0, 1, 2, 5, 101):
        for size in (1, 2, 3, 7):
            parts = [World(rank, size).part(count) for rank in range(size)]
            assert [k for part in parts for k in range(part.start, part.stop)] == list(range(count))
            assert all(part.start % 2 == 0 or part.start == count for part in parts)


def test_least_squares_of_all_ranks_rows_are_those_of_one() -> None:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(203, 20, generator=generator, dtype=torch.float64)
    matrix[:, 7] = matrix[:, 3] + 1e-9 * matrix[:, 7]  # nearly dependent: by A^T A it would be lost
    right = torch.randn(203, 2, generator=generator, dtype=torch.float64)
    wanted = solved(matrix, right, 1e-12)

    def work(world: World) -> Any:
        triangle, mine = Triangle(30, 20, matrix, 2), world.part(len(matrix))  # it is folded on the way
        triangle.add(matrix[mine], right[mine])
        return world.solved(triangle, 1e-12)

    found = on_ranks(3, work)
    assert wanted is not None
    for solution, left in found:
        assert torch.equal(solution, found[0][0]) and left == found[0][1]
        assert torch.allclose(
            matrix @ solution, matrix @ wanted, rtol=0, atol=1e-6
        )  # the condition, 1e9, times rounding


def test_residuals_of_all_ranks_points_are_those_of_one() -> None:
    """Everything that is asked of residuals, on 2 ranks and on one; 301 points, so that parts differ. On one alone
    (`Residuals.own_values`, without a sum) all of it is wrong."""
    residuals = prepare(PROBLEM, TRAINED).loop.state.points.training
    weights = {name: 0.7 + k for k, name in enumerate(residuals.names)}
    vector = torch.linspace(-1, 1, residuals.size, dtype=torch.float64)

    def work(world: World) -> Any:
        shared = Residuals(residuals.trial, residuals.places, world)
        rows = shared.rows(weights)
        pulled = shared.pulled_back(weights, rows[0])
        return [
            shared.loss(weights), *shared.values().values(), *shared.loss_and_gradient(weights),
            *shared.normal_equations(weights), pulled, rows[1].T @ rows[0], rows[1].T @ shared.vector(weights),
            shared.pulled_back(weights, vector) - rows[1].T @ vector,
        ]  # fmt: skip

    wanted, *found = work(ALONE), *on_ranks(2, work)
    for each in found:
        for ours, theirs in zip(map(torch.as_tensor, each), map(torch.as_tensor, wanted), strict=True):
            assert float((ours - theirs).abs().max()) <= 1e-12 * max(float(theirs.abs().max()), 1.0)


# ------------------------------------------------------------ runs


@pytest.mark.parametrize(("settings", "size"), [(FEATURES, 3), (TRAINED, 2)])
def test_a_run_on_several_ranks_is_the_run_on_one(settings: Settings, size: int) -> None:
    """To rounding, which Newton's and Levenberg-Marquardt's steps carry on; steps and choices are the same."""
    one, *ranks = on_one(settings), *on_ranks(size, partial(made, settings))
    for values, losses, steps in ranks:
        assert torch.equal(values, ranks[0][0]) and losses == ranks[0][1]
        assert steps == one[2]
        assert float((values - one[0]).abs().max()) <= 1e-7 * float(one[0].abs().max())
        assert all(abs(a - b) <= 1e-5 * b for a, b in zip(losses, one[1], strict=True))


def test_a_rank_without_points_on_a_region_helps_where_it_can() -> None:
    residuals = prepare(PROBLEM, replace(TRAINED, points=2, redraw=None)).loop.state.points.training
    weights = dict.fromkeys(residuals.names, 1.0)

    def work(world: World) -> tuple[float, Any]:
        shared = Residuals(residuals.trial, residuals.places, world)
        return shared.loss(weights), shared.rows(weights)[1]

    wanted, *found = work(ALONE), *on_ranks(3, work)
    assert all(abs(loss - wanted[0]) < 1e-14 and torch.equal(rows, wanted[1]) for loss, rows in found)


@pytest.mark.parametrize("told", [True, False])
def test_the_first_ranks_clock_ends_the_run_on_all(told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rank whose own clock says that the budget is used; without the first one's it would end alone, and the other is
    left to wait for it until the time is up."""
    if not told:
        alone = lambda self, began: setattr(self.state.clock, "seconds", time.perf_counter() - began)  # noqa: E731
        monkeypatch.setattr(Together, "agree", alone)
        monkeypatch.setattr("pinnsolve.machine.world.RULES", replace(RULES, timeout=1.0))

    def work(world: World) -> int:
        ready = prepare(PROBLEM, replace(TRAINED, method=LevenbergMarquardt(steps=2)), None, world)
        ready.loop.state.clock.seconds = 99.9 * world.rank
        ready.loop.train()
        return ready.loop.state.step

    assert (on_ranks(2, _without_words(work)) == [2, 2]) is told


def _without_words(work: Callable[[World], Any]) -> Callable[[World], Any]:
    def quiet(world: World) -> Any:
        try:
            return work(world)
        except LostError:
            return "lost"

    return quiet


def test_a_run_goes_on_with_another_number_of_ranks(tmp_path: Path) -> None:
    """One rank, then two: the run of one, whose points were redrawn on the way."""

    def go_on(first: bool, world: World) -> Any:
        ready = prepare(PROBLEM, settings, tmp_path, world)
        if not first:
            ready.resume()
        ready.loop.train()
        return ready.loop.state.points.values()["u"].detach()

    for size, steps in [(1, 4), (2, 12)]:
        settings = replace(TRAINED, method=LevenbergMarquardt(steps=steps))
        work = partial(go_on, size == 1)
        found = work(ALONE) if size == 1 else on_ranks(size, work)[0]
    wanted = on_one(TRAINED)[0]
    assert float((found - wanted).abs().max()) <= 1e-7 * float(wanted.abs().max())


def test_ranks_that_come_to_other_numbers_end_with_words() -> None:
    def work(world: World) -> str:
        try:
            ready = prepare(PROBLEM, TRAINED, None, world)
            ready.loop.state.step += world.rank
            ready.loop.train()
        except (ProblemError, LostError) as error:
            return f"{type(error).__name__}: {error}"
        return ""

    assert any("rank 1 came to other numbers than the first" in words for words in on_ranks(2, work))


def test_an_error_of_the_first_rank_is_raised_on_all() -> None:
    def work(world: World) -> str:
        def refused() -> None:
            raise ProblemError("there is no such folder", "Choose another.")

        with pytest.raises(ProblemError, match="no such folder") as error:
            world.told(refused)
        return error.value.remedy

    assert on_ranks(2, work) == ["Choose another."] * 2


# ------------------------------------------------------------ a rank that is lost


@pytest.mark.parametrize("how", ["killed", "refused"])
def test_a_rank_that_is_lost_ends_the_run_and_what_was_reached_is_kept(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Rank 1 goes in the middle of the sixth step; the run goes on from the fifth to what it would have become."""
    stepped = protocol.stepped

    def lost(method: Any, objective: Any, state: Any) -> Any:
        pieces = objective.residuals.normal_equations
        if objective.world.rank == 1 and state["loss"] == state["loss"] and len(seen) == 5:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise MemoryError("no room")
        seen.append(pieces)
        return stepped(method, objective, state)

    def work(world: World) -> Any:
        ready = prepare(PROBLEM, TRAINED, tmp_path, world)
        try:
            ready.loop.train()
        except LostError:
            return ready.loop.state.step, world.words()
        except MemoryError as error:
            world.say(str(error))
        return None

    seen: list[Any] = []
    monkeypatch.setattr("pinnsolve.training.loop.stepped", lost)
    began = time.perf_counter()
    (reached, words), _ = on_ranks(2, work)
    assert reached == 5 and time.perf_counter() - began < 60
    assert words == ("rank 1: no room" if how == "refused" else "")
    if how == "refused":
        return
    monkeypatch.setattr("pinnsolve.training.loop.stepped", stepped)
    ready = prepare(PROBLEM, TRAINED, tmp_path)
    ready.resume()
    assert ready.loop.state.step == 5
    ready.loop.train()
    wanted = on_one(TRAINED)[0]
    found = ready.loop.state.points.values()["u"]
    assert float((found - wanted).abs().max()) <= 1e-7 * float(wanted.abs().max())


# ------------------------------------------------------------ the command


@pytest.fixture
def said(tmp_path: Path) -> Callable[[list[str]], Callable[[World], tuple[int, str]]]:
    """The command on a rank: its exit code, and what it says."""

    def on(arguments: list[str]) -> Callable[[World], tuple[int, str]]:
        def work(world: World) -> tuple[int, str]:
            path = tmp_path / f"said-{world.rank}"
            with path.open("w") as stream:
                sys.stdout = sys.stderr = stream
                code = main(arguments)
            return code, path.read_text()

        return work

    return on


@pytest.mark.usefixtures("unpictured")
def test_the_command_on_two_ranks_prints_and_writes_once(
    write: Write, tmp_path: Path, said: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("pinnsolve.command.run.begun", Given)
    path = write()
    first, second = on_ranks(2, _giving(said([str(path), "--out", str(tmp_path / "out")])))
    assert first[0] == 0 and "2 processes share the collocation points" in first[1] and "verdict  pass" in first[1]
    assert second == (0, "")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["errors"]["u"]["relative_l2"] < 1e-2 and report["points"]["interior"] >= 256


@pytest.mark.usefixtures("unpictured")
def test_what_is_not_shared_is_done_by_one_and_bad_input_is_told_once(
    write: Write, tmp_path: Path, said: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("pinnsolve.command.run.begun", Given)
    checked = on_ranks(2, _giving(said([str(write()), "--check"])))
    assert "a check is for one process; the 1 others have ended" in checked[0][1] and checked[1] == (0, "")
    refused = on_ranks(2, _giving(said([str(write(("d(u, t)", "d(u, s)"))), "--out", str(tmp_path / "out")])))
    assert refused[0][0] == refused[1][0] == 2 and "error:" in refused[0][1] and refused[1][1] == ""


GIVEN: list[World] = []


def _giving(work: Callable[[World], Any]) -> Callable[[World], Any]:
    def on(world: World) -> Any:
        GIVEN.append(world)
        return work(world)

    return on


class Given:
    """The world that a rank is in already."""

    def __enter__(self) -> World:
        return GIVEN[-1]

    def __exit__(self, *error: object) -> None:
        return None
