"""A budget of memory: how it is written, what follows from it, and what is refused because it does not fit."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from pinnsolve import (
    LBFGS,
    MLP,
    SOAP,
    Adam,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Newton,
    Problem,
    ProblemError,
    RandomFeatures,
    Settings,
    SSBroyden,
    d,
    dirichlet,
    initial,
    laplace,
    solve,
)
from pinnsolve.__main__ import main
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.plane_memory import RULES as PLANE
from pinnsolve.cells.plane_memory import held_in_plane, planes_that_fit
from pinnsolve.cells.stage_operator import that_fit
from pinnsolve.machine import memory
from pinnsolve.machine.room import SHARES, Room, read
from pinnsolve.residuals import Residuals
from pinnsolve.solve import prepare
from pinnsolve.training.balance import balanced
from tests.test_batches import grid
from validation.marched import read as read_evolution

CPU = torch.device("cpu")


def square(**changes: Any) -> Problem:
    given = {
        "space": Box(x=(0, 1), y=(0, 1)), "unknowns": "u", "reference": None,
        "equations": lambda u, x, y: laplace(u, x, y) + 2 * math.pi**2 * torch.sin(math.pi * x) * torch.sin(math.pi * y),
        "conditions": [dirichlet(u=0)],
    }  # fmt: skip
    return Problem(**{**given, **changes})


def error(solution: Any) -> float:
    x, y = torch.rand(2, 500, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    true = torch.sin(math.pi * x) * torch.sin(math.pi * y)
    return float((torch.as_tensor(solution.u(x=x, y=y)) - true).norm() / true.norm())


# ------------------------------------------------------------ how it is written


@pytest.mark.parametrize(
    ("words", "count"),
    [("2 GB", 2e9), ("2GB", 2e9), ("1.5 g", 1.5e9), ("512 MiB", 2**29), ("8e5 kB", 8e8), ("0.5 TB", 5e11), (" 700000000 B ", 7e8)],
)  # fmt: skip
def test_amounts_in_words(words: str, count: float) -> None:
    assert read("memory", words) == pytest.approx(count, rel=1e-15)
    assert Settings(memory=words).room.limit == pytest.approx(count, rel=1e-15)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [("2 apples", "no amount"), ("-1 GB", "not above zero"), (3, "no unit"), ("3", "no unit"), ("", "no amount"),
     ("0 GB", "not above zero"), (True, "no unit"), (["2 GB"], "no unit"), ("GB", "no amount"), ("200 MB", "420 MB"), ("3 iB", "no amount")],
)  # fmt: skip
def test_what_is_no_memory_is_told(wrong: Any, word: str) -> None:
    with pytest.raises(ProblemError, match=word) as told:
        Settings(memory=wrong)
    assert "Write" in told.value.remedy or "write memory=" in told.value.remedy


def test_the_command_takes_it_and_tells_it_by_its_own_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from pinnsolve import *\n"
        "problem = Problem(space=Box(x=(0, 1)), unknowns='u', equations=lambda u, x: d(u, x, x) - 1, conditions=[dirichlet(u=0)])\n"
        "settings = Settings(network=RandomFeatures(5000))\n"
    )
    assert main([str(path), "--check", "--memory", "2 apples"]) == 2
    assert "--memory='2 apples' is no amount of memory" in capsys.readouterr().err
    assert main([str(path), "--check", "--memory", "500 MB"]) == 2
    assert "memory is 500 MB" in (told := capsys.readouterr().err) and "would fit" in told


# ------------------------------------------------------------ what follows from it


def test_chunks_follow_from_the_budget_and_no_share_is_above_what_anything_is_worth() -> None:
    free, small, large = Room.of(None), Room.of(6e8), Room.of(1e12)
    assert free == Room() and large == Room(limit=1e12, rows=large.rows, cells=large.cells)
    left = 6e8 - SHARES.base
    held = 8 * (small.front + small.entries + small.kept) + small.prepared
    assert 0.5 * left < held < left and small.cells == pytest.approx(left)
    twice = Room.of(SHARES.base + 2 * left)
    assert twice.front == pytest.approx(2 * small.front, abs=1) or twice.front == free.front
    assert Room.of(2e8, "cuda").front > 0, "on a GPU Python takes nothing of it"


def test_chunks_give_the_same_answer_as_the_whole() -> None:
    """To rounding: a front that is folded often, points that are prepared anew in each pass."""
    given = {"network": RandomFeatures(60), "method": Newton(steps=1), "points": 3000, "held_out": 200, "seed": 2}
    whole = prepare(square(), Settings(**given))  # type: ignore[arg-type]
    parts = prepare(square(), Settings(**given))  # type: ignore[arg-type]
    parts.settings.__dict__["room"] = Room(front=1, entries=70_000, kept=0, prepared=0.0)
    parts.loop.state.points.renew(120)
    assert len(parts.loop.state.points.training.chunks) > 10 and not parts.loop.state.points.training.chunks.kept
    whole.loop.state.points.renew(120)
    for ready in (whole, parts):
        ready.loop.state.generator.manual_seed(5)
        ready.loop.state.points.renew(120)
        ready.loop.train()
    one, other = (r.loop.state.points.values()["u"] for r in (whole, parts))
    assert float((one - other).abs().max()) < 1e-9 * float(one.abs().max())
    assert error(parts.solution()) < 1e-4


def test_a_budget_leaves_an_automatic_run_as_it_is() -> None:
    held = solve(square(tolerance=1e-4), budget=60, memory="700 MB")
    assert held.converged and error(held) < 1e-4


# ------------------------------------------------------------ cells


def heat(u, x, y, t):  # type: ignore[no-untyped-def]
    k = 1 + 0.3 * torch.sin(math.pi * x) * torch.cos(math.pi * y)
    oblique = 0.2 * d(u, x, y)  # which no flux through a side tells: cells are joined by rows
    return d(u, t) - 0.05 * (d(k * d(u, x), x) + d(k * d(u, y), y) + oblique)


HEAT = square(
    time=(0, 1), equations=heat, conditions=[initial(u=lambda x, y: x * (1 - x) * y * (1 - y)), dirichlet(u=0)]
)


def test_more_memory_more_cells_and_the_most_that_fit_do() -> None:
    evolution, before = read_evolution(HEAT)[0], 0
    for limit in (6e8, 1e9, 2e9, 8e9):
        scheme = Scheme(evolution, 7, 3, CPU, room=Room.of(limit))
        most, left = that_fit(scheme, at_most=400), limit - SHARES.base
        assert most == planes_that_fit(scheme, left) > before
        assert held_in_plane(scheme, most, brief=True) <= left < held_in_plane(scheme, round(1.05 * most), brief=True)
        before = most
    assert that_fit(Scheme(evolution, 7, 3, CPU), at_most=400) == 400, "without a budget the old bound holds"


def test_few_digits_and_points_by_parts_change_a_march_by_no_more_than_it_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"network": LocalFeatures(degree=7, stages=3), "method": Marching(bound=0.1), "budget": 100}
    whole = solve(HEAT, **given)  # type: ignore[arg-type]
    tight = Room(limit=5e8, points=300, cells=1e5)
    monkeypatch.setattr(Room, "of", classmethod(lambda cls, *_: tight))
    monkeypatch.setattr("pinnsolve.cells.stage_operator.planes_that_fit", lambda *_: 400)
    parts = solve(HEAT, memory="500 MB", **given)  # type: ignore[arg-type]
    x, y = torch.rand(2, 200, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    one, other = (torch.as_tensor(s.u(x=x, y=y, t=0.7)) for s in (whole, parts))
    assert 0 < float((one - other).norm() / one.norm()) < 1e-5


# ------------------------------------------------------------ what does not fit


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": RandomFeatures(20_000)}, ["Newton on 20,0", "RandomFeatures("]),
        ({"network": MLP(200, 4), "method": LevenbergMarquardt()}, ["LevenbergMarquardt", "trained numbers would fit", "SOAP()"]),
        ({"network": MLP(60, 4), "method": SSBroyden()}, ["SSBroyden", "would fit"]),
        ({"network": MLP(200, 4), "method": "adam,lm"}, ["LevenbergMarquardt"]),
        ({"network": MLP(2000, 1), "method": SOAP(), "points": 100}, ["SOAP on 8,0", "would fit", "Adam()"]),
        ({"network": MLP(700, 3), "method": Adam()}, ["Adam on 98", "would fit"]),
        ({"network": MLP(700, 3), "method": LBFGS()}, ["LBFGS on 98", "would fit"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_it_begins(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ProblemError) as told:
        prepare(square(), Settings(memory="600 MB", **changes))
    assert all(word in str(told.value) for word in words) and "memory is 600 MB" in str(told.value)


def test_what_is_said_to_fit_does_and_a_little_more_does_not() -> None:
    with pytest.raises(ProblemError) as told:
        prepare(square(), Settings(memory="600 MB", network=RandomFeatures(20_000)))
    fits = int(told.value.remedy.split("RandomFeatures(")[1].split(")")[0])
    prepare(square(), Settings(memory="600 MB", network=RandomFeatures(fits), points=300))
    with pytest.raises(ProblemError):
        prepare(square(), Settings(memory="600 MB", network=RandomFeatures(fits + fits // 20)))


def test_rows_of_wide_networks_are_read_a_few_at_a_time() -> None:
    """Weights are balanced by rows of eight points and not of 64, in which the rows of two million trained numbers take
    a gigabyte; they are the same to rounding."""
    whole = prepare(square(), Settings(network=MLP(30, 2), points=200, held_out=50)).loop.state.points.training
    parts = Residuals(whole.trial, whole.places, room=Room(entries=9000))
    assert parts.chunk == 64 and parts.few.size == 8 and not parts.few.kept
    one, other = balanced(whole), balanced(parts)
    assert other == {name: pytest.approx(w, rel=1e-12) for name, w in one.items()}


def test_what_joins_cells_is_counted_as_it_is_kept() -> None:
    """Of equal cells: once where matrices are Hermitian, from either side where they are not."""
    order, scheme = grid(40, 6), Scheme(read_evolution(HEAT)[0], 5, 3, CPU)
    parts = [(len(part.inner), len(part.border)) for part in order.parts]
    for weak, kept in ((False, sum(k * (k + m) for k, m in parts)), (True, sum(k * (k + 2 * m) for k, m in parts))):
        scheme.weak = weak
        more, less = (held_in_plane(scheme, 1600, brief) for brief in (False, True))
        side = sum(scheme.cell.on_side(k) for k in range(2)) / 6  # value and slope are joined
        counted = (more - less) / PLANE.margin / (8 * scheme.stages * 0.5)
        assert counted == pytest.approx(kept * side**2, rel=0.02)


def test_without_a_budget_the_machine_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinnsolve.machine.room.of_the_machine", lambda: 1e9)
    with pytest.raises(ProblemError, match="this machine has 1 GB"):
        prepare(square(), Settings(network=RandomFeatures(20_000)))


# ------------------------------------------------------------ on a card


def test_a_card_takes_more_points_at_once_within_its_budget_and_finds_the_same() -> None:
    method = {
        "network": MLP(width=64, depth=2),
        "method": LevenbergMarquardt(steps=2),
        "points": 4000,
        "redraw": None,
        "held_out": 50,
    }
    here, card, small = (
        prepare(square(), Settings(device=device, memory=memory, **method)).loop.state.points.training
        for device, memory in (("cpu", None), ("cpu:0", None), ("cpu:0", "1.2 GB"))
    )
    several, few, more = (len(list(residuals.chunks)) for residuals in (here, card, small))
    assert several > few and more > few and len(list(here.batches)) > len(list(card.batches))
    assert [float(v) for v in card.rms().values()] == pytest.approx([float(v) for v in here.rms().values()], rel=1e-12)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone is asked")
def test_a_heap_full_of_holes_is_not_walked_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def slow() -> int:
        asked.append(time.perf_counter())
        time.sleep(0.02)
        return 0

    monkeypatch.setattr(memory, "_kept_free", slow)
    monkeypatch.setattr(memory._Told, "again", 0.0)
    for _ in range(100):
        memory.give_back()
    assert len(asked) == 1
    monkeypatch.setattr(memory._Told, "again", asked[0])  # that time has passed
    memory.give_back()
    assert len(asked) == 2
