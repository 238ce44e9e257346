"""The comparison of a solution with parameters as inputs: at some of their values, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from pinnsolve.geometry.places import Narrow
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution
from pinnsolve.verdict.compare import Comparison, compare

References = list[tuple[dict[str, float], Reference | None]]
SEVERITY = {"pass": 0, "unconfirmed": 1, "fail": 2}


@dataclass(frozen=True)
class Compared:
    """The comparison at some values of the parameters.

    Parameters
    ----------
    values : dict from parameter to float
    comparison : Comparison
    """

    values: dict[str, float]
    comparison: Comparison

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value:.4g}" for name, value in self.values.items())


def values_of(problem: Problem, narrow: Sequence[Narrow] = ()) -> list[dict[str, float]]:
    """Where a solution is compared: in the middle of the ranges, at their ends in every combination, and in places that
    are narrow along a parameter, which these would pass by."""
    middle = {name: sum(ends) / 2 for name, ends in problem.ranges.items()}
    ends = [dict(zip(problem.ranges, corner, strict=True)) for corner in product(*problem.ranges.values())]
    held = [{name: v for name, v in place.middle.items() if name in problem.ranges} for place in narrow]
    return [middle, *ends, *({**middle, **values} for values in held if values)] if problem.ranges else [{}]


def references_of(
    problem: Problem, find: Callable[[Problem], Reference | None], narrow: Sequence[Narrow] = ()
) -> References:
    """A reference for each of these values; for a problem without inputs beside its coordinates, one."""
    return [(values, find(problem.with_parameters(values))) for values in values_of(problem, narrow)]


def compared(solution: Solution, references: References) -> list[Compared]:
    """The comparisons at all values, the worst first."""
    found = [Compared(v, compare(solution.at(**v), reference)) for v, reference in references]

    def badness(c: Compared) -> tuple[int, float]:
        errors = c.comparison.errors.values()
        return SEVERITY[c.comparison.verdict], max((e.strict for e in errors), default=0.0)

    return sorted(found, key=badness, reverse=True)
