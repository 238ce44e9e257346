"""Cells that are asked for: `LocalFeatures` and `Marching`, and where they say that they cannot do."""

from __future__ import annotations

from dataclasses import replace
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import sin

import problems.burgers
from pinnsolve import (
    MLP,
    Ball,
    Box,
    Disk,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Newton,
    Problem,
    ProblemError,
    RandomFeatures,
    Settings,
    Solution,
    Unknown,
    boundary,
    compare,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    laplace,
    observed,
    periodic,
    solve,
)
from pinnsolve.methods.marching import RULES

LAYER = LocalFeatures()


def marched(problem: Problem, **changes: Any) -> Solution:
    return solve(problem, **{"network": LAYER, "method": Marching(), "budget": 60, "held_out": 500, **changes})


def errors(solution: Solution) -> float:
    problem = solution.problem
    assert callable(problem.reference)
    return max(e.relative_l2 for e in compare(solution, problem.reference(problem)).errors.values())


def advection(u, x, t):  # type: ignore[no-untyped-def]
    return d(u, t) + d(u, x)


TRAVELLING = Problem(
    space=Box(x=(0, 2)), time=(0, 1), unknowns="u", equations=advection,
    conditions=[initial(u=lambda x: sin(pi * x)), periodic("x")],
    reference=exact(u=lambda x, t: np.sin(np.pi * (x - t))),
)  # fmt: skip


FRONT = problems.burgers.problem


def decay(u, t):  # type: ignore[no-untyped-def]
    return d(u, t) + 2 * u * u


ORDINARY = Problem(
    time=(0, 1), unknowns="u", equations=decay, conditions=[initial(u=1)], reference=exact(u=lambda t: 1 / (1 + 2 * t))
)


def bending(u, x):  # type: ignore[no-untyped-def]
    return d(u, x, x) + pi**2 * sin(pi * x)


STEADY = Problem(
    space=Box(x=(0, 1)), unknowns="u", equations=bending, conditions=[dirichlet(u=0)],
    reference=exact(u=lambda x: np.sin(np.pi * x)),
)  # fmt: skip


def outflow(u, x, nx):  # type: ignore[no-untyped-def]
    return nx * d(u, x) + u


def diffusion(u, x, t):  # type: ignore[no-untyped-def]
    return d(u, t) - d(u, x, x)


ROOT = 0.8603335890193798  # of z tan(z) = 1
WALLS = [
    initial(u=lambda x: torch.cos(ROOT * x)), condition(outflow, on=face(x=1)),
    condition(lambda u, x: d(u, x), on=face(x=0)),
]  # fmt: skip
ROBIN = Problem(
    space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=diffusion, conditions=WALLS,
    reference=exact(u=lambda x, t: np.exp(-(ROOT**2) * t) * np.cos(ROOT * x)),
)  # fmt: skip


@pytest.mark.parametrize(
    "problem", [TRAVELLING, ORDINARY, STEADY, ROBIN], ids=["periodic", "ordinary", "steady", "weighted walls"]
)
def test_problems_of_every_form_are_solved(problem: Problem) -> None:
    solution = marched(problem)
    assert errors(solution) < 1e-5 and solution.trial.complete
    assert solution.training is not None and solution.training.method.endswith("cells")
    assert solution.training.network == repr(LAYER)


def test_a_march_that_was_asked_for_says_that_its_error_is_not_estimated() -> None:
    outcome = marched(FRONT, method=Marching(bound=1e-2)).outcome
    assert outcome is not None and outcome.kind == "steps"
    assert "within its bound" in outcome.detail and "not estimated" in outcome.detail


def test_a_lower_bound_makes_a_smaller_error() -> None:
    """Cells are halved at a front until what they leave is below the bound, and steps leave a hundredth of it."""
    bounds = (1.0, 1e-3)
    found = [errors(marched(FRONT, method=Marching(bound=bound))) for bound in bounds]
    assert all(error < bound for error, bound in zip(found, bounds, strict=True))
    assert found[0] > 100 * found[1]


@pytest.fixture
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of training in which the march of a second is cut."""
    monkeypatch.setattr("pinnsolve.methods.marching.RULES", replace(RULES, together=10))


def test_it_is_saved_and_loaded_and_taken_up_again_to_the_same_bits(short_steps: None, tmp_path: Path) -> None:
    places = {"x": np.linspace(-1, 1, 41), "t": 0.7}
    bound: dict[str, Any] = {"bound": 1e-2}
    whole = marched(FRONT, method=Marching(**bound))
    assert whole.training is not None and whole.training.steps > 2
    whole.save(tmp_path / "model")
    again = Solution.load(tmp_path / "model", FRONT)
    assert np.array_equal(again.u(**places), whole.u(**places))
    assert "step 1" in whole.summary() and f"{whole.parameters_count:,}" in whole.summary()
    cut = marched(FRONT, method=Marching(**bound, steps=2), out=tmp_path / "run")
    assert not cut.trial.complete
    resumed = marched(FRONT, method=Marching(**bound), out=tmp_path / "run", resume=True)
    assert np.array_equal(resumed.u(**places), whole.u(**places))


def test_a_run_that_is_cut_off_is_no_solution_and_says_how_far_it_came(short_steps: None) -> None:
    cut = marched(FRONT, method=Marching(bound=1e-2, steps=1))
    assert cut.training is not None and cut.training.outcome.kind == "steps"
    assert "beyond t = " in cut.training.outcome.detail and "steps" in cut.training.outcome.remedy
    assert not cut.trial.complete and errors(cut) > 0.1
    assert np.isfinite(cut.u(x=0.5, t=1.0))


@pytest.mark.parametrize("wrong", [{"bound": 0}, {"bound": "1e-3"}, {"share": 0}, {"least": -1}, {"steps": 0}])
def test_wrong_numbers_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProblemError, match=next(iter(wrong))):
        Marching(**wrong)


def test_layer_and_method_belong_together() -> None:
    assert isinstance(Settings(network=LAYER).methods[0], Marching)
    assert Settings(method=Marching()).stages[0].network == LAYER
    for changes in (
        {"network": LAYER, "method": LevenbergMarquardt()}, {"network": LAYER, "method": Newton()},
        {"network": MLP(), "method": Marching()}, {"method": [Marching(), LevenbergMarquardt()]},
    ):  # fmt: skip
        with pytest.raises(ProblemError, match="LocalFeatures"):
            Settings(**changes)  # type: ignore[arg-type]


# ------------------------------------------------------------ what cells cannot do


def steady(u, x, y):  # type: ignore[no-untyped-def]
    return laplace(u, x, y) + 1


PLATE = Problem(space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=steady, conditions=[dirichlet(u=0)])
HALF = dirichlet(u=0, on=boundary.where(lambda x: x < 0))
MEASURED = observed(x=[0.3, 0.7], t=[0.5, 0.5], u=[0.1, 0.2])


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        (
            PLATE.replaced(space=Ball(x=0, y=0, z=0, radius=1), conditions=[dirichlet(u=0)], reference=None),
            "cells solve what is elliptic",
        ),
        (
            PLATE.replaced(space=Disk(x=0, y=0, radius=1), conditions=[HALF], reference=None),
            "0 conditions stand on circle",
        ),
        (ROBIN.replaced(parameters={"k": Unknown(1.0)}), "no measurements tell its unknown constants"),
        (ROBIN.replaced(conditions=[*WALLS, MEASURED]), "cells take no measurements"),
        (ROBIN.replaced(conditions=WALLS[:2], reference=None), "1 conditions stand at the walls"),
        (STEADY.replaced(conditions=[dirichlet(u=0, on=face(x=0))], reference=None), "1 conditions, .* ask for 2"),
    ],
    ids=["ball", "disk", "unknown constant", "data", "open wall", "open end"],
)
def test_what_cells_cannot_solve_is_refused_with_the_reason(problem: Problem, why: str) -> None:
    for chosen in ({"network": LAYER}, {"method": Marching()}):
        with pytest.raises(ProblemError, match=f"LocalFeatures cannot solve this problem: .*{why}") as told:
            solve(problem, **chosen, budget=1)  # type: ignore[arg-type]
        assert "write network=MLP()" in str(told.value)


def test_few_digits_are_refused() -> None:
    with pytest.raises(ProblemError, match="float64"):
        marched(STEADY, dtype=torch.float32)


def test_what_has_data_besides_is_solved_by_random_features() -> None:
    """A march would know nothing of them; by itself a run goes another way."""
    x, t = np.linspace(0.1, 0.9, 9), np.full(9, 0.5)
    data = observed(x=x, t=t, u=np.exp(-(ROOT**2) * t) * np.cos(ROOT * x))
    solution = solve(ROBIN.replaced(conditions=[*WALLS, data]), budget=20)
    assert solution.training is not None and solution.training.network.startswith(RandomFeatures.__name__)
    assert solution.converged and errors(solution) < 1e-4
