"""Noisy measurements alone: smoothed as much as they ask for, with an error that is theirs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pinnsolve import Box, Problem, exact, observed, solve
from pinnsolve.algebra.evidence import evidence

RNG = np.random.default_rng(4)
X, Y = RNG.uniform(-1, 1, (2, 300))
NOISE = RNG.standard_normal(300)


def truth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.exp(-4 * ((x - 0.2) ** 2 + y**2)) + 0.3 * y


def logarithm(matrix: torch.Tensor, right: torch.Tensor, precisions: torch.Tensor, variance: float) -> float:
    """ln p(b) of b normal about zero with the covariance A diag(1/a) A^T + s^2, as textbooks define it."""
    covariance = matrix @ torch.diag(1 / precisions) @ matrix.T + variance * torch.eye(len(right), dtype=right.dtype)
    return float(torch.distributions.MultivariateNormal(torch.zeros_like(right), covariance).log_prob(right))


def test_the_evidence_is_largest_where_it_is_found() -> None:
    generator = torch.Generator().manual_seed(2)
    matrix = torch.randn(80, 30, generator=generator, dtype=torch.float64)
    groups = torch.arange(30) // 10
    sizes = torch.tensor([3.0, 0.5, 0.02], dtype=torch.float64)
    right = matrix @ (sizes[groups] * torch.randn(30, generator=generator, dtype=torch.float64))
    right = right + 0.4 * torch.randn(80, generator=generator, dtype=torch.float64)
    found = evidence(matrix, right, groups)
    assert found is not None
    most = logarithm(matrix, right, found.precisions, found.variance)
    for k in range(2):  # the last group is below the noise, where the evidence is flat
        for factor in (0.5, 2.0):
            other = torch.where(groups == k, factor * found.precisions, found.precisions)
            assert logarithm(matrix, right, other, found.variance) < most
    assert all(logarithm(matrix, right, found.precisions, f * found.variance) < most for f in (0.6, 1.6))
    assert found.variance**0.5 == pytest.approx(0.4, rel=0.3)


@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_the_error_is_small_and_the_stated_one_is_like_it(noise: float) -> None:
    problem = Problem(
        space=Box(x=(-1, 1), y=(-1, 1)), unknowns="u", reference=None, tolerance=1.0,
        conditions=observed(x=X, y=Y, u=truth(X, Y) + noise * NOISE, sigma=noise),
    )  # fmt: skip
    solution = solve(problem)
    x, y = np.random.default_rng(5).uniform(-1, 1, (2, 2000))
    error = np.sqrt(np.mean((solution.u(x=x, y=y) - truth(x, y)) ** 2)) / np.std(truth(x, y))
    assert error < 0.7 * noise / np.std(truth(x, y))  # what is left of it where neighbours are averaged
    assert solution.estimate is not None
    assert 1 / 3 < solution.estimate / error < 3


def test_other_units_change_nothing() -> None:
    errors = []
    for unit, size in ((1.0, 1.0), (1e-3, 1e6)):
        problem = Problem(
            space=Box(x=(-unit, unit), y=(-unit, unit)), unknowns="u", tolerance=0.2,
            reference=exact(u=lambda x, y, unit=unit, size=size: size * truth(x / unit, y / unit)),
            conditions=observed(x=unit * X, y=unit * Y, u=size * (truth(X, Y) + 0.1 * NOISE), sigma=size * 0.1),
        )  # fmt: skip
        solution = solve(problem)
        errors.append(float(solution.u(x=0.3 * unit, y=-0.2 * unit)) / size)
    assert errors[0] == pytest.approx(errors[1], rel=1e-6)
