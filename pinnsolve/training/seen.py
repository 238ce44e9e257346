"""What the check before training saw, for the estimate of the error."""

from __future__ import annotations

from dataclasses import dataclass

from pinnsolve.problem.problem import Problem
from pinnsolve.trial.exact import Plan


@dataclass(frozen=True)
class Seen:
    """What the check before training saw, and makes solutions wrong alike.

    Parameters
    ----------
    rough : bool
        Whether data have jumps or kinks, and with them the solution.
    narrow : bool
        Whether the equations vary in a place that is narrow.
    disagrees : bool
        Whether a start contradicts what holds on a rim: what is left there of residuals says nothing of the rest.
    parted : bool
        Whether materials part the domain: what joins their parts falls more slowly than what is left within them.
    """

    rough: bool = False
    narrow: bool = False
    disagrees: bool = False
    parted: bool = False

    @classmethod
    def of(cls, plan: Plan, problem: Problem) -> Seen:
        return cls(plan.rough, bool(plan.narrow), plan.disagrees, problem.parts is not None)
