"""Marches that broke off: what they solved is handed out where what followed is wrong there."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from pinnsolve import (
    Box,
    LocalFeatures,
    Marching,
    Newton,
    NotConverged,
    Problem,
    RandomFeatures,
    Settings,
    Solution,
    d,
    initial,
    solve,
)
from pinnsolve import periodic as repeated
from pinnsolve.errors import Outcome
from pinnsolve.settings import Stage
from pinnsolve.training.broken_off import BrokenOff

STAGES = (
    Stage(LocalFeatures(degree=7, stages=3), Marching(steps=3)),
    Stage(RandomFeatures(60), Newton(steps=1)),
)


def carried(start: Any, end: float, monkeypatch: pytest.MonkeyPatch) -> Solution:
    """u(x, t) = start(x - t), by three steps of a march and by a few sines over all of space and time."""
    monkeypatch.setattr(Settings, "stages", property(lambda _: STAGES))
    problem = Problem(
        space=Box(x=(0, 1)), time=(0, end), unknowns="u", equations=lambda u, x, t: d(u, t) + d(u, x),
        conditions=[initial(u=start), repeated("x")], reference=None, tolerance=1e-3,
    )  # fmt: skip
    with pytest.warns(NotConverged):
        return solve(problem, budget=60)


def test_what_a_march_solved_is_handed_out_where_what_followed_is_refuted_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    solution = carried(lambda x: torch.exp(-((x - 0.4) ** 2) / 0.002), 20.0, monkeypatch)
    assert solution.outcome.kind == "steps" and "beyond t = " in solution.outcome.detail
    until = float(solution.outcome.detail.split("beyond t = ")[1].split()[0])
    assert 0 < until < 20 and solution.estimate is None
    t = torch.linspace(0, until, 9, dtype=torch.float64)
    assert abs(solution.u(x=(0.4 + t) % 1, t=t) - 1).max() < 1e-3


def test_what_a_march_does_not_refute_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    solution = carried(lambda x: torch.sin(2 * math.pi * x), 3.0, monkeypatch)
    assert "beyond" not in solution.outcome.detail
    x = torch.linspace(0, 1, 21, dtype=torch.float64)
    assert abs(torch.as_tensor(solution.u(x=x, t=3 + 0 * x)) - torch.sin(2 * math.pi * (x - 3))).max() < 1e-3


@pytest.mark.parametrize(("stopped", "whole"), [("small numbers ran away", False), ("", False), ("", True)])
def test_nobody_is_sent_to_resume_what_is_refuted(stopped: str, whole: bool) -> None:
    """More time is asked for where a march can use it: begun anew, and not where it had come to a halt."""
    march = BrokenOff(0, torch.zeros(1), torch.zeros(1), stopped, {}, whole)
    given = Outcome("budget", "the 60 s are used", "go on with --resume and a larger --budget")
    said = march.in_place(given, f"beyond t = 0.3 nothing is solved; {stopped}")
    assert said.kind == "budget" and "go on with --resume" not in said.remedy
    assert ("larger --budget" in said.remedy) == (not stopped)
    assert ("beyond t = 0.3" in said.detail) == (not whole)
    assert (
        march.in_place(Outcome("interrupted", "by the user", "go on with --resume"), "").remedy == "go on with --resume"
    )
