"""An estimate of the error without a reference, from two solutions of one problem.

Two solutions with different features differ by about the error of the worse one, and errors go as the residuals on
points that training never sees. So the better one's error is about

    max over the unknowns of ||u_worse - u_better|| / ||u_better||  *  residual_better / residual_worse.

The ratio of the residuals counts as a tenth at least: over more than a decade the two do not go together well enough.
The estimate decides when to stop, never a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from pinnsolve.weights import weighted

LEAST = 0.1  # of the ratio of residuals


@dataclass(frozen=True)
class Found:
    """A solution on held-out points.

    Parameters
    ----------
    held_out : dict from residual name to float
        Root mean squares.
    values : dict from unknown to tensor (N,)
    """

    held_out: Mapping[str, float]
    values: Mapping[str, Tensor]

    def size(self, weights: Mapping[str, float]) -> float:
        """The weighted residual (rms)."""
        return weighted(weights, self.held_out) ** 0.5


def estimated(worse: Found, better: Found, weights: Mapping[str, float]) -> float:
    """The relative L2 error of the better solution (dimensionless), the largest over the unknowns."""
    differences = [
        float((worse.values[u] - v).norm()) / (float(v.norm()) or 1.0) for u, v in better.values.items()
    ]  # of an unknown that vanishes the plain norm
    return max(differences) * max(LEAST, better.size(weights) / (worse.size(weights) or 1.0))
