"""Parameters that are inputs of the network: the solution at some of their values, and the comparison there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pinnsolve.compare import Comparison, compare
from pinnsolve.problem.problem import Problem
from pinnsolve.reference.record import Reference
from pinnsolve.solution import Evaluator, Solution, known

References = list[tuple[dict[str, float], Reference | None]]
SEVERITY = {"pass": 0, "unconfirmed": 1, "fail": 2}


class Slice(Solution):
    """A solution at given values of all parameters that are its inputs; a solution of the problem with these values.

    Parameters
    ----------
    whole : Solution
    values : mapping from parameter to float

    Raises
    ------
    ProblemError
        If a name is none of the inputs, or a value lies outside its range.
    """

    def __init__(self, whole: Solution, values: Mapping[str, float]) -> None:
        for name in values:
            known(name, whole.problem.ranges, "parameter among the inputs")
        self.whole, self.values = whole, dict(values)
        super().__init__(whole.trial, whole.training, whole.findings, whole.settings)
        self.problem = whole.problem.with_parameters(values)

    def d(self, unknown: str, *coordinates: str) -> Evaluator:
        return self._at(self.whole.d(unknown, *coordinates))

    def residual(self, equation: str) -> Evaluator:
        return self._at(self.whole.residual(equation))

    def save(self, path: str | Path) -> None:
        """Write the whole solution, for all values."""
        self.whole.save(path)

    def _at(self, field: Evaluator) -> Evaluator:
        def evaluate(**places: Any) -> Any:
            for name in places:
                known(name, self.problem.coordinates, "coordinate")
            return field(**places, **self.values)

        return evaluate


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


def values_of(problem: Problem) -> list[dict[str, float]]:
    """Where a solution is compared: in the middle of the ranges, and at their ends in every combination."""
    middle = {name: sum(ends) / 2 for name, ends in problem.ranges.items()}
    ends = [dict(zip(problem.ranges, corner, strict=True)) for corner in product(*problem.ranges.values())]
    return [middle, *ends] if problem.ranges else [{}]


def references_of(problem: Problem, find: Callable[[Problem], Reference | None]) -> References:
    """A reference for each of these values; for a problem without inputs beside its coordinates, one."""
    return [(values, find(problem.with_parameters(values))) for values in values_of(problem)]


def compared(solution: Solution, references: References) -> list[Compared]:
    """The comparisons at all values, the worst first."""
    found = [Compared(v, compare(solution.at(**v) if v else solution, reference)) for v, reference in references]

    def badness(c: Compared) -> tuple[int, float]:
        errors = c.comparison.errors.values()
        return SEVERITY[c.comparison.verdict], max((e.relative_l2 for e in errors), default=0.0)

    return sorted(found, key=badness, reverse=True)
