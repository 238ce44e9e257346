"""Least squares whose rows come some at a time: the same as all at once, and no worse where columns nearly depend."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pinnsolve.algebra import least_squares
from pinnsolve.algebra.least_squares import Triangle, solved

ROUNDING = 1e-12


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def in_parts(matrix: Tensor, right: Tensor, part: int, ridge: float, front: int) -> tuple[Tensor, float]:
    triangle = Triangle(len(matrix), matrix.shape[1], matrix, right.shape[1], front)
    for begin in range(0, len(matrix), part):
        triangle.add(matrix[begin : begin + part], right[begin : begin + part])
    found = triangle.solved(ridge)
    assert found is not None
    return found


@pytest.mark.parametrize("front", [1, 1500, 10**7], ids=["folded often", "folded", "at once"])
@pytest.mark.parametrize(("rows", "rights"), [(90, 1), (90, 3), (12, 1), (301, 2)])
def test_rows_in_parts_are_rows_at_once(front: int, rows: int, rights: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the definition: columns of length one over a ridge; with fewer rows than columns too."""
    monkeypatch.setattr(least_squares, "BLOCK", 7)
    ridge, matrix, right = 1e-3, random(rows, 20) * 10 ** random(20, seed=1), random(rows, rights, seed=2)
    scale = matrix.norm(dim=0)
    system = torch.cat([matrix / scale, ridge * torch.eye(20, dtype=torch.float64)])
    true = torch.linalg.lstsq(system, torch.cat([right, torch.zeros(20, rights, dtype=torch.float64)])).solution
    found, left = in_parts(matrix, right, 37, ridge, front)
    assert float((found * scale[:, None] - true).abs().max()) <= ROUNDING / ridge * float(true.abs().max())
    assert left == pytest.approx(float((matrix @ found - right).square().sum()), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("front", [1, 10**7], ids=["folded often", "at once"])
def test_nearly_dependent_columns_cost_no_more_than_their_condition(front: int) -> None:
    """Condition 1e10: by A^T A nothing would be left of sixteen digits; by QR the residual is that of rounding."""
    u, v = torch.linalg.qr(random(200, 30))[0], torch.linalg.qr(random(30, 30, seed=1))[0]
    matrix = u * torch.logspace(0, -10, 30, dtype=torch.float64) @ v.T
    right = matrix @ random(30, 1, seed=2)
    found, left = in_parts(matrix, right, 16, 1e-16, front)
    assert float((matrix @ found - right).norm() / right.norm()) < 1e-14
    assert left**0.5 < 1e-14 * float(right.norm())


def test_the_front_never_grows_with_the_rows() -> None:
    sizes = {Triangle(rows, 20, random(1), front=5000).front.numel() for rows in (10**3, 10**6, 10**9)}
    assert sizes == {5000 // 21 * 21}


def test_what_is_not_finite_has_no_solution() -> None:
    assert solved(torch.full((5, 2), torch.nan, dtype=torch.float64), random(5, 1), 1e-12) is None
    assert solved(torch.zeros(5, 2, dtype=torch.float64), random(5, 1), 1e-12) is not None, "a column of zeros"
