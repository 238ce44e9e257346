"""The weights of the loss terms: fixed by the user, or balanced automatically."""

from __future__ import annotations

from collections.abc import Mapping

from pinnsolve.errors import ProblemError
from pinnsolve.residuals import Residuals
from pinnsolve.settings import Settings


def weights_of(settings: Settings, residuals: Residuals) -> dict[str, float]:
    """One weight for each residual, as the settings want them."""
    if settings.weights == "balanced":
        return balanced(residuals)
    equations = [e.name for e in residuals.trial.problem.equations]
    if isinstance(settings.weights, Mapping):
        for name in settings.weights:
            if name not in residuals.names:
                raise ProblemError(
                    f"weights: there is no residual '{name}'", f"Possible: {', '.join(residuals.names)}."
                )
        return {n: float(settings.weights.get(n, 1.0)) for n in residuals.names}
    return {n: float(settings.weights) if n in equations else 1.0 for n in residuals.names}


def balanced(residuals: Residuals) -> dict[str, float]:
    """Weights that give every residual the same mean squared sensitivity to the network's parameters: one.

    That is the inverse of the mean diagonal of its neural tangent kernel J J^T.

    Source: Wang, Yu & Perdikaris, J. Comput. Phys. 449 (2022) 110768, equation 6.3.
    """
    squares = dict.fromkeys(residuals.names, 0.0)
    for block in residuals.linearised():
        for name, rows in block.jacobians.items():
            squares[name] += float(rows.square().sum()) / residuals.counts[name]
    return {name: 1 / s if s > 0 else 1.0 for name, s in squares.items()}


def weighted(weights: Mapping[str, float], rms: Mapping[str, float]) -> float:
    """The loss, sum over the residuals of weight * rms^2."""
    return sum(weights[name] * r**2 for name, r in rms.items())
