"""A solution against a reference: errors, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from pinnsolve.algebra import yardstick
from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.geometry.places import NEAR, Narrow, away
from pinnsolve.geometry.points import Points
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution

# Independent sets of points. More: the error's own error is known better, and a slow reference takes longer. Chosen,
# not measured.
REPLICATES = 8
# Points of each. More: narrow faults are met more surely, and a slow reference takes longer. `python -m
# validation.never_false_pass` looks for solutions that pass and should not.
COUNT = 4096
Verdict = Literal["pass", "fail", "unconfirmed"]


@dataclass(frozen=True)
class FieldError:
    """How far one unknown is from the reference.

    Parameters
    ----------
    relative_l2 : float
        ||u - u_ref|| / ||u_ref|| over the whole domain (dimensionless); where u_ref vanishes, relative to the scale
        that the equations give it.
    max : float
        The largest difference seen (the unknown's own units).
    sampling : float
        The standard error of `strict` as a quadrature over random points.
    to_variation : float
        ||u - u_ref|| over the norm of u_ref less its mean (dimensionless); `relative_l2` where u_ref is a constant.
    """

    relative_l2: float
    max: float
    sampling: float
    to_variation: float = 0.0

    @property
    def strict(self) -> float:
        """What the verdict takes: the larger of both."""
        return max(self.relative_l2, self.to_variation)


@dataclass(frozen=True)
class Comparison:
    """Errors of all unknowns and the verdict.

    Parameters
    ----------
    verdict : "pass", "fail" or "unconfirmed"
    reason : str
    errors : dict from unknown to FieldError
        Empty without a reference.
    reference : Reference or None
    tolerance : float
    corners : tuple of str
        The singular corners around which nothing was measured.
    """

    verdict: Verdict
    reason: str
    errors: dict[str, FieldError]
    reference: Reference | None
    tolerance: float
    corners: tuple[str, ...] = ()

    @property
    def offset(self) -> bool:
        """Whether an unknown is so large beside its variation that the two errors are two numbers to a reader."""
        return any(e.to_variation > 2.0 * e.relative_l2 for e in self.errors.values())


def compare(solution: Solution, reference: Reference | None) -> Comparison:
    """Measure a solution on fresh points and judge it by its problem's tolerance.

    It passes only if, for every unknown, error + three of its sampling errors + the reference's own error are at most
    the tolerance, the error relative to the unknown's norm or to its variation about its mean, whichever is stricter.
    It is unconfirmed without a reference, where the reference's own error is above a tenth of it, and where nothing
    determines a constant or a function that is a part of the answer.
    Where prescribed values jump, points closer than a tenth of the domain's length are left out. So are places that are
    too narrow for evenly spread points, of which one or none would fall there by luck: points of their own tell whether
    what varies there is missing.
    """
    tolerance = solution.problem.tolerance
    if reference is None:
        return Comparison("unconfirmed", "there is no reference to compare with", {}, None, tolerance)
    check_reference(reference, solution.problem)
    errors = field_errors(solution, reference)
    verdict, reason = _judged(errors, reference, tolerance, solution)
    if verdict == "pass" and (missing := _missing(solution, reference)):
        verdict, reason = "fail", missing
    if verdict == "pass" and (open_ := _undetermined(solution)):
        verdict, reason = "unconfirmed", f"{reason}, but nothing determines {' and '.join(open_)}"
    around = tuple(c.name for c in solution.trial.plan.corners)
    if around:
        reason += (
            f"; measured at least {NEAR:g} of the domain's length away from {' and '.join(f'({c})' for c in around)}"
        )
    return Comparison(verdict, reason, errors, reference, tolerance, around)


def _judged(
    errors: Mapping[str, FieldError], reference: Reference, tolerance: float, solution: Solution
) -> tuple[Verdict, str]:
    finite = all(np.isfinite(e.strict) for e in errors.values())
    if not finite:
        return "fail", "the solution or the reference is not finite everywhere"
    worst = max(errors, key=lambda u: errors[u].strict)
    error, own = errors[worst].strict, reference.own_error
    if not own <= 0.1 * tolerance:
        return "unconfirmed", f"the reference's own error {own:.1e} is above a tenth of the tolerance {tolerance:.1e}"
    bound = max(e.strict + 3 * e.sampling for e in errors.values()) + own
    if bound <= tolerance:
        return "pass", f"the error of {worst}, {error:.1e}, is within the tolerance {tolerance:.1e}"
    if error + own <= tolerance:
        return (
            "fail",
            f"the error of {worst}, {error:.2e}, is too close to the tolerance {tolerance:.1e} to tell",
        )
    outcome = solution.training.outcome.remedy if solution.training is not None else ""
    return (
        "fail",
        f"the error of {worst}, {error:.1e}, is above the tolerance {tolerance:.1e}" + f"; {outcome}" * bool(outcome),
    )


def _undetermined(solution: Solution) -> list[str]:
    """The constants and functions that could as well be others: with them the answer is one of many."""
    found = None if solution.training is None else solution.training.identified
    return [] if found is None else found.undetermined


def fresh_points(problem: Problem, replicate: int) -> Points:
    """Points that neither training nor its held-out set has seen; one scrambled Sobol set for each replicate."""
    fixed = 20_071  # and different from any seed that training derives from its own
    generator = torch.Generator().manual_seed(fixed + replicate)
    return problem.domain.interior.draw(COUNT, "sobol", generator)


def measured_places(solution: Solution, replicate: int) -> dict[str, np.ndarray]:
    """The fresh points that are far enough from singular corners, and beside what is too narrow for them, (N,) for each
    coordinate."""
    points = fresh_points(solution.problem, replicate)
    far = away(solution.trial.plan.corners, points.coordinates, solution.problem.domain)
    points = points if far is None else points[far]
    for place in passed_by(solution):
        x, (low, high) = points.coordinates[place.coordinate], place.around
        points = points[(x < low) | (x > high)]
    return {c: v.numpy() for c, v in points.coordinates.items()}


def passed_by(solution: Solution) -> list[Narrow]:
    """The narrow places in which less than one of the fresh points lies."""
    length, narrow = solution.problem.domain.length, solution.trial.plan.narrow
    return [n for n in narrow if COUNT * (n.around[1] - n.around[0]) < length(n.coordinate)]


def _within(solution: Solution, place: Narrow) -> tuple[dict[str, np.ndarray], float]:
    """Points in a narrow place, (N,) for each coordinate, and the share of the domain that it takes."""
    domain = solution.problem.domain
    (low, high), (begin, end) = place.around, domain.ends(place.coordinate)
    zone = domain.part({place.coordinate: (max(low, begin), min(high, end))})
    points = zone.interior.midpoints(400)
    share = zone.length(place.coordinate) / domain.length(place.coordinate)
    return {c: v.numpy() for c, v in points.coordinates.items()}, share


def _missing(solution: Solution, reference: Reference) -> str:
    """What the reference shows in a place that is too narrow for evenly spread points, and the solution does not."""
    for place in passed_by(solution):
        places, _ = _within(solution, place)
        for unknown in judged(solution.problem, reference):
            true = reference_values(reference, unknown, places)
            difference = np.sqrt(np.mean((solution.d(unknown)(**places) - true) ** 2))
            small = solution.problem.tolerance * np.sqrt(np.mean(true**2))
            if not difference <= max(0.5 * np.std(true), small):  # a larger one does not see the place at all
                return f"near {place.name} the solution does not show how the reference's {unknown} varies"
    return ""


@dataclass(frozen=True)
class Moments:
    """What is seen of a field on a share of the domain: its mean, its mean square, and its variance."""

    share: float
    mean: float
    square: float
    variance: float

    @classmethod
    def of(cls, values: np.ndarray, share: float) -> Moments:
        return cls(share, float(np.mean(values)), float(np.mean(values**2)), float(np.var(values)))


def field_errors(solution: Solution, reference: Reference) -> dict[str, FieldError]:
    """The errors of every unknown over independent replicates of points."""
    names = judged(solution.problem, reference)
    narrow = [_within(solution, place) for place in passed_by(solution)]
    share = (1 - sum(part for _, part in narrow)) / REPLICATES
    squares: dict[str, list[float]] = {u: [] for u in names}
    seen: dict[str, list[Moments]] = {u: [] for u in names}
    largest = dict.fromkeys(names, 0.0)
    for replicate in range(REPLICATES):
        places = measured_places(solution, replicate)
        found = solution.everything(**places)
        for unknown in names:
            true = reference_values(reference, unknown, places)
            difference = (found[unknown] if unknown in found else solution.d(unknown)(**places)) - true
            squares[unknown].append(float(np.mean(difference**2)))
            seen[unknown].append(Moments.of(true, share))
            largest[unknown] = float(np.maximum(largest[unknown], np.abs(difference).max()))
    for places, part in narrow:  # a pulse has its size there
        for unknown in names:
            seen[unknown].append(Moments.of(reference_values(reference, unknown, places), part))
    scale = {u: solution.trial.plan.size(u).scale for u in names}
    return {u: _error(squares[u], seen[u], largest[u], scale[u]) for u in names}


def judged(problem: Problem, reference: Reference) -> list[str]:
    """What is compared: all unknowns, and the unknown functions that the reference knows."""
    return [*problem.unknowns, *(name for name in problem.functions if name in reference.fields)]


def check_reference(reference: Reference, problem: Problem) -> None:
    """Every unknown has a field that can be evaluated; so told before training rather than after it.

    Raises
    ------
    ProblemError
        If a field is missing, raises, or returns another shape than it was asked for.
    """
    places = {c: v[:7].numpy() for c, v in fresh_points(problem, 0).coordinates.items()}
    for unknown in problem.unknowns:
        if unknown not in reference.fields:
            raise ProblemError(
                f"the reference '{reference.name}' has no field '{unknown}'",
                f"It must have {', '.join(problem.unknowns)}.",
            )
    for name in judged(problem, reference):
        reference_values(reference, name, places)


def reference_values(reference: Reference, unknown: str, places: Mapping[str, np.ndarray]) -> np.ndarray:
    """The reference's field at these places, (N,)."""
    try:
        values = np.asarray(reference.fields[unknown](**places))
    except Exception as error:
        raise ProblemError(
            f"the reference's field '{unknown}' failed: {type(error).__name__}: {error}",
            f"It is called with {', '.join(places)} as arrays of one shape.",
        ).with_traceback(error.__traceback__) from None
    if remedy := if_complex(values):
        raise ProblemError(f"the reference's field '{unknown}' has complex values", remedy.strip())
    shape = next(iter(places.values())).shape
    if values.shape != shape:
        raise ProblemError(
            f"the reference's field '{unknown}' returned shape {values.shape} for {shape}", "Return one number a point."
        )
    return values


def _error(squares: list[float], seen: list[Moments], largest: float, scale: float) -> FieldError:
    mean = sum(m.share * m.mean for m in seen)
    norm = sum(m.share * m.square for m in seen) ** 0.5
    deviation = sum(m.share * (m.variance + (m.mean - mean) ** 2) for m in seen) ** 0.5
    difference = float(np.mean(squares)) ** 0.5
    relative = difference / yardstick.size(norm, scale)
    to_variation = difference / yardstick.variation(norm, deviation, scale)
    spread = float(np.std(squares, ddof=1)) / len(squares) ** 0.5 / (2 * difference) if difference > 0 else 0.0
    return FieldError(relative, largest, spread * max(relative, to_variation) / (difference or 1.0), to_variation)
