"""Continuation in a parameter: a problem is solved for value after value, each solution the guess of the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from numbers import Real
from time import perf_counter
from typing import Any

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.problem.problem import Problem
from pinnsolve.settings import Settings
from pinnsolve.solution import Solution

Solver = Callable[[Problem, Settings], Solution]
Values = dict[str, float]


@dataclass(frozen=True)
class Rules:
    """How the values before the last are solved for. Chosen, not measured.

    Parameters
    ----------
    tolerance : float
        Of these solutions at the least, since they are guesses. Smaller: time for digits that nobody sees.
    share : float
        Of the budget, for all of them. Larger: less for the solution that is asked for.
    near : float
        The estimated error of a solution that is good enough to begin with, though its run did not converge.
    left : float
        Of the residual (rms) before training: what may be left of it there.
    between : int
        Values that are put between two, in all, where the second is too far from the first. More: a longer way before
        it is given up.
    """

    tolerance: float = 1e-2
    share: float = 0.6
    near: float = 0.2
    left: float = 0.02
    between: int = 6


RULES = Rules()


@dataclass
class Way:
    """The values that were solved for, and what became of it.

    Parameters
    ----------
    problem : Problem
        At the last values, with the last solution as its guess.
    seconds : float
        That the solutions before took.
    told : str
        The values in words.
    warnings : list of str
        Of values at which no solution was found.
    """

    problem: Problem
    seconds: float
    told: str
    warnings: list[str] = field(default_factory=list)


def along(
    problem: Problem, given: Any, settings: Settings, solver: Solver, resumed: bool = False,
    told: Callable[[str], None] = lambda line: None,
) -> Way:  # fmt: skip
    """Solve a problem for all values but the last.

    Parameters
    ----------
    given : mapping from parameter to numbers
    settings : Settings
    solver : callable
        Makes a solution of a problem.
    resumed : bool
        Whether the run goes on from a checkpoint; then the way would be gone a second time.
    told : callable str -> None
        Is told of each value as soon as it is solved for.

    Raises
    ------
    ProblemError
        If the values are none that a parameter can have.
    """
    path = path_of(problem, given)
    if resumed:
        raise ProblemError(
            "a continuation is not resumed: its checkpoint is that of the last value",
            "Leave the continuation out to go on from the checkpoint, or leave resume out to begin anew.",
        )
    began, solved, warnings = perf_counter(), list[Values](), list[str]()
    ahead, known, added = path[:-1], None, 0
    while ahead:
        now = ahead.pop(0)
        left = RULES.share * settings.budget - (perf_counter() - began)
        if left <= 0:
            warnings.append(f"the continuation ended before {_words(now)}: its part of the budget is used")
            break
        posed = _posed(problem, now, known)
        found = solver(posed, replace(settings, budget=left / (len(ahead) + 2)))
        good = _good(found)
        told(f"{_words(now)}: {found.outcome}")
        if good:
            known, solved = found, [*solved, now]
        elif solved and added < RULES.between:
            added += 1
            ahead = [_between(solved[-1], now), now, *ahead]
        else:
            why = found.outcome.kind if found.outcome is not None else "unfinished"
            warnings.append(f"on the way no solution was found at {_words(now)} ({why})")
    last = problem.with_parameters(path[-1])
    names = f"continued from {'; '.join(map(_words, solved))}" if solved else "no solution was found on the way"
    return Way(last if known is None else last.replaced(guess=known), perf_counter() - began, names, warnings)


def path_of(problem: Problem, given: Any) -> list[Values]:
    """The values one after the other.

    Raises
    ------
    ProblemError
        With what was possible.
    """
    example = 'Write continuation={"Re": (10, 50, 100)}, or --continue Re=10,50,100: the last value is the one wanted.'
    if not isinstance(given, Mapping) or not given:
        raise ProblemError(f"continuation={given!r:.60} names no parameter", example)
    possible = [n for n in problem.parameters if n not in problem.constants and n not in problem.functions]
    for name, values in given.items():
        if name in problem.ranges or name in problem.constants or name in problem.functions:
            kind = "an input of the network" if name in problem.ranges else "to be found"
            raise ProblemError(f"continuation: the parameter '{name}' is {kind}", "It must be a number.")
        if name not in possible:
            raise ProblemError(f"continuation: there is no parameter '{name}'", did_you_mean(str(name), possible))
        listed = list(values) if isinstance(values, list | tuple) or hasattr(values, "tolist") else []
        if len(listed) < 2 or not all(isinstance(v, Real) and math.isfinite(v) for v in listed):
            raise ProblemError(f"continuation: {name} = {values!r:.60} are no two numbers or more", example)
        if any(a == b for a, b in pairwise(listed)):
            raise ProblemError(f"continuation: {name} has the same value twice in a row", example)
    counts = {name: len(values) for name, values in given.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{n} {c}" for n, c in counts.items())
        raise ProblemError(f"continuation: the parameters have differently many values: {told}", "They move together.")
    columns = {name: [float(v) for v in values] for name, values in given.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _posed(problem: Problem, values: Values, known: Solution | None) -> Problem:
    changes: dict[str, Any] = {"reference": None, "tolerance": max(RULES.tolerance, problem.tolerance)}
    if known is not None:
        changes["guess"] = known
    return problem.with_parameters(values).replaced(**changes)


def _good(found: Solution) -> bool:
    """Whether it is near enough to a solution."""
    training = found.training
    if training is None or not found.trial.complete or training.outcome.kind == "non-finite":
        return False
    return found.converged or (training.left < RULES.left and (found.estimate or 0.0) < RULES.near)


def _between(before: Values, after: Values) -> Values:
    """Halfway: of positive numbers by their ratio."""
    return {n: math.sqrt(before[n] * b) if before[n] > 0 and b > 0 else (before[n] + b) / 2 for n, b in after.items()}


def _words(values: Values) -> str:
    return ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
