"""What a run said of itself, held against its comparison with a reference."""

from __future__ import annotations

from pinnsolve.training.history import Training
from pinnsolve.verdict.compare import Comparison


def told_by(training: Training, comparison: Comparison) -> Training:
    """What training said of itself, as far as the comparison leaves it: a run is not called converged, and no estimate
    below a tenth of the error is handed on, where a reference says otherwise."""
    difference, tolerance = comparison.difference, comparison.tolerance
    if difference <= tolerance:
        return training
    kind = 0.1  # an estimate below this part of the error is no estimate of it
    relative = max(e.relative_l2 for e in comparison.errors.values())  # an estimate is relative to the whole norm
    too_kind = training.estimate is not None and training.estimate < kind * min(relative, difference)
    if training.outcome.kind != "converged" and not too_kind:
        return training
    worst = max(comparison.errors, key=lambda u: comparison.errors[u].strict)
    return training.contradicted(
        f"the reference's {worst} differs by {comparison.errors[worst].strict:.0e}",
        "one of the two solves another problem: hold equations, conditions, units and parameters against those of the "
        "reference; or the solution has not been found yet: give it more time",
    )
