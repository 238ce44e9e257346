"""A mean, a norm or a value at a single place that says one thing too much.

    u'' = f,  u = 0 at both ends,  integral of u = 1:      u is known without the integral, which is another number

Such a condition stands on no face, and counting says nothing of it: beside fluxes all around, or an eigenvalue that is
sought, it is what is missing. So both are asked: what the equations and the other conditions leave of what they
prescribe on polynomials (`checks.posed`), and what all of them together do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinnsolve.checks.posed import Posed
from pinnsolve.checks.systems import POSING, Systems
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


def superfluous(systems: Systems, smooth: bool) -> Posed:
    """What is told of conditions that say one number each, where the rest determines the solution by itself."""
    problem, settling = systems.problem, systems.settling
    if not (smooth and settling and systems.asked):
        return Posed()
    alone, every = systems.unsettled, systems.whole
    if alone is None or every is None or not (every.linear and alone.linear) or alone.open.shape[1]:
        return Posed()
    share, size = every.unmet, float(np.linalg.norm(alone.right))
    left = float(np.linalg.norm(alone.left)) / size if size else 0.0
    least = min(POSING.much, problem.tolerance / 3)
    if not share > max(least, POSING.beyond * left):
        return Posed()
    names = " and ".join(f"'{c.name}'" for c in settling)
    return Posed(
        unmet=f"{names} {'is' if len(settling) == 1 else 'are'} too much: the equations and the other conditions tell "
        f"{' and '.join(problem.unknowns)} without, and something else there ({share:.1%} of what is prescribed is "
        f"left by whatever comes closest to all of them); leave out one or the other{_or_held(problem, settling)}"
    )


def _or_held(problem: Problem, settling: Sequence[Equation]) -> str:
    """What may be meant along a line: a place at which something is held, and a slope or a force jumps."""
    pieces = [p for c in settling if not c.integrates for p in problem.pieces(c)]
    if len(problem.coordinates) != 1 or not pieces:
        return ""
    ((c, value),) = pieces[0].fixed.items()
    return f", or write on=face({c}={value:g}) where something is held, a support, and what it takes may jump"
