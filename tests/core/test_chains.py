"""The elimination of a chain of cells against the dense problem that it stands for."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pinnsolve.algebra.chains import Chain, Prescribed
from pinnsolve.algebra.radau import radau
from pinnsolve.errors import ProblemError

COMPLEX = torch.complex128


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=COMPLEX, generator=torch.Generator().manual_seed(sum(shape)))


def dense(rows: Tensor, own: int, joint: int) -> Tensor:
    """(n R, n own + (n + 1) joint): all cells' rows on all unknowns, joints last."""
    n, r, _ = rows.shape
    found = torch.zeros(n * r, n * own + (n + 1) * joint, dtype=COMPLEX)
    for k in range(n):
        found[k * r : (k + 1) * r, k * own : (k + 1) * own] = rows[k, :, :own]
        found[k * r : (k + 1) * r, n * own + k * joint : n * own + (k + 2) * joint] = rows[k, :, own:]
    return found


@pytest.mark.parametrize("ring", [False, True])
@pytest.mark.parametrize("spare", [0, 2])
def test_cells_that_share_nothing_are_solved_one_by_one(spare: int, ring: bool) -> None:
    """As of equations without a derivative along space, u_t = f(u)."""
    rows, b = drawn(2, 5, 4 + spare, 4), drawn(2, 5, 4 + spare, 3)
    nothing = Prescribed(rows.new_zeros(2, 0, 0), rows.new_zeros(2, 0, 0))
    z = Chain(rows, 4, None if ring else nothing).solve(b)
    assert torch.allclose(z, torch.linalg.lstsq(rows, b).solution)


@pytest.mark.parametrize("cells", [1, 2, 8, 13, 27])  # beyond ten neighbours are joined in pairs before
@pytest.mark.parametrize("spare", [0, 1, 3])  # rows beyond own numbers and one joint: from square to least squares
@pytest.mark.parametrize("ring", [False, True])
def test_a_chain_solves_its_least_squares_problem(cells: int, spare: int, ring: bool) -> None:
    own, joint = 4, 3
    rows, b = drawn(2, cells, own + joint + spare, own + 2 * joint), drawn(2, cells, own + joint + spare, 2)
    ends = None if ring else Prescribed(drawn(2, 1, joint), drawn(2, joint - 1, joint) + 1)
    walls = None if ring else drawn(2, joint, 2)
    z, left, right = Chain(rows, own, ends).solve(b, walls).split([own, joint, joint], -2)
    assert torch.equal(left[:, 1:], right[:, :-1])
    for s in range(2):
        matrix = dense(rows[s], own, joint)
        x = torch.cat([z[s].flatten(0, 1), left[s].flatten(0, 1), right[s, -1]])
        held = torch.zeros(joint, matrix.shape[1], dtype=COMPLEX)
        if ends is None:
            held[:, cells * own : cells * own + joint] = torch.eye(joint)
            held[:, -joint:] = -torch.eye(joint)
            wanted = torch.zeros(joint, 2, dtype=COMPLEX)
        else:
            held[:1, cells * own : cells * own + joint] = ends.left[s]
            held[1:, -joint:] = ends.right[s]
            wanted = walls[s] if walls is not None else None
        assert torch.allclose(held @ x, wanted, atol=1e-10)
        slope = matrix.mH @ (matrix @ x - b[s].flatten(0, 1))  # a combination of what is held, and nothing else
        multipliers = torch.linalg.lstsq(held.mH, slope).solution
        assert torch.allclose(held.mH @ multipliers, slope, atol=1e-9)


def test_too_many_conditions_are_refused() -> None:
    rows = drawn(1, 3, 8, 4 + 4)
    with pytest.raises(ProblemError, match="5 conditions stand at the two walls, and 4 numbers"):
        Chain(rows, 4, Prescribed(drawn(1, 3, 2), drawn(1, 2, 2)))


def decayed(stages: int, length: float) -> float:
    """The error of one step of u' = -u, by the decoupled stages."""
    r = radau(stages, torch.device("cpu"))
    w = -(r.into @ r.start.to(COMPLEX)) / (r.values + length)
    return abs(float((r.back[-1] @ w).real) - math.exp(-length))


@pytest.mark.parametrize("stages", [2, 3])
def test_radau_solves_linear_equations_to_its_order(stages: int) -> None:
    """Order 2 q - 1 at the end: the error of one step is of one power more."""
    order = math.log2(decayed(stages, 0.2) / decayed(stages, 0.1))
    assert order == pytest.approx(2 * stages, abs=0.2)


@pytest.mark.parametrize("stages", [5, 7, 9])
def test_many_stages_are_exact(stages: int) -> None:
    assert decayed(stages, 0.4) < 1e-11  # what the eigenvectors leave of rounding


def test_radaus_slopes_are_those_of_polynomials() -> None:
    r = radau(5, torch.device("cpu"))
    x = r.places
    for k in range(6):
        found = r.slopes @ x[1:] ** k + r.start * x[0] ** k
        assert torch.allclose(found, k * x[1:] ** max(k - 1, 0), atol=1e-12)
    assert torch.allclose(
        r.at(torch.tensor([0.3], dtype=torch.float64)) @ x**5, torch.tensor([0.3**5], dtype=torch.float64)
    )
