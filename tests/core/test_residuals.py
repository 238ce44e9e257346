"""The structured Jacobian equals torch.func's and the dense one, whatever the equation, the network and the chunks."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacfwd, jacrev, vmap

from pinnsolve import (
    MLP,
    Box,
    Fourier,
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
    periodic,
)  # fmt: skip
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.tape import Tape, dense_rows
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.residuals import Residuals
from pinnsolve.residuals import residuals as residuals_module
from pinnsolve.trial.trial import Trial
from tests.core.common import built, random, residuals_of

pytestmark = pytest.mark.usefixtures("unasked")

RELATIVE = 1e-12  # sums of some hundred products of fourth derivatives, in another order
SQUARE, LINE = Box(x=(-1, 1), y=(-1, 1)), Box(x=(-1, 1))  # inputs are then the coordinates themselves
NOTHING_EXACT = condition(lambda u: u + u**3)


def heat(u, x, t):
    return d(u, t) - 0.3 * d(u, x, x)


def burgers(u, x, t):
    return d(u, t) + u * d(u, x) - 0.01 * d(u, x, x)


def kdv(u, x, t):
    return d(u, t) + 6 * u * d(u, x) + d(u, x, x, x)


def wave(u, x, t):
    return d(u, t, t) - 4 * d(u, x, x)


def biharmonic(u, x, y):
    return laplace(laplace(u, x, y), x, y) - torch.sin(x)


def momentum_x(u, v, p, x, y):
    return u * d(u, x) + v * d(u, y) + d(p, x) - laplace(u, x, y) / 40


def momentum_y(u, v, p, x, y):
    return u * d(v, x) + v * d(v, y) + d(p, y) - laplace(v, x, y) / 40


def mass(u, v, x, y):
    return d(u, x) + d(v, y)


def prey(u, v, t):
    return d(u, t) - u * (1 - v)


def predator(u, v, t):
    return d(v, t) + torch.exp(-v) * (1 - u)


def evolving(equation: Any) -> Problem:
    return Problem(space=LINE, time=(-1, 1), unknowns="u", equations=equation, conditions=NOTHING_EXACT)


def along(f: Callable[[Tensor], Tensor], *axes: int) -> Callable[[Tensor], Tensor]:
    """The partial derivative by nested forward mode: shares nothing with jets."""
    for axis in axes:
        f = lambda z, g=f, a=axis: jacfwd(g)(z)[..., a]  # noqa: E731
    return f


def laplacian(f: Any) -> Any:
    return lambda z: along(f, 0, 0)(z) + along(f, 1, 1)(z)


def column(f: Any, k: int) -> Any:
    return lambda z: f(z)[k]


def advected(f: Any, w: Any, pressure_axis: int, z: Tensor) -> Tensor:
    u, v, p = (column(f, k) for k in range(3))
    return u(z) * along(w, 0)(z) + v(z) * along(w, 1)(z) + along(p, pressure_axis)(z) - laplacian(w)(z) / 40


# The problem, and its residuals written again for torch.func: from f (outputs at one point) and the point.
EQUATIONS: dict[str, tuple[Problem, dict[str, Callable[[Any, Tensor], Tensor]]]] = {
    "heat": (evolving(heat), {"heat": lambda f, z: (along(f, 1)(z) - 0.3 * along(f, 0, 0)(z))[0]}),
    "burgers": (evolving(burgers), {"burgers": lambda f, z: (along(f, 1)(z) + f(z) * along(f, 0)(z) - 0.01 * along(f, 0, 0)(z))[0]}),
    "kdv": (evolving(kdv), {"kdv": lambda f, z: (along(f, 1)(z) + 6 * f(z) * along(f, 0)(z) + along(f, 0, 0, 0)(z))[0]}),
    "wave": (evolving(wave), {"wave": lambda f, z: (along(f, 1, 1)(z) - 4 * along(f, 0, 0)(z))[0]}),
    "biharmonic": (Problem(space=SQUARE, unknowns="u", equations=biharmonic, conditions=NOTHING_EXACT),
                   {"biharmonic": lambda f, z: laplacian(laplacian(f))(z)[0] - torch.sin(z[0])}),
    "navier-stokes": (
        Problem(space=SQUARE, unknowns=("u", "v", "p"), equations=[momentum_x, momentum_y, mass], conditions=condition(lambda u, v, p: u + v + p)),
        {"momentum_x": lambda f, z: advected(f, column(f, 0), 0, z), "momentum_y": lambda f, z: advected(f, column(f, 1), 1, z),
         "mass": lambda f, z: along(column(f, 0), 0)(z) + along(column(f, 1), 1)(z)},
    ),
    "ODE system": (
        Problem(time=(-1, 1), unknowns=("u", "v"), equations=[prey, predator], conditions=condition(lambda u, v: u + v, on=face(t=-1))),
        {"prey": lambda f, z: along(f, 0)(z)[0] - f(z)[0] * (1 - f(z)[1]), "predator": lambda f, z: along(f, 0)(z)[1] + torch.exp(-f(z)[1]) * (1 - f(z)[0])},
    ),
}  # fmt: skip


def shaken(problem: Problem, network: Any) -> Trial:
    trial = built(problem, network)
    trial.assign(random(trial.parameters_count, seed=8, low=-1, high=1))
    return trial


def by_functional(trial: Trial, residual: Any, points: Points) -> tuple[Tensor, Tensor]:
    """Residuals (N,) and Jacobian (N, P) by torch.func alone."""
    parameters = {n: p.detach() for n, p in trial.network.named_parameters()}
    places = torch.stack(list(points.coordinates.values()), -1)

    sizes = [trial.plan.size(u) for u in trial.problem.unknowns]
    scale, offset = (torch.tensor([getattr(s, k) for s in sizes], dtype=torch.float64) for k in ("scale", "offset"))

    def at_point(weights: dict[str, Tensor], z: Tensor) -> Tensor:
        return residual(lambda y: offset + scale * functional_call(trial.network, weights, (y[None],))[0], z)

    values = vmap(at_point, (None, 0))(parameters, places)
    blocks = vmap(jacrev(at_point), (None, 0))(parameters, places)
    return values, torch.cat([b.reshape(len(points), -1) for b in blocks.values()], 1)


def largest(difference: Tensor, of: Tensor) -> float:
    return float((difference.abs().max() / of.abs().max()).detach())


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # which torch.func calls itself
@pytest.mark.parametrize(
    ("name", "activation"), [*((name, "tanh") for name in EQUATIONS), ("kdv", "sine"), ("navier-stokes", "gelu")]
)
def test_structured_jacobian_equals_torch_func(name: str, activation: str) -> None:
    problem, written_again = EQUATIONS[name]
    trial = shaken(problem, MLP(5, 2, activation))
    residuals = residuals_of(trial, 6)
    assert trial.takes_jets
    (site, prepared, _), block = next(iter(residuals.chunks)), next(iter(residuals.linearised()))
    assert site.name == "interior"
    assert list(block.residuals) == list(written_again)
    for equation, residual in written_again.items():
        values, jacobian = by_functional(trial, residual, prepared.points)
        assert largest(block.residuals[equation] - values, values) < RELATIVE
        assert largest(block.jacobians[equation] - jacobian, jacobian) < RELATIVE
        assert largest(block.jacobians[equation] - 1.02 * jacobian, jacobian) > 0.01


# ---------------------------------------------------------------- networks and conditions, against the dense Jacobian


class Slopes(nn.Module):
    """Learnable slopes of the activations, one number and one for each neuron; and a parameter that nothing uses."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(2, 6), nn.Linear(6, 1)
        self.slope, self.slopes = nn.Parameter(torch.tensor(1.3)), nn.Parameter(torch.linspace(0.5, 1.5, 6))
        self.row, self.unused = nn.Parameter(torch.linspace(0.1, 0.3, 6)[None]), nn.Parameter(torch.ones(3))

    def forward(self, z: Any) -> Any:
        h = torch.tanh(self.slope * self.first(z))
        return self.last(torch.sin(self.slopes * h - self.slope) / (1 + self.row**2) + torch.cos(h) ** 2)


class Shared(nn.Module):
    """One layer used twice, one with its transpose, one weight scaled."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(2, 6), nn.Linear(6, 6), nn.Linear(6, 1, bias=False)
        self.scale = nn.Parameter(torch.tensor(0.7))

    def forward(self, z: Any) -> Any:
        h = torch.tanh(self.first(z))
        for _ in range(2):
            h = torch.tanh(self.middle(h)) + h
        h = torch.tanh(nn.functional.linear(h, self.middle.weight.T, self.middle.bias))
        return self.last(nn.functional.linear(h, self.scale * self.middle.weight))


class Multiplied(nn.Module):
    """The outputs of two linear layers multiplied point by point (a modified MLP), a layer that enters only by its value."""

    def __init__(self) -> None:
        super().__init__()
        self.u, self.v, self.h, self.last = (nn.Linear(2, 5), nn.Linear(2, 5), nn.Linear(2, 5), nn.Linear(5, 1))

    def forward(self, z: Any) -> Any:
        u, v, h = torch.tanh(self.u(z)), torch.tanh(self.v(z)), torch.tanh(self.h(z))
        return self.last(torch.where(z[:, :1] * torch.ones_like(h) > 0, h * u + (1 - h) * v, u))


def normed(by: Any) -> nn.Module:
    return nn.Sequential(by(nn.Linear(2, 6)), nn.Tanh(), by(nn.Linear(6, 6)), nn.Tanh(), nn.Linear(6, 1))


def frozen() -> nn.Module:
    net = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 1))
    net[0].requires_grad_(False)
    net[2].bias.requires_grad_(False)  # type: ignore[union-attr]
    return net


NETWORKS = {
    "mlp": lambda: MLP(6, 3),
    "one layer": lambda: MLP(6, 1, "silu"),
    "fourier": lambda: MLP(6, 2, fourier=Fourier(4)),
    "slopes": Slopes,
    "shared": Shared,
    "multiplied": Multiplied,
    "weight norm": lambda: normed(nn.utils.parametrizations.weight_norm),
    "orthogonal": lambda: normed(nn.utils.parametrizations.orthogonal),
    "frozen": frozen,
    "fallback": lambda: nn.Sequential(nn.Linear(2, 6), nn.Mish(), nn.Linear(6, 6), nn.PReLU(6), nn.Linear(6, 5), nn.Softsign(), nn.Linear(5, 1)),
    "no jets": lambda: nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.LayerNorm(6), nn.Linear(6, 1)),
}  # fmt: skip


def flux(u, x, t):
    return d(u, t) + d(u * u / 2 - torch.exp(-u) * d(u, x), x)


CONDITIONS = {
    "weighted": [NOTHING_EXACT, condition(lambda u, x, t: d(u, x) * d(u, t) - 1, on=face(t=-1))],
    "exact": [initial(u=lambda x: torch.sin(3 * x)), dirichlet(u=lambda x, t: torch.sin(3 * x) + t + 1)],
    "mixed": [initial(u=0), initial_rate(u=lambda x: x), neumann(u=lambda t: t, on=face(x=-1)), dirichlet(u=lambda t: t + 1, on=face(x=1))],
    "contradictory": [initial(u=1), dirichlet(u=0, on=faces("x"))],
    "periodic": [initial(u=lambda x: torch.sin(torch.pi * x)), periodic("x")],
}  # fmt: skip


def seeded_module(make: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


def dense(residuals: Residuals) -> dict[str, tuple[Tensor, Tensor]]:
    """Residuals and Jacobian by plain reverse mode through everything, with no tape."""
    found: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in residuals.names}
    for site, prepared, faded in residuals.chunks:
        at = residuals.trial.fields(prepared)
        for name, term in site.terms.items():
            r = faded(term(at).value)
            found[name].append((r.detach(), dense_rows(r, residuals.trial.parameters)))
    return {name: (torch.cat([r for r, _ in parts]), torch.cat([j for _, j in parts])) for name, parts in found.items()}


# all conditions with one network, all networks with one set of conditions, and a ring, which has two inputs, with two
PAIRS = [
    (n, c) for n in NETWORKS for c in CONDITIONS if n == "mlp" or c == "mixed" or (n, c) == ("fourier", "periodic")
]


@cache
def with_conditions(name: str) -> Problem:
    return Problem(space=LINE, time=(-1, 1), unknowns="u", equations=flux, conditions=CONDITIONS[name])


@pytest.mark.parametrize(("name", "conditions"), PAIRS)
def test_structured_jacobian_equals_the_dense_one(name: str, conditions: str) -> None:
    trial = built(with_conditions(conditions), seeded_module(NETWORKS[name]))
    assert trial.takes_jets is (name != "no jets")
    residuals = residuals_of(trial, 7)
    true = dense(residuals)
    blocks = list(residuals.linearised())
    for block in blocks:
        for r, rows in block.jacobians.items():
            values, jacobian = true[r]
            assert torch.allclose(block.residuals[r], values, rtol=RELATIVE, atol=RELATIVE)
            assert rows.shape == jacobian.shape
            assert largest(rows - jacobian, jacobian) < RELATIVE, r
    assert {r for b in blocks for r in b.jacobians} == set(residuals.names)
    for r, values in residuals.values().items():  # and without gradients the same
        assert torch.allclose(values, true[r][0], rtol=RELATIVE, atol=RELATIVE), r


def test_the_jacobian_is_the_slope_of_the_residuals() -> None:
    """Against central differences, step 1e-5: truncation 1e-10, rounding 1e-16 / 1e-5 = 1e-11, times derivatives of order ten."""
    problem = Problem(space=LINE, time=(-1, 1), unknowns="u", equations=flux, conditions=CONDITIONS["mixed"])
    trial = shaken(problem, MLP(4, 2))
    residuals = residuals_of(trial, 9)
    jacobian = {n: j for b in residuals.linearised() for n, j in b.jacobians.items()}
    start, direction = trial.vector(), random(trial.parameters_count, low=-1, high=1)
    ends = []
    for sign in (1, -1):
        trial.assign(start + sign * 1e-5 * direction)
        ends.append(residuals.values())
    for name, j in jacobian.items():
        slope = (ends[0][name] - ends[1][name]) / 2e-5
        assert torch.allclose(j @ direction, slope, rtol=1e-6, atol=1e-7 * float(slope.abs().max()))


# ---------------------------------------------------------------- what is made of residuals and Jacobians


def loaded(name: str = "mlp", conditions: str = "contradictory", count: int = 200, room: Room = UNLIMITED) -> Residuals:
    problem = Problem(space=LINE, time=(-1, 1), unknowns="u", equations=flux, conditions=CONDITIONS[conditions])
    return residuals_of(built(problem, seeded_module(NETWORKS[name])), count, room=room)


def weights_of(residuals: Residuals) -> dict[str, float]:
    return {name: 0.5 + k for k, name in enumerate(residuals.names)}


@pytest.mark.parametrize("name", ["mlp", "slopes", "no jets"])
def test_normal_equations_loss_and_gradient(name: str) -> None:
    residuals = loaded(name, count=70)
    weights = weights_of(residuals)
    parts = [
        (j * (weights[n] / len(r)) ** 0.5, r * (weights[n] / len(r)) ** 0.5) for n, (r, j) in dense(residuals).items()
    ]
    j, r = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])
    assert len(parts) == 2
    loss, gradient, matrix = residuals.normal_equations(weights)
    assert loss == pytest.approx(float(r @ r), rel=RELATIVE)
    assert largest(gradient - j.T @ r, j.T @ r) < RELATIVE
    assert largest(matrix - j.T @ j, j.T @ j) < RELATIVE
    assert torch.equal(matrix, matrix.T)
    assert residuals.loss(weights) == pytest.approx(loss, rel=RELATIVE)
    same, slope = residuals.loss_and_gradient(weights)
    assert same == pytest.approx(loss, rel=RELATIVE)
    assert largest(slope - 2 * gradient, gradient) < RELATIVE  # of r^T r, without the half
    rms = residuals.rms()
    assert sum(weights[n] * rms[n] ** 2 for n in rms) == pytest.approx(loss, rel=RELATIVE)


@pytest.mark.parametrize("name", ["mlp", "no jets"])
def test_the_residual_vector_and_what_is_pulled_back_go_with_the_rows(name: str) -> None:
    residuals = loaded(name, count=70, room=Room(entries=1))  # several chunks
    weights = weights_of(residuals)
    r, jacobian = residuals.rows(weights)
    assert residuals.size == len(r) == 140
    assert torch.allclose(residuals.vector(weights), r, rtol=RELATIVE, atol=1e-14)
    v = random(len(r), 1)[:, 0]
    assert largest(residuals.pulled_back(weights, v) - jacobian.T @ v, jacobian.T @ v) < RELATIVE
    assert largest(residuals.pulled_back(weights, v.flip(0)) - jacobian.T @ v, jacobian.T @ v) > 1e-3


@pytest.mark.parametrize("count", [1, 2, 7])
def test_an_odd_number_of_parameters_loses_no_entry_of_the_matrix(count: int) -> None:
    rows = random(5, count)
    matrix = torch.zeros(count, count, dtype=torch.float64)
    for part in (rows[:2], rows[2:]):
        residuals_module.add_gram(matrix, part)
    whole = torch.tril(matrix) + torch.tril(matrix, -1).T
    assert torch.allclose(whole, rows.T @ rows, rtol=1e-14)


@pytest.mark.parametrize("prepared", [0.0, 1e9], ids=["prepared anew", "kept"])
def test_chunks_do_not_matter(prepared: float) -> None:
    whole = loaded()
    weights = weights_of(whole)
    loss, gradient, matrix = whole.normal_equations(weights)
    parts = loaded(room=Room(entries=1, prepared=prepared))
    assert len(whole.chunks) == 2
    assert [len(p.points) for _, p, _ in parts.chunks] == [64, 64, 64, 8] * 2
    assert {n: len(v) for n, v in parts.values().items()} == dict.fromkeys(whole.names, 200)
    assert all(torch.equal(v, parts.values()[n]) for n, v in whole.values().items())
    again = parts.normal_equations(weights)
    assert again[0] == pytest.approx(loss, rel=RELATIVE)
    assert largest(again[1] - gradient, gradient) < RELATIVE
    assert largest(again[2] - matrix, matrix) < RELATIVE
    assert largest(parts.loss_and_gradient(weights)[1] - 2 * gradient, gradient) < RELATIVE


def test_evaluating_twice_gives_the_same_bits_and_leaves_no_tape() -> None:
    residuals = loaded()
    weights = weights_of(residuals)
    first, second = (residuals.normal_equations(weights) for _ in range(2))
    assert torch.equal(first[1], second[1])
    assert torch.equal(first[2], second[2])
    assert all(p.chart.tape is None for _, p, _ in residuals.chunks)
    before = residuals.values()
    residuals.loss_and_gradient(weights)
    assert all(torch.equal(v, before[n]) for n, v in residuals.values().items())
    assert all(p.grad is None for p in residuals.trial.parameters)


@pytest.mark.parametrize("name", ["mlp", "fallback", "no jets"])
def test_an_evaluation_leaves_no_field_behind(name: str) -> None:
    """A field in a reference cycle would keep the whole graph of its points until Python looks for cycles."""
    residuals = loaded(name, "mixed", count=20)

    def alive() -> int:
        return sum(type(thing) is Jet for thing in gc.get_objects())

    def evaluate() -> None:
        residuals.values()
        residuals.normal_equations(weights_of(residuals))
        residuals.loss_and_gradient(weights_of(residuals))

    evaluate()
    gc.collect()
    gc.disable()
    try:
        before = alive()
        evaluate()
        assert alive() == before
    finally:
        gc.enable()


def test_residuals_follow_the_weights_and_not_what_was_remembered() -> None:
    residuals = loaded()
    before = residuals.values()
    residuals.trial.assign(residuals.trial.vector() * 1.1)
    assert all(not torch.equal(v, before[n]) for n, v in residuals.values().items())


def test_conditions_keep_their_names_and_sites() -> None:
    problem = Problem(
        space=LINE, time=(-1, 1), unknowns="u", equations=flux,
        conditions=[initial(u=1), dirichlet(u=0), condition(lambda u: u**2, on=face(t=1)), condition(lambda u: u**2 - 1, on=face(t=1))],
    )  # fmt: skip
    residuals = residuals_of(built(problem, MLP(3, 1)), 10)
    assert residuals.names == ["flux", "initial u", "condition on face(t=1)", "condition on face(t=1) [2]"]
    values = residuals.values()
    a, b = (values[n] for n in residuals.names[2:])
    assert torch.allclose(a - b, torch.ones(10, dtype=torch.float64), rtol=1e-14)


def test_a_residual_without_parameters_has_zero_rows() -> None:
    parameter = nn.Parameter(random(3))
    tape = Tape([parameter])
    assert torch.equal(tape.rows(random(4)), torch.zeros(4, 3, dtype=torch.float64))
    used = nn.Parameter(random(2))
    rows = dense_rows((random(4)[:, None] * used).sum(1), [parameter, used])
    assert not rows[:, :3].any()
    assert torch.allclose(rows[:, 3:], random(4)[:, None].expand(4, 2))


# ------------------------------------------------------------ memory


def test_frozen_features_keep_the_derivatives_that_are_read_and_nothing_else() -> None:
    """Heat asks for u_t and u_xx; u_x stands in a chain rule alone, and is let go. Without room all are, at no loss."""
    problem = Problem(
        space=Box(x=(-1, 1)), time=(0, 1), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
        conditions=condition(lambda u: u + u**3, on=faces("x")),
    )  # fmt: skip
    residuals = residuals_of(built(problem, RandomFeatures(30)), 50)
    weights = dict.fromkeys(residuals.names, 1.0)
    values, rows = residuals.rows(weights)
    loss = residuals.loss(weights)
    kept = {site.name: set(prepared.inputs.known) for site, prepared, _ in residuals.chunks}
    assert kept == {"interior": {(0, 1), (2, 0)}, "x=-1; x=1": {(0, 0)}}
    again = Residuals(residuals.trial, residuals.places, room=Room(kept=0))
    again_values, again_rows = again.rows(weights)
    assert all(not prepared.inputs.known for _, prepared, _ in again.chunks)
    assert torch.equal(again_rows, rows) and torch.equal(again_values, values) and again.loss(weights) == loss
