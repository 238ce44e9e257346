"""How long the next step of a march is.

In a plane and over space each length is factorised anew, so that they grow fast from the first. Over space that takes
as long as dozens of steps: there lengths are equal up to the end, and change only where that saves more than it takes.
"""

from __future__ import annotations

import math

from pinnsolve.methods.costs import JOINED
from pinnsolve.methods.implicit_step import Step
from pinnsolve.methods.march_rules import RULES
from pinnsolve.methods.step_solver import StepSolver


def following(step: Step, solver: StepSolver, felt: float, tolerance: float, left: float) -> float:
    """The length after a step that left out so much, relative to the unknowns, with so much time left."""
    begin, end = step.scheme.evolution.times
    factor = (RULES.aim * tolerance / felt) ** (1 / (step.scheme.stages + 1))
    if 0.9 < factor < 1.25:  # the factorisation is kept for the same length
        return step.length
    most = RULES.grows if step.mesh.dims < 2 else RULES.leaps
    length = min(step.length * min(most, max(0.3, factor)), RULES.longest * (end - begin))
    if step.mesh.dims < 3 or left <= RULES.short * (end - begin):
        return length
    length = left / math.ceil(left / length - 1e-9)
    assert solver.operator is not None
    factorise, solve = solver.operator.operations
    saved = left * (1 / step.length - 1 / length)
    kept = solver.constant and 0 < saved * (JOINED.call + solve) < factorise
    return step.length if kept else length


def served(step: Step, solver: StepSolver) -> bool:
    """Whether over space the factorisation at hand takes all that is left of the march, so that no cells are merged."""
    steps = (step.scheme.evolution.times[1] - step.begin) / step.length
    return step.mesh.dims > 2 and solver.constant and steps < RULES.serves
