"""Whether the first guess of the unknowns can be begun with, and whether anything depends on it."""

from __future__ import annotations

from pinnsolve.checks.linearity import linear
from pinnsolve.errors import ProblemError, place_of
from pinnsolve.problem.problem import Problem


def guesses(problem: Problem) -> list[str]:
    """Warnings about a guess that changes nothing.

    Raises
    ------
    ProblemError
        If the guess is not finite somewhere, or cannot be evaluated.
    """
    if not problem.guess.unknowns:
        return []
    points = problem.domain.interior.grid()
    for unknown, values in problem.guessed(points).items():
        bad = ~values.isfinite()
        if bool(bad.any()):
            k = int(bad.int().argmax())
            place = ", ".join(f"{c}={float(v[k]):.4g}" for c, v in points.coordinates.items())
            given = problem.guess.values.get(unknown)
            raise ProblemError(
                f"the guess of {unknown} is {float(values[k])} at {place}", "It must be finite in the whole domain.",
                place_of(given) if callable(given) else None,
            )  # fmt: skip
    if _linear(problem):
        return ["guess= changes nothing: the problem is linear, and has the same solution from wherever it begins"]
    if any(piece.moment is not None for c in problem.conditions for piece in problem.pieces(c)):
        return ["guess= is of little use: an evolution follows from its start, and what marches in time begins there"]
    return []


def _linear(problem: Problem) -> bool:
    places = [(e, problem.domain.line()) for e in problem.equations]
    places += [(c, piece.grid()) for c in problem.conditions for piece in problem.pieces(c)]
    found = not problem.constants and not problem.functions
    return found and all(linear(problem, equation, points) for equation, points in places)
