"""What conditions say of unknown functions: values that these can have, and that do not contradict each other."""

from __future__ import annotations

from itertools import combinations
from math import isfinite

import torch
from torch import Tensor

from pinnsolve.checks.contradictions import JUMP, Contradiction, Part
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.points import Points
from pinnsolve.problem.problem import Problem

FINITE = "Values must be finite."


def known_functions(problem: Problem) -> list[str]:
    """Warnings about conditions on unknown functions.

    Raises
    ------
    ProblemError
        If one says nothing of any, or prescribes what its function cannot be.
    """
    for condition in problem.known:
        for piece in problem.pieces(condition):
            if not problem.functions_prober.answer(condition, piece.grid()).slopes:
                raise ProblemError(
                    f"{condition.name} does not involve any unknown function", "Its residual is a constant.",
                    condition.place,
                )  # fmt: skip
            if condition.prescribes is not None and not problem.to_be_found(condition.prescribes):
                _possible(problem, (condition, piece))
    values = [(c, p) for c in problem.known if c.says("value") for p in problem.pieces(c)]
    return [text for a, b in combinations(values, 2) if (text := _jump(problem, a, b))]


def _possible(problem: Problem, part: Part) -> None:
    """Refuse values that are not finite, and those beyond what the function may be."""
    condition, piece = part
    told, points = condition.prescribes, piece.grid()
    assert told is not None
    function, values = problem.functions[told.unknown], _prescribed(problem, part, points)
    each = values.tolist()
    faults = [function.beyond(told.unknown, v) if told.what == "value" else FINITE * (not isfinite(v)) for v in each]
    for k, why in enumerate(faults):
        if why:
            place = ", ".join(f"{c}={float(v[k]):.4g}" for c, v in points.coordinates.items())
            raise ProblemError(f"{condition.name} prescribes {each[k]:.6g} at {place}", why, condition.place)


def _jump(problem: Problem, a: Part, b: Part) -> str:
    """How two values of one function contradict each other where they meet; empty where they do not."""
    place = a[1].meets(b[1]) if a[0].unknown == b[0].unknown else None
    if place is None or any(c.prescribes is None or problem.to_be_found(c.prescribes) for c, _ in (a, b)):
        return ""
    points = place.grid()
    left, right = (_prescribed(problem, part, points) for part in (a, b))
    jump, scale = (left - right).abs(), float(torch.maximum(left.abs(), right.abs()).max())
    worst = int(jump.argmax())
    if not float(jump[worst]) > JUMP * scale:
        return ""
    where = {c: float(v[worst]) for c, v in points.coordinates.items()}
    return f"{Contradiction(a, b, where, float(jump[worst]), scale, True)}; there it is weighted, not exact"


def _prescribed(problem: Problem, part: Part, points: Points) -> Tensor:
    """What a condition prescribes at some points, (N,)."""
    told = part[0].prescribes
    assert told is not None
    chart, at = points.chart()
    return told.given(problem.looked_at(chart, at, {}, points)).value.detach()
