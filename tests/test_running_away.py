"""Small numbers that run away ahead of a front are told in words; what runs away as it shall is not put down to them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import exp, sigmoid

from pinnsolve import Box, Problem, d, initial, neumann
from pinnsolve.march import running_away
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.running_away import RanAway, ran_away
from pinnsolve.march.second import slabs
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.trial.marched import Marched
from validation.marched import read

pytestmark = pytest.mark.usefixtures("unasked")


def growing(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) - 1e-3 * d(u, x, x) - 40 * u * (1 - u)


def blowing_up(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) - 1e-3 * d(u, x, x) - 100 * sigmoid((x - 0.6) / 0.03) * u**2


def bump(equation: Any, level: float) -> Problem:
    """u = level + exp(-(x - 0.3)^2 / 0.002) at the start."""
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=equation,
        conditions=[initial(u=lambda x: level + exp(-((x - 0.3) ** 2) / 0.002)), neumann(u=0)],
    )  # fmt: skip


def marched(problem: Problem, tolerance: float, tries: int) -> tuple[Marcher, RanAway | None]:
    """A march until something ran away, or for so many tries of a step."""
    left = iter(range(tries))
    accuracy = Accuracy(7, 3, tolerance, 100 * tolerance)
    marcher = Marcher(read(problem)[0], accuracy, torch.device("cpu"), lambda: next(left, None) is None)
    while marcher.advance():
        if (ran := ran_away(marcher)) is not None:
            return marcher, ran
    return marcher, ran_away(marcher)


def test_small_numbers_that_equations_let_grow_are_told() -> None:
    """Without them the bump spreads as a front, u between 0 and 1; G = 40 t."""
    problem = bump(growing, 0.0)
    marcher, ran = marched(problem, 1e-2, 80)
    assert ran is not None and "small numbers ran away at x = 0." in ran.words and "let" in ran.words
    assert 0 < ran.until < 0.9 * marcher.at
    trial = Marched(problem, LocalFeatures(), read(problem)[1])
    trial.take(slabs(marcher.record.steps))
    trial.end_at(ran.until, ran.words)
    assert trial.until == pytest.approx(ran.until) and trial.missing.endswith(ran.words)
    assert all(float(slab.modes[:, 0, 0, 0].abs().max()) < 2 for slab in trial.slabs)  # means of cells


def test_what_runs_away_as_it_shall_is_not_put_down_to_small_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """u_t = 100 u^2 from u = 1/20, small beside the bump that stays, is without bound at t = 1/5; u grows as G says."""
    monkeypatch.setattr(running_away, "RULES", replace(running_away.RULES, halted=1e-3))  # in fewer steps
    marcher, ran = marched(bump(blowing_up, 0.05), 1e-3, 50)
    steps = marcher.record.steps
    assert ran is None and marcher.at == pytest.approx(0.2, abs=2e-3)
    assert steps[-1].length < 1e-3 * max(s.length for s in steps)  # it was looked at


def test_a_front_that_comes_by_has_not_run_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short its steps are, as where something is switched."""
    monkeypatch.setattr(running_away, "RULES", replace(running_away.RULES, halted=math.inf))
    marcher, ran = marched(bump(growing, 0.0), 1e-6, 60)
    assert ran is None and marcher.at > 0.3
