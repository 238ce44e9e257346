"""Newton's method in windows of time, on cells that refine themselves."""

from __future__ import annotations

from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import sin

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Newton,
    Problem,
    ProblemError,
    Settings,
    Solution,
    compare,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    laplace,
    periodic,
    solve,
)

LAYER = LocalFeatures()


def marched(problem: Problem, bound: float = 1e-3, **changes: Any) -> Solution:
    given = {"network": LAYER, "method": Marching(bound=bound), "budget": 60, "held_out": 500, **changes}
    return solve(problem, **given)


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


def decay(u, t):  # type: ignore[no-untyped-def]
    return d(u, t) + 2 * u * u


ORDINARY = Problem(
    time=(0, 1), unknowns="u", equations=decay, conditions=[initial(u=1)], reference=exact(u=lambda t: 1 / (1 + 2 * t))
)


def poisson(u, x, y):  # type: ignore[no-untyped-def]
    return laplace(u, x, y) + 2 * pi**2 * sin(pi * x) * sin(pi * y)


STEADY = Problem(
    space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=poisson, conditions=[dirichlet(u=0)],
    reference=exact(u=lambda x, y: np.sin(np.pi * x) * np.sin(np.pi * y)),
)  # fmt: skip


def outflow(u, x, nx):  # type: ignore[no-untyped-def]
    return nx * d(u, x) + u


def diffusion(u, x, t):  # type: ignore[no-untyped-def]
    return d(u, t) - d(u, x, x)


ROOT = 0.8603335890193798  # of z tan(z) = 1
ROBIN = Problem(
    space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=diffusion,
    conditions=[
        initial(u=lambda x: torch.cos(ROOT * x)), condition(outflow, on=face(x=1)),
        condition(lambda u, x: d(u, x), on=face(x=0)),
    ],
    reference=exact(u=lambda x, t: np.exp(-(ROOT**2) * t) * np.cos(ROOT * x)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [(TRAVELLING, 1e-4), (ORDINARY, 1e-6), (STEADY, 1e-5), (ROBIN, 1e-5)],
    ids=["periodic", "ordinary", "steady", "weighted walls"],
)
def test_problems_of_every_form_are_solved(problem: Problem, wanted: float) -> None:
    solution = marched(problem)
    assert errors(solution) < wanted
    assert solution.training is not None and solution.training.method.startswith("Marching(bound=0.001")
    parts = solution.trial.parts  # type: ignore[attr-defined]
    if problem.time is None:
        assert len(parts) == 1
    else:
        ends = [p.times for p in parts]
        assert ends[0][0] == problem.time[0] and ends[-1][1] == problem.time[1]
        assert all(a[1] == b[0] for a, b in zip(ends, ends[1:], strict=False))


def test_it_is_saved_and_loaded_and_taken_up_again_to_the_same_bits(tmp_path: Path) -> None:
    places = {"x": np.linspace(0, 2, 41), "t": 0.7}
    whole = marched(TRAVELLING, 1e-2)
    whole.save(tmp_path / "model")
    again = Solution.load(tmp_path / "model", TRAVELLING)
    assert np.array_equal(again.u(**places), whole.u(**places))
    assert "window 1" in whole.summary() and f"{whole.parameters_count:,}" in whole.summary()
    folder = tmp_path / "run"
    settings = {"network": LAYER, "held_out": 500, "out": folder}
    cut = solve(TRAVELLING, method=Marching(bound=1e-2, steps=2), budget=60, **settings)  # type: ignore[arg-type]
    assert not cut.trial.complete
    resumed = solve(TRAVELLING, method=Marching(bound=1e-2), budget=60, resume=True, **settings)  # type: ignore[arg-type]
    assert np.array_equal(resumed.u(**places), whole.u(**places))


def test_a_run_that_is_cut_off_is_no_solution() -> None:
    cut = solve(TRAVELLING, network=LAYER, method=Marching(bound=1e-2, steps=2), held_out=500)
    assert cut.training is not None and cut.training.outcome.kind == "steps"
    assert "beyond t = " in cut.training.outcome.detail
    assert not cut.trial.complete and errors(cut) > 0.1
    assert np.isfinite(cut.u(x=1.0, t=1.0))


def test_what_cannot_be_represented_is_given_up() -> None:
    """A right side that no function answers: the residual stays, windows shrink, and it says so."""

    def impossible(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) * 0 + u * 0 + torch.where(x < 0.3, 1.0, -1.0) + 0.01 * d(u, x)

    problem = TRAVELLING.replaced(equations=impossible, reference=None)
    solution = marched(problem, budget=20, method=Marching(bound=1e-3, most=1000))
    assert solution.training is not None
    assert solution.training.outcome.kind == "plateau" and not solution.trial.complete
    assert "nothing is solved" in solution.training.outcome.detail


@pytest.mark.parametrize("wrong", [{"bound": 0}, {"ridge": -1}, {"most": 0}, {"steps": 0}])
def test_wrong_numbers_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProblemError):
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
