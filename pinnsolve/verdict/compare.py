"""A solution against a reference: errors, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
import torch

from pinnsolve.algebra import yardstick
from pinnsolve.calls import worded
from pinnsolve.checks.folds import lived, lives
from pinnsolve.checks.references import judged, made_of, reference_values
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.places import NEAR, Narrow, away
from pinnsolve.geometry.points import Points
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution
from pinnsolve.verdict.moments import Moments
from pinnsolve.verdict.open import left_open
from pinnsolve.verdict.over_reach import over_reach
from pinnsolve.verdict.own import own_reference
from pinnsolve.verdict.quantities import Told, quantities_told

# Independent sets of points. More: the error's own error is known better, and a slow reference takes longer. Chosen,
# not measured.
REPLICATES = 8
# Points of each. More: narrow faults are met more surely, and a slow reference takes longer. `python -m
# validation.never_false_pass` looks for solutions that pass and should not.
COUNT = 4096
FIXED = 20_071  # the seed of all of them, which is none that training derives from its own
Verdict = Literal["pass", "fail", "unconfirmed"]
Own = Literal["the problem's"]
Given = Reference | Callable[[Any], Reference] | Own | None  # `exact(...)` is such a function


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
    quantities : dict from name to Told
        The integrals that the problem asks for.
    eigenvalues_of : Reference or None
        What knows the eigenvalues with which those of modes were compared; it has no fields.
    """

    verdict: Verdict
    reason: str
    errors: dict[str, FieldError]
    reference: Reference | None
    tolerance: float
    corners: tuple[str, ...] = ()
    quantities: Mapping[str, Told] = field(default_factory=dict)
    eigenvalues_of: Reference | None = None

    @property
    def difference(self) -> float:
        """How far the solution is from the truth at least: its largest error less the reference's own."""
        own = 0.0 if self.reference is None else self.reference.own_error
        return max((e.strict for e in self.errors.values()), default=0.0) - own

    @property
    def offset(self) -> bool:
        """Whether an unknown is so large beside its variation that the two errors are two numbers to a reader."""
        return any(e.to_variation > 2.0 * e.relative_l2 for e in self.errors.values())


@worded
def compare(solution: Solution, reference: Given = "the problem's", *, replicates: int = REPLICATES) -> Comparison:
    """Measure a solution on fresh points and judge it by its problem's tolerance.

    It passes only if, for every unknown, error + three of its sampling errors + the reference's own error are at most
    the tolerance, the error relative to the unknown's norm or to its variation about its mean, whichever is stricter.
    It is unconfirmed without a reference, where the reference's own error is above a tenth of it, and where the run
    ended as undetermined, or nothing determines a constant or a function that is a part of the answer: what is right
    then is so by chance.
    Where prescribed values jump, points closer than a tenth of the domain's length are left out. So are places that are
    too narrow for evenly spread points, of which one or none would fall there by luck: points of their own tell whether
    what varies there is missing.

    Parameters
    ----------
    solution : Solution
    reference : Reference, callable or None, optional
        By default the problem's own: what it brings, or what a classical method makes of its declaration; another one,
        `exact(u=...)` or a function of the problem that returns one; None where there is none.
    replicates : int
        Independent sets of 4,096 points; at least two.

    Raises
    ------
    ProblemError
        If the first is no solution, the reference is none, or its fields give anything but finite real numbers.
    """
    if not isinstance(solution, Solution):
        raise ProblemError(
            f"compare({repr(solution).splitlines()[0]:.60}) is given no solution", "Write compare(solve(problem))."
        )
    if solution.judged is not None:
        return cast(Comparison, solution.judged(reference))
    tolerance, why = solution.problem.tolerance, "there is no reference to compare with"
    if isinstance(reference, str) and reference == "the problem's":
        reference, why = own_reference(solution)
    if reference is None:
        told = quantities_told(solution, None)
        return Comparison("unconfirmed", why, {}, None, tolerance, quantities=told)
    reference = made_of(reference, solution.problem)
    errors = field_errors(solution, reference, replicates)
    verdict, reason = _judged(errors, reference, tolerance, solution)
    if verdict == "pass" and (missing := _missing(solution, reference)):
        verdict, reason = "fail", missing
    if verdict == "pass" and (other := left_open(solution)):
        verdict, reason = "unconfirmed", f"{reason}, but {other}"
    around = tuple(c.name for c in solution.trial.plan.corners)
    if around:
        reason += (
            f"; measured at least {NEAR:g} of the domain's length away from {' and '.join(f'({c})' for c in around)}"
        )
    told = quantities_told(solution, reference)
    return Comparison(verdict, reason, errors, reference, tolerance, around, told)


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


def fresh_points(problem: Problem, replicate: int) -> Points:
    """Points that neither training nor its held-out set has seen; one scrambled Sobol set for each replicate."""
    generator = torch.Generator().manual_seed(FIXED + replicate)
    return problem.domain.interior.draw(COUNT, "sobol", generator)


def measured_places(solution: Solution, replicate: int) -> dict[str, np.ndarray]:
    """The fresh points that are far enough from singular corners, and beside what is too narrow for them, (N,) for each
    coordinate."""
    points = fresh_points(solution.problem, replicate)
    far = away(solution.trial.plan.corners, points.coordinates, solution.problem.domain)
    points = points if far is None else points[far]
    for place in passed_by(solution):
        points = points[~place.holds(points.coordinates)]
    return {c: v.numpy() for c, v in points.coordinates.items()}


def passed_by(solution: Solution) -> list[Narrow]:
    """The narrow places in which less than one of the fresh points lies."""
    problem = solution.problem
    found = [here for n in solution.trial.plan.narrow if (here := _here(problem, n)) is not None]
    return [n for n in found if COUNT * _share(problem, _zone(problem, n)) < 1]


def _here(problem: Problem, place: Narrow) -> Narrow | None:
    """What of a place is seen at the values that a problem has of its parameters, if it is seen there at all."""
    beside = {c: problem.parameters[c] for c in place.middle if c not in problem.coordinates}
    left = [c for c in place.middle if c in problem.coordinates]
    if not left or any(abs(v - place.middle[c]) > place.width[c] for c, v in beside.items()):
        return None
    return Narrow({c: place.middle[c] for c in left}, {c: place.width[c] for c in left})


def _zone(problem: Problem, place: Narrow) -> Domain:
    """The part of the domain around a narrow place."""
    domain = problem.domain
    ends = {c: (place.around(c), domain.ends(c)) for c in place.middle}
    return domain.part({c: (max(low, begin), min(high, end)) for c, ((low, high), (begin, end)) in ends.items()})


def _share(problem: Problem, zone: Domain) -> float:
    """Of the whole domain."""
    return math.prod(zone.length(c) / problem.domain.length(c) for c in zone.coordinates)


def _within(solution: Solution, place: Narrow) -> tuple[dict[str, np.ndarray], float]:
    """Points in a narrow place, (N,) for each coordinate, and the share of the domain that it takes."""
    zone = _zone(solution.problem, place)
    if len(zone.coordinates) == 1:
        points = zone.interior.midpoints(400)
    else:
        points = zone.interior.draw(COUNT, "sobol", torch.Generator().manual_seed(FIXED))
    return {c: v.numpy() for c, v in points.coordinates.items()}, _share(solution.problem, zone)


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


def field_errors(solution: Solution, reference: Reference, replicates: int = REPLICATES) -> dict[str, FieldError]:
    """The errors of every unknown over independent replicates of points; of a function of an unknown over this."""
    alone = over_reach(solution, reference)
    names = [u for u in judged(solution.problem, reference) if u not in alone]
    narrow = [_within(solution, place) for place in passed_by(solution)]
    share = (1 - sum(part for _, part in narrow)) / replicates
    squares: dict[str, list[float]] = {u: [] for u in names}
    seen: dict[str, list[Moments]] = {u: [] for u in names}
    largest = dict.fromkeys(names, 0.0)
    for replicate in range(replicates):
        places = measured_places(solution, replicate)
        found = solution.everything(**places)
        for unknown in names:
            mine, own = lives(solution.problem, unknown, places), lived(solution.problem, unknown, places)
            true = reference_values(reference, unknown, own)
            values = found[unknown] if unknown in found else solution.d(unknown)(**places)
            difference = (values if mine is None else values[mine]) - true
            squares[unknown].append(float(np.mean(difference**2)))
            seen[unknown].append(Moments.of(true, share))
            largest[unknown] = float(np.maximum(largest[unknown], np.abs(difference).max()))
    for places, part in narrow:  # a pulse has its size there
        for unknown in names:
            seen[unknown].append(Moments.of(reference_values(reference, unknown, places), part))
    for u, (true, off) in alone.items():
        squares[u], seen[u] = [float(np.mean(off**2))] * 2, [Moments.of(true, 1.0)]
        largest[u] = float(np.abs(off).max())
    return {u: _error(squares[u], seen[u], largest[u], solution.trial.plan.size(u).scale) for u in squares}


def _error(squares: list[float], seen: list[Moments], largest: float, scale: float) -> FieldError:
    mean = sum(m.share * m.mean for m in seen)
    norm = sum(m.share * m.square for m in seen) ** 0.5
    deviation = sum(m.share * (m.variance + (m.mean - mean) ** 2) for m in seen) ** 0.5
    difference = float(np.mean(squares)) ** 0.5
    relative = difference / yardstick.size(norm, scale)
    to_variation = difference / yardstick.variation(norm, deviation, scale)
    spread = float(np.std(squares, ddof=1)) / len(squares) ** 0.5 / (2 * difference) if difference > 0 else 0.0
    return FieldError(relative, largest, spread * max(relative, to_variation) / (difference or 1.0), to_variation)
