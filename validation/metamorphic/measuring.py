"""Solve a problem in some words, and measure the solution as the original's would be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import process_time

import numpy as np

from pinnsolve import Problem, ProblemError, Settings, Solution, compare, solve
from validation.metamorphic.retelling import translated
from validation.metamorphic.transformations import Retelling, places, same
from validation.metamorphic.translation import Translation, Word

WORSE, ROUNDING = 10.0, 1e-9  # an error may be so many times the original's, or anything below this


@dataclass(frozen=True)
class Measured:
    """What came of a problem.

    Parameters
    ----------
    errors : mapping from old name to float
        Relative L2 errors on points that no training saw, relative to the smaller of norm and standard deviation.
    verdict : str
        Of the comparison; "refused" or "traceback" where there was none.
    note : str
        The outcome, or the message.
    seconds : float
        Of CPU time.
    """

    errors: Mapping[str, float]
    verdict: str
    note: str
    seconds: float

    @property
    def worst(self) -> float:
        return max(self.errors.values(), default=float("nan"))


def original(problem: Problem, settings: Settings) -> Measured:
    """The problem in its own words."""
    return _measured(lambda: problem, problem, same(problem), settings)


def with_other_seeds(problem: Problem, settings: Settings, known: Measured) -> Measured:
    """The worst error of each unknown over three seeds, of which `known` is the first: what another draw of features
    and points does to the answer."""
    others = [original(problem, replace(settings, seed=settings.seed + k)) for k in (1, 2)]
    worst = {u: max(m.errors.get(u, e) for m in (known, *others)) for u, e in known.errors.items()}
    return replace(known, errors=worst)


def told(problem: Problem, retelling: Retelling, settings: Settings) -> Measured:
    """The problem in other words."""
    return _measured(lambda: retelling.problem(problem), problem, retelling.words, settings)


def told_by_hand(declare: Callable[[], Problem], old: Problem, settings: Settings) -> Measured:
    """The problem rewritten with more unknowns; those that it had are compared."""
    return _measured(declare, old, same(old), settings)


def _measured(declare: Callable[[], Problem], old: Problem, words: Translation, settings: Settings) -> Measured:
    began = process_time()
    try:
        new = declare()
        solution = solve(new, settings=settings)
        assert callable(new.reference)
        comparison = compare(solution, new.reference(new))
    except ProblemError as error:
        return Measured({}, "refused", str(error), process_time() - began)
    except Exception as error:
        return Measured({}, "traceback", f"{type(error).__name__}: {error}", process_time() - began)
    assert solution.training is not None
    found = errors(solution, old, words)
    return Measured(found, comparison.verdict, str(solution.training.outcome), process_time() - began)


def errors(solution: Solution, old: Problem, words: Translation) -> dict[str, float]:
    """The error of each unknown (and unknown function that the reference knows), by its old name."""
    at = places(old)
    known = translated(old, words)(solution.problem)
    moved = words.moved(at)
    found = {}
    for name in [*old.unknowns, *(f for f in old.functions if words.called(f) in known.fields)]:
        word = words.unknowns.get(name, Word(name))
        mine = moved
        if name in old.functions:
            mine = {words.called(c): moved[words.called(c)] for c in old.functions[name].coordinates}
        true = known.fields[word.name](**moved)
        away = solution.d(word.name)(**mine) - true
        sizes = [float(np.sqrt(np.mean(true**2))), float(np.std(true))]
        found[name] = float(np.sqrt(np.mean(away**2))) / (min(s for s in [*sizes, sizes[0] or 1.0] if s > 0))
    return found


def fault(before: Measured, after: Measured) -> str:
    """In what the other words changed the answer; empty where they did not."""
    if after.verdict in ("refused", "traceback"):
        return f"{after.verdict}: {after.note}"
    if after.verdict != before.verdict:
        return f"verdict {after.verdict}, was {before.verdict}"
    for name, error in after.errors.items():
        if name in before.errors and not error <= max(WORSE * before.errors[name], ROUNDING):
            return f"error of {name} {error:.1e}, was {before.errors[name]:.1e}"
    return ""
