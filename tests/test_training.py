"""The loop: outcomes in words, the same bits from the same seed, and runs that are cut off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pinnsolve import (
    LBFGS,
    MLP,
    SGD,
    SOAP,
    Adam,
    Box,
    LevenbergMarquardt,
    Problem,
    ProblemError,
    RandomFeatures,
    Settings,
    SSBroyden,
    Unknown,
    compare,
    d,
    dirichlet,
    initial,
    initial_rate,
    solve,
)
from pinnsolve.__main__ import main
from pinnsolve.machine import checkpoint
from pinnsolve.methods.protocol import stepped
from pinnsolve.residuals import Residuals
from pinnsolve.solve import prepare
from pinnsolve.training.checkpointing import CHECKPOINT

ROOT = Path(__file__).parents[1]
SMALL = Settings(network=MLP(width=8, depth=2), points=300, held_out=200, budget=60)


def run(problem: Problem, steps: int, **changes):  # type: ignore[no-untyped-def]
    return solve(problem, settings=SMALL, **{"method": LevenbergMarquardt(steps=steps or None), **changes})


def bits(solution) -> torch.Tensor:  # type: ignore[no-untyped-def]
    return solution.trial.vector()


def test_same_seed_same_bits_and_another_seed_others(heat: Problem) -> None:
    first = bits(run(heat, 12))
    assert torch.equal(first, bits(run(heat, 12)))
    assert not torch.equal(first, bits(run(heat, 12, seed=1)))


def test_residuals_of_random_features_are_evaluated_once_for_what_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """And anew when a weight or an unknown constant has changed."""
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x, k: d(u, x, x) - k * u - x, conditions=[dirichlet(u=0)],
        parameters={"k": Unknown(1.0)}, reference=None,
    )  # fmt: skip
    ready = prepare(problem, Settings(network=RandomFeatures(10), points=40, held_out=30))
    residuals, evaluated = ready.loop.state.points.training, list[int]()
    own = Residuals._own_values
    monkeypatch.setattr(Residuals, "_own_values", lambda mine: evaluated.append(1) or own(mine))
    before = residuals.trial.vector()
    for k, changed in enumerate([before, before + 1.0, torch.cat([before[:-1], before[-1:] + 0.5]), before]):
        residuals.trial.assign(changed)
        asked = [residuals.values(), residuals.values(), own(residuals)]
        assert len(evaluated) == k + 1
        assert all(torch.equal(asked[0][name], other[name]) for other in asked for name in residuals.names)


def test_global_random_state_is_untouched(heat: Problem) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    run(heat, 2)
    assert torch.equal(before, torch.get_rng_state())


METHODS = {
    "lm": lambda n: LevenbergMarquardt(steps=n),
    "lbfgs": lambda n: LBFGS(steps=n // 3),
    "adam": lambda n: Adam(steps=n),
    "ssbroyden": lambda n: SSBroyden(steps=n // 3),
    "soap": lambda n: SOAP(steps=n, refresh=4),
    "sgd": lambda n: SGD(steps=n, rate=1e-4),
    "sequence": lambda n: [Adam(steps=9), LevenbergMarquardt(steps=n)],
}


@pytest.mark.parametrize(("name", "cut"), [*((name, 8) for name in METHODS if name != "sequence"), ("sequence", 7)])
def test_a_resumed_run_has_the_bits_of_an_uninterrupted_one(heat: Problem, tmp_path: Path, name: str, cut: int) -> None:
    heat = heat.replaced(tolerance=1e-7)  # out of reach, so that nothing but the steps ends a run
    whole = run(heat, 0, method=METHODS[name](12))
    run(heat, 0, method=METHODS[name](cut), out=tmp_path)
    resumed = run(heat, 0, method=METHODS[name](12), out=tmp_path, resume=True)
    assert torch.equal(bits(whole), bits(resumed))
    by_step = {look.step: look.training for look in whole.training.history}
    assert all(by_step[look.step] == look.training for look in resumed.training.history if look.step in by_step)
    assert resumed.training.history[-1].step == whole.training.history[-1].step


def test_a_run_that_converged_has_nothing_left_to_do(heat: Problem, tmp_path: Path) -> None:
    easy = heat.replaced(tolerance=0.9)
    first = run(easy, 200, out=tmp_path)
    again = run(easy, 200, out=tmp_path, resume=True)
    assert first.training.outcome == again.training.outcome
    assert first.training.steps == again.training.steps
    assert torch.equal(bits(first), bits(again))
    assert (
        run(heat.replaced(tolerance=1e-7), first.training.steps + 3, out=tmp_path, resume=True).training.steps
        == first.training.steps + 3
    )


@pytest.mark.usefixtures("unpictured")
def test_a_killed_run_is_resumed_to_the_same_bits(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(
        ("steps=15", "steps=24"),
        ("budget=30", "budget=100, checkpoint_every=0.05"),
        ("tolerance=1e-2", "tolerance=1e-7"),
    )
    command = [sys.executable, "-m", "pinnsolve", str(path), "--out"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([*command, str(tmp_path / "cut")], env=env, stdout=subprocess.DEVNULL)
    checkpoint = tmp_path / "cut" / CHECKPOINT
    first, deadline = None, time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        stamp = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
        first = first or stamp
        if first is not None and stamp != first:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run ended before it was killed"
    assert not (tmp_path / "cut" / "report.json").exists()
    for folder, more in (("cut", ["--resume"]), ("whole", [])):
        assert main([*command[3:], str(tmp_path / folder), *more]) == 1  # such a tolerance is missed
    cut, whole = ((tmp_path / f / "model.safetensors").read_bytes() for f in ("cut", "whole"))
    assert cut == whole
    assert not list((tmp_path / "cut").glob(".*")), "a half-written file was left behind"


@pytest.mark.usefixtures("unpictured")
def test_ctrl_c_ends_the_training_and_keeps_what_there_is(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(("steps=15", "steps=100_000"), ("tolerance=1e-2", "tolerance=1e-9"), ("budget=30", "budget=100"))
    begun = list[int]()

    def interrupted(method: Any, objective: Any, state: Any) -> Any:
        begun.append(len(begun))
        if len(begun) == 6:
            os.kill(os.getpid(), signal.SIGINT)
        return stepped(method, objective, state)

    monkeypatch.setattr("pinnsolve.training.loop.stepped", interrupted)
    assert main([str(path), "--out", str(tmp_path / "out")]) == 1
    assert "interrupted: by the user" in capsys.readouterr().out and len(begun) == 6
    assert json.loads((tmp_path / "out" / "report.json").read_text())["errors"]["u"]["relative_l2"] < 0.5


def test_checkpoints_of_other_runs_and_damaged_ones_are_refused(heat: Problem, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no checkpoint"):
        run(heat, 3, out=tmp_path, resume=True)
    run(heat, 3, out=tmp_path)
    with pytest.raises(ProblemError, match="parameter alpha was '0.1' there and is '0.2'"):
        run(heat.with_parameters({"alpha": 0.2}), 3, out=tmp_path, resume=True)
    with pytest.raises(ProblemError, match="seed was '0' there and is '1' here"):
        run(heat, 3, out=tmp_path, resume=True, seed=1)

    def other(u, x, t, alpha):  # type: ignore[no-untyped-def]
        return d(u, t) + alpha * d(u, x, x)

    with pytest.raises(ProblemError, match="equation"):
        run(heat.replaced(equations=other), 3, out=tmp_path, resume=True)
    content = bytearray((tmp_path / CHECKPOINT).read_bytes())
    stored = checkpoint.read(tmp_path / CHECKPOINT)
    for layout in ({**stored["layout"], "Watch": [*stored["layout"]["Watch"], "of_old"]}, None):
        checkpoint.write(tmp_path / CHECKPOINT, {**stored, "layout": layout})
        with pytest.raises(ProblemError, match="written by another version of pinnsolve"):
            run(heat, 3, out=tmp_path, resume=True)
    for damaged in (content[: len(content) // 2], content[:-1] + bytes([content[-1] ^ 1]), b""):
        (tmp_path / CHECKPOINT).write_bytes(bytes(damaged))
        with pytest.raises(ProblemError, match="is damaged"):
            run(heat, 3, out=tmp_path, resume=True)


def test_few_points_are_exposed_by_the_held_out_residual(heat: Problem) -> None:
    network, strict = MLP(width=20, depth=2), heat.replaced(tolerance=1e-3)
    solution = run(strict, 300, points=5, redraw=None, network=network)
    training, held = solution.training.training["equation"], solution.training.held_out["equation"]
    last = solution.training.history[-1]
    assert last.training["equation"] < 1e-3 * last.held_out["equation"]
    assert held > 10 * training
    assert solution.training.outcome.kind == "overfitting"
    assert "draw more points" in str(solution.training.outcome)
    assert compare(solution, strict.reference(strict)).verdict == "fail"


def test_outcomes_in_words(heat: Problem) -> None:
    assert str(run(heat, 3).training.outcome).startswith("steps: all 3 steps")
    strict = heat.replaced(tolerance=1e-9)  # out of reach in this time
    budget = run(strict, 0, method=LevenbergMarquardt(), budget=0.3).training
    assert budget.outcome.kind == "budget" and budget.seconds < 3
    easy = heat.replaced(tolerance=0.9)
    assert run(easy, 200).training.outcome.kind == "converged"

    def constant(u, x):  # type: ignore[no-untyped-def]
        return d(u, x)

    flat = Problem(space=Box(x=(0, 1)), unknowns="u", equations=constant, conditions=dirichlet(u=1, on=heat_face()))
    constant = run(flat, 3000, network=MLP(width=1, depth=1)).training.outcome
    assert constant.kind in ("converged", "plateau") and "no solution" not in constant.detail


def heat_face():  # type: ignore[no-untyped-def]
    from pinnsolve import face

    return face(x=0)


def test_divergence_is_told_with_residual_and_place() -> None:
    def grow(u, t):  # type: ignore[no-untyped-def]
        return d(u, t) - torch.exp(u * u)

    problem = Problem(time=(0, 1), unknowns="u", equations=grow, conditions=initial(u=1.0))
    solution = run(problem, 0, method=SGD(rate=10.0), budget=5)
    assert solution.training.outcome.kind == "non-finite"
    assert "the residual 'grow' is" in str(solution.training.outcome) and "at t=" in str(solution.training.outcome)
    assert bool(torch.isfinite(bits(solution)).all()), "the best parameters are kept"


def test_a_nan_at_the_first_evaluation_names_equation_and_place(heat: Problem) -> None:
    def bad(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - torch.log(x - 0.5)

    with pytest.raises(ProblemError, match=r"'bad' is nan at x=0\.\d+, t="):
        run(heat.replaced(equations=bad), 3)


@pytest.mark.parametrize("weights", ["balanced", 100.0, {"equation": 2.0}], ids=["balanced", "lambda", "by name"])
def test_weights(heat: Problem, weights) -> None:  # type: ignore[no-untyped-def]
    solution = run(heat, 3, weights=weights)
    found = solution.training.weights["equation"]
    assert found > 0
    if weights != "balanced":
        assert found == (weights if isinstance(weights, float) else 2.0)
    with pytest.raises(ProblemError, match="no residual 'eqation'"):
        run(heat, 3, weights={"eqation": 1.0})


def test_relu_is_refused_where_second_derivatives_are_needed(heat: Problem) -> None:
    with pytest.raises(ProblemError, match="u_xx.*second derivatives are zero"):
        run(heat, 3, network=MLP(activation="relu"))

    def transport(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) + d(u, x)

    first_order = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=transport, conditions=[initial(u=lambda x: x)]
    )
    assert run(first_order, 3, network=MLP(activation="relu")).training.steps == 3


def test_many_periods_are_found_by_fast_sines() -> None:
    """y'' + y = 0 over ten periods: frequency 31 for a coordinate scaled to [-1, 1]."""

    def oscillator(y, t):
        return d(y, t, t) + y

    problem = Problem(
        time=(0, 20 * torch.pi), unknowns="y", equations=oscillator, conditions=[initial(y=1), initial_rate(y=0)],
        tolerance=1e-6,
    )  # fmt: skip
    solution = solve(problem, budget=20)
    assert solution.training is not None and solution.training.outcome.kind == "converged"
    t = torch.linspace(0, 20 * torch.pi, 100, dtype=torch.float64)
    assert float((torch.as_tensor(solution.y(t=t.numpy())) - torch.cos(t)).abs().max()) < 1e-6
