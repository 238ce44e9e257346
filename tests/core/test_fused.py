"""Activations that compute all planned derivatives at once: the same as nested autograd, forwards and backwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from pinnsolve import MLP, Box, Problem, condition, d
from pinnsolve.jets.activations import CURVES, program
from pinnsolve.jets.asked import Asked
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.machine.room import Room
from tests.core.common import alphas, built, fields, nested, random, residuals_of

ROUNDING = 1e-12  # sums of some hundred products of order-4 derivatives, in another order
PLANS: dict[str, tuple[Alpha, ...]] = {
    "value": ((0, 0),),
    "first": ((0, 0), (1, 0), (0, 1)),
    "Burgers": ((0, 0), (0, 1), (1, 0), (2, 0)),
    "beam": ((0, 0), (0, 1), (1, 0), (2, 0), (3, 0), (4, 0)),
    "all": tuple(sorted(alphas(2, 4), key=sum)),
}


class Wave(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        return torch.sin(z)


LAYERS = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "sin": Wave}


def network(name: str) -> nn.Sequential:
    net = nn.Sequential(nn.Linear(2, 6), LAYERS[name](), nn.Linear(6, 5), LAYERS[name](), nn.Linear(5, 1)).double()
    for k, p in enumerate(net.parameters()):
        p.data = random(*p.shape, seed=k, low=-1, high=1)
    return net


def output(net: nn.Module, plan: tuple[Alpha, ...] | None) -> tuple[Jet, list[Tensor]]:
    x, y = fields()
    x.chart.plan = None if plan is None else lambda: Asked(plan, frozenset())
    return net(torch.stack([x, y], -1))[:, 0], [x.value, y.value]  # type: ignore[list-item]


def largest_difference(name: str, plan: tuple[Alpha, ...]) -> float:
    """Of the derivatives from those of nested autograd, and of their gradients from those of jets one by one."""
    net = network(name)
    at_once, places = output(net, plan)
    one_by_one, _ = output(net, None)
    worst = 0.0
    for k, alpha in enumerate(plan):
        true = nested(lambda a, b: net(torch.stack([a, b], -1))[:, 0], places, alpha)
        worst = max(
            worst, float((at_once.dense(alpha) - true).detach().abs().max() / max(1.0, float(true.abs().max())))
        )
        sums = [(random(len(true), seed=k) * jet.dense(alpha).square()).sum() for jet in (at_once, one_by_one)]
        found, wanted = (
            torch.autograd.grad(s, list(net.parameters()), retain_graph=True, allow_unused=True, materialize_grads=True)
            for s in sums
        )
        size = max(float(g.abs().max()) for g in wanted)
        worst = max(worst, *(float((a - b).abs().max()) / size for a, b in zip(found, wanted, strict=True)))
    return worst


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("name", CURVES)
def test_all_derivatives_and_their_gradients(name: str, plan: tuple[Alpha, ...]) -> None:
    assert set(LAYERS) == set(CURVES)
    assert largest_difference(name, plan) <= ROUNDING


@pytest.mark.parametrize("bend", [(0.0, -1.96), (0.04, -2.0)])
def test_a_wrong_slope_would_be_seen(bend: tuple[float, float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CURVES, "tanh", replace(CURVES["tanh"], bend=bend))
    program.cache_clear()
    try:
        assert largest_difference("tanh", PLANS["Burgers"]) > 1e-4
    finally:
        program.cache_clear()


def test_what_was_not_planned_is_still_right() -> None:
    net = network("tanh")
    planned, places = output(net, PLANS["first"])
    planned.value  # noqa: B018
    for alpha in PLANS["all"]:
        true = nested(lambda a, b: net(torch.stack([a, b], -1))[:, 0], places, alpha)
        assert torch.allclose(planned.dense(alpha), true, rtol=0, atol=ROUNDING * max(1.0, float(true.abs().max())))


def burgers(u, x, t):
    return d(u, t) + u * d(u, x) - 0.01 * d(u, x, x)


def test_residuals_plan_what_their_equations_ask_for_and_all_below() -> None:
    line = Box(x=(-1, 1))
    problem = Problem(
        space=line, time=(-1, 1), unknowns="u", equations=burgers, conditions=condition(lambda u, x: d(u, x, x))
    )
    residuals = residuals_of(built(problem, MLP(6, 2)), 50)
    weights = dict.fromkeys(residuals.names, 1.0)
    loss, gradient = residuals.loss_and_gradient(weights)
    plans = [site.asked[residuals.trial].below for site, _ in residuals.places]
    assert plans == [((0, 0), (0, 1), (1, 0), (2, 0)), ((0, 0), (1, 0), (2, 0))]
    for _, prepared, _ in residuals.batches:
        prepared.chart.plan = None
    plain_loss, plain_gradient = residuals.loss_and_gradient(weights)
    assert loss == pytest.approx(plain_loss, rel=ROUNDING)
    assert float((gradient - plain_gradient).abs().max()) <= ROUNDING * float(plain_gradient.abs().max())
    many = residuals_of(residuals.trial, 200, room=Room(entries=1))
    assert len(many.chunks) == 8 and len(many.batches) == 2
    assert float((many.rows(weights)[0].square().sum()) / many.loss(weights) - 1) == pytest.approx(0, abs=ROUNDING)
