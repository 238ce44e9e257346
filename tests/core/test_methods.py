"""What every training method keeps, on least-squares problems whose answers are known."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pinnsolve import LBFGS, SGD, SOAP, SPRING, Adam, LevenbergMarquardt, Newton, ProblemError, SSBroyden
from pinnsolve.methods import Method, Objective

# each with the steps that it needs below, a few times over; rates suit a curvature between 1 and 3
METHODS = {
    "lm": (LevenbergMarquardt(), 20),
    "lbfgs": (LBFGS(), 4),
    "adam": (Adam(rate=0.3), 500),
    "sgd": (SGD(rate=0.2, momentum=0.5), 120),
    "newton": (Newton(), 2),
    "ssbroyden": (SSBroyden(), 4),
    "spring": (SPRING(), 8),
    "soap": (SOAP(rate=0.3, momentum=0.9, beta=0.999), 500),
}


class Vector:
    """A model that is nothing but its parameters."""

    def __init__(self, *start: float) -> None:
        self.x = torch.tensor(start, dtype=torch.float64)

    @property
    def parameters(self) -> list[Tensor]:
        return [self.x]

    def vector(self) -> Tensor:
        return self.x.clone()

    def assign(self, vector: Tensor) -> None:
        self.x = vector.clone()


class Least:
    """mean(r(x)^2) for a function r, everything by autograd."""

    def __init__(self, model: Vector, r: Callable[[Tensor], Tensor]) -> None:
        self.model, self.r, self.evaluations = model, r, 0

    def loss(self, weights: Mapping[str, float]) -> float:
        self.evaluations += 1
        return weights["r"] * float(self.r(self.model.x).square().mean())

    def loss_and_gradient(self, weights: Mapping[str, float]) -> tuple[float, Tensor]:
        self.evaluations += 1
        x = self.model.vector().requires_grad_()
        loss = weights["r"] * self.r(x).square().mean()
        return float(loss.detach()), torch.autograd.grad(loss, x)[0]

    def normal_equations(self, weights: Mapping[str, float]) -> tuple[float, Tensor, Tensor]:
        self.evaluations += 1
        r = self.r(self.model.x)
        j: Any = torch.autograd.functional.jacobian(self.r, self.model.x)
        scale = weights["r"] / len(r)
        return scale * float(r @ r), scale * j.T @ r, scale * j.T @ j

    @property
    def size(self) -> int:
        return len(self.r(self.model.x))

    @property
    def own(self) -> int:
        return self.size

    def vector(self, weights: Mapping[str, float]) -> Tensor:
        self.evaluations += 1
        r = self.r(self.model.x)
        return (weights["r"] / len(r)) ** 0.5 * r

    def pulled_back(self, weights: Mapping[str, float], vector: Tensor) -> Tensor:
        return self.rows(weights)[1].T @ vector

    def pieces(self, weights: Mapping[str, float]) -> Iterator[tuple[Tensor, Tensor]]:
        yield self.rows(weights)

    def rows(self, weights: Mapping[str, float]) -> tuple[Tensor, Tensor]:
        self.evaluations += 1
        r = self.r(self.model.x)
        j: Any = torch.autograd.functional.jacobian(self.r, self.model.x)
        scale = (weights["r"] / len(r)) ** 0.5
        return scale * r, scale * j


def objective(r: Callable[[Tensor], Tensor], *start: float, weight: float = 1.0) -> Objective:
    model = Vector(*start)
    return Objective(model, Least(model, r), {"r": weight})


MATRIX = torch.linalg.qr(torch.randn(8, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]
MATRIX = MATRIX * torch.tensor([2.0, 2.4, 2.8, 3.4], dtype=torch.float64)
TRUTH = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)


def linear(x: Tensor) -> Tensor:
    return MATRIX @ (x - TRUTH)


def inconsistent(x: Tensor) -> Tensor:
    return MATRIX @ (x - TRUTH) + 0.3 * torch.arange(8, dtype=torch.float64)


def rosenbrock(x: Tensor) -> Tensor:
    return torch.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def run(method: Method, target: Objective, steps: int, state: Any = None) -> Any:
    state = method.init(target) if state is None else state
    for _ in range(steps):
        state = method.step(target, state)
    return state


@pytest.mark.parametrize("name", METHODS)
def test_protocol(name: str) -> None:
    method, _ = METHODS[name]
    assert isinstance(method, Method)
    assert method.name == name
    assert method.cycle >= 1
    assert method.steps is None


@pytest.mark.parametrize("name", METHODS)
def test_a_convex_quadratic_to_1e_10(name: str) -> None:
    method, steps = METHODS[name]
    target = objective(linear, 0, 0, 0, 0)
    first = target.loss()
    run(method, target, steps)
    assert target.loss() <= 1e-10 * first
    backwards = objective(lambda x: MATRIX @ (x + TRUTH), 0, 0, 0, 0)
    run(method, backwards, steps)
    assert not torch.allclose(target.model.vector(), backwards.model.vector())


@pytest.mark.parametrize("name", METHODS)
def test_the_least_squares_solution_of_inconsistent_equations(name: str) -> None:
    """Where the loss stays large, its minimum fixes the parameters to the root of its rounding (1e-8); asserted is 1e-5."""
    method, steps = METHODS[name]
    target = objective(inconsistent, 0, 0, 0, 0)
    run(method, target, steps)
    solution = torch.linalg.lstsq(MATRIX, -inconsistent(torch.zeros(4, dtype=torch.float64))[:, None]).solution[:, 0]
    assert torch.allclose(target.model.vector(), solution, atol=1e-5)


@pytest.mark.parametrize(("name", "steps"), [("lm", 40), ("lbfgs", 12), ("newton", 40), ("ssbroyden", 8)])
def test_rosenbrock(name: str, steps: int) -> None:
    target = objective(rosenbrock, -1.2, 1.0)
    run(METHODS[name][0], target, steps)
    assert torch.allclose(target.model.vector(), torch.ones(2, dtype=torch.float64), atol=1e-10)


def test_a_gauss_newton_step_solves_a_linear_problem_at_once() -> None:
    target = objective(linear, 0, 0, 0, 0)
    state = run(LevenbergMarquardt(damping=1e-12), target, 1)
    assert torch.allclose(target.model.vector(), TRUTH, rtol=1e-10)  # the damping, over a curvature of one
    assert state["loss"] == target.loss()
    trace = float(target.normal_equations()[2].diagonal().sum())
    assert state["damping"] < 1e-12 * trace


def test_newton_knows_a_linear_problem_by_one_step_and_another_not() -> None:
    for problem in (linear, inconsistent):
        target = objective(problem, 3, 1, 4, 1)
        assert run(Newton(), target, 1)["done"]
    bent = objective(rosenbrock, -1.2, 1.0)
    assert not run(Newton(), bent, 1)["done"]


def test_newton_keeps_the_solution_and_not_the_step_small() -> None:
    """Two columns that are alike but for 1e-7: the solution of least norm, wherever it starts."""
    twins = lambda x: torch.stack([x[0] + x[1] - 2, 1e-7 * (x[0] - x[1])])  # noqa: E731
    for start in ((0.0, 0.0), (1e4, -1e4)):
        target = objective(twins, *start)
        run(Newton(), target, 3)
        assert torch.allclose(target.model.vector(), torch.ones(2, dtype=torch.float64), atol=1e-6)


def test_newton_halves_a_step_that_leads_uphill() -> None:
    """The full step for atan from 2 overshoots, and the next ones ever more."""
    target = objective(torch.atan, 2.0)
    before = target.loss()
    state = run(Newton(), target, 1)
    assert state["loss"] < before
    run(Newton(), target, 8, state)
    assert target.loss() < 1e-20


def test_each_step_of_levenberg_marquardt_lowers_the_loss_or_stays() -> None:
    target = objective(lambda x: torch.stack([torch.sin(5 * x[0]) + x[1] ** 2, torch.exp(x[0] * x[1]) - 2]), 2.0, 0.1)
    state, method = None, LevenbergMarquardt(damping=1e-8)
    losses = [target.loss()]
    for _ in range(30):
        before = target.model.vector()
        state = run(method, target, 1, state)
        losses.append(target.loss())
        assert state["loss"] == losses[-1]
        assert state["stuck"] is torch.equal(before, target.model.vector())
    assert all(b <= a for a, b in zip(losses[:-1], losses[1:], strict=True))
    assert losses[-1] < 1e-3 * losses[0]


@pytest.mark.parametrize("name", ["lm", "lbfgs", "ssbroyden"])
def test_a_method_at_the_minimum_says_that_it_is_stuck(name: str) -> None:
    method, _ = METHODS[name]
    target = objective(lambda x: torch.cat([x - 1, x + 1]), 0.0)
    assert run(method, target, 1)["stuck"]
    assert torch.equal(target.model.vector(), torch.zeros(1, dtype=torch.float64))
    moving = objective(linear, 0, 0, 0, 0)
    assert not run(method, moving, 1)["stuck"]


@pytest.mark.parametrize("scale", [1e-8])
def test_levenberg_marquardt_at_other_scales_of_the_residual(scale: float) -> None:
    """The damping finds its size by itself."""
    target = objective(lambda x: scale * rosenbrock(x), -1.2, 1.0)
    run(LevenbergMarquardt(), target, 150)
    assert target.loss() <= 1e-16 * scale**2


def test_a_singular_matrix_is_no_obstacle() -> None:
    """A parameter that nothing uses, and two that always come together."""
    target = objective(lambda x: torch.stack([x[0] + x[1] - 2, x[0] + x[1] - 2 + 0 * x[2]]), 0.0, 0.0, 7.0)
    run(LevenbergMarquardt(), target, 20)
    assert target.loss() < 1e-20
    assert target.model.vector()[2] == 7


# ---------------------------------------------------------------- state


def parts(thing: Any) -> list[Any]:
    if isinstance(thing, dict):
        return [p for k, v in thing.items() for p in (k, *parts(v))]
    return [p for v in thing for p in parts(v)] if isinstance(thing, list | tuple) else [thing]


def through_a_file(state: Any) -> Any:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


@pytest.mark.parametrize("name", METHODS)
def test_the_state_is_plain_and_survives_a_file_bit_for_bit(name: str) -> None:
    method, _ = METHODS[name]
    target = objective(rosenbrock, -1.2, 1.0)
    small: Any = {"adam": Adam(rate=1e-2), "sgd": SGD(rate=1e-4), "soap": SOAP(rate=1e-2)}.get(name, method)
    few = 1 if name == "ssbroyden" else 2  # of its ten iterations: there is to be something left to do
    for state in (small.init(target), state_after := run(small, target, few)):
        assert all(isinstance(p, int | float | bool | str | Tensor | None) for p in parts(state))
    saved, where = through_a_file(state_after), target.model.vector()
    kept = copy.deepcopy(state_after)
    run(small, target, few, state_after)
    end = target.model.vector()
    for again in (saved, kept):
        other = objective(rosenbrock, *where.tolist())
        run(small, other, few, again)
        assert torch.equal(other.model.vector(), end)
    fresh = objective(rosenbrock, *where.tolist())
    if name not in ("lm", "newton"):
        run(small, fresh, few)
        assert not torch.equal(fresh.model.vector(), end)  # the state matters


@pytest.mark.parametrize("name", METHODS)
def test_a_step_leaves_the_state_that_it_was_given(name: str) -> None:
    """The loop may keep the best state and come back to it."""
    small: Any = {"adam": Adam(rate=1e-2), "sgd": SGD(rate=1e-4), "soap": SOAP(rate=1e-2)}.get(name, METHODS[name][0])
    target = objective(rosenbrock, -1.2, 1.0)
    state = run(small, target, 1)
    where, before = target.model.vector(), parts(copy.deepcopy(state))
    ends = []
    for _ in range(2):
        target.model.assign(where)
        run(small, target, 1, state)
        ends.append(target.model.vector())
    assert torch.equal(*ends)
    after = parts(state)
    assert len(before) == len(after)
    assert all(torch.equal(a, b) if isinstance(a, Tensor) else a == b for a, b in zip(before, after, strict=True))


def test_the_first_loss_weights_and_redrawn_points_reach_the_method() -> None:
    light, heavy = (objective(rosenbrock, -1.2, 1.0, weight=w) for w in (1.0, 5.0))
    assert heavy.loss() == pytest.approx(5 * light.loss(), rel=1e-14)
    state = run(SGD(rate=1e-5), heavy, 1)
    assert state["loss"] == pytest.approx(5 * objective(rosenbrock, -1.2, 1.0).loss(), rel=1e-14)
    a, b = (objective(rosenbrock, -1.2, 1.0, weight=w) for w in (1.0, 5.0))
    run(SGD(rate=5e-5, momentum=0.0), a, 1)
    run(SGD(rate=1e-5, momentum=0.0), b, 1)
    assert torch.allclose(a.model.vector(), b.model.vector(), rtol=1e-14)


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("name", METHODS)
def test_a_loss_that_is_not_finite_is_reported(name: str, bad: float) -> None:
    target = objective(lambda x: x * bad, 1.0, 2.0)
    state = run(METHODS[name][0], target, 1)
    assert not math.isfinite(state["loss"])
    assert not state["stuck"]
    if name == "lm":
        assert target.model.vector().tolist() == [1.0, 2.0]


def test_levenberg_marquardt_steps_back_from_where_the_loss_is_not_finite() -> None:
    """sqrt(x) is no number beyond zero, and a full step from 1 goes to -1."""
    target = objective(lambda x: torch.sqrt(x) + 1e-3, 1.0)
    state = None
    for _ in range(20):
        state = run(LevenbergMarquardt(damping=1e-9), target, 1, state)
        assert math.isfinite(state["loss"])
        assert torch.isfinite(target.model.vector()).all()
        assert target.model.vector() > 0
    assert target.loss() < 0.1


REFUSED = {
    "lm damping": (lambda: LevenbergMarquardt(damping=0), "LevenbergMarquardt: damping=0"),
    "lm damping nan": (lambda: LevenbergMarquardt(damping=math.nan), "damping=nan"),
    "lm steps": (lambda: LevenbergMarquardt(steps=0), "LevenbergMarquardt: steps=0"),
    "lm steps 1.5": (lambda: LevenbergMarquardt(steps=1.5), "steps=1.5"),
    "adam rate": (lambda: Adam(rate=-1e-3), "Adam: rate=-0.001"),
    "adam rate text": (lambda: Adam(rate="1e-3"), "Adam: rate='1e-3'"),
    "adam steps": (lambda: Adam(steps=True), "steps=True"),
    "sgd rate": (lambda: SGD(rate=math.inf), "SGD: rate=inf"),
    "sgd steps": (lambda: SGD(steps=-1), "SGD: steps=-1"),
    "lbfgs memory": (lambda: LBFGS(memory=0), "LBFGS: memory=0"),
    "newton ridge": (lambda: Newton(ridge=0), "Newton: ridge=0"),
    "newton steps": (lambda: Newton(steps=0), "Newton: steps=0"),
    "soap rate": (lambda: SOAP(rate=0), "SOAP: rate=0"),
    "soap beta": (lambda: SOAP(beta=1.0), "SOAP: beta=1.0"),
    "soap momentum": (lambda: SOAP(momentum=-0.1), "SOAP: momentum=-0.1"),
    "soap refresh": (lambda: SOAP(refresh=None), "SOAP: refresh=None"),
    "soap steps": (lambda: SOAP(steps=0), "SOAP: steps=0"),
    "ssbroyden steps": (lambda: SSBroyden(steps=0), "SSBroyden: steps=0"),
    "lbfgs steps": (lambda: LBFGS(steps="5"), "LBFGS: steps='5'"),
}  # fmt: skip
MORE_REFUSED = {
    "lbfgs no memory": (lambda: LBFGS(memory=None), "LBFGS: memory=None"),
    "sgd momentum below zero": (lambda: SGD(momentum=-0.1), "SGD: momentum=-0.1"),
    "sgd momentum one": (lambda: SGD(momentum=1.0), "SGD: momentum=1.0"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*REFUSED, *MORE_REFUSED])
def test_options_are_checked_when_the_method_is_made(name: str) -> None:
    make, fault = {**REFUSED, **MORE_REFUSED}[name]
    with pytest.raises(ProblemError, match=fault) as caught:
        make()
    assert caught.value.remedy


def test_options_are_keywords_and_methods_are_frozen() -> None:
    with pytest.raises(ProblemError, match="takes its arguments by name"):
        LevenbergMarquardt(1e-3)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Adam().rate = 1.0  # type: ignore[misc]
