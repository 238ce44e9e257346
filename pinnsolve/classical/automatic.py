"""A reference that nobody had to write: the problem's own declaration, solved by differences."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.calls import worded
from pinnsolve.checks.as_folded import as_folded
from pinnsolve.checks.as_materials import as_materials
from pinnsolve.checks.as_regular import Rest, as_regular, kept_apart, rest_of
from pinnsolve.checks.as_space import as_steady
from pinnsolve.checks.backwards import backwards, sideways
from pinnsolve.checks.check import Findings, check
from pinnsolve.checks.coverage import uncovered
from pinnsolve.checks.fluxes import bend
from pinnsolve.checks.folds import fold_of
from pinnsolve.checks.inner_joins import inner_places
from pinnsolve.checks.interfaces import broken
from pinnsolve.checks.joins import joined
from pinnsolve.classical.reading import NoReferenceError, Read, read
from pinnsolve.errors import ProblemError, positive
from pinnsolve.geometry.places import Plane, away
from pinnsolve.problem.local import in_place
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Reference

Array = np.ndarray


@dataclass(frozen=True)
class Effort:
    """What is put into a reference.

    Parameters
    ----------
    enough : float
        Of the tolerance: the own error that it is brought down to. A verdict needs a tenth; half of that leaves room
        for what differences of levels do not tell.
    most : float
        An own error above this, relative to the solution, is that of no solution.
    share : float
        Of the budget of training: the seconds that the command gives it, beside that budget. More: a run takes longer
        before it begins. Less: what is large or stiff is left without a reference.
    """

    enough: float = 0.05
    most: float = 0.3
    share: float = 0.5


EFFORT = Effort()


@dataclass(frozen=True)
class Attempt:
    """What became of an automatic reference.

    Parameters
    ----------
    reference : Reference or None
    why : str
        Where there is none: what follows "no reference, because". Otherwise how its own error was found.
    """

    reference: Reference | None
    why: str


@worded
def automatic_reference(
    problem: Problem, *, tolerance: float | None = None, seconds: float = 30.0, findings: Findings | None = None
) -> Reference:
    """Solve a problem's own declaration by a classical method, to an own error of a twentieth of the tolerance.

    Raises
    ------
    ProblemError
        If it cannot be solved so; the message says why.
    """
    if not isinstance(problem, Problem):
        raise ProblemError(f"{problem!r:.60} is no problem", "Write automatic_reference(problem, tolerance=1e-6).")
    if tolerance is not None:
        positive("automatic_reference: tolerance", tolerance)
    found = attempt(problem, tolerance=tolerance, seconds=seconds, findings=findings)
    if found.reference is None:
        raise ProblemError(f"no reference, because {found.why}", "Write reference=..., or None for no comparison.")
    return found.reference


def attempt(
    problem: Problem, *, tolerance: float | None = None, seconds: float = 30.0, findings: Findings | None = None
) -> Attempt:
    """The same; where it cannot be solved, in words why."""
    from pinnsolve.classical.layout import spacing_of
    from pinnsolve.classical.levels import PLAN, Ladder  # scipy changes the warning filters: only who asks gets it
    from pinnsolve.classical.solving import Solver

    began = clock.perf_counter()
    try:
        asked, rest = problem, rest_of(problem)
        regular = as_folded(problem) or as_regular(problem) or problem
        problem = as_steady(regular) or as_materials(regular) or regular
        own, integrals = problem.unknowns, problem.integrals
        problem = _without_integrals(problem)
        kept_apart(problem, rest)
        known = check(problem) if integrals or findings is None else findings
        given = read(problem)
        _refused(given, known)
        planes, curved = _broken(given, known)
        shape = problem.domain.shape is not None or curved
        spacing = spacing_of(given, known, PLAN.scattered[len(given.coordinates)]) if shape else None
        ladder = Ladder(Solver(given, known, began + seconds, spacing, planes), compared_at(problem, known), len(own))
        with np.errstate(all="ignore"):  # what is not resolved may overflow, and is judged by its differences
            ladder.climb(EFFORT.enough * (tolerance or problem.tolerance))
    except NoReferenceError as error:
        return Attempt(None, str(error))
    if not ladder.levels or not ladder.own_error <= EFFORT.most:
        differences = ", ".join(f"{d:.0e}" for d in ladder.differences[-3:])
        told = f" (differences of its levels {differences})" if differences else ""
        return Attempt(None, (ladder.why or "its levels do not approach each other") + told)
    fields: dict[str, Callable[..., Array]] = {
        u: _field(ladder.levels[-1].found.at, f, u, asked, rest) for f, u in enumerate(own)
    }
    about = ladder.told
    seconds_used = clock.perf_counter() - began
    return Attempt(Reference("differences, automatic", fields, ladder.own_error, seconds_used, True, about), about)


def _without_integrals(problem: Problem) -> Problem:
    """The same with integrals as unknowns of their own.

    Raises
    ------
    NoReferenceError
        If that cannot be.
    """
    try:
        return in_place(problem)
    except ProblemError as error:
        raise NoReferenceError(f"integrals stand in it: {error.fault}") from None


def _refused(given: Read, findings: Findings) -> None:
    """What is not solved here.

    Raises
    ------
    NoReferenceError
    """
    problem, marched = given.problem, given.marched
    scattered = problem.domain.time is not None and not marched and problem.space_coordinates
    told = {
        "modes are compared by their eigenvalues": problem.eigenvalues,
        "constants or functions are to be found from data, and a solution with those found shows nothing new":
            problem.constants or problem.functions,
        "a parameter is a range, and it solves for one value at a time": problem.ranges,
        "data are a part of the problem": problem.observations and (marched or not problem.equations),
        "data with noise are a part of the problem": any(seen.known for seen in problem.observations),
        "a grid of four coordinates is too large": len(given.coordinates) > 3,
        "conditions stand at other moments than the start, so that time cannot be marched": scattered,
        "conditions stand on parts of a wall that change in time": marched
            and any(problem.domain.time in part.asks for _, piece in given.walls for part in piece.kept),
        "there are fewer equations than unknowns": len(given.equations) < len(problem.unknowns),
    }  # fmt: skip
    for why, so in told.items():
        if so:
            raise NoReferenceError(why)
    if problem.domain.shape is not None:
        _refused_on_shapes(given, findings)
    if marched and (wrong := backwards(problem)):
        raise NoReferenceError(f"time runs the wrong way in {wrong}: it sharpens what is fine without bound")
    if ill_posed := sideways(problem):
        raise NoReferenceError(ill_posed[0])
    if findings.undecided:
        raise NoReferenceError(findings.undecided[0])


def _refused_on_shapes(given: Read, findings: Findings) -> None:
    """Nodes that are few do not show what a side without conditions leaves open, as more of them would."""
    problem = given.problem
    if any(not piece.on_boundary and not set(given.coordinates) <= set(piece.fixed) for _, piece in given.walls):
        raise NoReferenceError("conditions stand inside the shape, across which differences are not taken")
    if left := uncovered(problem, {u: findings.derivatives.get(u, set()) for u in problem.unknowns}):
        raise NoReferenceError(left[0].split(", although")[0])


def _broken(given: Read, findings: Findings) -> tuple[list[Plane], bool]:
    """The planes across which the equations jump, where differences end; and whether materials meet on other surfaces,
    or inside of a shape, so that nodes are scattered.

    Raises
    ------
    NoReferenceError
        If they jump elsewhere, too.
    """
    problem = given.problem
    planes, bent = broken(problem, findings.sizes, findings.narrow) if problem.equations else ([], "")
    standing = _standing(problem)
    inside = [p for p in planes if p.coordinate != problem.domain.time or not given.marched]
    on_shape = problem.domain.shape is not None
    scattered = bent or (inside and (on_shape or not _bends(given, _apart(problem, inside, standing))))
    if problem.cuts or (problem.interfaces and scattered):
        if standing:
            raise NoReferenceError("conditions stand at inner places, and materials meet on a surface")
        _check_joined(given)
        alike = problem.of_one_material()
        planes, bent = broken(alike, findings.sizes, findings.narrow)
        inside = [p for p in planes if p.coordinate != problem.domain.time or not given.marched]
        if inside or bent:
            raise NoReferenceError(f"the equations jump at {bent or inside[0].name}, where no materials meet")
        return planes, True
    if on_shape and (inside or standing):
        what = f"the equations jump at {inside[0].name}" if inside else "conditions stand inside of a shape"
        raise NoReferenceError(f"{what}, across which differences are not taken")
    if bent:
        raise NoReferenceError(f"the equations jump at {bent}, across which differences are not taken")
    if not inside and findings.unseen:
        raise NoReferenceError(f"the equations do not say how the solution goes on at {findings.unseen[0]}")
    if not inside and findings.lost:
        raise NoReferenceError(findings.lost[0].split(";")[0].split(": at points")[0])
    return [*planes, *_apart(problem, standing, planes)], False


def _standing(problem: Problem) -> list[Plane]:
    """The planes at which conditions stand inside."""
    return [Plane(c, place) for c in problem.space_coordinates for place in inner_places(problem, c)]


def _apart(problem: Problem, planes: Sequence[Plane], others: Sequence[Plane]) -> list[Plane]:
    """The planes that are none of the others."""

    def same(p: Plane, q: Plane) -> bool:
        return p.coordinate == q.coordinate and abs(p.value - q.value) <= SAME * problem.domain.length(p.coordinate)

    return [p for p in planes if not any(same(p, q) for q in others)]


def _bends(given: Read, planes: Sequence[Plane]) -> bool:
    """Whether the equations tell of all planes how slopes go on, by fluxes that are linear in the unknowns."""
    for plane in planes:
        joins = {u: given.order(f, plane.coordinate) for f, u in enumerate(given.problem.unknowns)}
        if bend(given.problem, plane.coordinate, plane.value, joins) is None:
            return False
    return True


def _check_joined(given: Read) -> None:
    """Refuse materials of which the equations do not say how a solution goes on where they meet."""
    if given.periodic:
        raise NoReferenceError("materials meet on a surface, and space repeats itself")
    if not given.marched and given.problem.domain.time is not None:
        raise NoReferenceError("materials meet on a surface, and time is not marched")
    found = joined(given.problem)
    if any(one.lost for one in found):
        raise NoReferenceError("a coefficient that jumps stands before a second derivative, where no flux is told")
    if not any(one.together for one in found):
        raise NoReferenceError("the equations tell no flux that goes on where materials meet")


def compared_at(problem: Problem, findings: Findings) -> dict[str, Array]:
    """Where levels are compared: points of their own, away from singular corners, as an error is measured."""
    count, seed = 4096, 90_017
    points = problem.domain.interior.draw(count, "sobol", torch.Generator().manual_seed(seed))
    far = away(findings.corners, points.coordinates, problem.domain)
    points = points if far is None else points[far]
    return {c: v.numpy() for c, v in points.coordinates.items()}


def _field(
    at: Callable[[int, dict[str, Array]], Array], number: int, unknown: str, problem: Problem, rest: Rest | None
) -> Callable[..., Array]:  # fmt: skip
    fold = fold_of(problem)

    def field(**places: Array) -> Array:
        arrays = {c: np.asarray(places[c], dtype=np.float64) for c in problem.coordinates}
        shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
        flat = {c: np.broadcast_to(a, shape).ravel() for c, a in arrays.items()}
        if fold is not None:
            sheet, x = fold.sheets[unknown], flat[fold.coordinate]
            folded = sheet.folded(np.clip(x, sheet.span.low, sheet.span.high))
            inside = at(number, flat | {fold.coordinate: folded})
            return np.where(sheet.inside(x), inside, np.nan).reshape(shape)
        found = at(number, flat).reshape(shape)
        return found if rest is None else found + rest.at_places(unknown, arrays)

    return field
