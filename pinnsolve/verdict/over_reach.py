"""Functions of unknowns against a reference, over all values to which these come."""

from __future__ import annotations

import numpy as np

from pinnsolve.checks.references import OfUnknown, reference_values
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution
from pinnsolve.trial.reach import RULES, passed, reached


def over_reach(solution: Solution, reference: Reference) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By each function that the reference knows as one of unknowns: what it is there, and how far the solution's is
    from it, (N,)."""
    found = {}
    for name in solution.problem.functions:
        known = reference.fields.get(name)
        if isinstance(known, OfUnknown) and known.alone:
            each = [np.linspace(*reached(solution.trial, name)[0], RULES.compared)]
            if len(known.arguments) > 1:
                each = [v.numpy() for v in passed(solution.trial, name, RULES.compared).unbind(1)]
            places = dict(zip(known.arguments, each, strict=True))
            true = reference_values(reference, name, places)
            found[name] = (true, solution.d(name)(**places) - true)
    return found
