"""The features of a cell, how cells are joined, halved and merged."""

from __future__ import annotations

import pytest
import torch

from pinnsolve.networks.moved import carried, coarsened, refined
from pinnsolve.networks.reference_cell import legendre, reference_cell
from pinnsolve.networks.tiles import Tiles

CPU = torch.device("cpu")


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_derivatives_are_those_of_autograd(order: int) -> None:
    xi = torch.linspace(-1, 1, 7, dtype=torch.float64, requires_grad=True)
    found = legendre(xi, 6, order + 1)
    for k in range(7):
        (slope,) = torch.autograd.grad(legendre(xi, 6, order)[:, k].sum(), xi, retain_graph=True, allow_unused=True)
        assert torch.allclose(found[:, k], torch.zeros_like(xi) if slope is None else slope, atol=1e-9)


def test_features_are_orthonormal() -> None:
    cell = reference_cell(9, CPU)
    xi, w = cell.gauss(10)
    values = cell.features(xi, (0,))
    assert torch.allclose(values.T @ (w[:, None] * values), torch.eye(10, dtype=torch.float64), atol=1e-13)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_coefficients_are_traces_and_what_they_leave_open(order: int) -> None:
    cell = reference_cell(9, CPU)
    lift, free = cell.joins(order)
    assert lift.shape == (10, 2 * order) and free.shape == (10, 10 - 2 * order)
    if order:
        traces = torch.stack([cell.end(k) for k in range(order)], 1).flatten(0, 1)
        assert torch.allclose(traces @ lift, torch.eye(2 * order, dtype=torch.float64), atol=1e-10)
        assert torch.allclose(traces @ free, torch.zeros(2 * order, 10 - 2 * order, dtype=torch.float64), atol=1e-9)


def intervals() -> Tiles:
    return Tiles.begun([(0.0, 2.0)], 3, [[0.7]], CPU).split([0, -1, 0])


def test_cells_end_at_joints_and_are_halved() -> None:
    begun = Tiles.begun([(0.0, 2.0)], 3, [[0.7]], CPU)
    assert begun.lows[:, 0].tolist() == pytest.approx([0.0, 0.7, 1.35])
    assert len(intervals()) == 5
    assert intervals().siblings([True] * 5) == [(0, 1, 0), (3, 4, 0)]
    assert intervals().joined([(0, 1, 0), (3, 4, 0)]) == begun


def test_halves_that_make_no_whole_are_not_merged() -> None:
    cells = Tiles.begun([(0.0, 1.0)], 1, [[]], CPU).split([0]).split([0, 0])
    assert cells.siblings([True] * 4) == [(0, 1, 0), (2, 3, 0)]  # never the second with the third


def values(cells: Tiles, c: torch.Tensor, xi: torch.Tensor) -> torch.Tensor:
    return c @ legendre(xi, c.shape[-1] - 1, 0).T


def test_halving_keeps_the_function_and_merging_finds_it_again() -> None:
    cell, begun = reference_cell(7, CPU), Tiles.begun([(0.0, 1.0)], 2, [[]], CPU)
    c = torch.randn(2, 1, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    halved = refined(c, [[0, -1]], cell)
    xi = torch.tensor([-0.6, 0.2], dtype=torch.float64)
    assert torch.allclose(values(begun, halved[:1], xi), values(begun, c[:1], (xi - 1) / 2))
    for joins in (0, 1, 2):
        assert torch.allclose(coarsened(halved, [(0, 1, 0)], cell, [joins]), c, atol=1e-10)


def test_merging_keeps_outer_traces() -> None:
    cell = reference_cell(7, CPU)
    c = torch.randn(2, 1, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    whole = coarsened(c, [(0, 1, 0)], cell, [2])
    for k in range(2):
        left, right = c[0, 0] @ cell.end(k)[0] * 2**k, c[1, 0] @ cell.end(k)[1] * 2**k
        assert torch.allclose(whole[0, 0] @ cell.end(k).T, torch.stack([left, right]), atol=1e-10)


def test_coefficients_are_carried_over_several_levels() -> None:
    cell, begun = reference_cell(5, CPU), Tiles.begun([(0.0, 1.0)], 2, [[]], CPU)
    finer = begun.split([0, -1]).split([0, -1, -1])
    c = torch.randn(3, 2, 1, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    there = carried(c, begun, finer, cell, [1])
    assert there.shape == (3, 4, 1, 6)
    assert torch.allclose(carried(there, finer, begun, cell, [1]), c, atol=1e-10)
