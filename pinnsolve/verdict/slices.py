"""The comparison of a solution with parameters as inputs: at some of their values, the worst first.

These are the middle of the ranges, their ends in every combination, and values that are drawn inside: a Latin
hypercube, so that each of 32 equal parts of each range holds one. A solution that is right at the ends and in the
middle may be wrong between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import torch

from pinnsolve.geometry.cube import unit_cube
from pinnsolve.geometry.places import Narrow
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution
from pinnsolve.verdict.compare import REPLICATES, Comparison, compare

References = list[tuple[dict[str, float], Reference | None]]
# Values that are drawn from the ranges of the parameters. More: a narrow stretch of values that is wrong is met more
# surely; a reference is built for each of them.
DRAWN = 32
# Sets of points at each of several values. More: errors are known better there; the comparison takes longer.
FEW = 2
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
    """Where a solution is compared: in the middle of the ranges, at their ends in every combination, at drawn values,
    and in places that are narrow along a parameter, which these would pass by; for a problem without inputs beside its
    coordinates, at no value once."""
    if not problem.ranges:
        return [{}]
    middle = {name: sum(ends) / 2 for name, ends in problem.ranges.items()}
    ends = [dict(zip(problem.ranges, corner, strict=True)) for corner in product(*problem.ranges.values())]
    fixed = torch.Generator().manual_seed(61_441)  # the same values for every run
    parts = unit_cube(DRAWN, len(problem.ranges), "latin", fixed).tolist()
    drawn = [
        {name: low + part * (high - low) for part, (name, (low, high)) in zip(row, problem.ranges.items(), strict=True)}
        for row in parts
    ]
    held = [{name: v for name, v in place.middle.items() if name in problem.ranges} for place in narrow]
    return [middle, *ends, *drawn, *({**middle, **values} for values in held if values)]


def references_of(
    problem: Problem, find: Callable[[Problem], Reference | None], narrow: Sequence[Narrow] = ()
) -> References:
    """A reference for each of these values; for a problem without inputs beside its coordinates, one."""
    return [(values, find(problem.with_parameters(values))) for values in values_of(problem, narrow)]


def compared(solution: Solution, references: References) -> list[Compared]:
    """The comparisons at all values, the worst first.

    Where there are several, all are measured on fewer points, and the worst then on as many as a single one is.
    """
    replicates = FEW if len(references) > 1 else REPLICATES
    found = [
        (Compared(v, compare(solution.at(**v), reference, replicates=replicates)), reference)
        for v, reference in references
    ]

    def badness(measured: tuple[Compared, Reference | None]) -> tuple[int, float]:
        comparison = measured[0].comparison
        return SEVERITY[comparison.verdict], max((e.strict for e in comparison.errors.values()), default=0.0)

    found.sort(key=badness, reverse=True)
    worst, reference = found[0]
    if len(found) > 1:
        worst = Compared(worst.values, compare(solution.at(**worst.values), reference))
    return [worst, *(others for others, _ in found[1:])]
