"""Iterations with one factorisation that use what the last ones have shown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from pinnsolve.march.mixing import Mixing


def solved(matrix: torch.Tensor, count: int, sizes: torch.Tensor, fresh: bool = False) -> tuple[torch.Tensor, float]:
    """c = A c + b in two cells of two unknowns with one feature, by so many mixed corrections A c + b - c: the last one's
    size and where it ends."""
    b = torch.tensor([1.0, -2.0, 3.0, 0.5], dtype=torch.float64)
    step: Any = SimpleNamespace(mesh=SimpleNamespace(shares=torch.tensor([0.25, 0.75], dtype=torch.float64)))
    step.stages, mixing, size = torch.zeros(1, 2, 2, 1, dtype=torch.float64), Mixing(), 0.0
    for k in range(count):
        change = (matrix @ step.stages.flatten() + b).view_as(step.stages) - step.stages
        size = float(change.norm())
        step.stages = step.stages + mixing.mixed(step, change, sizes, fresh or k == 0)
    return step.stages.flatten(), size


def test_what_is_linear_is_solved_in_as_many_moves_as_it_has_rates_even_where_iterations_alone_grow() -> None:
    """By the minimal polynomial of A: two rates, one above one, and a third correction leaves nothing; the mutant, which
    forgets, grows as 1.5^k."""
    turned = torch.linalg.qr(torch.arange(16.0, dtype=torch.float64).view(4, 4).sin()).Q
    matrix = turned @ torch.diag(torch.tensor([1.5, 0.8, 0.8, 1.5], dtype=torch.float64)) @ turned.T
    sizes = torch.tensor([1.0, 100.0], dtype=torch.float64)
    b = torch.tensor([1.0, -2.0, 3.0, 0.5], dtype=torch.float64)
    found, left = solved(matrix, 4, sizes)
    assert left < 1e-6
    assert torch.allclose(found, torch.linalg.solve(torch.eye(4, dtype=torch.float64) - matrix, b), atol=1e-5)
    assert solved(matrix, 4, sizes, fresh=True)[1] > 1.0


def test_moves_that_say_the_same_do_no_harm() -> None:
    found, left = solved(torch.zeros(4, 4, dtype=torch.float64), 8, torch.ones(2, dtype=torch.float64))
    assert left == 0.0 and found.tolist() == [1.0, -2.0, 3.0, 0.5]
