"""What cells say at points that they have met before."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pinnsolve import Box, Problem, d, dirichlet, initial, solve
from pinnsolve.trial.marched import Marched

PROBLEMS = {
    "a march": Problem(
        space=Box(x=(0, 1)), time=(0, 0.1), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
        conditions=[initial(u=lambda x: torch.sin(torch.pi * x)), dirichlet(u=0)],
    ),
    "a plane": Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y: d(u, x, x) + d(u, y, y) - 1,
        conditions=dirichlet(u=lambda x: x**2 / 2), tolerance=0.1,
    ),
    "a line": Problem(
        time=(0, 1), unknowns="u", equations=lambda u, t: d(u, t) + u, conditions=[initial(u=1)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_other_cells_say_other_values_at_the_same_points(name: str) -> None:
    trial: Any = solve(PROBLEMS[name], budget=60).trial
    points = trial.problem.domain.interior.draw(50, "sobol", torch.Generator().manual_seed(2))
    prepared = trial.prepare(points)
    order = (1, *(0,) * (len(trial.problem.coordinates) - 1))

    def told(where: Any) -> torch.Tensor:
        field = trial.unknowns(where)["u"]
        return torch.stack([field.value, field.dense(order)])

    before = told(prepared)
    assert torch.equal(told(prepared), before)
    modes = torch.cat([s.modes for s in trial.slabs]) if isinstance(trial, Marched) else trial.coefficients
    trial.add(modes)
    assert torch.allclose(told(prepared), 2 * before, rtol=1e-9, atol=1e-9)  # twice the field, by hand
    assert torch.equal(told(prepared), told(trial.prepare(points)))
