"""What hidden layers of sines and tanh span within a cell."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from pinnsolve.networks.hidden_layer import RULES, neurons
from pinnsolve.networks.moved import among_others, refined
from pinnsolve.networks.reference_cell import ReferenceCell, reference_cell

CPU, LAYERS = torch.device("cpu"), ("sine", "tanh")
EACH = list(itertools.product(LAYERS, (1, 2)))
FUNCTIONS = {"sine": torch.sin, "tanh": torch.tanh}


def cell_of(layer: str, degree: int, dims: int) -> ReferenceCell:
    return reference_cell(degree, CPU, dims, layer)


def nearest(cell: ReferenceCell, values: Tensor, places: Tensor) -> Tensor:
    """What the features leave of values at places, (N, k)."""
    table = cell.features(places, (0,) * cell.dims)
    return values - table @ torch.linalg.lstsq(table, values, driver="gelsd").solution


def drawn(dims: int, count: int = 400) -> Tensor:
    return 2 * torch.rand(count, dims, generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 1


@pytest.mark.parametrize(("layer", "dims"), EACH)
def test_features_are_orthonormal_and_as_many_as_polynomials(layer: str, dims: int) -> None:
    cell = cell_of(layer, 7, dims)
    xi, w = cell.gauss(24)
    values = cell.features(xi, (0,) * dims)
    assert cell.count == math.comb(7 + dims, dims)
    assert torch.allclose(values.T @ (w[:, None] * values), torch.eye(cell.count).double(), atol=1e-12)


@pytest.mark.parametrize(("layer", "dims"), EACH)
def test_features_are_combinations_of_neurons_and_low_polynomials_and_of_nothing_else(layer: str, dims: int) -> None:
    cell, places = cell_of(layer, 7, dims), drawn(dims)
    w, b = (torch.from_numpy(v) for v in neurons(layer, cell.count, dims))
    low = [
        math.prod(places[:, i] ** k for i, k in enumerate(powers))
        for powers in cell.powers.tolist()
        if sum(powers) <= RULES.low
    ]
    layer_of = torch.cat([FUNCTIONS[layer](places @ w.T + b), torch.stack(low, 1)], 1)
    features = cell.features(places, (0,) * dims)
    left = features - layer_of @ torch.from_numpy(np.linalg.lstsq(layer_of.numpy(), features.numpy(), rcond=1e-15)[0])
    assert float(left.abs().max()) < 1e-6 * float(features.abs().max()), "rounding, times weights of 1e8"
    polynomials = reference_cell(7, CPU, dims).features(places, (0,) * dims)
    away = features - polynomials @ torch.linalg.lstsq(polynomials, features).solution
    assert float(away.abs().max()) > 1e-3, "they are no polynomials"


@pytest.mark.parametrize(("layer", "dims"), EACH)
def test_low_polynomials_are_there_to_rounding(layer: str, dims: int) -> None:
    cell, places = cell_of(layer, 7, dims), drawn(dims)
    low = torch.stack(
        [math.prod(places[:, i] ** k for i, k in enumerate(p)) for p in cell.powers.tolist() if sum(p) < 4], 1
    )
    assert float(nearest(cell, low, places).abs().max()) < 1e-13


@pytest.mark.parametrize(("layer", "order"), list(itertools.product(LAYERS, (1, 2, 4))))
def test_derivatives_are_those_of_autograd(layer: str, order: int) -> None:
    cell = cell_of(layer, 9, 1)
    xi = torch.linspace(-1, 1, 7, dtype=torch.float64, requires_grad=True)
    found = cell.features(xi[:, None], (order,))
    for k in range(cell.count):
        (slope,) = torch.autograd.grad(cell.features(xi[:, None], (order - 1,))[:, k].sum(), xi, retain_graph=True)
        assert torch.allclose(found[:, k], slope, rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("layer", LAYERS)
def test_mirrored_and_exchanged_coordinates_span_the_same(layer: str) -> None:
    cell, places = cell_of(layer, 6, 2), drawn(2)
    for seen in (places * torch.tensor([-1.0, 1.0]), places * torch.tensor([1.0, -1.0]), places.flip(1)):
        assert float(nearest(cell, cell.features(seen, (0, 0)), places).abs().max()) < 1e-9


@pytest.mark.parametrize("layer", LAYERS)
def test_what_a_cell_leaves_falls_with_its_width_faster_than_the_low_polynomials_say(layer: str) -> None:
    """Polynomials of degree 3 are exact, so that of a smooth function on cells of width h O(h^4) is left at most."""
    cell, places, left = cell_of(layer, 6, 2), drawn(2), []
    for h in (1.0, 0.5, 0.25, 0.125):
        left.append(float(nearest(cell, torch.exp(h * places.sum(1, keepdim=True)), places).abs().max()))
    assert all(math.log2(a / b) > 3.8 for a, b in itertools.pairwise(left)), left
    assert left[0] < 5e-3 and left[-1] < 1e-7


@pytest.mark.parametrize("layer", LAYERS)
def test_halves_and_richer_features_hold_what_was_there(layer: str) -> None:
    cell, richer, x = cell_of(layer, 11, 1), cell_of(layer, 13, 1), torch.linspace(-1, 1, 41).double()[:, None]
    smooth = torch.sin(2 * x + 0.3)
    c = torch.linalg.lstsq(cell.features(x, (0,)), smooth).solution.T[None]  # (1, 1, M)
    left, right = refined(c, [[0]], cell)
    for half, at in ((left, (x - 1) / 2), (right, (x + 1) / 2)):
        assert torch.allclose(cell.features(x, (0,)) @ half[0], torch.sin(2 * at + 0.3)[:, 0], atol=1e-9)
    again = among_others(c, cell, richer)
    assert torch.allclose(richer.features(x, (0,)) @ again[0, 0], smooth[:, 0], atol=1e-9)
