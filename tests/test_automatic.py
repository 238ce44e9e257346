"""The automatic choice: features while they pay, a trained network where they do not, and why."""

from __future__ import annotations

import math
from dataclasses import replace
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
    exact,
    face,
    solve,
)
from pinnsolve.methods import Marching, Retracing
from pinnsolve.settings import AUTOMATIC, BOUNDS, FEATURES, LAYERS
from pinnsolve.solution import Solution
from pinnsolve.training.history import Look
from pinnsolve.training.strategy import BEHIND, LARGEST, RIVAL, Ended, following

KINDS = len(LAYERS)
LAST = len(AUTOMATIC) - 1
LOCAL = LAST - 2 * len(BOUNDS)  # marching and retracing by turns


def ended(stage: int, residual: float, fraction: float | None = None, seconds: float = 0.1) -> Ended:
    network = AUTOMATIC[stage].network
    assert isinstance(network, RandomFeatures)
    return Ended(stage, residual if fraction is None else fraction, {"r": residual}, seconds, network.count)


def next_after(*stages: Ended, spent: float = 1.0, budget: float = 60.0) -> tuple[int, str]:
    return following(AUTOMATIC, stages, {"r": 1.0}, spent, budget)


def test_every_kind_of_layer_is_tried_before_more_features_are() -> None:
    tried = []
    for stage in range(KINDS - 1):
        tried.append(ended(stage, 1e-3))
        assert next_after(*tried) == (stage + 1, "")


@pytest.mark.parametrize("best", range(KINDS))
def test_the_best_kind_goes_on_with_more_features(best: int) -> None:
    tried = [ended(k, 1e-5 if k == best else 1e-2) for k in range(KINDS)]
    assert next_after(*tried) == (KINDS + best, "")
    network = AUTOMATIC[KINDS + best].network
    assert isinstance(network, RandomFeatures)
    assert (network.count, (network.activation, network.scale)) == (FEATURES[1], LAYERS[best])


def test_a_close_rival_goes_on_too_and_a_far_one_does_not() -> None:
    tried = [ended(k, {1: 1e-5, 3: 1e-5 * 0.9 * RIVAL}.get(k, 1e-2)) for k in range(KINDS)]
    assert next_after(*tried) == (KINDS + 1, "")
    tried.append(ended(KINDS + 1, 1e-7))
    assert next_after(*tried) == (KINDS + 3, "")
    tried.append(ended(KINDS + 3, 1e-6))  # too far behind now
    assert next_after(*tried) == (2 * KINDS + 1, "")


def test_while_nothing_is_decided_three_rivals_go_on() -> None:
    """A wave of high frequency: 200 sines of the right range are not yet better than others."""
    close = [1e-2, 1.1e-2, 1.2e-2, 1.3e-2, 1.4e-2, 1.5e-2]
    for fraction, going in ((0.2, 3), (0.04, 2)):
        tried = [ended(k, size, fraction) for k, size in enumerate(close)]
        for k in range(going):
            assert next_after(*tried) == (KINDS + k, "")
            tried.append(ended(KINDS + k, 1e-5, 1e-3))
        assert next_after(*tried)[0] == 2 * KINDS


def test_a_rival_that_would_take_too_long_is_left_out() -> None:
    tried = [ended(k, 1e-5 if k < 2 else 1e-2, seconds=10.0 if k == 1 else 0.1) for k in range(KINDS)]
    assert next_after(*tried) == (KINDS, "")
    tried.append(ended(KINDS, 1e-6))
    assert next_after(*tried) == (2 * KINDS, ""), "the second needs 65 of 36 s"


def test_cells_get_features_of_their_own_where_more_features_do_not_pay() -> None:
    tried = [ended(k, 1e-2 if k == 0 else 1e-1) for k in range(KINDS)]
    for more, why in (
        ([ended(k, 0.5) for k in range(KINDS)], "too much"),
        ([*tried, ended(KINDS, 0.9e-2)], "hardly less"),
        ([*tried, ended(KINDS, 1e-3, seconds=30.0)], "too long"),
    ):
        stage, told = next_after(*more)
        assert stage == LOCAL and why in told and "so each cell got features of its own" in told
    large = [Ended(k, 1e-2, {"r": 1e-2}, 0.1, LARGEST) for k in range(KINDS)]
    assert next_after(*large)[0] == LOCAL
    assert next_after(*tried)[0] == KINDS


def marched(stage: int, seconds: float = 1.0, residual: float = 1e-2) -> Ended:
    assert isinstance(AUTOMATIC[stage].method, Marching)
    return Ended(stage, residual, {"r": residual}, seconds, 1000)


def retraced(stage: int) -> Ended:
    assert isinstance(AUTOMATIC[stage].method, Retracing)
    return Ended(stage, 0.1, {"r": 0.1}, 0.1, 1000)


def test_bounds_become_lower_until_a_network_is_trained() -> None:
    for stage in range(LOCAL, LAST, 2):
        before = marched(stage)
        assert next_after(before) == (stage + 1, "")
        for second in (retraced(stage + 1), replace(retraced(stage + 1), held_out={"r": math.inf})):
            following_it, why = next_after(before, second)
            assert following_it == stage + 2 and ("so a network was trained" in why) == (stage + 2 == LAST)
    stage, why = next_after(marched(LOCAL, residual=math.inf))
    assert stage == LAST and "too much" in why


def test_two_bounds_at_once_where_one_will_not_do_and_there_is_time() -> None:
    for behind, seconds, stage in (
        (0.9 * BEHIND, 1.0, 2), (BEHIND, 1.0, 4), (BEHIND, 20.0, 2), (math.inf, 1.0, 2), (1e9, 1.0, 4)
    ):  # fmt: skip
        both = [marched(LOCAL, seconds), retraced(LOCAL + 1)]
        assert following(AUTOMATIC, both, {"r": 1.0}, 10.0, 60.0, behind)[0] == LOCAL + stage
    before_the_last = [marched(LAST - 4), retraced(LAST - 3)]
    assert following(AUTOMATIC, before_the_last, {"r": 1.0}, 10.0, 60.0, 1e9)[0] == LAST - 2


def test_where_cells_did_worse_than_random_features_there_are_more_of_these() -> None:
    few = [ended(k, 1e-2 if k == 0 else 1e-1) for k in range(KINDS)]
    paid_little = [*few, ended(KINDS, 0.9e-2, seconds=0.5)]
    assert next_after(*paid_little)[0] == LOCAL
    worse, better = marched(LOCAL, residual=2e-2), marched(LOCAL, residual=0.5e-2)
    stage, why = next_after(*paid_little, worse)
    assert stage == 2 * KINDS and "more random ones" in why
    assert next_after(*paid_little, replace(worse, held_out={"r": math.inf}))[0] == 2 * KINDS
    assert next_after(*paid_little, better) == (LOCAL + 1, "")
    assert next_after(*paid_little, worse, spent=35.0) == (LOCAL + 1, ""), "there is no time for more"
    hopeless = [ended(k, 0.9 - 0.1 * (k == 0), 0.9) for k in range(KINDS)]
    assert next_after(*hopeless, marched(LOCAL, residual=1.0)) == (LOCAL + 1, "")
    again = [*paid_little, worse, ended(2 * KINDS, 0.89e-2, seconds=3.0)]
    assert next_after(*again)[0] == 3 * KINDS, "as long as there is time"
    assert next_after(*again, spent=20.0)[0] == LOCAL + 1


def test_a_smooth_problem_takes_a_few_newton_steps_and_knows_its_error() -> None:
    problem: Problem = problems.poisson.problem
    solution = solve(problem, budget=30)
    training = solution.training
    assert training is not None
    found = compare(solution, problem.reference(problem))  # type: ignore[operator,misc]
    assert found.verdict == "pass" and found.errors["u"].relative_l2 < 1e-6
    assert training.outcome.kind == "converged" and training.steps < 10
    assert training.method.startswith("Newton") and "RandomFeatures" in training.network
    assert training.choice == []


def test_a_shock_goes_to_local_features_and_the_report_says_why() -> None:
    def stop(look: Look) -> None:
        if look.method == "marching":
            raise KeyboardInterrupt

    solution = solve(problems.burgers.problem, budget=60, progress=stop)
    training = solution.training
    assert training is not None
    assert training.choice and "so each cell got features of its own" in training.choice[0]
    assert {look.method for look in training.history} == {"newton", "marching"}
    assert training.method.startswith("Newton")  # what has not reached the end of time is no solution


def test_the_best_of_all_stages_is_kept(heat: Problem) -> None:
    """Starved of time after its features, a run returns them, and their residual."""
    solution = solve(heat.replaced(tolerance=1e-14), budget=1.0)
    training = solution.training
    assert training is not None
    assert "RandomFeatures" in training.network
    lowest = min(look.held_out["equation"] for look in training.history if look.method != "marching")
    assert training.held_out["equation"] == pytest.approx(lowest, rel=1e-6)
    assert solution.trial.description == training.network


@pytest.mark.parametrize("budget", [0.3, 2.0])
def test_an_automatic_run_can_be_taken_up_again(tmp_path: Path, budget: float) -> None:
    problem = problems.burgers.problem
    first = solve(problem, budget=budget, out=tmp_path)
    again = solve(problem, budget=budget + 1.0, out=tmp_path, resume=True)
    assert first.training is not None and again.training is not None
    assert again.training.steps > first.training.steps
    shared = len(first.training.history) - 1
    assert again.training.history[:shared] == first.training.history[:shared]


def test_a_residual_that_has_no_value_at_zero_is_left_to_the_network() -> None:
    """u' = 1/u^2 with u(0) = 1: Newton's method would begin at u = 0."""

    def steep(u, x):  # type: ignore[no-untyped-def]
        return d(u, x) - 1 / u**2

    def start(u):  # type: ignore[no-untyped-def]
        return u - 1

    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=steep, conditions=condition(start, on=face(x=0)),
        reference=exact(u=lambda x: (1 + 3 * x) ** (1 / 3)), tolerance=1e-2,
    )  # fmt: skip
    solution = solve(problem, budget=3)
    assert solution.training is not None and solution.training.outcome.kind != "non-finite"
    assert solution.training.method.startswith("LevenbergMarquardt")
    assert bool(torch.isfinite(solution.trial.vector()).all())


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
@pytest.mark.parametrize("layer", [RandomFeatures, LocalFeatures])
def test_a_layer_that_is_none_is_refused(layer: type, bad: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(ProblemError, match=next(iter(bad))):
        layer(**bad)


def test_sines_see_a_smooth_solution_a_thousand_times_better_than_tanh(heat: Problem) -> None:
    """The same number of features; Rahimi & Recht's sines converge spectrally, tanh algebraically here."""
    errors = {}
    for activation, scale in (("sine", (1.0, 2.0)), ("tanh", (0.5, 2.0))):
        solution = solve(heat, network=RandomFeatures(100, scale, activation), budget=10)
        errors[activation] = compare(solution, heat.reference(heat)).errors["u"].relative_l2  # type: ignore[operator,misc]
    assert 100 * errors["sine"] < errors["tanh"] < 1e-3


def test_a_nonlinear_problem_goes_on_from_the_best_solution_so_far() -> None:
    """Kovasznay flow takes Newton's method four steps from zero; other features begin at its solution and take one.

    The last kind, 200 fast sines, cannot represent a flow in a plane.
    """
    looks: list[Look] = []

    def stop(look: Look) -> None:
        looks.append(look)
        if look.step == 3 + KINDS:
            raise KeyboardInterrupt

    solve(problems.kovasznay.problem.replaced(tolerance=1e-12), budget=60, progress=stop)
    assert all(after.loss < before.loss for before, after in pairwise(looks[:5]))
    assert all(look.loss < 1e-6 * looks[0].loss for look in looks[5 : 3 + KINDS])


def test_what_is_asked_for_is_what_runs() -> None:
    assert Settings().stages is AUTOMATIC and Settings().described()["method"] == "automatic"
    for given, network, method in (
        (Settings(network=MLP(width=5)), MLP, LevenbergMarquardt),
        (Settings(method=LevenbergMarquardt()), MLP, LevenbergMarquardt),
        (Settings(method=Newton()), RandomFeatures, Newton),
        (Settings(network=RandomFeatures(count=10)), RandomFeatures, Newton),
    ):
        (stage,) = given.stages
        assert isinstance(stage.network, network) and isinstance(stage.method, method)
        assert given.described()["method"] != "automatic"
