"""Whether the equations determine the solution: what they do not is said in words, and called converged nowhere."""

from __future__ import annotations

from math import pi
from typing import Any

import pytest
from torch import exp, sin, sqrt

from pinnsolve import Box, Problem, d, dirichlet, face, faces, initial, laplace, neumann, solve
from pinnsolve.errors import Outcome
from pinnsolve.settings import Settings
from pinnsolve.solution import Solution
from pinnsolve.solve import prepare
from pinnsolve.training.doubts import doubted

ROD = {"space": Box(x=(0, 1)), "unknowns": "u"}
PAIR = {"time": (0, 1), "unknowns": ("u", "v"), "conditions": initial(u=0, v=0)}
FREE: dict[str, tuple[dict[str, Any], str]] = {
    "resonance": (ROD | {"equations": lambda u, x: d(u, x, x) + pi**2 * u, "conditions": dirichlet(u=0)}, "u = 0 is one"),
    "resonance that is driven": (
        ROD | {"equations": lambda u, x: d(u, x, x) + pi**2 * u - sin(2 * pi * x), "conditions": dirichlet(u=0)},
        "of about its own size",
    ),
    "no level": (
        ROD | {"equations": lambda u, x: d(u, x, x) - pi**2 * sin(pi * x) + 2 * pi, "conditions": [
            neumann(u=pi, on=face(x=0)), neumann(u=-pi, on=face(x=1))]},
        "constant may be added",
    ),
    "one equation twice": (
        PAIR | {"equations": [lambda u, v, t: d(u, t) + d(v, t) - 1, lambda u, v, t: 2 * d(u, t) + 2 * d(v, t) - 2]},
        "u and v may change together",
    ),
    "roots": ({"time": (0, 2), "unknowns": "u", "equations": lambda u, t: d(u, t) - sqrt(abs(u)), "conditions": initial(u=0)},
              "branch off"),
}  # fmt: skip
FIXED: dict[str, dict[str, Any]] = {
    "beside resonance": ROD | {"equations": lambda u, x: d(u, x, x) + 10.5 * u - 1, "conditions": dirichlet(u=0)},
    "a level": ROD | {"equations": lambda u, x: d(u, x, x) - exp(x), "conditions": [
        dirichlet(u=1, on=face(x=0)), neumann(u=0, on=face(x=1))]},
    "two equations": PAIR | {"equations": [lambda u, v, t: d(u, t) + d(v, t) - 1, lambda u, v, t: d(u, t) - 2 * d(v, t)]},
    "membrane": {"space": Box(x=(0, 1e3), y=(0, 1e3)), "unknowns": "u", "equations": lambda u, x, y: laplace(u, x, y) - 1e-6,
                 "conditions": [dirichlet(u=0, on=faces("x")), dirichlet(u=0, on=faces("y"))]},
}  # fmt: skip


def solved(given: dict[str, Any]) -> Solution:
    return solve(Problem(**given), budget=10)


@pytest.mark.parametrize("name", FREE)
def test_what_nothing_determines_is_said(name: str) -> None:
    given, words = FREE[name]
    training = solved(given).training
    assert training is not None
    assert training.outcome.kind == "undetermined", str(training.outcome)
    assert words in training.outcome.detail
    assert training.estimate is None


@pytest.mark.parametrize("name", FIXED)
def test_what_is_determined_converges(name: str) -> None:
    training = solved(FIXED[name]).training
    assert training is not None
    assert training.outcome.kind == "converged", str(training.outcome)


def test_zero_is_told_where_it_is_the_only_solution() -> None:
    training = solved(ROD | {"equations": lambda u, x: d(u, x, x) - u, "conditions": dirichlet(u=0)}).training
    assert training is not None
    assert training.outcome.kind == "converged"
    assert "zero meets all equations" in training.outcome.detail
    assert training.estimate is None


def test_a_solution_that_cells_did_not_better_is_looked_at_too() -> None:
    """The best stage is not the last: what was trained after it has points of its own."""
    given = ROD | {"equations": lambda u, x: d(u, x, x) + pi**2 * u, "conditions": dirichlet(u=lambda x: 1 - 2 * x)}
    problem = Problem(**given)
    ready = prepare(problem, Settings(budget=5))
    ready.loop.run()
    run = ready.loop.state
    run.trial = run.best_trial()
    run.points.take(run.trial, training=False)
    assert run.points.training.trial is not run.trial
    outcome, error = doubted(run, Outcome("converged", ""), 1e-9, run.points.held_out.rms())
    assert (outcome.kind, error) == ("undetermined", None)
