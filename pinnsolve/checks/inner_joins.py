"""Conditions on inner places, and of which joins each takes the place.

At a place D numbers come from the left and D from the right, the value and the slopes of each unknown below the order n
of its equations, and D relations join them: each trace goes on, or its flux where a coefficient jumps
(`checks.fluxes`). A condition there takes the place of one of them:

    a jump of u^(k), as in jump(d(u, x)) + F, of the one that says that u^(k) goes on;
    a value of u^(k) alone, as in w = 0 or d(w, x, x) = 0, of the one that says it of u^(n-1-k), its reaction.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.coverage import derivative_name
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.inner import Inner
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem

Trace = tuple[str, int]  # an unknown, and how often it is derived
Told = Sequence[tuple[Equation, Inner]]


def inner_places(problem: Problem, coordinate: str) -> dict[float, list[tuple[Equation, Inner]]]:
    """Where conditions stand inside across a coordinate, and which."""
    found: dict[float, list[tuple[Equation, Inner]]] = {}
    for condition in problem.inner:
        for piece in problem.pieces(condition):
            if isinstance(piece, Inner) and piece.across[0] == coordinate:
                near = [v for v in found if abs(v - piece.across[1]) <= SAME * problem.domain.length(coordinate)]
                found.setdefault(near[0] if near else piece.across[1], []).append((condition, piece))
    return found


@dataclass(frozen=True)
class InnerJoins:
    """The traces at one inner place, and the conditions there.

    Parameters
    ----------
    coordinate : str
        Across which it stands.
    joins : mapping from unknown to int
        How many traces each has.
    told : sequence of (Equation, Inner)
    """

    coordinate: str
    joins: Mapping[str, int]
    told: Told

    @property
    def name(self) -> str:
        return self.told[0][1].told

    @property
    def traces(self) -> list[Trace]:
        return [(u, k) for u, n in self.joins.items() for k in range(n)]

    def called(self, trace: Trace) -> str:
        unknown, k = trace
        return derivative_name(unknown, (k,), (self.coordinate,)) if k else unknown

    def taken(self, rows: Sequence[Tensor], told_by_flux: bool) -> list[int]:
        """For each condition the number of the trace that need not go on by itself, no two alike.

        Parameters
        ----------
        rows : sequence of tensor (2 D,)
            The slopes of each by the traces on the left and on the right.
        told_by_flux : bool
            Whether the equations say how all traces go on without conditions.

        Raises
        ------
        ProblemError
            If a condition says nothing of a join, there are too many, or nothing says how a flux goes on.
        """
        found = self._distinct([self._candidates(row, c) for row, (c, _) in zip(rows, self.told, strict=True)])
        tops = [j for j, (u, k) in enumerate(self.traces) if k == self.joins[u] - 1 > 0]
        if not told_by_flux and (unsaid := [t for t in tops if t not in found]):
            name = self.called(self.traces[unsaid[0]])
            raise ProblemError(
                f"a condition is missing on {self.name}: a coefficient jumps there, and nothing says how {name} "
                "goes on",
                f"Add condition(..., on={self.name}) that gives the jump of the flux, or write the equation as "
                "d(k * d(u, x), x), whose flux goes on.",
            )
        return found

    def _candidates(self, row: Tensor, condition: Equation) -> list[int]:
        """The traces that need not go on by themselves where a condition holds, the likeliest first."""
        below, above = row.chunk(2)
        jumping = [
            j for j in range(len(self.traces))
            if float(below[j] * above[j]) < 0 or (below[j] == 0) != (above[j] == 0)
        ]  # fmt: skip
        if jumping:
            return sorted(jumping, key=lambda j: -self.traces[j][1])
        alone = [j for j in range(len(self.traces)) if float(below[j]) != 0.0]
        if len(alone) == 1:
            u, k = self.traces[alone[0]]
            if self.joins[u] > 1:
                return [self.traces.index((u, self.joins[u] - 1 - k))]
            others = [self.traces.index((v, 0)) for v, n in self.joins.items() if v != u and n == 1]
            if len(others) == 1:  # of two equations of first order the one's flux is the other
                return others
        raise ProblemError(
            f"{condition.name} says nothing of a jump, and is no value of one trace",
            f"Possible on {self.name}: a jump, such as jump(d(u, {self.coordinate})) + 1, or a value that both sides "
            "have, such as u - 1.",
        )

    def _distinct(self, candidates: Sequence[Sequence[int]]) -> list[int]:
        """One of each, no two alike."""
        for chosen in itertools.product(*candidates):
            if len(set(chosen)) == len(chosen):
                return list(chosen)
        names = " and ".join(c.name for c, _ in self.told)
        free = list(dict.fromkeys(self.called(self.traces[j]) for found in candidates for j in found))
        raise ProblemError(
            f"{len(self.told)} conditions stand on {self.name}, at least one too many: {names} say how "
            f"{' and '.join(free)} goes on there",
            "Leave one out: each condition inside takes the place of one value or slope that would go on by itself.",
        )
