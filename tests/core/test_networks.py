"""Networks: counts, initial weights, inputs, and what becomes of the user's own module."""

from __future__ import annotations

import copy
import math
import random as python_random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pinnsolve import MLP, Box, Fourier, Problem, ProblemError, condition, d, laplace, periodic
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.networks.inputs import Inputs
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.trial import Trial
from tests.core.common import alphas, built, nested, random

ROUNDING = 1e-12  # third derivatives through three layers, some hundred roundings


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def poisson(u, x, y):
    return laplace(u, x, y)


PLANE = Problem(space=Box(x=(-1, 1), y=(-1, 1)), unknowns="u", equations=poisson, conditions=condition(lambda u: u))
PAIR = Problem(
    space=Box(x=(0, 2), y=(3, 7)), unknowns=("u", "v"), equations=[poisson, lambda v, x: d(v, x)],
    conditions=condition(lambda u, v: u + v),
)  # fmt: skip


def trial_of(network: Any, problem: Problem = PLANE, seed: int = 0, **more: Any) -> Trial:
    return Trial(problem, network, Plan({u: [] for u in problem.unknowns}), seeded(seed), **more)


# ---------------------------------------------------------------- MLP


@pytest.mark.parametrize(
    ("sizes", "count"),
    [((2, 20, 20, 20, 1), 921), ((10, 64, 32, 1), 2817), ((1, 1, 1), 4), ((3, 7, 7, 2), 100), ((2, 50, 50, 50, 50, 3), None)],
)  # fmt: skip
def test_parameter_counts(sizes: tuple[int, ...], count: int | None) -> None:
    formula = sum(a * b + b for a, b in zip(sizes[:-1], sizes[1:], strict=True))
    inputs, *hidden, outputs = sizes
    net = MLP(width=hidden).build(inputs, outputs, seeded())
    assert sum(p.numel() for p in net.parameters()) == formula
    assert tuple(net(torch.zeros(4, inputs, dtype=torch.float64)).shape) == (4, outputs)
    layers = [nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)]
    own = nn.Sequential(*layers)
    if outputs == 1:
        assert trial_of(own, problem=box_of(inputs)).parameters_count == formula
    assert count in (None, formula)


def test_one_width_is_a_width_for_each_layer() -> None:
    alike = MLP(width=7, depth=3), MLP(width=(7, 7, 7)), MLP(width=[7, 7, 7], depth=3)
    assert {m.widths for m in alike} == {(7, 7, 7)} and {m.depth for m in alike} == {3}
    assert MLP().widths == (16,) * 4
    assert hash(MLP(width=[7, 5])) == hash(MLP(width=(7, 5)))


def box_of(dimension: int) -> Problem:
    names = "abcdefghij"[:dimension]
    scope: dict[str, Any] = {}
    exec(f"def equation(u, {', '.join(names)}): return u", scope)
    return Problem(
        space=Box(**dict.fromkeys(names, (0, 1))),
        unknowns="u",
        equations=scope["equation"],
        conditions=condition(lambda u: u),
    )


def test_weights_start_as_xavier_normal_and_biases_as_zero() -> None:
    net = MLP(width=200, depth=2).build(100, 50, seeded())
    for layer in (m for m in net if isinstance(m, nn.Linear)):
        weights = layer.weight.detach()
        variance = 2 / (layer.in_features + layer.out_features)
        deviations = math.sqrt(2 / weights.numel())  # of a sample variance of a normal variable, relative
        assert abs(float(weights.var()) / variance - 1) < 5 * deviations
        assert abs(float(weights.mean())) < 5 * math.sqrt(variance / weights.numel())
        kurtosis = float(((weights / math.sqrt(variance)) ** 4).mean())
        assert abs(kurtosis - 3) < 5 * math.sqrt(96 / weights.numel())  # a uniform one has 1.8
        assert not layer.bias.detach().any()


def test_the_same_generator_seed_gives_the_same_bits() -> None:
    for network in (MLP(7, 2), MLP(7, 2, fourier=Fourier(3))):
        a, b, c = (trial_of(network, seed=s) for s in (4, 4, 5))
        assert torch.equal(a.vector(), b.vector())
        assert not torch.equal(a.vector(), c.vector())
        if network.fourier:
            assert torch.equal(a.inputs.frequencies, b.inputs.frequencies)  # type: ignore[arg-type]
            assert not torch.equal(a.inputs.frequencies, c.inputs.frequencies)  # type: ignore[arg-type]


def test_no_global_state_is_touched() -> None:
    gate = Gate(2, 1)
    before = torch.get_rng_state().clone(), np.random.get_state()[1].copy(), python_random.getstate()  # noqa: NPY002
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    built(PAIR, MLP(5, 2, fourier=Fourier(2)))
    trial_of(gate)
    after = torch.get_rng_state(), np.random.get_state()[1], python_random.getstate()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert (before[1] == after[1]).all()
    assert before[2] == after[2]
    assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (dtype, grad)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: MLP(width=0), "width=0"),
        (lambda: MLP(depth=0), "depth=0"),
        (lambda: MLP(width=()), r"width=\(\)"),
        (lambda: MLP(width=(64, 0)), r"width=\(64, 0\)"),
        (lambda: MLP(width=(64, 32), depth=3), r"2 hidden layers, and depth=3\n  Leave depth out"),
        (lambda: MLP(width=20.0), "width=20.0"),
        (lambda: MLP(width=True), "width=True"),
        (lambda: MLP(activation="tahn"), "'tahn'.*\n.*did you mean 'tanh'"),
        (lambda: Fourier(count=0), "count and scale must be positive"),
        (lambda: Fourier(scale=-1.0), "count and scale must be positive"),
        (lambda: Fourier(count=1.5), "count and scale must be positive"),
    ],
)  # fmt: skip
def test_options_are_checked(make: Any, fault: str) -> None:
    with pytest.raises(ProblemError, match=fault):
        make()


# ---------------------------------------------------------------- inputs


def test_inputs_are_scaled_to_minus_one_and_one() -> None:
    box = Box(x=(0, 2), y=(3, 7), t=(-1e-3, 1e-3))
    ends = {c: torch.tensor([lo, (lo + hi) / 2, hi], dtype=torch.float64) for c, (lo, hi) in box.bounds.items()}
    inputs = Inputs(Domain(box), (), None, seeded())(ends)
    assert inputs.shape == (3, 3)
    assert torch.allclose(inputs, torch.tensor([[-1.0], [0.0], [1.0]], dtype=torch.float64), atol=1e-15)


def test_fourier_features() -> None:
    box = Box(x=(0, 2), y=(3, 7))
    inputs = Inputs(Domain(box), (), Fourier(count=400, scale=3.0), seeded())
    at = {c: random(5, seed=k, low=lo, high=hi) for k, (c, (lo, hi)) in enumerate(box.bounds.items())}
    features = inputs(at)
    assert features.shape == (5, inputs.count) == (5, 2 + 800)
    plain = torch.stack([at["x"] - 1, (at["y"] - 5) / 2], -1)
    waves = 2 * math.pi * plain @ inputs.frequencies.T  # type: ignore[union-attr]
    # waves reach 2 pi * 3 * 4 * sqrt 2 = 100: 1e-16 of that in the argument
    assert torch.allclose(features, torch.cat([plain, torch.sin(waves), torch.cos(waves)], -1), atol=1e-13)
    frequencies = inputs.frequencies
    assert frequencies is not None
    assert abs(float(frequencies.var()) / 9 - 1) < 5 * math.sqrt(2 / 800)  # 800 normal numbers
    assert list(inputs.parameters()) == []


@pytest.mark.parametrize("fourier", [None, Fourier(5, 2.0)])
def test_periodic_inputs_continue_with_all_derivatives(fourier: Fourier | None) -> None:
    problem = Problem(space=Box(x=(-1, 2), y=(0, 1)), unknowns="u", equations=poisson, conditions=periodic("x"))
    trial = trial_of(MLP(8, 2, fourier=fourier), problem)
    assert trial.inputs.count == 3 + (10 if fourier else 0)

    def at(x: float) -> Any:
        y = random(6)
        return trial.fields(trial.prepare(Points({"x": torch.full_like(y, x), "y": y}, torch.ones_like(y))))["u"]

    left, right, inner = at(-1.0), at(2.0), at(0.3)
    for alpha in alphas(2, 3):
        a, b, c = (u.dense(alpha).detach() for u in (left, right, inner))
        # waves of up to 2 pi * 2 * 3: each derivative brings a factor of some tens to sin(2 pi) = 2e-16
        assert torch.allclose(a, b, rtol=0, atol=1e3 * ROUNDING * float(a.abs().max() + 1)), alpha
        assert not torch.allclose(a, c, rtol=1e-3), alpha


# ---------------------------------------------------------------- the user's own module


class Gate(nn.Module):
    """Made of a gated unit, which has no rule: nested autograd must stand in."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(inputs, 8), nn.Linear(4, outputs)
        for k, p in enumerate(self.parameters()):
            p.data = random(*p.shape, seed=k, low=-1, high=1)

    def forward(self, z: Tensor) -> Tensor:
        return self.last(nn.functional.glu(self.first(z), -1))


class Own(nn.Module):
    """Any function of the inputs with one parameter of each kind."""

    def __init__(self, f: Any, columns: int = 1) -> None:
        super().__init__()
        self.f, self.a, self.b = f, nn.Linear(2, 6), nn.Linear(6, columns)
        self.p, self.q = nn.Parameter(torch.zeros(6)), nn.Parameter(torch.zeros(()))
        for k, p in enumerate(self.parameters()):
            p.data = random(*p.shape, seed=k + 10, low=0.1, high=1)

    def forward(self, z: Tensor) -> Tensor:
        return self.f(self, z)


def true_derivatives(trial: Trial, points: Points, order: int) -> dict:
    """By nested autograd over the module itself, in float64, with inputs equal to coordinates."""
    leaves = list(points.coordinates.values())
    f = lambda *z: trial.network(torch.stack(z, -1))[:, 0]  # noqa: E731
    return {alpha: nested(f, leaves, alpha) for alpha in alphas(len(leaves), order)}


MODULES = {
    "GLU": (Gate(2, 1), False),
    "softmax": (nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Softmax(-1), nn.Linear(6, 1)), False),
    "softmax over three": (nn.Sequential(nn.Linear(2, 3), nn.Softmax(-1), nn.Linear(3, 1)), False),
    "layer norm": (nn.Sequential(nn.Linear(2, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 1)), False),
    "batch norm, which is affine once trained": (nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 1)), False),
    "methods": (Own(lambda s, z: s.b(s.a(z).sin())), False),
    "einsum": (Own(lambda s, z: s.b(torch.einsum("ni,oi->no", z, s.a.weight).tanh())), False),
    "joined parameter": (Own(lambda s, z: s.b(torch.cat([s.p[:2].expand(z.shape[0], 2), torch.tanh(s.a(z))[:, :4]], -1))), False),
    "tanh": (nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1)), True),
    "prelu, selu": (nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.PReLU(6), nn.Linear(6, 4), nn.SELU(inplace=True), nn.Linear(4, 1)), True),
    "learnable slopes": (Own(lambda s, z: s.b(torch.tanh(s.p * s.a(z))) * s.q), True),
    "residual block": (Own(lambda s, z: s.b((h := torch.tanh(s.a(z))) + torch.sin(nn.functional.linear(h, s.p[:, None] * s.p)))), True),
    "parameters in choices": (Own(lambda s, z: s.b(torch.maximum(torch.where(s.a(z) > s.q, s.a(z) ** 2, s.p), s.q))), True),
    "fallback with a parameter": (Own(lambda s, z: s.b(torch.hypot(s.a(z), s.p)) + torch.atan2(s.b(s.a(z)), s.q)), True),
    "fallback of two that depend": (Own(lambda s, z: s.b(torch.hypot(s.a(z), torch.exp(s.a(z))))), True),
    "matrix products": (Own(lambda s, z: s.b(torch.tanh(z @ s.a.weight.T) @ s.a.weight @ s.a.weight.T)), True),
    "columns reordered": (Own(lambda s, z: s.b(torch.tanh(s.a(z))[..., [5, 4, 3, 2, 1, 0]])), True),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_own_modules_have_the_derivatives_of_nested_autograd_by_jets_or_without(name: str) -> None:
    module, by_jets = MODULES[name]
    for k, p in enumerate(module.parameters()):
        p.data = random(*p.shape, seed=k, low=-1, high=1)
    trial = trial_of(module)
    assert trial.takes_jets is by_jets
    points = Points(
        {"x": random(9, seed=1, low=-1), "y": random(9, seed=2, low=-1)}, torch.ones(9, dtype=torch.float64)
    )
    u = trial.fields(trial.prepare(points))["u"]
    order = 2 if name == "layer norm" else 3  # PyTorch's third derivative of layer_norm is wrong (2.13)
    for alpha, true in true_derivatives(trial, points, order).items():
        assert torch.allclose(u.dense(alpha).detach(), true, rtol=0, atol=ROUNDING * (1 + float(true.abs().max()))), (
            alpha
        )
    assert ("the network" in u.chart.fallbacks) is (not by_jets)


def test_a_module_is_copied_and_never_changed() -> None:
    module = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Tanh(), nn.Linear(4, 1))
    before = copy.deepcopy(module.state_dict())
    trial = trial_of(module)
    trial.assign(trial.vector() + 1)
    assert module.training
    assert all(p.dtype == torch.float32 and p.grad is None for p in module.parameters())
    assert all(torch.equal(before[n], v) for n, v in module.state_dict().items())
    assert not trial.network.training
    assert {p.dtype for p in trial.parameters} == {torch.float64}


def test_frozen_parameters_stay() -> None:
    module = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    module[0].requires_grad_(False)
    trial = trial_of(module)
    assert trial.parameters_count == 5
    before = trial.network[0].weight.clone()  # type: ignore[index, operator]
    trial.assign(trial.vector() * 2)
    assert torch.equal(trial.network[0].weight, before)  # type: ignore[index, arg-type]


REFUSED = {
    "mean over points": (Own(lambda s, z: s.b(torch.tanh(s.a(z) - s.a(z).mean(0)))), "mixes points"),
    "flip": (Own(lambda s, z: s.b(torch.tanh(s.a(z))).flip(0)), "mixes points"),
    "sorted": (Own(lambda s, z: s.b(torch.tanh(s.a(z))).sort(0).values), "mixes points"),
    "attention over points": (Own(lambda s, z: torch.softmax(s.a(z) @ s.a(z).T, -1) @ s.b(s.a(z))), "mixes points"),
    "first point": (Own(lambda s, z: s.b(torch.tanh(s.a(z))) + s.b(s.a(z[:1]))), "mixes points"),
    "two columns": (nn.Linear(2, 2), r"returned \(5, 2\).*\n.*\(5, 1\)"),
    "flat": (Own(lambda s, z: s.b(s.a(z))[:, 0]), r"returned \(5,\)"),
    "tuple": (Own(lambda s, z: (s.b(s.a(z)), 1)), "returned tuple"),
    "wrong inputs": (nn.Linear(3, 1), r"inputs of shape \(N, 2\)"),
    "no parameter": (nn.Flatten(), r"returned \(5, 2\)"),
    "frozen": (nn.Linear(2, 1).requires_grad_(False), "no trainable parameter"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_modules_that_cannot_be_used_are_refused(name: str) -> None:
    module, fault = REFUSED[name]
    with pytest.raises(ProblemError, match=fault) as caught:
        trial_of(module)
    assert caught.value.remedy


def test_vector_and_assign_are_inverse() -> None:
    trial = trial_of(MLP(5, 2), PAIR)
    new = random(trial.parameters_count)
    trial.assign(new)
    assert torch.equal(trial.vector(), new)
    new[0] = 7.0
    assert trial.vector()[0] != 7.0
    assert trial.vector().requires_grad is False


@pytest.mark.parametrize("activation", ["tanh", "sine", "sigmoid", "silu", "gelu", "relu"])
def test_single_precision_networks_take_jets_and_stay_single(activation: str) -> None:
    network = MLP(20, 3, activation, fourier=Fourier(8, 3.0))
    single, double = (trial_of(network, PAIR, dtype=dtype) for dtype in (torch.float32, torch.float64))
    assert single.takes_jets
    assert double.takes_jets
    points = Points({"x": random(9, high=2), "y": random(9, seed=1, low=3, high=7)}, torch.ones(9, dtype=torch.float64))
    for name in ("u", "v"):
        a, b = (t.fields(t.prepare(points))[name] for t in (single, double))
        for alpha in alphas(2, 2):
            assert a.dense(alpha).dtype == torch.float32
            scale = float(b.dense(alpha).detach().abs().max()) + 1
            # single precision, waves of 2 pi * 3 * 3 differentiated twice: some thousand roundings of 6e-8
            assert float((a.dense(alpha) - b.dense(alpha)).detach().abs().max()) < 1e-3 * scale
