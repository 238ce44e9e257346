"""A problem's reference: built, tried on a few points before anything is trained, and evaluated.

A reference is the user's own code. It gets copies of all arrays, and what it returns is copied: one that writes into
its arguments, or into what it returned before, spoils nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from pinnsolve.checks.folds import lived
from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.geometry.points import Points
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Field, Reference, asked_by

WRITE = "Write reference=exact(u=lambda x, t: ...), or a function reference(problem) that returns a Reference(...)."


def reference_of(problem: Problem) -> Reference:
    """The reference that the problem brings, built and tried.

    Raises
    ------
    ProblemError
        If it fails, returns something else than a Reference, or its fields are not what they should be.
    """
    assert brought(problem)
    return made_of(problem.reference, problem)


def made_of(given: Any, problem: Problem) -> Reference:
    """What was given as a reference of a problem: one, or a function of the problem that makes one.

    Raises
    ------
    ProblemError
        As of `reference_of`.
    """
    found: Any = given
    if not isinstance(found, Reference) and not callable(found):
        raise ProblemError(f"reference={found!r} is no Reference", WRITE)
    if not isinstance(found, Reference):
        name = getattr(found, "__name__", "reference")
        try:
            found = found(problem.replaced())  # a problem of its own, to do with as it likes
        except ProblemError:
            raise
        except (Exception, SystemExit) as error:
            raise ProblemError(
                f"the reference '{name}' failed: {type(error).__name__}: {error}",
                f"It is called with the problem. {WRITE} --no-reference goes on without it.",
            ).with_traceback(error.__traceback__) from None
        if not isinstance(found, Reference):
            told = "nothing: its return is missing" if found is None else f"{type(found).__name__}, and no Reference"
            raise ProblemError(f"the reference '{name}' returned {told}", WRITE)
    found = along_unknowns(found, problem)
    check_reference(found, problem)
    return found


@dataclass(frozen=True)
class OfUnknown:
    """A reference's function of unknowns, of places of these, and along the coordinates.

    Parameters
    ----------
    function : callable
    arguments : tuple of str
        Unknowns, and coordinates beside them.
    unknowns : mapping from name to callable
        What the reference says of those.
    """

    function: Field
    arguments: tuple[str, ...]
    unknowns: Mapping[str, Field]

    @property
    def asks(self) -> list[str] | None:
        """The names that it asks for; None for whatever there is."""
        return asked_by(f"the reference's function of {' and '.join(self.arguments)}", self.function)

    @property
    def alone(self) -> bool:
        """Whether it is given as a function of the unknowns, and not along the coordinates."""
        return self.asks is not None and any(a in self.asks for a in self.unknowns)

    def __call__(self, **places: np.ndarray) -> np.ndarray:
        there = dict(places)
        for name in self.unknowns.keys() - places.keys():
            places[name] = self.unknowns[name](**{c: np.array(v) for c, v in there.items()})
        asks = self.asks
        return self.function(**{n: v for n, v in places.items() if asks is None or n in asks})


def along_unknowns(reference: Reference, problem: Problem) -> Reference:
    """The same, with functions of unknowns known along the coordinates too, k(T(x))."""
    if not problem.of_unknowns or not isinstance(reference, Reference):
        return reference
    fields = dict(reference.fields)
    for name, function in problem.functions.items():
        mine, given = {u for u in function.coordinates if u in problem.unknowns}, fields.get(name)
        if mine and mine <= fields.keys() and given and not isinstance(given, OfUnknown):
            fields[name] = OfUnknown(given, function.coordinates, {u: fields[u] for u in mine})
    return replace(reference, fields=fields)


def brought(problem: Problem) -> bool:
    """Whether the problem brings a reference."""
    return problem.reference is not None and problem.reference != "automatic"


def check_reference(reference: Reference, problem: Problem) -> None:
    """Every unknown has a field that gives one finite real number a point.

    Raises
    ------
    ProblemError
        If it is no Reference, or a field is missing, raises, or returns something else.
    """
    if not isinstance(reference, Reference):
        raise ProblemError(f"reference={reference!r} is no Reference", WRITE)
    for unknown in problem.unknowns:
        if unknown not in reference.fields:
            raise ProblemError(
                f"the reference '{reference.name}' has no field '{unknown}'",
                f"It must have {', '.join(problem.unknowns)}.",
            )
    every = tried(problem)
    for name in judged(problem, reference):
        places = lived(problem, name, every)
        values = reference_values(reference, name, places)
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            where = ", ".join(f"{c}={v[bad[0]]:.4g}" for c, v in places.items())
            raise ProblemError(
                f"the reference's field '{name}' is {values[bad[0]]} at {where}, and not finite at {len(bad)} of "
                f"{len(values)} points",
                "Its values must be finite everywhere inside the domain.",
            )


def tried(problem: Problem) -> dict[str, np.ndarray]:
    """A few points inside the domain, (N,) for each coordinate."""
    count, fixed = 64, 40_129  # more would meet faults at fewer places, and slow references take longer
    points: Points = problem.domain.interior.draw(count, "sobol", torch.Generator().manual_seed(fixed))
    return {c: v.numpy() for c, v in points.coordinates.items()}


def judged(problem: Problem, reference: Reference) -> list[str]:
    """What is compared: all unknowns, and the unknown functions that the reference knows."""
    return [*problem.unknowns, *(name for name in problem.functions if name in reference.fields)]


def reference_values(reference: Reference, unknown: str, places: Mapping[str, np.ndarray]) -> np.ndarray:
    """The reference's field at these places, (N,): real numbers, finite or not, in an array of our own.

    Raises
    ------
    ProblemError
        If the field raises, or returns another shape, or anything but real numbers.
    """
    field = f"the reference's field '{unknown}'"
    try:
        found = reference.fields[unknown](**{c: np.array(v) for c, v in places.items()})
        values = np.asarray(found)
    except (Exception, SystemExit) as error:
        raise ProblemError(
            f"{field} failed: {type(error).__name__}: {error}",
            f"It is called with {', '.join(places)} as arrays of one shape.",
        ).with_traceback(error.__traceback__) from None
    if remedy := if_complex(values):
        raise ProblemError(f"{field} has complex values", remedy.strip())
    if values.dtype.kind not in "fiu" or np.ma.is_masked(found):
        what = "nothing" if found is None else "masked values" if np.ma.is_masked(found) else f"{values.dtype} values"
        raise ProblemError(
            f"{field} returned {what}, and no real numbers", "Return one real number a point, as float64."
        )
    shape = next(iter(places.values())).shape
    if values.shape != shape:
        raise ProblemError(f"{field} returned shape {values.shape} for {shape}", "Return one number a point.")
    return np.array(values, dtype=np.float64)
