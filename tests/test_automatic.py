"""The automatic choice: features while they pay, a trained network where they do not, and why."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch

import problems.burgers
import problems.kovasznay
import problems.poisson
from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Newton,
    Problem,
    ProblemError,
    RandomFeatures,
    Settings,
    compare,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    solve,
)
from pinnsolve.settings import AUTOMATIC, LAYERS
from pinnsolve.solution import Solution
from pinnsolve.training.history import Look


def test_a_smooth_problem_takes_a_few_newton_steps_and_knows_its_error() -> None:
    problem: Problem = problems.poisson.problem
    solution = solve(problem, budget=30)
    training = solution.training
    assert training is not None
    found = compare(solution, problem.reference(problem))  # type: ignore[operator,misc]
    assert found.verdict == "pass" and found.errors["u"].relative_l2 < 1e-6
    assert training.outcome.kind == "converged" and training.steps < 10
    assert training.method.startswith("cells") and "LocalFeatures" in training.network
    assert training.choice == []


def burgers_in_a_plane(u, x, s):  # type: ignore[no-untyped-def]
    return d(u, s) + u * d(u, x) - 0.01 / math.pi * d(u, x, x)


# with time as one more coordinate of space, so that it cannot be marched over cells
BURGERS_IN_A_PLANE = Problem(
    space=Box(x=(-1, 1), s=(0, 1)), unknowns="u", equations=burgers_in_a_plane, reference=None,
    conditions=[dirichlet(u=0, on=faces("x")), dirichlet(u=lambda x: -torch.sin(math.pi * x), on=face(s=0))],
)  # fmt: skip


def test_a_shock_in_a_plane_gets_cells_that_follow_it() -> None:
    solution = solve(BURGERS_IN_A_PLANE, budget=60)
    training = solution.training
    assert training is not None and solution.converged
    assert "LocalFeatures" in training.network


def test_the_best_of_all_stages_is_kept(heat: Problem) -> None:
    """Starved of time after its features, a run returns them, and their residual."""
    solution = solve(heat.replaced(tolerance=1e-14), budget=1.0)
    training = solution.training
    assert training is not None
    assert "RandomFeatures" in training.network or "LocalFeatures" in training.network
    lowest = min(look.held_out["equation"] for look in training.history)
    assert training.held_out["equation"] == pytest.approx(lowest, rel=1e-6)
    assert solution.trial.description == training.network


@pytest.mark.parametrize("budget", [0.3])
def test_an_automatic_run_can_be_taken_up_again(tmp_path: Path, budget: float) -> None:
    problem = problems.burgers.problem.replaced(tolerance=1e-14)
    first = solve(problem, budget=budget, out=tmp_path)
    again = solve(problem, budget=budget + 1.5, out=tmp_path, resume=True)
    assert first.training is not None and again.training is not None
    assert again.training.steps > first.training.steps
    shared = len(first.training.history) - 1
    assert again.training.history[:shared] == first.training.history[:shared]


def test_a_residual_that_has_no_value_at_zero_begins_elsewhere() -> None:
    """u' = 1/u^2 with u(0) = 1: Newton's method would begin at u = 0."""

    def steep(u, x):  # type: ignore[no-untyped-def]
        return d(u, x) - 1 / u**2

    def start(u):  # type: ignore[no-untyped-def]
        return u + u**3 - 2  # no value of u by its form, so u is found from what it leaves

    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=steep, conditions=condition(start, on=face(x=0)),
        reference=exact(u=lambda x: (1 + 3 * x) ** (1 / 3)), tolerance=1e-2,
    )  # fmt: skip
    solution = solve(problem, budget=3)
    assert solution.training is not None and solution.training.outcome.kind != "non-finite"
    assert bool(torch.isfinite(solution.trial.vector()).all())
    assert compare(solution, problem.reference(problem)).verdict == "pass"  # type: ignore[operator, misc]


def test_features_survive_saving(heat: Problem, tmp_path: Path) -> None:
    solution = solve(heat, budget=5)
    solution.save(tmp_path / "model.safetensors")
    loaded = Solution.load(tmp_path / "model.safetensors", heat)
    at = {"x": [0.1, 0.5, 0.9], "t": 0.3}
    assert (loaded.u(**at) == solution.u(**at)).all()


@pytest.mark.parametrize("activation", ["sine", "tanh"])
def test_the_hidden_layer_stays_and_its_scale_is_in_range(activation: str) -> None:
    network = RandomFeatures(count=400, scale=(2.0, 3.0), activation=activation)
    hidden, _, output = network.build(2, 1, torch.Generator().manual_seed(3))
    assert not hidden.weight.requires_grad and not hidden.bias.requires_grad and output.weight.requires_grad
    if activation == "sine":  # entries within [-R, R], phases within [-pi, pi]
        assert 2.5 < float(hidden.weight.abs().max()) <= 3.0
        assert 3.0 < float(hidden.bias.abs().max()) <= math.pi
    else:  # vectors of length R, planes through the square
        length = hidden.weight.norm(dim=1)
        assert float(length.min()) >= 2.0 and float(length.max()) <= 3.0
        assert bool((hidden.bias.abs() <= hidden.weight.abs().sum(1)).all())
    same = network.build(2, 1, torch.Generator().manual_seed(3))
    assert torch.equal(hidden.weight, same[0].weight) and torch.equal(output.weight, same[2].weight)


@pytest.mark.parametrize(
    "bad", [{"count": 0}, {"count": 1.5}, {"scale": (0.0, 1.0)}, {"scale": (2.0, 1.0)}, {"activation": "relu"}]
)
def test_a_layer_that_is_none_is_refused(bad: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(ProblemError, match=next(iter(bad))):
        RandomFeatures(**bad)


@pytest.mark.parametrize("bad", [{"degree": 3}, {"degree": 21}, {"degree": 7.5}, {"stages": 1}, {"stages": 12}])
def test_cells_that_are_none_are_refused(bad: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(ProblemError, match=next(iter(bad))):
        LocalFeatures(**bad)


def test_sines_see_a_smooth_solution_a_thousand_times_better_than_tanh(heat: Problem) -> None:
    """The same number of features; Rahimi & Recht's sines converge spectrally, tanh algebraically here."""
    errors = {}
    for activation, scale in (("sine", (1.0, 2.0)), ("tanh", (0.5, 2.0))):
        solution = solve(heat, network=RandomFeatures(100, scale, activation), budget=10)
        errors[activation] = compare(solution, heat.reference(heat)).errors["u"].relative_l2  # type: ignore[operator,misc]
    assert 100 * errors["sine"] < errors["tanh"] < 1e-3


def test_a_nonlinear_problem_goes_on_from_the_best_solution_so_far() -> None:
    """Kovasznay flow takes Newton's method four steps from zero; other features begin at its solution and take one.

    The last kind, fast sines, is not tried in a plane.
    """
    looks: list[Look] = []

    def stop(look: Look) -> None:
        looks.append(look)
        if look.step == 2 + len(LAYERS):
            raise KeyboardInterrupt

    solve(problems.kovasznay.problem.replaced(tolerance=1e-12), budget=60, progress=stop)
    assert all(after.loss < before.loss for before, after in pairwise(looks[:5]))
    assert all(look.loss < 1e-6 * looks[0].loss for look in looks[5 : 3 + len(LAYERS)])


def test_what_is_asked_for_is_what_runs() -> None:
    assert Settings().stages == AUTOMATIC and Settings().described()["method"] == "automatic"
    for given, network, method in (
        (Settings(network=MLP(width=5)), MLP, LevenbergMarquardt),
        (Settings(method=LevenbergMarquardt()), MLP, LevenbergMarquardt),
        (Settings(method=Newton()), RandomFeatures, Newton),
        (Settings(network=RandomFeatures(count=10)), RandomFeatures, Newton),
    ):
        (stage,) = given.stages
        assert isinstance(stage.network, network) and isinstance(stage.method, method)
        assert given.described()["method"] != "automatic"
