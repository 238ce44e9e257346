"""Whether equations are linear: what they answer to other unknowns."""

from __future__ import annotations

from collections.abc import Sequence

import torch

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


def unvaried(problem: Problem, equations: Sequence[Equation], moments: Sequence[Points]) -> bool:
    """Whether residuals are affine in the unknowns, with the same slopes at the same places at two moments."""
    pairs = list(zip(moments, SHIFTS, strict=True))
    return all(alike([problem.prober.answer(e, points, shift) for points, shift in pairs]) for e in equations)


def alike(answers: Sequence[Answer]) -> bool:
    """Whether slopes are the same for two sets of unknowns."""
    slopes = [{(u, alpha): s for u, alpha, s in a.slopes} for a in answers]
    if slopes[0].keys() != slopes[1].keys():
        return False
    return all(_same(slopes[0][key], slopes[1][key]) for key in slopes[0])


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a - b).abs().max() <= 1e-12 * a.abs().max())  # rounding; false where one is not finite
