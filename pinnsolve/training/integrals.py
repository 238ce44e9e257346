"""After training: whether the quadrature of integrals in the equations holds the solution that was found."""

from __future__ import annotations

from dataclasses import replace

from pinnsolve.errors import Outcome
from pinnsolve.training.run import Run


def missed(run: Run) -> float:
    """What the quadrature misses of the integrals of the solution as it is, of their own size, the most of all."""
    elsewhere = run.trial.elsewhere
    if elsewhere is None or not run.trial.complete:
        return 0.0
    for _ in range(2):  # the first look refines what a trial function that was built anew has not seen
        elsewhere.panels.again()
        run.points.held_out.values()
    return max(elsewhere.panels.found.values(), default=0.0)


def counted(outcome: Outcome, error: float | None, share: float) -> Outcome:
    """The outcome, which says so where the quadrature is what the error is mostly made of."""
    if error is None or share <= error:
        return outcome
    return replace(outcome, detail=f"{outcome.detail}; the quadrature of its integrals misses {share:.0e} more")


def unheld(share: float) -> Outcome:
    """The outcome of a run whose integrals are not known well enough."""
    told = f"the quadrature of an integral in the equations misses about {share:.0e} of it"
    remedy = "what is integrated is too rough or too steep: write a smooth kernel, or divide it where it jumps"
    return Outcome("undetermined", told, remedy)
