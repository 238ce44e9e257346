"""What is known of an unknown function at places of its one coordinate, as conditions on its series that hold exactly.

With z what is trained of the function (`Unknown.raw`), and numbers b_i that z or its slope shall have at places,

    z = sum_j a_j P_j + sum_k c_k T_k,        T_k = P_m(k) - sum_j A_jk P_j,

P_j the first polynomials by which the conditions can be met, one for each of them, and T_k all others less what they
have there: so coefficients c_k are free, and keep their meaning where there are more of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from pinnsolve.checks.contradictions import Part
from pinnsolve.geometry.domain import Domain
from pinnsolve.problem.equation import What
from pinnsolve.problem.expansion import Terms
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.unknown import Unknown


@dataclass(frozen=True)
class Tie:
    """That z, or its slope along s from -1 to 1, is a number at a place."""

    place: float
    order: int
    value: float


@dataclass(frozen=True)
class Tied:
    """Terms T_k of a series, and what stands beside them.

    Parameters
    ----------
    terms : callable
        P_k, as an `Expansion` has them.
    ties : tuple of Tie
    """

    terms: Terms
    ties: tuple[Tie, ...]

    def __call__(self, s: Tensor, count: int, order: int = 0) -> Tensor:
        """T_k at places (N,) of (-1, 1), derived so many times: (N, count)."""
        rows, pivots = _rows(self.terms, self.ties, count + len(self.ties))
        free = [k for k in range(rows.shape[1]) if k not in pivots]
        parts = torch.linalg.solve(rows[:, pivots], rows[:, free])
        every = self.terms(s, rows.shape[1], order)
        return every[:, free] - every[:, pivots] @ parts.to(every)

    def about(self, s: Tensor, order: int = 0) -> Tensor:
        """sum_j a_j P_j, (N,)."""
        rows, pivots = _rows(self.terms, self.ties, 2 * len(self.ties) + 1)
        values = torch.tensor([t.value for t in self.ties], dtype=rows.dtype)
        every = self.terms(s, rows.shape[1], order)
        return every[:, pivots] @ torch.linalg.solve(rows[:, pivots], values).to(every)


@lru_cache
def _rows(terms: Terms, ties: tuple[Tie, ...], count: int) -> tuple[Tensor, list[int]]:
    """What each of the first polynomials has where something is known, (ties, count), and the first of them that are
    independent there."""
    places = torch.tensor([t.place for t in ties], dtype=torch.float64)
    rows = torch.stack([terms(places[k : k + 1], count, t.order)[0] for k, t in enumerate(ties)])
    pivots: list[int] = []
    for k in range(count):
        if len(pivots) < len(ties) and int(torch.linalg.matrix_rank(rows[:, [*pivots, k]])) > len(pivots):
            pivots.append(k)
    return rows, pivots


def ties_of(problem: Problem, name: str) -> tuple[Tie, ...] | None:
    """What is known of an unknown function of one coordinate; None where something is no number of its own."""
    known: list[Part] = [(c, p) for c in problem.known if name in c.asks for p in problem.pieces(c)]
    values: dict[float, float] = {}
    found: dict[tuple[float, int], Tie] = {}
    for condition, piece in sorted(known, key=lambda part: not part[0].says("value")):
        told = condition.prescribes
        if told is None or problem.to_be_found(told):
            return None
        points = piece.grid()
        chart, at = points.chart()
        number = float(told.given(problem.looked_at(chart, at, {}, points)).value[0])
        along = problem.functions[name].coordinates[0]
        place = float(problem.domain.scaled(along, piece.fixed[along]))
        tie = _tie(problem.functions[name], problem.domain, along, told.what, (place, number, values.get(place)))
        if tie is None or found.setdefault((place, tie.order), tie) != tie:
            return None
        if told.what == "value":
            values[place] = number
    return tuple(found.values())


def ties_within(
    unknown: Unknown, values: Sequence[tuple[float, float]], reach: tuple[float, float]
) -> tuple[Tie, ...]:  # fmt: skip
    """What is known of a function of an unknown, which goes from one value to another: of places and numbers there."""
    middle, half = sum(reach) / 2, (reach[1] - reach[0]) / 2
    raw = [float(unknown.raw(torch.tensor(number, dtype=torch.float64))) for _, number in values]
    return tuple(Tie((place - middle) / half, 0, z) for (place, _), z in zip(values, raw, strict=True))


def interpolated(ties: Sequence[Tie], s: Any) -> tuple[Any, Any]:
    """The polynomial that has these values at their places, by Newton's divided differences, and one that vanishes
    there: g and phi at s, a tensor or a field."""
    places, values = [t.place for t in ties], [t.value for t in ties]
    g, phi = 0.0 * s + values[0], s - places[0]
    for k in range(1, len(ties)):
        values = [(b - a) / (places[i + k] - places[i]) for i, (a, b) in enumerate(pairwise(values))]
        g, phi = g + values[0] * phi, phi * (s - places[k])
    return g, phi


def _tie(
    unknown: Unknown, domain: Domain, along: str, what: What, known: tuple[float, float, float | None]
) -> Tie | None:  # fmt: skip
    """What a value or a slope of a function says of what is trained; None where that is not linear in it."""
    place, number, value = known
    if what == "value":
        return Tie(place, 0, float(unknown.raw(torch.tensor(number, dtype=torch.float64))))
    slope = number * domain.length(along) / 2 * (-1 if what == "normal derivative" and place < 0 else 1)
    if not slope:
        return Tie(place, 1, 0.0)
    if value is None and unknown.curved:
        return None
    z = unknown.raw(torch.tensor(0.0 if value is None else value, dtype=torch.float64)).requires_grad_()
    (stretch,) = torch.autograd.grad(unknown.value(z), z)
    return Tie(place, 1, slope / float(stretch))
