"""Fronts of one size, eliminated side by side, solve what a dense matrix does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from pinnsolve.algebra import batches
from pinnsolve.algebra.batches import Batch, batched
from pinnsolve.algebra.dissection import Dissection
from pinnsolve.algebra.fronts import Factors

CPU = torch.device("cpu")


class Blocks(dict[int, Tensor]):
    """What cells add, (S, k, k) each."""

    @property
    def like(self) -> Tensor:
        return next(iter(self.values()))[:, 0, 0]

    def make(self, cells: Sequence[int]) -> None:
        pass

    def several(self, cells: Sequence[int]) -> Tensor:
        return torch.stack([self.pop(cell) for cell in cells], 1)


def grid(n: int, counts: np.ndarray | int = 2) -> Dissection:
    """n x n cells with so many unknowns on each side."""
    number = np.arange(n * n).reshape(n, n)
    beside = [(number[:-1], number[1:]), (number[:, :-1], number[:, 1:])]
    sides = np.concatenate([np.stack([a.ravel(), b.ravel()], 1) for a, b in beside])
    centres = np.stack(np.divmod(np.arange(n * n), n), 1).astype(float)
    return Dissection(sides, np.broadcast_to(counts, len(sides)), centres, CPU)


def given(order: Dissection, systems: int, hermitian: bool, seed: int = 0) -> tuple[Blocks, np.ndarray]:
    """What cells add to complex systems, and the dense matrices, (S, N, N)."""
    generator = np.random.default_rng(seed)
    dense, found = np.zeros((systems, order.size, order.size), complex), Blocks()
    for cell in range(len(order.centres)):
        mine = order.of_cell(cell)
        shape = systems, len(mine) + 2, len(mine)
        root, other = (generator.normal(size=shape) + 1j * generator.normal(size=shape) for _ in range(2))
        block = root.conj().swapaxes(1, 2) @ root + (0.0 if hermitian else 0.1) * other[:, : len(mine)]
        dense[:, mine[:, None], mine] += block
        found[cell] = torch.from_numpy(block)
    return found, dense


@pytest.mark.parametrize("hermitian", [True, False])
@pytest.mark.parametrize("most", [1 << 21, 3000, 0])
def test_fronts_side_by_side_solve_what_a_dense_matrix_does(
    most: int, hermitian: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether all subtrees are eliminated at once, a few, or each front by itself; sides differ in their unknowns."""
    monkeypatch.setattr(Batch, "most", most)
    order = grid(6, np.random.default_rng(1).integers(1, 4, 60))
    blocks, dense = given(order, 2, hermitian)
    generator = np.random.default_rng(2)
    b = generator.normal(size=(2, order.size, 3)) + 1j * generator.normal(size=(2, order.size, 3))
    found = Factors(order, blocks, positive=hermitian).solve(torch.from_numpy(b.copy())).numpy()
    assert np.allclose(found, np.linalg.solve(dense, b), atol=1e-9)


def test_parts_come_after_those_below_them_and_alike_ones_together(monkeypatch: pytest.MonkeyPatch) -> None:
    order = grid(16)
    numbers = range(len(order.parts))
    seen = set[int]()
    for batch in batched(order, numbers):
        below = {k for number in batch.numbers for k, _ in order.parts[number].below}
        assert below <= seen and not below & set(batch.numbers)
        seen.update(batch.numbers)
    assert seen == set(numbers)
    assert len(batched(order, numbers)) < len(numbers) / 5
    monkeypatch.setattr(batches.Batch, "small", 0)
    apart = batched(grid(16), numbers)
    assert len(apart) == len(numbers), "large fronts follow one after the other"


def test_a_direction_that_nothing_determines_in_one_front_leaves_the_others_as_they_are() -> None:
    """Its matrix is negative by more than rounding, so that more is added to it; errors elsewhere are those of
    rounding."""
    order = grid(4)
    blocks, _ = given(order, 1, True)
    part = next(part for part in order.parts if len(part.inner))  # one of the smallest
    inner, matrix = part.inner.numpy(), np.zeros((order.size, order.size), complex)
    told = 0.5 - 5e-13 * torch.eye(len(inner), dtype=torch.complex128)
    for cell, block in blocks.items():
        mine = order.of_cell(cell)
        if cell in dict(part.within):
            lost = torch.from_numpy(np.isin(mine, inner))
            block[:, lost] = 0
            block[:, :, lost] = 0
            block[:, lost.nonzero(), lost.nonzero()[:, 0]] = told
        matrix[np.ix_(mine, mine)] += block[0].numpy()
    assert len(inner) > 1 and np.linalg.eigvalsh(matrix)[0] < -5e-13
    others, x = np.setdiff1d(np.arange(order.size), inner), np.random.default_rng(3).normal(size=order.size)
    found = Factors(order, blocks).solve(torch.from_numpy((matrix @ x)[None, :, None]))[0, :, 0].numpy()
    assert np.abs(found - x)[others].max() < 1e-11
