"""Corners in which boxes of materials meet, beside which a solution goes as a power so low that no cells follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from pinnsolve.algebra.quarters import exponent
from pinnsolve.geometry.blocks import are_boxes, corners_of_boxes
from pinnsolve.geometry.points import Points
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """What is told.

    Parameters
    ----------
    slow : float
        The exponent. A checkerboard of 350:1, of 0.068, is solved to half a percent, one of 1000:1, of 0.04, is not
        (measured against Kellogg's solution). Larger: warnings about what is solved.
    beside : float
        Of the domain's length: where materials are looked at.
    """

    slow: float = 0.06
    beside: float = 1e-6


RULES = Rules()


def slow_corners(problem: Problem) -> list[str]:
    """A warning about the worst of them."""
    domain, materials = problem.domain, list(problem.materials.values())
    if len(domain.space_coordinates) != 2 or domain.shape is not None or not materials or not are_boxes(materials):
        return []
    found: list[tuple[float, str]] = []
    for corner in corners_of_boxes(materials, domain):
        for a in _around(problem, corner.fixed):
            if min(a) > 0 and (low := exponent(a)) < RULES.slow:
                found.append((low, f"({corner.name}), {max(a):.4g} beside {min(a):.4g}"))
    if not found:
        return []
    low, where = min(found)
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return [
        f"materials meet in the corner {where}{more}: the solution goes as r^{low:.2g} there, which cells may not "
        "follow, whatever the budget; if two conductors are meant to touch, or not to, draw the bridge or the gap"
    ]


def _around(problem: Problem, place: Mapping[str, float]) -> list[list[float]]:
    """What stands before the second derivatives of each unknown in the four quarters around a place, one after the
    other; of both directions the mean."""
    domain, (x, y) = problem.domain, problem.domain.space_coordinates
    turn = {x: (1.0, -1.0, -1.0, 1.0), y: (1.0, 1.0, -1.0, -1.0)}
    at = {c: torch.full((4,), m, dtype=torch.float64) for c, m in domain.middle.items()}
    for c, signs in turn.items():
        at[c] = place[c] + RULES.beside * domain.length(c) * torch.tensor(signs, dtype=torch.float64)
    points, axes = Points(at, torch.ones(4, dtype=torch.float64)), [problem.coordinates.index(c) for c in (x, y)]
    found = []
    for equation in problem.equations:
        answer = problem.prober.answer(equation, points)
        for unknown in problem.unknowns:
            slopes = answer.of(unknown)
            each = [slopes.get(tuple(2 * (k == axis) for k in range(len(problem.coordinates)))) for axis in axes]
            if each[0] is not None and each[1] is not None:
                found.append((each[0] * each[1]).clamp(min=0).sqrt().tolist())
    return found
