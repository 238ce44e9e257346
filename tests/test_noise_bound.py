"""Where the noise of the data is what is left, no network is trained after random features."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pinnsolve.errors import Outcome
from pinnsolve.networks.mlp import MLP
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.training import noise_bound
from pinnsolve.training.results import Ended, Turn

STAGES = [SimpleNamespace(network=RandomFeatures(200)), SimpleNamespace(network=MLP())]


def run(
    tolerance: float, best: int | None = 0, data: Any = "data", automatic: bool = True, equations: Any = "heat"
) -> Any:  # fmt: skip
    problem = SimpleNamespace(data=data, constants={}, functions={"a": 1}, equations=equations)
    settings = SimpleNamespace(stages=STAGES, automatic=automatic)
    kept = None if best is None else SimpleNamespace(stage=best)
    return SimpleNamespace(settings=settings, best=kept, tolerance=tolerance, trial=SimpleNamespace(problem=problem))


def ended(estimate: float | None = 0.02, parameters: int = 262) -> Ended:
    return Ended(0, 0.5, {"a": 1.0}, 1.0, parameters, estimate=estimate, compared=3)


@pytest.mark.parametrize(
    ("now", "then", "noise", "ends"),
    [
        (run(0.01), ended(), 0.4, True),
        (run(0.01), ended(), 0.002, False),  # less than is asked for
        (run(0.01), ended(0.5), 0.4, False),  # the features themselves leave more
        (run(2.0), ended(), 0.4, False),  # good enough
        (run(0.01), ended(), None, False),  # nothing is known of it
        (run(0.01), ended(None), 0.4, False),
        (run(0.01, best=1), ended(), 0.4, False),  # a trained network was better
        (run(0.01, data=()), ended(), 0.4, False),
        (run(0.01, equations=()), ended(), 0.4, False),  # of data alone nothing says which function it is
        (run(0.01, automatic=False), ended(), 0.4, False),  # what was asked for is done
        (run(0.01), ended(parameters=10_000), 0.4, False),
    ],
)
def test_the_noise_ends_a_run_before_a_network(
    now: Any, then: Ended, noise: float | None, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise_bound, "_of_the_best", lambda run: noise)
    to_network, to_features = Turn(1), Turn(0)
    found = noise_bound.at_the_noise(now, then, to_network)
    if ends:
        assert isinstance(found, Outcome) and found.kind == "noise" and "2e-02 (3 solutions compared)" in found.detail
    else:
        assert found is to_network
    assert noise_bound.at_the_noise(now, then, to_features) is to_features
