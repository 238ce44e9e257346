"""Whether the equations determine the solution: what they do not is said in words, and called converged nowhere.

Each question is put to every kind of solution: random features, cells, a trained network, the user's own
module, numbers of fewer digits. The same problems said otherwise: tests/metamorphic/test_alone.py.
"""

from __future__ import annotations

from math import pi
from typing import Any

import pytest
import torch
from torch import exp, nn, sin, sqrt

from pinnsolve import (
    MLP,
    Adam,
    Box,
    LocalFeatures,
    Problem,
    RandomFeatures,
    condition,
    d,
    dirichlet,
    face,
    faces,
    initial,
    initial_rate,
    laplace,
    neumann,
    solve,
)
from pinnsolve.checks.check import check
from pinnsolve.errors import Outcome
from pinnsolve.residuals import sites
from pinnsolve.settings import Settings
from pinnsolve.solution import Solution
from pinnsolve.solve import prepare
from pinnsolve.training import uniqueness
from pinnsolve.training.doubts import doubted
from pinnsolve.training.uniqueness import cheapest

SQUARE = Box(x=(0, 1), y=(0, 1))
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
    "a rate that is lost at rest": (
        {"time": (0, 1), "unknowns": "u", "equations": lambda u, t: d(u, t) ** 2 - 4 * u, "conditions": initial(u=0)},
        "do not ask for the rate of u",
    ),
    "one equation twice": (
        PAIR | {"equations": [lambda u, v, t: d(u, t) + d(v, t) - 1, lambda u, v, t: 2 * d(u, t) + 2 * d(v, t) - 2]},
        "u and v may change together; equation 'equation 2' repeats 'equation 1' (2 times it)",
    ),
    "a high mode of a rod": (
        ROD | {"equations": lambda u, x: d(u, x, x) + 100 * pi**2 * u - 1, "conditions": dirichlet(u=0)}, "of about its own size"),
    "a high mode of a drum": (
        {"space": SQUARE, "unknowns": "u", "equations": lambda u, x, y: laplace(u, x, y) + 25 * pi**2 * u,
         "conditions": dirichlet(u=0)}, "u = 0 is one"),
    "an equation's derivative": (
        PAIR | {"equations": [lambda u, v, t: d(u, t) + d(v, t) - 1, lambda u, v, t: d(u, t, t) + d(v, t, t)]},
        "u and v may change together",
    ),
    "a product alone": (
        {"time": (0, 1), "unknowns": ("a", "b"), "conditions": initial(a=1, b=1), "tolerance": 1e-2,
         "equations": [lambda a, b, t: d(a * b, t) + a * b, lambda a, b, t: -3 * (d(a * b, t) + a * b)]},
        "'equation 2' repeats 'equation 1' (-3 times it)",
    ),
    "the third is the sum of two": (
        {"time": (0, 1), "unknowns": ("u", "v", "w"), "conditions": initial(u=0, v=0, w=0), "equations": [
            lambda u, v, t: d(u, t) - v - 1, lambda v, w, t: d(v, t) + w, lambda u, v, w, t: d(u, t) - v - 1 - 2 * d(v, t) - 2 * w]},
        "'equation 3' repeats others (1 times 'equation 1' - 2 times 'equation 2')",
    ),
    "a plate that nothing holds": (
        {"space": SQUARE, "unknowns": ("u", "v"), "equations": [
            lambda u, v, x, y: d(d(u, x) + 0.3 * d(v, y), x) + 0.35 * d(d(u, y) + d(v, x), y),
            lambda u, v, x, y: d(d(v, y) + 0.3 * d(u, x), y) + 0.35 * d(d(u, y) + d(v, x), x)],
         "conditions": [condition(lambda u, v, x, y: d(u, x) + 0.3 * d(v, y) - 1, on=faces("x")),
                        condition(lambda u, v, x, y: d(v, y) + 0.3 * d(u, x), on=faces("y")),
                        condition(lambda u, v, x, y: d(u, y) + d(v, x))]},
        "constants may be added to u and v; u and v may change together",
    ),
    "roots": ({"time": (0, 2), "unknowns": "u", "equations": lambda u, t: d(u, t) - sqrt(abs(u)), "conditions": initial(u=0)},
              "branch off"),
}  # fmt: skip
FIXED: dict[str, dict[str, Any]] = {
    "beside resonance": ROD | {"equations": lambda u, x: d(u, x, x) + 10.5 * u - 1, "conditions": dirichlet(u=0)},
    "a level": ROD | {"equations": lambda u, x: d(u, x, x) - exp(x), "conditions": [
        dirichlet(u=1, on=face(x=0)), neumann(u=0, on=face(x=1))]},
    "rest, though a square of the rate is lost there": {"time": (0, 1), "unknowns": "u",
        "equations": lambda u, t: (1 + u) * d(u, t, t) + d(u, t)**2 + u, "conditions": [initial(u=0), initial_rate(u=0)]},
    "two equations": PAIR | {"equations": [lambda u, v, t: d(u, t) + d(v, t) - 1, lambda u, v, t: d(u, t) - 2 * d(v, t)]},
    "growth by e^20": {"time": (0, 1), "unknowns": "u", "equations": lambda u, t: d(u, t) - 20 * u, "conditions": initial(u=1)},
    "beside a mode of a drum": {"space": SQUARE, "unknowns": "u", "equations": lambda u, x, y: laplace(u, x, y) + 21 * u - 1,
                                "conditions": [dirichlet(u=0, on=faces("x")), dirichlet(u=0, on=faces("y"))]},
    "membrane": {"space": Box(x=(0, 1e3), y=(0, 1e3)), "unknowns": "u", "equations": lambda u, x, y: laplace(u, x, y) - 1e-6,
                 "conditions": [dirichlet(u=0, on=faces("x")), dirichlet(u=0, on=faces("y"))]},
}  # fmt: skip


def solved(given: dict[str, Any], **more: Any) -> Solution:
    return solve(Problem(**given), **{"budget": 10, **more})


def kind_of(given: dict[str, Any], **more: Any) -> str:
    outcome = solved(given, **more).outcome
    assert outcome is not None
    return outcome.kind


@pytest.mark.parametrize("name", [name for name in FREE if name != "a product alone"])  # tests/test_constants.py
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


# ------------------------------------------------------------ whatever made the solution


class Own(nn.Module):
    """A module of the user's own; one that works on plain numbers only takes no jets."""

    def __init__(self, inputs: int, outputs: int, *, plain: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.hidden, self.out, self.plain = nn.Linear(inputs, 12), nn.Linear(12, outputs), plain
        self.double()

    def forward(self, x: Any) -> Any:
        return self.out(torch.tanh(torch.einsum("ni,ki->nk", x, self.hidden.weight) if self.plain else self.hidden(x)))


KINDS: dict[str, dict[str, Any]] = {
    "cells": {"network": LocalFeatures()},
    "a network": {"network": MLP(width=8), "points": 100, "held_out": 100},
    "many features": {"network": RandomFeatures(400)},
    "few digits": {"dtype": torch.float32},
}
CHANNEL = {
    "space": Box(x=(0, 1)), "time": (0, 0.2), "unknowns": ("u", "p"), "tolerance": 1e-2,
    "equations": [lambda u, x, t: d(u, t) - d(u, x, x), lambda u, p, x: d(p, x) - u],
}  # fmt: skip
START = [dirichlet(u=0), initial(u=lambda x: sin(pi * x))]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "cells"])
@pytest.mark.parametrize("name", ["resonance that is driven", "one equation twice"])
def test_it_is_asked_of_every_kind_of_solution(name: str, kind: str) -> None:
    given, words = FREE[name]
    outcome = solved(given, **KINDS[kind]).outcome
    assert outcome is not None
    assert outcome.kind == "undetermined" and words in outcome.detail, str(outcome)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["beside resonance", "two equations"])
def test_what_is_determined_converges_in_every_kind(name: str, kind: str) -> None:
    assert kind_of(FIXED[name], **KINDS[kind]) == "converged"


@pytest.mark.parametrize("name", ["resonance that is driven", "no level", "one equation twice"])
def test_cells_find_nothing_where_nothing_is_determined(name: str) -> None:
    solution = solved(FREE[name][0], network=LocalFeatures())
    assert solution.outcome is not None and solution.outcome.kind == "plateau" and not solution.trial.complete


@pytest.mark.parametrize("plain", [False, True])
def test_the_users_own_module_is_looked_at(plain: bool) -> None:
    few = {"points": 50, "held_out": 50, "budget": 0.6}
    assert kind_of(FREE["no level"][0], network=Own(1, 1, plain=plain), **few) == "undetermined"
    assert kind_of(FIXED["a level"], network=Own(1, 1, plain=plain), **few) in ("converged", "budget")


def test_what_is_marched_is_looked_at() -> None:
    """A pressure without a value: in time any function of it may be added."""
    open_end = CHANNEL | {"conditions": [*START, neumann(p=0, on=face(x=0))]}
    assert kind_of(open_end, network=LocalFeatures()) == "plateau"
    assert kind_of(open_end, network=RandomFeatures(200)) == "undetermined"
    held = CHANNEL | {"conditions": [*START, dirichlet(p=0, on=face(x=0))]}
    assert kind_of(held, network=LocalFeatures()) == "converged"


def test_what_stopped_before_its_end_is_told_what_no_budget_cures() -> None:
    steps = {"network": MLP(width=12), "method": Adam(steps=20)}
    assert kind_of(FREE["resonance that is driven"][0], **steps) == "undetermined"
    assert kind_of(FIXED["beside resonance"], **steps) == "steps"


# ------------------------------------------------------------ what it takes


def test_the_gap() -> None:
    """Changes cost much of their terms where the solution is determined, next to nothing elsewhere."""
    for given, least, most in ((FIXED["beside resonance"], 1e-2, 1e2), (FREE["no level"][0], 0.0, 1e-10)):
        solution = solved(given, budget=2)
        places = sites(solution.problem, solution.trial.plan)
        costs = [cheapest(solution.trial, places, count).costs[0] for count in (100, 200)]
        assert all(least < cost < most for cost in costs)


def test_it_takes_a_twentieth_of_the_budget_at_most() -> None:
    given = {
        "time": (0, 1), "unknowns": ("a", "b", "c", "e"), "conditions": initial(a=1, b=1, c=1, e=1),
        "equations": [lambda a, t: d(a, t) + a, lambda a, b, t: d(b, t) - a, lambda b, c, t: d(c, t) - b,
                      lambda c, e, t: d(e, t) - c],
    }  # fmt: skip
    ready = prepare(Problem(**given), Settings(budget=1))
    trial, places = ready.loop.state.trial, ready.loop.state.points.places
    counts = [uniqueness.first(trial, places, budget) for budget in (0.01, 1, 10, 1000)]
    assert counts == sorted(counts) and counts[0] == 0 and counts[-1] == 200
    assert uniqueness.operations(trial, places, counts[1]) <= 0.05 * 1e10


# ------------------------------------------------------------ equations that repeat others


def test_repeated_equations_are_a_warning_where_too_few_are_left() -> None:
    twice = FREE["one equation twice"][0]
    assert any("1 of 2 equations are left for 2 unknowns" in w for w in check(Problem(**twice)).warnings)
    more = PAIR | {"equations": [*twice["equations"], lambda u, v, t: d(u, t) - 2 * d(v, t)]}
    assert not any("repeats" in w for w in check(Problem(**more)).warnings)
    assert kind_of(more) == "converged"  # the rest determines the solution


@pytest.mark.parametrize(
    "given",
    [
        {"time": (0, 1), "conditions": initial(u=1, v=0),
         "equations": [lambda u, v, t: d(u, t) + u - v, lambda v, t: d(v, t) + 2 * v]},
        ROD | {"conditions": dirichlet(u=0, v=0), "equations": [lambda u, x: d(u, x, x) + 1, lambda v, x: d(v, x, x)]},
    ],
    ids=["in time", "along a line"],
)  # fmt: skip
def test_an_unknown_that_vanishes_beside_others_is_determined(given: dict[str, Any]) -> None:
    """Noise in the equations changes what is zero by any part of its own size, and says nothing by that."""
    assert kind_of(given | {"unknowns": ("u", "v"), "reference": None}) == "converged"


def test_what_is_prescribed_may_be_the_solution_already() -> None:
    training = solve(
        Problem(**ROD, equations=lambda u, x: d(u, x, x), conditions=dirichlet(u=lambda x: 1 + x))
    ).training
    assert training is not None
    assert training.outcome.kind == "converged"
    assert "what is prescribed, continued inwards, meets all" in training.outcome.detail
