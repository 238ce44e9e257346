"""How smooth data say that unknown functions are (`pinnsolve.inverse.smoothness`)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, cos, sin

from pinnsolve import Box, Problem, Unknown, d, initial, laplace, observed, solve
from pinnsolve.inverse.smoothness import RULES, Bends, Smoothness


def evidence(rows: Tensor, given: Tensor, bends: Bends, price: float) -> float:
    """The logarithm of the data's probability, but for a constant, as the normal density of `given` itself."""
    shape = torch.linalg.inv(bends.rows.T @ bends.rows)
    mean = -torch.linalg.solve(bends.rows, bends.beside)
    covariance = torch.eye(len(given), dtype=given.dtype) + rows @ shape @ rows.T / price
    away = given - rows @ mean
    return -0.5 * float(away @ torch.linalg.solve(covariance, away) + torch.logdet(covariance))


def test_the_price_is_where_the_evidence_is_largest() -> None:
    draw = torch.Generator().manual_seed(3)
    rows, bent = (torch.randn(n, 12, generator=draw, dtype=torch.float64) for n in (40, 12))
    bends = Bends(bent, torch.randn(12, generator=draw, dtype=torch.float64))
    true = 0.3 * torch.linalg.solve(bent, torch.randn(12, generator=draw, dtype=torch.float64))
    given = rows @ true + torch.randn(40, generator=draw, dtype=torch.float64)
    triangle = torch.linalg.qr(rows)
    (found,) = Smoothness((bends,)).priced(triangle.R, triangle.Q.T @ given).bends
    best = max(torch.logspace(-3, 3, 601).tolist(), key=lambda price: evidence(rows, given, bends, price))
    assert found.price == pytest.approx(best, rel=4 * RULES.settled)


def test_a_source_whose_walls_nobody_knows_is_found_beside_the_noise() -> None:
    """Without a price the source follows the noise: it was 0.7 off."""
    random = np.random.default_rng(1)
    xs, ys = random.uniform(0, 1, (2, 400))
    us = np.sin(3 * xs) * np.cos(2 * ys)  # -laplace(u) = 13 u
    seen = us + 0.01 * random.standard_normal(400)
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)),
        unknowns="u",
        equations=lambda u, x, y, q: laplace(u, x, y) + q,
        conditions=observed(x=xs, y=ys, u=seen, sigma=0.01),
        parameters={"q": Unknown(1.0, of=("x", "y"))},
        tolerance=0.05,
    )
    found = solve(problem)
    places = torch.rand(2, 200, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    true = 13 * sin(3 * places[0]) * cos(2 * places[1])
    off = torch.from_numpy(found.d("q")(x=places[0].numpy(), y=places[1].numpy())) - true
    assert float(off.norm() / true.norm()) < 0.15


@pytest.mark.parametrize(("slope", "constant"), [(0.0, True), (0.8, False)])
def test_a_function_that_is_a_constant_as_far_as_data_tell_is_told_as_one(slope: float, constant: bool) -> None:
    """Its error was relative to what noise makes of its variation."""
    ts = np.linspace(0, 3, 50)
    us = 2 * (1 - np.exp(-ts)) + slope * (ts - 1 + np.exp(-ts))  # u' + u = 2 + slope t
    seen = us + 0.01 * np.random.default_rng(3).standard_normal(50)
    problem = Problem(
        time=(0, 3),
        unknowns="u",
        equations=lambda u, t, q: d(u, t) + u - q,
        conditions=[initial(u=0), observed(t=ts, u=seen, sigma=0.01)],
        parameters={"q": Unknown(1.0, of="t")},
        tolerance=0.1,
    )
    training = solve(problem).training
    assert training is not None and training.identified is not None and training.estimate is not None
    told = [w for w in training.identified.warnings if w.startswith("q is the same everywhere")]
    assert bool(told) is constant
    assert (training.outcome.kind == "converged" and training.estimate < 0.1) or not constant
