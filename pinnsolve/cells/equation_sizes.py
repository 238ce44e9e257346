"""How large the terms of each equation of a march are."""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Step
from pinnsolve.cells.rows import in_time


def equation_sizes(step: Step) -> Tensor:
    """(E,): the mean slope of each equation along the highest derivative in time, times the unknown's size; of one
    without such, the size of its terms over the length of the domain."""
    e = step.scheme.evolution
    found = step.inside(step.scheme.points, slopes=True)
    sizes = torch.zeros(len(e.equations), dtype=torch.float64, device=step.scheme.device)
    order = in_time(e, found.slopes)
    for (i, f, alpha), slope in found.slopes.items():
        k, times = e.derivative(alpha)
        if times == order[i]:
            powers = torch.tensor(k, dtype=torch.float64, device=step.scheme.device)
            sizes[i] += slope.abs().mean() * e.sizes[f] / (step.mesh.lengths**powers).prod()
    return torch.where(sizes > 0, sizes, torch.ones_like(sizes))
