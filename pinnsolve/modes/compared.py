"""Eigenvalues beside those of a reference, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

from pinnsolve.classical.automatic import EFFORT
from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.modes.record import Modes
from pinnsolve.modes.search import apart
from pinnsolve.modes.statement import at, named, sought
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Reference
from pinnsolve.verdict.compare import Comparison, FieldError, Verdict
from pinnsolve.verdict.quantities import Told


@dataclass(frozen=True)
class Rules:
    """How a reference is asked. Chosen, not measured.

    Parameters
    ----------
    spectrum : int
        Eigenvalues, from its lowest on: the nearest ones are among these. More: slow references take longer. Fewer:
        high modes are left without a reference.
    share : float
        Of the tolerance: a larger own error confirms nothing.
    """

    spectrum: int = 400
    share: float = 0.1


RULES = Rules()


@dataclass(frozen=True)
class Known:
    """The eigenvalues that a reference has, ascending, and itself; why there is none, where there is none."""

    values: list[float] = field(default_factory=list)
    reference: Reference | None = None
    why: str = ""


def known(problem: Problem, seconds: float, scale: float) -> Known:
    """The eigenvalues of the problem's reference, or of differences; `scale` is how far those that are wanted lie from
    what they shall be near to.

    Raises
    ------
    ProblemError
        If the reference fails, or its eigenvalues are no ascending real numbers.
    """
    (name, wanted), began = sought(problem), perf_counter()
    if problem.reference is None:
        return Known(why="the reference is switched off")
    if isinstance(problem.reference, str):
        from pinnsolve.classical.modes import spectrum  # scipy changes the warning filters: only who asks gets it
        from pinnsolve.classical.reading import NoReferenceError

        try:
            found = spectrum(
                lambda value: at(problem, value),
                wanted.near,
                wanted.count,
                problem.tolerance,
                EFFORT.share * seconds,
                scale,
            )
        except NoReferenceError as error:
            return Known(why=f"no reference, because {error}")
        name_of = "differences, automatic"
        made = Reference(name_of, {}, found.own_error, perf_counter() - began, True, found.about)
        return Known(found.values.tolist(), made)
    given: Any = problem.reference
    made = given if isinstance(given, Reference) else given(problem)
    if not isinstance(made, Reference) or name not in made.fields:
        raise ProblemError(
            f"the reference tells no eigenvalues '{name}'",
            f"Write reference=exact({name}=lambda mode: ...), the eigenvalue by the number of its mode, 1, 2, ...",
        )
    numbers = np.arange(1.0, RULES.spectrum + 1)
    try:
        values = np.asarray(made.fields[name](mode=numbers))
    except IndexError:  # of a list of those that are known, which is asked by whole numbers from one up
        values = np.asarray(made.fields[name](mode=np.arange(1, wanted.count + 1)))
    if values.ndim != 1 or len(values) < wanted.count or values.dtype.kind not in "fi" or not np.isfinite(values).all():
        raise ProblemError(
            f"the reference's eigenvalues '{name}' are no {wanted.count} finite real numbers or more",
            if_complex(values) + f"It is called with mode = 1, 2, ..., {RULES.spectrum} as an array.",
        )
    nearest = np.sort(values[np.argsort(np.abs(values - wanted.near), kind="stable")][: wanted.count])
    if wanted.near > values.max():
        raise ProblemError(f"the reference's eigenvalues end below {wanted.near:g}", "Give it more of them.")
    return Known(nearest.tolist(), replace(made, fields={}))


def judged(problem: Problem, found: Modes, seconds: float, reference: Any) -> Comparison:
    """What `compare(solution)` says of modes; `reference` is theirs if it is a string, another one, or None."""
    if not isinstance(reference, str | None):
        problem = problem.replaced(reference=reference)
    why = Known(why="there is no reference to compare with")
    return compared(problem, found, why if reference is None else known(problem, seconds, found.scale))


def compared(problem: Problem, found: Modes, reference: Known) -> Comparison:
    """The errors of all eigenvalues, and the verdict."""
    tolerance, count, name = problem.tolerance, len(found.values), found.name
    of, own = reference.reference, 0.0 if reference.reference is None else reference.reference.own_error
    true: list[float | None] = [None] * count if of is None else [*reference.values]
    quantities = {
        named(name, k, count): Told(value, error * abs(value), known, known and own * abs(known))
        for k, (value, error, known) in enumerate(zip(found.values, found.errors, true, strict=True), start=1)
    }
    if of is None:
        return Comparison("unconfirmed", reference.why, {}, None, tolerance, quantities=quantities)
    off = apart(found.values, reference.values, found.scale)
    worst, largest = max(off), max(abs(a - b) for a, b in zip(found.values, reference.values, strict=True))
    told = f"the eigenvalues differ by {worst:.1e} from those of '{of.name}', own error {own:.1e}"
    converged = found.solution.converged
    verdict: Verdict = "fail"
    if worst + own <= tolerance:
        verdict = "pass" if converged and not own > RULES.share * tolerance else "unconfirmed"
        told += f", within the tolerance {tolerance:.1e}" + ", but the run did not converge" * (not converged)
    elif worst - own <= tolerance:
        verdict, told = "unconfirmed", f"{told}: too much for the tolerance {tolerance:.1e}"
    else:
        told += f", more than the tolerance {tolerance:.1e}"
    return Comparison(
        verdict, told, {name: FieldError(worst, largest, 0.0, worst)}, None, tolerance, quantities=quantities,
        eigenvalues_of=of,
    )  # fmt: skip
