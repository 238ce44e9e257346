"""What the equations of an evolution conserve: whether they say where a shock runs.

An evolution of first order in one coordinate of space and in time carries what jumps, and where it is nonlinear makes
jumps of its own. In conserved form,

    sum of c_k d(q_k, t) + sum of e_k d(f_k, x) = s,        s without derivatives,

with numbers c_k, and e_k that no unknown moves, the equation holds across a jump, too: it runs at the speed s with
s [sum c q] = [sum e f] (Rankine and Hugoniot). Where an unknown multiplies a derivative, as in d(u, t) + u d(u, x), the
product of a jump and a delta has no meaning, and other forms of the same equation make other shocks.

Fluxes may hold slopes, f(q, q_x), where what multiplies the second derivative depends on the unknowns: where that is
zero, as at the edge of a gas in porous ground, nothing is spread, and fronts run at a finite speed (`trial.spreading`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.differentiated import inner, weights
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size, fields_of, probes
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How it is looked. Chosen, not measured.

    Parameters
    ----------
    shifts : tuple of float
        Phases of the probes: what differs between them depends on the unknowns.
    same : float
        Of the largest: what differs by less is the same.
    """

    shifts: tuple[float, ...] = (0.0, 1.1, 2.3)
    same: float = 1e-9


RULES = Rules()


@dataclass(frozen=True)
class Conserved:
    """What equations conserve.

    Parameters
    ----------
    weights : tuple by equation of tuple of float
        What multiplies each of its derivatives along time, in the order in which they are taken.
    unsaid : str
        Why they do not say where a shock runs; empty where they do.
    linear : bool
        Whether they only carry what jumps, and make no shocks.
    spreads : bool
        Whether they are of second order in space, by as much as the unknowns say.
    """

    weights: tuple[tuple[float, ...], ...]
    unsaid: str
    linear: bool
    spreads: bool = False


def conserved(problem: Problem, sizes: Mapping[str, Size]) -> Conserved | None:
    """What a problem's equations conserve; nothing where they are no evolution along one coordinate of first order, or
    of second where the unknowns say how much is spread, or where what they derive along time is multiplied by what
    varies.

    Parameters
    ----------
    problem : Problem
    sizes : mapping from unknown to Size
        How large the unknowns are: a depth or a pressure may have no other sign.
    """
    time, space = problem.domain.time, problem.domain.space_coordinates
    if time is None or len(space) > 2 or len(problem.coordinates) != len(space) + 1 or not problem.equations:
        return None
    kind = None if problem.solenoidal else _linear_and_spreading(problem, sizes)
    if kind is None or (len(space) > 1 and not kind[1]):
        return None
    if kind[0] and _twice(problem):  # waves, which carry what jumps whatever multiplies it
        return Conserved(tuple((1.0,) for _ in problem.equations), "", True)
    told, unsaid = list[tuple[float, ...]](), list[str]()
    for equation in problem.equations:
        names, found, within = _weights(problem, equation, sizes, kind[1])
        if not bool(found.isfinite().all()):
            return None
        # (shifts, derivatives, N): whether each moves with the unknowns, and whether it does with the place, too
        least = RULES.same * found.abs().amax((0, 2))
        moved = (found - found[:1]).abs().amax((0, 2)) > least
        varies = (found - found[:1, :, :1]).abs().amax((0, 2)) > least
        along = [k for k, name in enumerate(names) if name == time]
        if bool(varies[along].any()):
            return None
        if bool((moved & ~within).any()):
            unsaid.append(equation.name)
        told.append(tuple(float(found[0, k, 0]) for k in along))
    why = f"in {' and '.join(unsaid)} an unknown multiplies a derivative" if unsaid else ""
    return Conserved(tuple(told), why, *kind)


def _linear_and_spreading(problem: Problem, sizes: Mapping[str, Size]) -> tuple[bool, bool] | None:
    """Whether derivatives are multiplied by no unknown, and whether some are of second order in space; None where these
    are multiplied by none, where one is of higher order, or none is of first along either coordinate, or numbers are
    not finite."""
    time = problem.coordinates.index(str(problem.domain.time))
    seen, curved = set[Alpha](), set[bool]()  # of first order, or of second
    for equation in problem.equations:
        answers = [problem.prober.inside(equation, sizes, shift) for shift in RULES.shifts]
        first = {(u, alpha): slope for u, alpha, slope in answers[0].slopes if any(alpha)}
        asked = {alpha for a in answers for u, alpha, _ in a.slopes}
        high = any(sum(alpha) > 2 or (sum(alpha) > 1 and alpha[time] == 1) for alpha in asked)
        if high or not all(bool(a.residual.isfinite().all()) for a in answers):
            return None
        begun = {alpha for _, alpha in problem.prober.derivatives(equation)} - asked  # of unknowns beyond a threshold
        curved |= {sum(alpha) > 1 for alpha in begun if any(alpha)}
        seen |= {alpha for alpha in asked | begun if any(alpha)}
        for other in answers[1:]:
            for u, alpha, slope in other.slopes:
                same = first.get((u, alpha), torch.zeros_like(slope))
                if any(alpha) and bool(((slope - same).abs() > RULES.same * slope.abs().max()).any()):
                    curved.add(sum(alpha) > 1)
    spreads = any(sum(alpha) > 1 and not alpha[time] for alpha in seen)
    if _twice(problem):
        return None if curved or not spreads else (True, False)
    if (spreads and True not in curved) or len({alpha[time] for alpha in seen}) < 2:
        return None
    return not curved, spreads


def _twice(problem: Problem) -> bool:
    """Whether an equation derives twice along time."""
    time = problem.coordinates.index(str(problem.domain.time))
    return any(alpha[time] > 1 for e in problem.equations for _, alpha in problem.prober.derivatives(e))


def _weights(
    problem: Problem, equation: Equation, sizes: Mapping[str, Size], again: bool
) -> tuple[Sequence[str], Tensor, Tensor]:  # fmt: skip
    """Along which coordinate each derivative of an equation is taken, what multiplies it, (shifts, K, N), and which are
    derived `again`, if any are, (K,)."""
    points, found, within = problem.domain.line(), [], []
    for shift in RULES.shifts:
        chart, at, made = probes(problem.domain, problem.unknowns, points, shift, sizes)
        seen = problem.looked_at(chart, at, fields_of(made), points)
        found.append(weights(equation, seen))
        within.append(inner(equation, seen) if again else [False] * len(found[-1][0]))
    return found[0][0], torch.stack([w for _, w in found]), torch.tensor(within, dtype=torch.bool).any(0)
