"""Weights of the loss terms from the Jacobian: the same sensitivity for every residual."""

from __future__ import annotations

import math
from typing import Literal

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.residuals import Residuals


def balanced(residuals: Residuals) -> dict[str, float]:
    """Weights that give every residual the same mean squared sensitivity to the network's parameters: one.

    That is the inverse of the mean diagonal of its neural tangent kernel J J^T.

    Source: Wang, Yu & Perdikaris, J. Comput. Phys. 449 (2022) 110768, equation 6.3.
    """
    squares, largest = dict.fromkeys(residuals.names, 0.0), dict.fromkeys(residuals.names, 0.0)
    for block in residuals.linearised(residuals.few):
        for name, rows in block.jacobians.items():  # in place: rows of a wide network are gigabytes
            if rows.numel():
                low, high = map(float, rows.aminmax())
                largest[name] = max(largest[name], -low, high)
            squares[name] += float(rows.square_().sum()) / residuals.counts[name]
    squares, largest = _of_all(residuals, squares, "sum"), _of_all(residuals, largest, "largest")
    range_of = torch.finfo(residuals.trial.dtype)
    for name, size in largest.items():  # out of range the weight would be zero or infinite, and the loss no loss
        overflow = math.isfinite(size) and squares[name] > range_of.max
        if overflow or 0 < size < range_of.tiny**0.5:
            raise ProblemError(
                f"the residual '{name}' changes by {size:.0e} with the network's weights: its squares are beyond what "
                f"{str(residuals.trial.dtype).removeprefix('torch.')} can hold",
                "Divide the equation by its size, or choose other units.",
            )
    return {name: 1 / s if s > 0 else 1.0 for name, s in squares.items()}


def _of_all(residuals: Residuals, mine: dict[str, float], how: Literal["sum", "largest"]) -> dict[str, float]:
    """Numbers by name, over all ranks that share the points."""
    found = getattr(residuals.world, how)(torch.tensor(list(mine.values()), dtype=torch.float64))
    return dict(zip(mine, found.tolist(), strict=True))
