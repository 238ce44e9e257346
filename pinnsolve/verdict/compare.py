"""A solution against a reference: errors, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from pinnsolve.checks.corners import NEAR, away
from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Slab
from pinnsolve.geometry.sampling import sample
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution

REPLICATES, COUNT = 8, 4096
SEED = 20_071  # fixed, and different from any seed that training derives from its own
Verdict = Literal["pass", "fail", "unconfirmed"]


@dataclass(frozen=True)
class FieldError:
    """How far one unknown is from the reference.

    Parameters
    ----------
    relative_l2 : float
        ||u - u_ref|| / ||u_ref|| over the whole domain (dimensionless); the plain norm where u_ref vanishes.
    max : float
        The largest difference seen (the unknown's own units).
    sampling : float
        The standard error of `relative_l2` as a quadrature over random points.
    """

    relative_l2: float
    max: float
    sampling: float


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


def compare(solution: Solution, reference: Reference | None) -> Comparison:
    """Measure a solution on fresh points and judge it by its problem's tolerance.

    It passes only if, for every unknown, error + three of its sampling errors + the reference's own error are at most
    the tolerance. It is unconfirmed without a reference, and where the reference's own error is above a tenth of it.
    Where prescribed values jump, points closer than a tenth of the domain's length are left out.
    """
    tolerance = solution.problem.tolerance
    if reference is None:
        return Comparison("unconfirmed", "there is no reference to compare with", {}, None, tolerance)
    check_reference(reference, solution.problem)
    errors = field_errors(solution, reference)
    verdict, reason = _judged(errors, reference, tolerance, solution)
    around = tuple(c.name for c in solution.trial.plan.corners)
    if around:
        reason += (
            f"; measured at least {NEAR:g} of the domain's length away from {' and '.join(f'({c})' for c in around)}"
        )
    return Comparison(verdict, reason, errors, reference, tolerance, around)


def _judged(
    errors: Mapping[str, FieldError], reference: Reference, tolerance: float, solution: Solution
) -> tuple[Verdict, str]:
    finite = all(np.isfinite(e.relative_l2) for e in errors.values())
    if not finite:
        return "fail", "the solution or the reference is not finite everywhere"
    worst = max(errors, key=lambda u: errors[u].relative_l2)
    error, own = errors[worst], reference.own_error
    if not own <= 0.1 * tolerance:
        return "unconfirmed", f"the reference's own error {own:.1e} is above a tenth of the tolerance {tolerance:.1e}"
    bound = max(e.relative_l2 + 3 * e.sampling for e in errors.values()) + own
    if bound <= tolerance:
        return "pass", f"the error of {worst}, {error.relative_l2:.1e}, is within the tolerance {tolerance:.1e}"
    if error.relative_l2 + own <= tolerance:
        return (
            "fail",
            f"the error of {worst}, {error.relative_l2:.2e}, is too close to the tolerance {tolerance:.1e} to tell",
        )
    outcome = solution.training.outcome.remedy if solution.training is not None else ""
    return (
        "fail",
        f"the error of {worst}, {error.relative_l2:.1e}, is above the tolerance {tolerance:.1e}"
        + f"; {outcome}" * bool(outcome),
    )


def fresh_points(problem: Problem, replicate: int) -> Points:
    """Points that neither training nor its held-out set has seen; one scrambled Sobol set for each replicate."""
    generator = torch.Generator().manual_seed(SEED + replicate)
    return sample(problem.domain, problem.space_coordinates, (Slab(),), COUNT, "sobol", generator)


def measured_places(solution: Solution, replicate: int) -> dict[str, np.ndarray]:
    """The fresh points that are far enough from singular corners, (N,) for each coordinate."""
    points = fresh_points(solution.problem, replicate)
    far = away(solution.trial.plan.corners, points.coordinates, solution.problem.domain)
    return {c: v.numpy() for c, v in (points if far is None else points[far]).coordinates.items()}


def field_errors(solution: Solution, reference: Reference) -> dict[str, FieldError]:
    """The errors of every unknown over independent replicates of points."""
    names = judged(solution.problem, reference)
    squares: dict[str, list[float]] = {u: [] for u in names}
    norms: dict[str, list[float]] = {u: [] for u in names}
    largest = dict.fromkeys(names, 0.0)
    for replicate in range(REPLICATES):
        places = measured_places(solution, replicate)
        for unknown in names:
            true = reference_values(reference, unknown, places)
            difference = solution.d(unknown)(**places) - true
            squares[unknown].append(float(np.mean(difference**2)))
            norms[unknown].append(float(np.mean(true**2)))
            largest[unknown] = float(np.maximum(largest[unknown], np.abs(difference).max()))
    return {u: _error(squares[u], norms[u], largest[u]) for u in names}


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


def _error(squares: list[float], norms: list[float], largest: float) -> FieldError:
    norm = float(np.mean(norms)) or 1.0
    mean = float(np.mean(squares)) / norm
    deviation = float(np.std(squares, ddof=1)) / norm / len(squares) ** 0.5
    relative = mean**0.5
    return FieldError(relative, largest, deviation / (2 * relative) if relative > 0 else 0.0)
