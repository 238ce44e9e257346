"""Small numbers before the highest derivatives, and how thin the layers are that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pinnsolve.checks.coverage import derivative_name
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem


def layers(problem: Problem, sizes: Mapping[str, Size]) -> list[str]:
    """A warning for each unknown and coordinate whose highest derivative has a coefficient so small that layers are
    thinner than a thousandth of the domain.

    Where a D^m u balances b D^k u, k < m, over a length w it is w^(m - k) = a / b, other derivatives measured by the
    lengths of the domain.

    Parameters
    ----------
    problem : Problem
    sizes : mapping from unknown to Size
        How large the unknowns are: coefficients of nonlinear terms depend on it.
    """
    thin = 1e-3  # of the domain's length: what is wider is resolved without a word
    found = []
    for equation in problem.equations:
        answer = problem.prober.inside(equation, sizes)
        for unknown in problem.unknowns:
            slopes = {alpha: float(s.abs().nan_to_num().max()) for alpha, s in answer.of(unknown).items()}
            for axis, coordinate in enumerate(problem.coordinates):
                if coordinate in problem.ranges or coordinate == problem.domain.time:
                    continue
                width, highest, other = _thinnest(problem, slopes, axis)
                if highest is None or other is None or not width < thin:
                    continue
                name, beside = (derivative_name(unknown, a, problem.coordinates) for a in (highest, other))
                length = problem.domain.length(coordinate)
                found.append(
                    f"{slopes[highest]:.1g} before {name} in '{equation.name}', beside {slopes[other]:.1g} before "
                    f"{beside}: expect a layer of width {width * length:.0e} along {coordinate}, which is {length:.3g} "
                    "long; if none is meant, look at the units of both"
                )
    return found


def _thinnest(problem: Problem, slopes: Mapping[Alpha, float], axis: int) -> tuple[float, Alpha | None, Alpha | None]:
    """The width of the thinnest layer along a coordinate (in its lengths), and the two derivatives that balance."""
    highest = max((a for a in slopes if a[axis] == sum(a) > 0), key=sum, default=None)
    if highest is None or slopes[highest] == 0:
        return math.inf, None, None

    def weight(alpha: Alpha) -> float:
        lengths = (problem.domain.length(c) ** k for c, k in zip(problem.coordinates, alpha, strict=True))
        return slopes[alpha] / math.prod(lengths)

    top = highest[axis]
    widths = {
        alpha: (weight(highest) / weight(alpha)) ** (1 / (top - alpha[axis]))
        for alpha in slopes
        if alpha[axis] < top and slopes[alpha] > 0
    }
    if not widths or max((a[axis] for a in slopes), default=0) > top:
        return math.inf, None, None
    other = min(widths, key=lambda alpha: widths[alpha])
    return widths[other], highest, other
