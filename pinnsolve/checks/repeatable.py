"""Whether functions of the problem file return the same when they are asked again at the same places.

One that draws random numbers, counts its calls or changes what it reads is another equation at each step; what it
leaves on points of its own says nothing.
"""

from __future__ import annotations

import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.some import some
from pinnsolve.errors import ProblemError
from pinnsolve.problem.problem import Problem


def check_repeatable(problem: Problem) -> None:
    """Ask each equation and condition twice.

    Raises
    ------
    ProblemError
        If one returns something else, with its place.
    """
    asked = [(e, f"equation '{e.name}'", problem.domain.line()) for e in problem.equations]
    asked += [(c, c.name, piece.grid()) for c in problem.conditions for piece in some(problem.pieces(c))]
    for equation, name, points in asked:
        one, other = (problem.prober.answer(equation, points).residual for _ in range(2))
        if not torch.allclose(one, other, rtol=SAME, atol=SAME * _largest(one), equal_nan=True):
            raise ProblemError(
                f"{name} returns something else when it is asked again at the same places",
                "It draws random numbers, or changes what it reads: make all that it uses before, outside of it.",
                equation.place,
            )


def _largest(values: torch.Tensor) -> float:
    """Of those that are numbers; what is none is told elsewhere."""
    return float(torch.where(values.isfinite(), values, torch.zeros_like(values)).abs().max())
