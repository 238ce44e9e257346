"""What one evaluation of the residuals costs, counted from shapes, in the operations of a dense factorisation.

With n points, P numbers that one point's residual depends on, and D derivatives that are asked for,

    values 2 n P D,    a gradient three times that,    rows of the Jacobian 2 n P D for each residual on top,

times `SLOWER`, and `CALL` for each piece that is evaluated by itself. Frozen layers of m features are evaluated once on
any points, which costs 2 n m D times `SLOWER` and `FROZEN`, and four times that where they zoom in on corners.
"""

from __future__ import annotations

from dataclasses import dataclass

from pinnsolve.residuals import Residuals

# Both were measured by `python -m benchmarks.operations`, which prints operations a second for each method: the closer
# the rows, the better the choices of `training.strategy` fit the budget.
SLOWER = 10.0  # an evaluation waits for memory; a factorisation does not
CALL = 2e7  # operations: 2 ms of Python for a region's residuals, however few points it has
FROZEN, ZOOMED = 10.0, 4.0


@dataclass(frozen=True)
class Costs:
    """Operations of the values of all residuals, of the loss' gradient, of the Jacobian's rows, and of what is
    evaluated once on new points."""

    values: float = 0.0
    gradient: float = 0.0
    rows: float = 0.0
    once: float = 0.0


def costs_of(residuals: Residuals) -> Costs:
    """What evaluations on these points cost."""
    values = rows = once = 0.0
    trial = residuals.trial
    zoomed = ZOOMED if trial.plan.corners else 1.0
    for site, points in residuals.places:
        known = site.asked.get(trial)
        derivatives = len(known.below) if known else 1
        one = SLOWER * 2.0 * len(points) * trial.width * derivatives + CALL
        values += one
        if trial.frozen:
            once += FROZEN * zoomed * one / max(trial.outputs, 1)
        rows += one * len(site.terms)
    return Costs(values, 3 * values, 2 * values + rows, once)
