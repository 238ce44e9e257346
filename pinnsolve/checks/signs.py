"""Parts of the domain in which a coefficient that decides what kind of equation it is has the other sign.

    u_t = (k(x) u_x)_x,  (k(x) u_x)_x = f,      k < 0 somewhere

Where k < 0 heat flows to where it is warm: in time what is fine grows there without bound, and a steady equation whose
k changes its sign has no solution, or many. Coefficients are looked at on many points; where they depend on the
unknowns, at the start alone, since that is where these are known.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.backwards import marched, smoothing
from pinnsolve.checks.boxes import RULES
from pinnsolve.checks.linearity import SHIFTS
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Answer
from pinnsolve.problem.problem import Problem

Slopes = dict[Alpha, Tensor]


def signs(problem: Problem) -> list[str]:
    """A warning for each equation and unknown of which a part of the domain makes another kind of equation; of problems
    whose time does not run the wrong way everywhere, of which `backwards` says more."""
    if problem.eigenvalues:
        return []
    points = problem.domain.interior.draw(RULES.points, "sobol", torch.Generator().manual_seed(11))
    found = []
    for equation in problem.equations:
        answers = [problem.prober.answer(equation, points, shift) for shift in SHIFTS]
        for u in problem.unknowns:
            told = _in_time(problem, equation, u, points, answers) or _steady(problem, equation, u, points, answers)
            found += [told] if told else []
    return found


def _in_time(problem: Problem, equation: Equation, u: str, points: Points, answers: list[Answer]) -> str:
    if not marched(problem):
        return ""
    axis = problem.coordinates.index(str(problem.domain.time))
    order = max((a[axis] for a in answers[0].of(u)), default=0)
    one, other = (smoothing(problem, answer.of(u), order) for answer in answers)
    known = [(sign, points) for k, sign in one.items() if k in other and torch.equal(sign, other[k])]
    if len(known) < len(one):
        known += _at_the_start(problem, equation, u, order)
    for sign, at in known:
        if bool((sign < -SAME * sign.abs().max()).any()):
            return (
                f"time runs the wrong way in '{equation.name}' for {u} in a part of the domain, as at "
                f"{_place(at, sign.argmin())}: what multiplies its highest derivative has the other sign there, and "
                "sharpens what is fine without bound; a conductivity must not be negative"
            )
    return ""


def _at_the_start(problem: Problem, equation: Equation, u: str, order: int) -> list[tuple[Tensor, Points]]:
    """What must be positive for an evolution where time begins, if the values of all unknowns are prescribed there."""
    given = {
        c.prescribes.unknown: c.prescribes
        for c in problem.conditions
        if c.prescribes is not None and c.prescribes.what == "value"
        for piece in problem.pieces(c)
        if piece.moment == problem.domain.ends(str(problem.domain.time))[0]
    }
    if not set(problem.unknowns) & equation.asks <= set(given) or any(map(problem.to_be_found, given.values())):
        return []
    points = problem.domain.start.draw(RULES.points, "sobol", torch.Generator().manual_seed(12))
    chart, at = points.chart()
    axis = chart.axis(str(problem.domain.time))
    leaves: dict[tuple[str, Alpha], Tensor] = {}

    def field(v: str) -> Jet:
        value = given[v].given(problem.fields(chart, at, {}, points))

        def rule(alpha: Alpha) -> Tensor:  # rates are not known; nothing that is asked for depends on them
            number = torch.ones(chart.size, dtype=chart.dtype) if alpha[axis] else value.dense(alpha).detach()
            leaves[v, alpha] = number.clone().requires_grad_()
            return leaves[v, alpha]

        return Jet(chart, rule, (chart.size,), frozenset(chart.names))

    with torch.enable_grad():
        unknowns = {v: field(v) for v in given}
        residual = equation.residual(problem.fields(chart, at, unknowns, points)).value
    slopes = torch.autograd.grad(residual.sum(), [*leaves.values()], materialize_grads=True)
    mine = {alpha: slope for (v, alpha), slope in zip(leaves, slopes, strict=True) if v == u}
    return [(sign, points) for sign in smoothing(problem, mine, order).values()]


def _steady(problem: Problem, equation: Equation, u: str, points: Points, answers: list[Answer]) -> str:
    """Second derivatives whose coefficients have one sign here and the other there, all of them."""
    if problem.domain.time is not None or problem.observations:
        return ""
    slopes, other = (_second(answer.of(u)) for answer in answers)
    if not slopes or slopes.keys() != other.keys() or not all(torch.equal(s, other[a]) for a, s in slopes.items()):
        return ""
    every = torch.stack([*slopes.values()])
    every = torch.where(every.abs() > SAME * every.abs().max(), every, 0.0)
    up, down = (every > 0).all(0), (every < 0).all(0)
    if not bool(up.any() and down.any()):
        return ""
    names = " and ".join(f"{u}_{''.join(c * k for c, k in zip(problem.coordinates, a, strict=True))}" for a in slopes)
    return (
        f"what multiplies {names} in '{equation.name}' is positive at {_place(points, up.double().argmax())} and "
        f"negative at {_place(points, down.double().argmax())}: where the sign changes such an equation has no "
        "solution, or many; a conductivity must not be negative"
    )


def _second(slopes: Slopes) -> Slopes:
    """Those of the second derivatives along one coordinate each, where there are none of higher order."""
    if max(map(sum, slopes), default=0) != 2:
        return {}
    return {alpha: slope for alpha, slope in slopes.items() if sum(alpha) == 2 == max(alpha)}


def _place(points: Points, k: Tensor) -> str:
    return ", ".join(f"{c}={float(v[k]):.3g}" for c, v in points.coordinates.items())
