"""What the equations of an evolution conserve: whether they say where a shock runs.

An evolution of first order in one coordinate of space and in time carries what jumps, and where it is nonlinear makes
jumps of its own. In conserved form,

    sum of c_k d(q_k, t) + sum of e_k d(f_k, x) = s,        s without derivatives,

with numbers c_k, and e_k that no unknown moves, the equation holds across a jump, too: it runs at the speed s with
s [sum c q] = [sum e f] (Rankine and Hugoniot). Where an unknown multiplies a derivative, as in d(u, t) + u d(u, x), the
product of a jump and a delta has no meaning, and other forms of the same equation make other shocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.differentiated import weights
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
    """

    weights: tuple[tuple[float, ...], ...]
    unsaid: str
    linear: bool


def conserved(problem: Problem, sizes: Mapping[str, Size]) -> Conserved | None:
    """What a problem's equations conserve; nothing where they are no evolution of first order along one coordinate, or
    where what they derive along time is multiplied by what varies.

    Parameters
    ----------
    problem : Problem
    sizes : mapping from unknown to Size
        How large the unknowns are: a depth or a pressure may have no other sign.
    """
    time, space = problem.domain.time, problem.domain.space_coordinates
    if time is None or len(space) != 1 or len(problem.coordinates) != 2 or not problem.equations:
        return None
    linear = None if problem.solenoidal else _linear_of_first_order(problem, sizes)
    if linear is None:
        return None
    told, unsaid = list[tuple[float, ...]](), list[str]()
    for equation in problem.equations:
        names, found = _weights(problem, equation, sizes)
        if not bool(found.isfinite().all()):
            return None
        # (shifts, derivatives, N): whether each moves with the unknowns, and whether it does with the place, too
        least = RULES.same * found.abs().amax((0, 2))
        moved = (found - found[:1]).abs().amax((0, 2)) > least
        varies = (found - found[:1, :, :1]).abs().amax((0, 2)) > least
        along = [k for k, name in enumerate(names) if name == time]
        if bool(varies[along].any()):
            return None
        if bool(moved.any()):
            unsaid.append(equation.name)
        told.append(tuple(float(found[0, k, 0]) for k in along))
    why = f"in {' and '.join(unsaid)} an unknown multiplies a derivative" if unsaid else ""
    return Conserved(tuple(told), why, linear)


def _linear_of_first_order(problem: Problem, sizes: Mapping[str, Size]) -> bool | None:
    """Whether derivatives are multiplied by no unknown; None where one is of second order, or none is of first along
    either coordinate, or numbers are not finite."""
    seen, curved = set[Alpha](), False
    for equation in problem.equations:
        answers = [problem.prober.inside(equation, sizes, shift) for shift in RULES.shifts]
        first = {(u, alpha): slope for u, alpha, slope in answers[0].slopes if any(alpha)}
        asked = {alpha for a in answers for u, alpha, _ in a.slopes}
        if any(sum(alpha) > 1 for alpha in asked) or not all(bool(a.residual.isfinite().all()) for a in answers):
            return None
        seen |= {alpha for alpha in asked if any(alpha)}
        for other in answers[1:]:
            for u, alpha, slope in other.slopes:
                same = first.get((u, alpha), torch.zeros_like(slope))
                curved |= any(alpha) and bool(((slope - same).abs() > RULES.same * slope.abs().max()).any())
    return not curved if len(seen) == 2 else None


def _weights(
    problem: Problem, equation: Equation, sizes: Mapping[str, Size]
) -> tuple[Sequence[str], Tensor]:  # fmt: skip
    """Along which coordinate each derivative of an equation is taken, and what multiplies it, (shifts, K, N)."""
    points, found = problem.domain.line(), []
    for shift in RULES.shifts:
        chart, at, made = probes(problem.domain, problem.unknowns, points, shift, sizes)
        found.append(weights(equation, problem.looked_at(chart, at, fields_of(made), points)))
    return found[0][0], torch.stack([w for _, w in found])
