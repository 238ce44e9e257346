"""What the tests of the numerical core share: fields on random points, and trained-from-nothing residuals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import torch
from torch import Tensor

from pinnsolve.checks.check import check
from pinnsolve.geometry.sampling import sample
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals import Residuals, sites
from pinnsolve.training.history import Look
from pinnsolve.trial.exact import verified
from pinnsolve.trial.trial import Trial

POINTS = 7


def stopped_after(steps: int) -> Callable[[Look], None]:
    """What ends a run after so many steps, as Ctrl-C would: passed to `solve` as its progress."""

    def stop(look: Look) -> None:
        if look.step == steps:
            raise KeyboardInterrupt

    return stop


def random(*shape: int, seed: int = 0, low: float = 0.0, high: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)


def fields(names: str = "xy", size: int = POINTS, low: float = 0.2, high: float = 0.9) -> list[Jet]:
    """Coordinates as jets on random points."""
    chart = Chart(tuple(names), size, torch.float64, torch.device("cpu"))
    return [chart.coordinate(n, random(size, seed=k + 1, low=low, high=high)) for k, n in enumerate(names)]


def alphas(dimension: int, order: int) -> list[Alpha]:
    """All multi-indices up to a total order."""
    return [a for a in product(range(order + 1), repeat=dimension) if sum(a) <= order]


def nested(f: Callable[..., Tensor], leaves: list[Tensor], alpha: Alpha) -> Tensor:
    """The definition: D^alpha f by nested torch.autograd.grad."""
    leaves = [x.detach().clone().requires_grad_() for x in leaves]
    y = f(*leaves)
    for x, count in zip(leaves, alpha, strict=True):
        for _ in range(count):
            if not y.requires_grad:
                return torch.zeros_like(x)
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True, materialize_grads=True)
    return y.detach()


def assert_same_derivatives(f: Callable[..., Any], coordinates: list[Jet], order: int, tolerance: float) -> None:
    """Jets against nested autograd, relative to the largest value of each derivative (or one)."""
    jet = f(*coordinates)
    leaves = [x.value for x in coordinates]
    for alpha in alphas(len(leaves), order):
        true = nested(f, leaves, alpha)
        scale = max(1.0, float(true.abs().max()))
        assert jet.dense(alpha).shape == true.shape
        assert float((jet.dense(alpha) - true).detach().abs().max()) <= tolerance * scale, alpha


def built(problem: Problem, network: Any, seed: int = 0) -> Trial:
    """A trial function as `solve` builds it."""
    made, _ = verified(problem, check(problem))
    return Trial(problem, network, made, torch.Generator().manual_seed(seed))


def residuals_of(trial: Trial, count: int = 20, seed: int = 1, room: Room = UNLIMITED) -> Residuals:
    generator = torch.Generator().manual_seed(seed)
    problem = trial.problem
    places = [(site, sample(site.pieces, count, "uniform", generator)) for site in sites(problem, trial.plan)]
    return Residuals(trial, places, room=room)
