"""Equations that say nothing of their own: each a multiple of another, or a sum of multiples of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.geometry.regions import interior
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha, raised
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Answer
from pinnsolve.problem.problem import Problem


def repeats(problem: Problem) -> list[str]:
    """Which equations repeat others, in words: "equation 'b' repeats 'a' (2 times it)"."""
    if len(problem.equations) < 2:
        return []
    columns = _columns(problem)
    kinds = {e.name: _kinds(problem, e) for e in problem.equations}
    found: list[str] = []
    own: list[Equation] = []
    for equation in problem.equations:
        told = (
            _as_sum(equation, own, columns)
            or _as_product(equation, own, columns)
            or _as_derivative(problem, equation, kinds)
        )
        found += [told] if told else []
        own += [] if told else [equation]
    return found


def too_few(problem: Problem) -> list[str]:
    """A warning where equations repeat others and those that are left are fewer than the unknowns."""
    told = repeats(problem)
    left = len(problem.equations) + len(problem.solenoidal) - len(told)
    if not told or left >= len(problem.unknowns):
        return []
    all_of_them, unknowns = len(problem.equations), len(problem.unknowns)
    return [f"{' and '.join(told)}: {left} of {all_of_them} equations are left for {unknowns} unknowns"]


def _as_derivative(problem: Problem, equation: Equation, kinds: Mapping[str, set[tuple[str, Alpha]]]) -> str:
    """How an equation is the derivative of another one along a coordinate; empty where it is none."""
    for other in problem.equations:
        for axis, c in enumerate(problem.coordinates) if other is not equation else ():
            if not {(u, raised(alpha, axis)) for u, alpha in kinds[other.name]} <= kinds[equation.name]:
                continue  # the derivative would ask for something that this one does not
            made = Equation(f"derivative by {c} of '{other.name}'", interior, _derived(other, c))
            try:
                told = _as_sum(equation, [made], _columns(problem, [equation, made]))
            except Exception:  # what a function of the user's own has no derivative of repeats nothing
                continue
            if told:
                return told.replace(f"repeats '{made.name}'", f"is the {made.name}")
    return ""


def _kinds(problem: Problem, equation: Equation) -> set[tuple[str, Alpha]]:
    """The derivatives of unknowns that an equation answers to."""
    return set(problem.prober.derivatives(equation))


def _derived(equation: Equation, coordinate: str) -> Callable[[Fields], Jet]:
    return lambda at: d(equation.residual(at), at[coordinate])


def _columns(problem: Problem, equations: Sequence[Equation] | None = None) -> dict[str, Tensor]:
    """What each equation is on probes: its value and its slopes at each point, (points, numbers), those of one kind
    relative to the largest of all equations.

    The slopes stand beside the value since derivatives of one probe are multiples of each other; and unknown constants
    are taken as they are guessed and otherwise, since two equations may be one by chance of the guess."""
    equations = problem.equations if equations is None else equations
    line, prober = problem.domain.line(), problem.prober
    far = any(map(prober.loses, equations))  # a term that begins beyond a threshold is no repetition
    answers = {e.name: [*prober.looks(e, far), prober.answer(e, line, 1.1, guessed=False)] for e in equations}
    kinds = {(u, alpha) for told in answers.values() for a in told for u, alpha, _ in a.slopes}
    blocks = {name: torch.stack(_numbers(told, sorted(kinds)), 1) for name, told in answers.items()}
    largest = torch.stack(list(blocks.values())).abs().amax((0, 1))
    largest = torch.where((largest > 0) & torch.isfinite(largest), largest, torch.ones_like(largest))
    return {name: block / largest for name, block in blocks.items()}


def _numbers(told: Sequence[Answer], kinds: Sequence[tuple[str, Alpha]]) -> list[Tensor]:
    found = []
    for answer in told:
        slopes = {(u, alpha): slope for u, alpha, slope in answer.slopes}
        found += [answer.residual, *(slopes.get(kind, torch.zeros_like(answer.residual)) for kind in kinds)]
    return found


def _as_sum(equation: Equation, others: Sequence[Equation], columns: Mapping[str, Tensor]) -> str:
    """How an equation is a sum of multiples of others; empty where it is none."""
    if not others:
        return ""
    right, matrix = columns[equation.name].flatten(), torch.stack([columns[e.name].flatten() for e in others], 1)
    if not bool(torch.isfinite(right).all() and torch.isfinite(matrix).all()):
        return ""
    lengths = matrix.norm(dim=0)
    parts = torch.linalg.lstsq(matrix / lengths, right[:, None]).solution[:, 0]
    if float((matrix / lengths @ parts - right).norm()) > SAME * float(right.norm()):
        return ""
    factors = {e: f for e, f, p in zip(others, (parts / lengths).tolist(), parts.tolist(), strict=True)
               if abs(p) > SAME * float(parts.abs().max())}  # fmt: skip
    if len(factors) == 1:
        ((other, factor),) = factors.items()
        return f"equation '{equation.name}' repeats '{other.name}' ({factor:.6g} times it)"
    listed = " + ".join(f"{factor:.6g} times '{e.name}'" for e, factor in factors.items()).replace("+ -", "- ")
    return f"equation '{equation.name}' repeats others ({listed})"


def _as_product(equation: Equation, others: Sequence[Equation], columns: Mapping[str, Tensor]) -> str:
    """How an equation is another one times a function of the coordinates; empty where it is none."""
    mine = columns[equation.name]
    for other in others:
        theirs = columns[other.name]
        factor = (mine * theirs).sum(1, keepdim=True) / theirs.square().sum(1, keepdim=True)
        if float((mine - factor * theirs).norm()) <= SAME * float(mine.norm()):  # false where a number is not finite
            return f"equation '{equation.name}' repeats '{other.name}' (a function of the coordinates times it)"
    return ""
