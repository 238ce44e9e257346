"""Several processes that share one run: the same numbers, the same choices, one that writes, and what is left when one
is lost."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import (
    MLP,
    Adam,
    Box,
    LevenbergMarquardt,
    NotConverged,
    Problem,
    RandomFeatures,
    Settings,
    d,
    dirichlet,
    initial,
    solve,
)
from pinnsolve.__main__ import main
from pinnsolve.algebra.fronts import Factors, finish
from pinnsolve.algebra.fronts import solved as several
from pinnsolve.algebra.least_squares import Triangle, solved
from pinnsolve.algebra.subtrees import shared_out, summed
from pinnsolve.cells import joined_faces
from pinnsolve.cells.fluxed_faces import FluxedFaces
from pinnsolve.cells.implicit_step import Step
from pinnsolve.cells.joined_faces import JoinedFaces
from pinnsolve.errors import ProblemError
from pinnsolve.machine.shared import RULES
from pinnsolve.machine.world import ALONE, EndedError, LostError, World
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.methods import protocol
from pinnsolve.residuals import Residuals
from pinnsolve.solve import Prepared, prepare
from pinnsolve.training.together import Together
from tests.ranks import launched_on, on_ranks
from tests.test_batches import Blocks, grid
from validation.marched import read

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
    ready.loop.state.clock.seconds += 99.9 * world.rank  # of the first rank alone decides
    ready.loop.train()
    return ready


def made(settings: Settings, world: World, folder: Path | None = None) -> tuple[torch.Tensor, list[float], int]:
    """The solution at the held-out points, the losses of all looks, and the steps."""
    state = trained(settings, world, folder).loop.state
    return state.points.values()["u"].detach(), [look.loss for look in state.history.looks], state.step


@cache
def on_one(settings: Settings) -> tuple[torch.Tensor, list[float], int]:
    return made(settings, ALONE)


# ------------------------------------------------------------ a script in Python


def test_solve_in_a_script_is_shared_again_and_again(tmp_path: Path) -> None:
    """Two calls, one after the other: both ranks get the solution of one process, the first alone writes and warns."""
    given = {"settings": FEATURES, "out": tmp_path / "run"}
    wanted = [float(solve(source(k), settings=FEATURES).u(x=0.3, y=0.4)) for k in (3.0, 5.0)]

    def script() -> Any:
        shared: list[int] = []
        own = protocol.Objective.total
        protocol.Objective.total = lambda self, mine: shared.append(self.world.size) or own(self, mine)  # type: ignore[method-assign, func-returns-value]
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = [float(solve(source(k), **given).u(x=0.3, y=0.4)) for k in (3.0, 5.0)]  # type: ignore[arg-type]
        return found, set(shared), sum(issubclass(w.category, NotConverged) for w in told)

    (one, shared, told), (other, _, silent) = launched_on(2, script)
    assert one == other and one == pytest.approx(wanted, rel=1e-8)
    assert shared == {2} and (told, silent) == (2, 0) and (tmp_path / "run").is_dir()


def test_within_a_world_that_somebody_began_solve_is_alone() -> None:
    """As a user's reference may call it, on the first rank while the others wait."""

    def work(world: World) -> Any:
        return float(solve(PROBLEM, settings=FEATURES).u(x=0.3, y=0.4)) if world.first else None

    assert on_ranks(2, work) == [
        pytest.approx(float(solve(PROBLEM, settings=FEATURES).u(x=0.3, y=0.4)), rel=1e-9),
        None,
    ]


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


def test_real_and_complex_numbers_are_summed_at_once() -> None:
    """Whatever stands before them: three real numbers, where complex ones are two each."""
    given = [
        torch.arange(3.0).double(),
        torch.tensor([[1 + 2j, 3j]], dtype=torch.complex128).conj(),
        torch.ones(1, 0).double(),
        torch.eye(2).double(),
    ]

    def work(world: World) -> Any:
        return summed(world, [(world.rank + 1) * x for x in given])

    for found in [*on_ranks(2, work)]:
        assert all(torch.equal(x, 3 * own) and x.dtype == own.dtype for x, own in zip(found, given, strict=True))


@pytest.mark.parametrize("size", [2, 3, 5])
def test_subtrees_are_shared_evenly_and_nothing_is_left_out(size: int) -> None:
    order = grid(12)
    shares = [shared_out(order, World(rank, size), each=1e6) for rank in range(size)]
    own = [part for share in shares for part in share.own]
    assert sorted([*own, *shares[0].top]) == list(range(len(order.parts))) and len(set(own)) == len(own)
    assert sorted(cell for share in shares for cell in share.cells) == list(range(144))
    assert all(len(share.cells) < 1.3 * 144 / size for share in shares)
    assert shared_out(grid(2), World(0, 9)).ranks.size == 1  # too few cells: all do everything alike


def test_eliminations_on_three_ranks_solve_what_dense_matrices_do() -> None:
    """A positive system, one that is not symmetric, and a complex one with half of the digits; the last two at once,
    beside each other."""
    order, generator = grid(6), np.random.default_rng(0)
    made: list[tuple[dict[int, torch.Tensor], np.ndarray, np.ndarray]] = []
    told = {cell: generator.normal(size=(len(order.of_cell(cell)), 2)) for cell in range(36)}
    for turn in (0.0, 1.0, 1.0j):
        blocks, dense = {}, np.zeros((order.size, order.size), dtype=complex)
        for cell, mine in ((cell, order.of_cell(cell)) for cell in range(36)):
            root = generator.normal(size=(len(mine) + 2, len(mine)))
            block = root.T @ root + turn * generator.normal(size=(len(mine),) * 2)
            dense[np.ix_(mine, mine)] += block
            blocks[cell] = torch.from_numpy(block)[None]
        made.append((blocks, dense, np.zeros((order.size, 2), dtype=complex)))
        for cell, right in told.items():
            made[-1][2][order.of_cell(cell)] += right

    def work(world: World) -> Any:
        shares, rights = shared_out(order, world), []
        first, *rest = (
            Factors(order, Blocks(blocks), positive=k == 0, brief=k == 2, probed=False, shares=shares)
            for k, (blocks, *_) in enumerate(made)
        )
        for blocks, *_ in made:
            rights.append(torch.zeros(1, order.size, 2, dtype=blocks[0].dtype))
            for cell in shares.cells:
                rights[-1][0, order.of_cell(cell)] += torch.from_numpy(told[cell]).to(rights[-1].dtype)
        found = [first.solve(rights[0]), *several(rest, rights[1:])]
        seen = np.unique(np.concatenate([order.of_cell(cell) for cell in shares.cells]))
        return seen, [x[0, seen].numpy() for x in found]

    for seen, found in [work(ALONE), *on_ranks(3, work)]:
        for x, (_, dense, right), close in zip(found, made, (1e-10, 1e-10, 1e-3), strict=True):
            wanted = np.linalg.solve(dense, right)
            assert np.abs(x - wanted[seen]).max() < close * np.abs(wanted).max()


def test_what_is_singular_on_one_rank_is_told_to_all_at_the_next_meeting() -> None:
    order = grid(4)
    given = {cell: torch.eye(len(order.of_cell(cell)), dtype=torch.float64)[None] for cell in range(16)}

    def work(world: World) -> Any:
        def invert() -> None:
            if not world.first:
                raise torch.linalg.LinAlgError("mine")  # type: ignore[attr-defined]

        shares, said = shared_out(order, world), []
        for owner in (None, 0):  # all go on with what joins subtrees, or the first rank alone
            try:
                finish([Factors(order, Blocks(dict(given)), False, False, False, shares, invert, owner)])
            except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
                said.append(str(error))
        return said

    assert on_ranks(2, work) == [["a matrix of another rank is singular"] * 2, ["mine"] * 2]


# ------------------------------------------------------------ runs


def test_a_run_on_three_ranks_is_the_run_on_one() -> None:
    """To rounding, which Newton's and Levenberg-Marquardt's steps carry on; steps and choices are the same. With
    dropout masks are each rank's own, and the points that are drawn after them the same (`Together.agree` holds it)."""
    thin = replace(TRAINED, network=MLP(width=8, depth=1, dropout=0.1), method=Adam(steps=11), points=101)

    def work(world: World) -> Any:
        return [made(settings, world) for settings in (FEATURES, TRAINED, thin)]

    found = on_ranks(3, work)
    for ranks, one in zip(zip(*found, strict=True), (on_one(FEATURES), on_one(TRAINED), None), strict=True):
        for values, losses, steps in ranks:
            assert torch.equal(values, ranks[0][0]) and losses == ranks[0][1] and steps == ranks[0][2]
            if one is not None:
                assert steps == one[2]
                assert float((values - one[0]).abs().max()) <= 1e-7 * float(one[0].abs().max())
                assert all(abs(a - b) <= 1e-5 * b for a, b in zip(losses, one[1], strict=True))


WALLS = [dirichlet(u=lambda x, y: x * y)]


def cubic(u, x, y):  # type: ignore[no-untyped-def]
    return d(u, x, x) + d(u, y, y) - u**3 + 30 * torch.sin(3 * x)


def in_cells(world: World) -> Any:
    """Cells of a square, halved on the way: their values, the stages and the operations that decide."""
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=cubic, conditions=WALLS, reference=None, tolerance=1e-3
    )
    ready = prepare(problem, Settings(held_out=200, budget=200), None, world)
    ready.loop.train()
    state = ready.loop.state
    stages = [(e.stage, e.operations) for e in state.ended]
    return state.points.values()["u"].detach(), stages, state.clock.operations


def test_cells_on_two_ranks_are_those_of_one() -> None:
    """A steady problem, solved again with richer features: the same cells, iterations, values."""
    one, *ranks = in_cells(ALONE), *on_ranks(2, in_cells)
    for values, stages, operations in ranks:
        assert torch.equal(values, ranks[0][0]) and stages == one[1] and operations == one[2]
        assert float((values - one[0]).abs().max()) <= 1e-9 * float(one[0].abs().max())


def conducting(varies: bool) -> Callable[..., Marcher]:
    """Nine cells, of which some are halved; with a conductivity that varies and a wind that is u, or with neither."""

    def equation(u, x, y, t):  # type: ignore[no-untyped-def]
        k = 1 + 0.5 * torch.sin(3 * x) * y if varies else 1.0
        return d(u, t) + varies * u * d(u, x) - 0.1 * (d(k * d(u, x), x) + d(k * d(u, y), y))

    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 0.1), unknowns="u", equations=equation, reference=None,
        conditions=[initial(u=lambda x, y: torch.exp(-40 * ((x - 0.3) ** 2 + (y - 0.4) ** 2))), dirichlet(u=0)],
    )  # fmt: skip
    evolution = read(problem)[0]
    assert evolution.fluxed
    return partial(Marcher, evolution, Accuracy(5, 3, 2e-3, 3e-2), torch.device("cpu"))


@pytest.mark.parametrize("varies", [True])
def test_equations_are_evaluated_where_cells_are_condensed(
    varies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """On two ranks a step is that of one, with the same cells, as many of which are unlike; and no rank evaluates the
    equations within more than two thirds of the cells once they are halved."""
    begun, own = conducting(varies), Step.answers
    seen: list[int] = []

    def answers(step: Step, equations: Any, x: Any, *given: Any, **more: Any) -> Any:
        seen.append(len(x) if x.shape[1] == step.scheme.in_cell and len(step.mesh) > 9 else 0)
        return own(step, equations, x, *given, **more)

    def work(world: World) -> Any:
        seen.clear()
        marcher = begun(world=world)
        marcher.advance()
        operator, step = marcher.solver.operator, marcher.last
        unlike = operator.cells.own.unlike if operator is not None else None
        return step.stages, len(step.mesh), unlike, marcher.record.counts, max(seen)

    monkeypatch.setattr(Step, "answers", answers)
    one, *found = work(ALONE), *on_ranks(2, work)
    assert one[1] > 9 and one[4] == one[1]
    for stages, *same, most in found:
        assert same == list(one[1:4]) and 3 * most <= 2 * one[1]
        assert torch.equal(stages, found[0][0])
        assert float((stages - one[0]).abs().max()) <= 1e-11 * float(one[0].abs().max())


def oblique(u, x, y, t):  # type: ignore[no-untyped-def]
    k = 1 + 0.3 * torch.sin(3 * x) * y
    return d(u, t) - 0.1 * (d(k * d(u, x), x) + d(u, y, y) + 0.2 * d(u, x, y))  # no flux through a side tells the last


def cross_wind(u, x, y, t):  # type: ignore[no-untyped-def]
    return d(u, t) + u * d(u, x) - 0.1 * (d(u, x, x) + d(u, y, y))


def marching(by_rows: bool) -> Callable[..., Marcher]:
    """Cells that rows join, all digits of which are kept, since one factorisation serves all steps; or fluxes."""
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 0.1), unknowns="u", equations=oblique if by_rows else cross_wind,
        conditions=[initial(u=lambda x, y: x * (1 - x) * y * (1 - y)), dirichlet(u=0)], reference=None,
    )  # fmt: skip
    return partial(Marcher, read(problem)[0], Accuracy(4, 3, 0.1, 10.0), torch.device("cpu"))


@pytest.mark.parametrize("by_rows", [True, False])
def test_what_joins_subtrees_is_eliminated_by_one_rank_for_each_stage(
    by_rows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real stage by one, the complex one by the other; to rounding a step is that of one process."""
    monkeypatch.setattr(joined_faces, "shares", lambda *_: False)  # each stage has factors of its own
    begun = marching(by_rows)

    def work(world: World) -> Any:
        marcher = begun(world=world)
        marcher.advance()
        assert marcher.solver.operator is not None
        cells = marcher.solver.operator.cells
        assert isinstance(cells, JoinedFaces if by_rows else FluxedFaces)
        factors = [stage.factors for stage in cells.stages]
        return marcher.last.stages, [len(f.eliminated) > f.count for f in factors], [f.owner for f in factors]  # type: ignore[union-attr]

    one, *found = work(ALONE), *on_ranks(2, work)
    assert one[2] == [None, None]
    for rank, (stages, top, whose) in enumerate(found):
        assert sorted(whose) == [0, 1] and top == [owner == rank for owner in whose]
        assert torch.equal(stages, found[0][0])
        assert float((stages - one[0]).abs().max()) <= 1e-11 * float(one[0].abs().max())


def test_a_rank_without_points_on_a_region_helps_where_it_can() -> None:
    residuals = prepare(PROBLEM, replace(TRAINED, points=2, redraw=None)).loop.state.points.training
    weights = dict.fromkeys(residuals.names, 1.0)

    def work(world: World) -> tuple[float, Any]:
        shared = Residuals(residuals.trial, residuals.places, world)
        return shared.loss(weights), shared.rows(weights)[1]

    wanted, *found = work(ALONE), *on_ranks(3, work)
    assert all(abs(loss - wanted[0]) < 1e-14 and torch.equal(rows, wanted[1]) for loss, rows in found)


def test_a_rank_that_trusts_its_own_clock_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that says that the budget is used ends the run on its rank alone; the other waits until the time is up."""
    monkeypatch.setattr("pinnsolve.machine.shared.RULES", replace(RULES, timeout=1.0))
    monkeypatch.setattr(Together, "agree", lambda together, began: None)

    def work(world: World) -> Any:
        ready = prepare(PROBLEM, replace(TRAINED, method=LevenbergMarquardt(steps=2)), None, world)
        ready.loop.state.clock.seconds = 999.0 * world.rank
        try:
            ready.loop.train()
        except LostError:
            return "lost"
        return "went on"

    assert "lost" in on_ranks(2, work)


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


def test_a_rank_that_is_lost_ends_the_run_and_what_was_reached_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Rank 1 goes in the middle of the sixth step; the run goes on from the fifth to what it would have become."""
    stepped = protocol.stepped

    def lost(method: Any, objective: Any, state: Any) -> Any:
        seen.append(state)
        if objective.world.rank == 1 and len(seen) == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        return stepped(method, objective, state)

    def work(world: World) -> Any:
        ready = prepare(PROBLEM, TRAINED, tmp_path, world)
        with pytest.raises(LostError):
            ready.loop.train()
        return ready.loop.state.step

    seen: list[Any] = []
    monkeypatch.setattr("pinnsolve.training.loop.stepped", lost)
    began = time.perf_counter()
    assert on_ranks(2, work) == [5, None] and time.perf_counter() - began < 60
    monkeypatch.setattr("pinnsolve.training.loop.stepped", stepped)
    ready = prepare(PROBLEM, TRAINED, tmp_path)
    ready.resume()
    assert ready.loop.state.step == 5
    ready.loop.train()
    wanted = on_one(TRAINED)[0]
    found = ready.loop.state.points.values()["u"]
    assert float((found - wanted).abs().max()) <= 1e-7 * float(wanted.abs().max())


def test_a_step_that_does_not_end_in_time_is_broken_off_and_what_was_before_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Launchers end all ranks where one is lost, those in the middle of a long step half a minute later; here both are
    told to end in their fourth one. Mutants: no alarm, or one that goes off outside of steps."""
    stepped = protocol.stepped

    def endless(method: Any, objective: Any, state: Any) -> Any:
        seen.append(state)
        if len(seen) == 4:
            objective.model.assign(7 * objective.model.vector())
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(20)
        return stepped(method, objective, state)

    def work(world: World) -> Any:
        ready = prepare(PROBLEM, TRAINED, tmp_path, world)
        with pytest.raises(EndedError, match=r"its step took 0\.2 s more"):
            ready.loop.train()
        time.sleep(0.5)  # nothing is broken off any more
        return ready.loop.state.step

    seen: list[Any] = []
    monkeypatch.setattr("pinnsolve.training.loop.stepped", endless)
    monkeypatch.setattr("pinnsolve.machine.shared.RULES", replace(RULES, grace=0.2))
    began = time.perf_counter()
    assert on_ranks(2, work) == [3, 3] and time.perf_counter() - began < 15
    ready = prepare(PROBLEM, TRAINED, tmp_path)
    ready.resume()
    first = prepare(PROBLEM, replace(TRAINED, method=LevenbergMarquardt(steps=3)))
    monkeypatch.setattr("pinnsolve.training.loop.stepped", stepped)
    first.loop.train()
    wanted, found = (r.loop.state.points.values()["u"] for r in (first, ready))
    assert ready.loop.state.step == 3 and float((found - wanted).abs().max()) <= 1e-7 * float(wanted.abs().max())


def test_a_rank_that_is_told_to_end_alone_ends_the_run() -> None:
    def work(world: World) -> str:
        ready = prepare(PROBLEM, TRAINED, None, world)
        world.ended = world.rank == 1
        return ready.loop.train().kind

    assert on_ranks(2, work) == ["interrupted"] * 2


def test_a_rank_that_gives_up_leaves_words_for_the_first() -> None:
    def work(world: World) -> Any:
        if not world.first:
            world.say("the memory does not suffice")
            os._exit(3)
        with pytest.raises(LostError):
            world.sum(torch.ones(3))
        return world.words(), world.speaks()

    assert on_ranks(2, work)[0] == ("rank 1: the memory does not suffice", True)


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
