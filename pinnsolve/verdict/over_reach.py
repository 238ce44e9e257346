"""Functions of an unknown against a reference, over all values that the unknown comes to."""

from __future__ import annotations

import numpy as np

from pinnsolve.checks.references import OfUnknown, reference_values
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution
from pinnsolve.trial.reach import RULES, reached


def over_reach(solution: Solution, reference: Reference) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By each function that the reference knows as one of an unknown: what it is there, and how far the solution's is
    from it, (N,)."""
    found = {}
    for name in solution.problem.functions:
        known = reference.fields.get(name)
        if isinstance(known, OfUnknown) and known.alone:
            places = {known.argument: np.linspace(*reached(solution.trial, name), RULES.compared)}
            true = reference_values(reference, name, places)
            found[name] = (true, solution.d(name)(**places) - true)
    return found
