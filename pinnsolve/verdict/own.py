"""The reference that belongs to a solution's problem."""

from __future__ import annotations

from pinnsolve.checks.references import brought, reference_of
from pinnsolve.classical.automatic import attempt
from pinnsolve.errors import ProblemError
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution


def own_reference(solution: Solution) -> tuple[Reference | None, str]:
    """The reference of a solution's problem, brought or made of its declaration; where there is none, why."""
    problem = solution.problem
    if problem.ranges:
        name, (low, high) = next(iter(problem.ranges.items()))
        raise ProblemError(
            f"the problem has inputs beside its coordinates ({', '.join(problem.ranges)}), and a reference is for one "
            "value of each",
            f"Write compare(solution.at({name}={(low + high) / 2:g})).",
        )
    if problem.reference is None:
        return None, "the reference is switched off"
    if brought(problem):
        return reference_of(problem), ""
    tried = attempt(problem, findings=solution.findings)
    return tried.reference, f"no reference, because {tried.why}"
