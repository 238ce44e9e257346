"""What is prescribed of unknowns that evolve along a line or in a plane: at the start, and at an end over time."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from pinnsolve.problem.equation import Prescribed
from pinnsolve.trial.evolution import Evolution


def at_start(laws: Evolution, x: Tensor, usual: Mapping[str, float]) -> Tensor:
    """The unknowns (F, N) at places along a line (N,), or in a plane (N, 2); of one without a start its usual value."""
    rows, x = [], x if x.dim() > 1 else x[:, None]
    for u in laws.problem.unknowns:
        told = laws.starts.get(u)
        rows.append(torch.full_like(x[:, 0], usual[u]) if told is None else laws.given(told, x, laws.times[0]))
    return torch.stack(rows)


def over_time(laws: Evolution, told: Prescribed, place: float, times: Tensor) -> Tensor:
    """A value that is prescribed at a place, at times (N,)."""
    at = torch.full((1, 1), place, dtype=torch.float64)
    return torch.cat([laws.given(told, at, float(t)) for t in times])
