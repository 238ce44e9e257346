"""The values that parameters take one after the other, where a problem is continued in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.problem.problem import Problem

Values = dict[str, float]
Columns = dict[str, tuple[float, ...]]
EXAMPLE = 'Write continuation={"Re": (10, 50, 100)}, or --continue Re=10,50,100: the last value is the one wanted.'


def columns_of(given: Any) -> Columns:
    """The values by parameter, checked as far as they go without a problem.

    Raises
    ------
    ProblemError
        If they are not as many finite numbers for each, two at least, no two in a row alike.
    """
    if not isinstance(given, Mapping) or not given:
        raise ProblemError(f"continuation={given!r:.60} names no parameter", EXAMPLE)
    for name, values in given.items():
        listed = list(values) if isinstance(values, list | tuple) or hasattr(values, "tolist") else []
        if len(listed) < 2 or not all(isinstance(v, Real) and math.isfinite(v) for v in listed):
            raise ProblemError(f"continuation: {name} = {values!r:.60} are no two numbers or more", EXAMPLE)
        if any(a == b for a, b in pairwise(listed)):
            raise ProblemError(f"continuation: {name} has the same value twice in a row", EXAMPLE)
    counts = {name: len(values) for name, values in given.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{n} {c}" for n, c in counts.items())
        raise ProblemError(f"continuation: the parameters have differently many values: {told}", "They move together.")
    return {str(name): tuple(float(v) for v in values) for name, values in given.items()}


def path_of(problem: Problem, columns: Mapping[str, Sequence[float]]) -> list[Values]:
    """The values one after the other, the last of which is wanted.

    Raises
    ------
    ProblemError
        If there is no such parameter, or it is no number.
    """
    possible = [n for n in problem.parameters if n not in problem.constants and n not in problem.functions]
    for name in columns:
        if name in problem.ranges or name in problem.constants or name in problem.functions:
            kind = "an input of the network" if name in problem.ranges else "to be found"
            raise ProblemError(f"continuation: the parameter '{name}' is {kind}", "It must be a number.")
        if name not in possible:
            raise ProblemError(f"continuation: there is no parameter '{name}'", did_you_mean(name, possible))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def words_of(values: Values) -> str:
    """As in "Re = 100, Pr = 7"."""
    return ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
