"""Where nodes of a line close up towards its ends."""

import numpy as np
import pytest
import torch

from pinnsolve import Box, Problem, d, dirichlet, initial
from pinnsolve.checks.check import check
from pinnsolve.classical.lines import SPREAD, line
from pinnsolve.classical.reading import read
from pinnsolve.classical.solving import Solver


@pytest.mark.parametrize("count", [33, 65])
@pytest.mark.parametrize(("closing", "least", "most"), [(SPREAD.even, 0.5, 1.0), (SPREAD.closing, 0.1, 0.2)])
def test_first_intervals_beside_the_mean_one(count, closing, least, most):
    """Chebyshev's nodes would have pi^2 / 4 (n - 1) of it, 0.08 for 33: a march has more, a plane nearly all."""
    nodes = line((2.0, 5.0), count, 9, False, closing=closing).nodes
    assert least < (nodes[1] - nodes[0]) * (count - 1) / 3.0 < most
    assert nodes[0] == 2.0
    assert nodes[-1] == 5.0
    assert np.allclose(nodes + nodes[::-1], 7.0)


def test_a_start_that_jumps_is_met_at_its_jumps() -> None:
    """A top hat that spreads, u_t = u_xx / 20: nodes stand at its jumps with the mean of both sides, so that its mass is
    right to second order: 51 of them are 2e-3 off. With jumps between nodes it is 3e-2, with the value of one side 6e-2."""
    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 0.2), unknowns="u", equations=lambda u, x, t: d(u, t) - 0.05 * d(u, x, x),
        conditions=[initial(u=lambda x: torch.where((x > 0.31) & (x < 0.64), 1.0, 0.0)), dirichlet(u=0)],
    )  # fmt: skip
    solver = Solver(read(problem), check(problem), np.inf)
    assert solver.in_starts["x"] == pytest.approx([0.31, 0.64], abs=1e-6)
    grid = solver.grid(51, 1.0, {})
    found = solver.solved(grid, 1e-5, [])
    x, k = np.linspace(0, 1, 200), np.pi * np.arange(1, 200)
    parts = 2 / k * (np.cos(0.31 * k) - np.cos(0.64 * k)) * np.exp(-0.05 * k**2 * 0.1)
    true = np.sin(np.outer(x, k)) @ parts
    assert np.linalg.norm(found.at(0, {"x": x, "t": np.full(200, 0.1)}) - true) <= 4e-3 * np.linalg.norm(true)
