"""The weights of the loss terms: fixed by the user, or balanced automatically."""

from __future__ import annotations

from collections.abc import Mapping

from pinnsolve.errors import ProblemError
from pinnsolve.methods.balance import balanced
from pinnsolve.residuals import Residuals
from pinnsolve.settings import Settings


def weights_of(settings: Settings, residuals: Residuals, before: dict[str, float]) -> dict[str, float]:
    """One weight for each residual, as the settings want them; those before stay where nothing can be balanced."""
    if settings.weights == "balanced":
        return balanced(residuals) if residuals.trial.balances else before or dict.fromkeys(residuals.names, 1.0)
    equations = [e.name for e in residuals.trial.problem.equations]
    if isinstance(settings.weights, Mapping):
        for name in settings.weights:
            if name not in residuals.names:
                raise ProblemError(
                    f"weights: there is no residual '{name}'", f"Possible: {', '.join(residuals.names)}."
                )
        return {n: float(settings.weights.get(n, 1.0)) for n in residuals.names}
    return {n: float(settings.weights) if n in equations else 1.0 for n in residuals.names}


def weighted(weights: Mapping[str, float], rms: Mapping[str, float]) -> float:
    """The loss, sum over the residuals that have a weight of weight * rms^2."""
    return sum(weights[name] * r**2 for name, r in rms.items() if name in weights)
