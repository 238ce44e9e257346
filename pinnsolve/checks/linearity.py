"""Whether equations are linear: what they answer to other unknowns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from pinnsolve.checks.some import some
from pinnsolve.geometry.points import Points
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Answer
from pinnsolve.problem.problem import Problem

SHIFTS = 0.0, 1.9  # of the probes that are compared


def linear(problem: Problem, equation: Equation, points: Points) -> bool:
    """Whether a residual is affine in the unknowns; one that asks for a function of an unknown is not."""
    if equation.asks & problem.of_unknowns:
        return False
    return alike([problem.prober.answer(equation, points, shift) for shift in SHIFTS])


def constant_in_time(problem: Problem, equations: Sequence[Equation]) -> bool:
    """Whether equations, and all conditions that do not stand at a moment, are affine in the unknowns, with slopes that
    stay as they are: seen at two moments, all over space and along every side. A function of an unknown is neither."""
    count = 4096  # of fewer points, none may lie in what is narrow
    inside = problem.domain.interior.draw(count, "sobol", torch.Generator().manual_seed(0))
    every = [(e, inside) for e in equations]
    for c in (*problem.conditions, *problem.inner):
        every += [(c, piece.grid()) for piece in some(problem.pieces(c)) if piece.moment is None]
    return all(_stays(problem, equation, points) for equation, points in every)


def _stays(problem: Problem, equation: Equation, points: Points) -> bool:
    """Whether a residual has the same slopes at two moments and for two sets of unknowns."""
    if equation.asks & problem.of_unknowns:
        return False
    time = str(problem.domain.time)
    begin, end = problem.domain.ends(time)
    moments = [torch.full_like(points.weights, begin + part * (end - begin)) for part in (0.29, 0.71)]
    at = [replace(points, coordinates={**points.coordinates, time: t}) for t in moments]
    return alike([problem.prober.answer(equation, p, shift) for p, shift in zip(at, SHIFTS, strict=True)])


def alike(answers: Sequence[Answer]) -> bool:
    """Whether slopes are the same for two sets of unknowns."""
    slopes = [{(u, alpha): s for u, alpha, s in a.slopes} for a in answers]
    if slopes[0].keys() != slopes[1].keys():
        return False
    return all(_same(slopes[0][key], slopes[1][key]) for key in slopes[0])


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a - b).abs().max() <= 1e-12 * a.abs().max())  # rounding; false where one is not finite
