"""Dropout: the masks, the derivatives of what they leave, and where they are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pinnsolve import (
    LBFGS,
    MLP,
    SGD,
    SOAP,
    Adam,
    Box,
    LevenbergMarquardt,
    Newton,
    Problem,
    ProblemError,
    Settings,
    Solution,
    SSBroyden,
    d,
    dirichlet,
    initial,
    solve,
)
from pinnsolve.jets.nested import network_by_autograd
from pinnsolve.networks.dropout import Dropout, thinned
from pinnsolve.solve import prepare
from pinnsolve.training.history import Look
from pinnsolve.trial.trial import Trial


def heat(u, x, t):
    return d(u, t) - 0.1 * d(u, x, x)


WARM = Problem(
    space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat,
    conditions=[initial(u=lambda x: torch.sin(torch.pi * x)), dirichlet(u=0)], reference=None,
)  # fmt: skip
SMALL: dict[str, Any] = {"points": 60, "held_out": 40, "budget": 60}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def module(layer: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), layer, nn.Linear(8, 1)).double()


def stop_at(step: int) -> Any:
    def stop(look: Look) -> None:
        if look.step == step:
            raise KeyboardInterrupt

    return stop


# ---------------------------------------------------------------- masks


def test_the_mask_leaves_out_its_share_and_keeps_the_mean() -> None:
    """Within five standard deviations of a binomial count."""
    layer, ones, p = Dropout(0.3), torch.ones(400, 50, dtype=torch.float64), 0.3
    with thinned(layer, seeded()):
        one, two = layer(ones), layer(ones)
    assert one.unique().tolist() == [0, 1 / (1 - p)]
    spread = (p * (1 - p) / one.numel()) ** 0.5
    assert abs(float((one == 0).double().mean()) - p) < 5 * spread
    assert abs(float(one.mean()) - 1) < 5 * spread / (1 - p)
    assert not torch.equal(one, two), "each evaluation has masks of its own"
    assert torch.equal(layer(ones), ones), "outside training nothing is left out"


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu"])
def test_derivatives_are_those_of_the_thinned_network(activation: str) -> None:
    """Against nested autograd through the same masks, to rounding; through others they are far off."""
    trial = prepare(WARM, Settings(network=MLP(9, 3, activation, dropout=0.4), method=Adam(), **SMALL)).loop.state.trial
    points = trial.some_points()
    alphas = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (2, 1)]

    def fast(seed: int) -> list[torch.Tensor]:
        with thinned(trial.network, seeded(seed)):
            (column,) = trial.columns(trial.prepare(points))
            return [column.dense(alpha) for alpha in alphas]

    with thinned(trial.network, seeded(1)):
        prepared = trial.prepare(points)
        (column,) = network_by_autograd(prepared.chart, trial._forward, prepared.at)
        slow = [column.dense(alpha) for alpha in alphas]
    for same, other, truth in zip(fast(1), fast(2), slow, strict=True):
        assert torch.allclose(same, truth, rtol=1e-11, atol=1e-12)
        assert not torch.allclose(other, truth, rtol=1e-2)


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize("method", [Adam(rate=1e-2, steps=60), SGD(steps=60), SOAP(steps=60)])
def test_training_is_thinned_and_the_solution_is_whole(method: Any) -> None:
    thin, thick = (solve(WARM, network=MLP(8, 2, dropout=p), method=method, **SMALL) for p in (0.2, 0.0))
    assert not torch.equal(thin.trial.vector(), thick.trial.vector())
    x = np.linspace(0, 1, 5)
    assert np.array_equal(thin.u(x=x, t=0.5), thin.u(x=x, t=0.5))
    whole = Trial(WARM, MLP(8, 2), thin.trial.plan, seeded())
    whole.assign(thin.trial.vector())
    assert np.array_equal(Solution(whole).u(x=x, t=0.5), thin.u(x=x, t=0.5))
    assert thin.parameters_count == thick.parameters_count and "Dropout(p=0.2)" in thin.summary()


def test_a_resumed_run_draws_the_same_masks(tmp_path: Path) -> None:
    options: dict[str, Any] = {"network": MLP(8, 2, dropout=0.3), "method": Adam(rate=1e-2, steps=40), **SMALL}
    whole = solve(WARM, **options)
    solve(WARM, out=tmp_path, progress=stop_at(16), **options)
    again = solve(WARM, out=tmp_path, resume=True, **options)
    assert again.training is not None and whole.training is not None and again.training.steps == 40
    assert torch.equal(again.trial.vector(), whole.trial.vector())
    assert [k.held_out for k in again.training.history] == [k.held_out for k in whole.training.history]
    assert not torch.equal(solve(WARM, seed=1, **options).trial.vector(), whole.trial.vector())


def test_saved_and_loaded_the_network_is_described_and_the_same(tmp_path: Path) -> None:
    solution = solve(WARM, network=MLP(width=(9, 4), dropout=0.2), method=Adam(steps=20), **SMALL)
    assert solution.settings["network"] == "MLP(width=(9, 4), depth=2, activation='tanh', fourier=None, dropout=0.2)"
    solution.save(tmp_path / "model.safetensors")
    loaded = Solution.load(tmp_path / "model.safetensors", WARM)
    assert loaded.u(x=0.3, t=0.2) == solution.u(x=0.3, t=0.2)
    assert loaded.trial.description == solution.trial.description
    assert json.loads(json.dumps(loaded.trial.written))["dropout"] == 0.2


# ---------------------------------------------------------------- what it goes with


@pytest.mark.parametrize(
    "method", [None, LevenbergMarquardt(), LBFGS(), SSBroyden(), Newton(), [Adam(steps=5), LBFGS()]]
)
@pytest.mark.parametrize("network", [MLP(dropout=0.2), module(nn.Dropout(0.2))], ids=["MLP", "own"])
def test_methods_that_compare_losses_are_refused(method: Any, network: Any) -> None:
    with pytest.raises(ProblemError, match=r"dropout does not go with \w+.*\n.*Write method=Adam\(\)"):
        Settings(network=network, method=method)


@pytest.mark.parametrize("value", [1.0, -0.1, True, "half"])
def test_what_is_no_probability_is_refused(value: Any) -> None:
    with pytest.raises(ProblemError, match=r"dropout=.* is no probability.*\n.*MLP\(dropout=0\.2\)"):
        MLP(dropout=value)


def test_torch_s_own_dropout_in_a_user_s_module_is_at_work_and_seeded() -> None:
    own = module(nn.Dropout(0.5))
    before = torch.get_rng_state()
    options: dict[str, Any] = {"method": Adam(rate=1e-2, steps=40), **SMALL}
    one, two = (solve(WARM, network=own, **options) for _ in range(2))
    plain = nn.Sequential(own[0], own[1], nn.Identity(), own[3])
    assert torch.equal(one.trial.vector(), two.trial.vector()), "masks come from the run's generator"
    assert not torch.equal(one.trial.vector(), solve(WARM, network=plain, **options).trial.vector())
    assert torch.equal(torch.get_rng_state(), before) and isinstance(own[2], nn.Dropout)


def test_masks_are_drawn_anew_behind_a_frozen_layer() -> None:
    own = module(nn.Dropout(0.5))
    own[0].requires_grad_(False)
    loop = prepare(WARM, Settings(network=own, method=Adam(), **SMALL)).loop
    prepared = loop.state.trial.prepare(loop.state.trial.some_points())
    with thinned(loop.state.trial.network, seeded()):
        one, two = (loop.state.trial.columns(prepared)[0].value for _ in range(2))
    assert loop.state.trial.frozen == 2 and not torch.equal(one, two)
