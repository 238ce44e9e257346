"""How slopes go on where a coefficient jumps: by the fluxes that equations differentiate.

In d(k u_x, x) with a k that jumps, what is differentiated must not jump itself, or there were a delta that nothing
balances: k u_x is continuous, and u_x is not. Summed over the terms of an equation,

    sum over its derivatives of  c [F] = 0,      residual = ... + c d(F, x) + ...,

and what is differentiated again, as the moment in d(E w_xx, x, x), is continuous by itself. So the traces (u, u_x, ...)
on the right of a place are a matrix times those on its left. An equation that holds k u_xx says no flux.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.leaves import beside_derivatives
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import fields_of, probes
from pinnsolve.problem.problem import Problem

Leaves = list[tuple[str, Alpha, Tensor]]


@dataclass(frozen=True)
class Rules:
    """How it is looked. Chosen, not measured.

    Parameters
    ----------
    beside : float
        Of the length: so far from the place, and twice as far, on either side. Larger: coefficients that bend are off
        by its square. Smaller: the place is known less well than that.
    lines : tuple of float
        Where lines run, in parts of the other coordinate's length. What differs between them is no constant matrix.
    shifts : tuple of float
        Phases of the probes: what differs between them is not linear.
    same : float
        Of the terms: what differs by less is the same.
    """

    beside: float = 1e-10
    lines: tuple[float, ...] = (0.31, 0.77)
    shifts: tuple[float, ...] = (0.0, 1.1)
    same: float = 1e-6


RULES = Rules()


class _UntoldError(Exception):
    """The equations do not say, by a constant matrix, how traces go on."""


def bend(
    problem: Problem, coordinate: str, place: float, joins: Mapping[str, int],
    given: Mapping[str, Tensor] | None = None,
) -> Tensor | None:  # fmt: skip
    """The traces on the right of a place, unknown by unknown, from those on its left, (D, D).

    Parameters
    ----------
    joins : mapping from unknown to int
        So many traces each: the value and the derivatives below that order.
    given : mapping from name to tensor, optional
        Numbers in the place of parameters, by which the matrix can be derived.

    Returns
    -------
    tensor or None
        None where the equations do not say it: a coefficient of a second derivative jumps outside of `d`, or fluxes
        are no constant linear functions of the traces.
    """
    columns = {(u, k): sum(list(joins.values())[:i]) + k for i, (u, n) in enumerate(joins.items()) for k in range(n)}
    told: list[Tensor | None] = []
    for shift in RULES.shifts:
        try:
            told += _Beside(problem, coordinate, place, shift, columns, given or {}).at_place()
        except _UntoldError:
            told.append(None)
    known = [matrix for matrix in told if matrix is not None]
    same = torch.eye(len(columns), dtype=torch.float64)
    if equal := [matrix for matrix in known if torch.equal(matrix, same)]:
        return equal[0]  # a coefficient jumps for all fields; what jumps for some is theirs, as where one is zero
    if len(known) < len(told):
        return None
    alike = all(bool(((m - known[0]).abs() <= RULES.same * known[0].abs().max()).all()) for m in known)
    return known[0] if alike else None


@dataclass(frozen=True)
class _Beside:
    """The equations beside a place, on fields of one phase."""

    problem: Problem
    coordinate: str
    place: float
    shift: float
    columns: Mapping[tuple[str, int], int]
    given: Mapping[str, Tensor]
    away: float = RULES.beside

    def at_place(self) -> list[Tensor]:
        """One matrix for each line, carried on to the place from two distances: a coefficient that is steep beside it
        differs from the left to the right by as much as from one distance to the other, and one that jumps does not."""
        same = torch.eye(len(self.columns), dtype=torch.float64)
        near = self.matrices()
        if all(torch.equal(m, same) for m in near):
            return near
        carried = [2 * m - other for m, other in zip(near, replace(self, away=2 * self.away).matrices(), strict=True)]
        steep = [bool(((m - same).abs() <= RULES.same).all()) and not m.requires_grad for m in carried]
        return [same if small else m for m, small in zip(carried, steep, strict=True)]

    def matrices(self) -> list[Tensor]:
        """One for each line through the place."""
        rows = [row for equation in self.problem.equations for row in self._continuous(equation)]
        made = []
        for line in range(len(RULES.lines)):
            left = torch.eye(len(self.columns), dtype=torch.float64)
            right = left.clone()
            taken: set[int] = set()
            for a, b in rows:  # on the left and right, of what is continuous
                highest = _highest(b[line], self.columns)
                if highest in taken:
                    raise _UntoldError
                taken.add(highest)
                left[highest], right[highest] = a[line], b[line]
            made.append(torch.linalg.solve(right, left))
        return made

    def _continuous(self, equation: Equation) -> list[tuple[Tensor, Tensor]]:
        """What of an equation is continuous but jumps for smooth fields, as rows on traces at the left and right."""
        problem, columns = self.problem, self.columns
        axis, count = problem.coordinates.index(self.coordinate), len(RULES.lines)
        points = _beside(problem, self.coordinate, self.place, self.away)
        chart, at, found = probes(problem.domain, problem.unknowns, points, self.shift)
        known = {name: chart.constant(v.expand(chart.size)) for name, v in self.given.items()}
        with torch.enable_grad(), beside_derivatives(chart, self.coordinate) as taken:
            residual = equation.residual(problem.looked_at(chart, at, fields_of(found), points, known)).value
            values = [field.value for field, *_ in taken]
        leaves = [(u, alpha, leaf) for u, p in found.items() for alpha, leaf in p.asked.items()]
        graph = bool(known)
        weights = [_grad(residual, [leaf], graph)[0] for *_, leaf in taken]
        told = [(_row(value, leaves, axis, columns, graph), w) for value, w in zip(values, weights, strict=True)]
        rows = [row for row, weight in told if not bool(weight.any())]  # what is differentiated again
        rows.append(_together([(row, w) for row, w in told if row is not None and bool(w.any())], columns))
        jumping = [(r[:count, :-1], r[count:, :-1]) for r in rows if r is not None and self._may_jump(r)]
        slopes = _grad(residual, [leaf for *_, leaf in leaves])
        unsaid = any(
            alpha[axis] > 1 and _jumps(s[:, None], count) for (_, alpha, _), s in zip(leaves, slopes, strict=True)
        )
        if any(_jumps(r[:, -1:], count) for r in rows if r is not None) or (unsaid and not jumping):
            raise _UntoldError
        return jumping

    def _may_jump(self, row: Tensor) -> bool:
        """Whether a row differs from the left to the right, or does so for other numbers than those that are given."""
        if _jumps(row, len(RULES.lines)) or row.grad_fn is None:
            return _jumps(row, len(RULES.lines))
        left, right = row[:, :-1].chunk(2)
        phases = torch.cos(torch.arange(left.numel(), dtype=left.dtype)).view_as(left)
        sides = [_grad((phases * side).sum()[None], list(self.given.values())) for side in (left, right)]
        return any(
            abs(float(a - b)) > RULES.same * max(abs(float(a)), abs(float(b))) for a, b in zip(*sides, strict=True)
        )


def _highest(row: Tensor, columns: Mapping[tuple[str, int], int]) -> int:
    """The trace of highest order in a row; of several the one that weighs most."""
    row = row.detach()
    there = [(key[1], abs(float(row[j])), j) for key, j in columns.items() if float(row[j]) != 0.0]
    if not there:
        raise _UntoldError
    return max(there)[2]


def _together(terms: Sequence[tuple[Tensor, Tensor]], columns: Mapping[tuple[str, int], int]) -> Tensor | None:
    """The sum of c F over an equation's derivatives, as rows (2 lines, D + 1)."""
    count, tops = len(RULES.lines), [j for key, j in columns.items() if (key[0], key[1] + 1) not in columns]
    steady = [weight[:, None] * row for row, weight in terms if not _jumps(weight[:, None], count)]
    whole = torch.stack(steady).sum(0) if steady else None
    for row, weight in terms:
        if not _jumps(weight[:, None], count):
            continue
        slope = bool(row[:, tops].any())  # what is no highest trace is continuous anyway
        if _jumps(row, count) or (slope and whole is not None and _jumps(whole, count)):
            raise _UntoldError  # the product of a jump and a delta
    return whole


def _beside(problem: Problem, coordinate: str, place: float, part: float) -> Points:
    """On each line a point on the left, then a point on the right; around a period beside its ends."""
    parts = torch.tensor(RULES.lines, dtype=torch.float64).repeat(2)
    away = part * problem.domain.length(coordinate)
    low, high = problem.domain.ends(coordinate)
    right = place + away if place < high else low + away
    sides = torch.tensor([place - away, right], dtype=torch.float64).repeat_interleave(len(RULES.lines))
    return Points(
        {c: sides if c == coordinate else problem.domain.place(c, parts) for c in problem.coordinates},
        torch.ones_like(parts),
    )


def _grad(value: Tensor, leaves: list[Tensor], graph: bool = False) -> list[Tensor]:
    if not value.requires_grad or not leaves:
        return [torch.zeros_like(leaf) for leaf in leaves]
    return list(torch.autograd.grad(value.sum(), leaves, retain_graph=True, create_graph=graph, materialize_grads=True))


def _row(
    value: Tensor, leaves: Leaves, axis: int, columns: Mapping[tuple[str, int], int], graph: bool = False
) -> Tensor | None:  # fmt: skip
    """A field's slopes by the traces, and what is left of it, (N, D + 1); nothing where it holds no unknown."""
    if not value.requires_grad:
        return None
    made = torch.zeros(len(value), len(columns) + 1, dtype=torch.float64)
    rest, slopes = value.detach().clone(), _grad(value, [leaf for *_, leaf in leaves], graph)
    told = [bool(slope.any()) or slope.grad_fn is not None for slope in slopes]
    if graph and not any(told):  # it holds numbers alone
        return None
    for ((u, alpha, leaf), slope), there in zip(zip(leaves, slopes, strict=True), told, strict=True):
        if not there:
            continue
        if any(k for i, k in enumerate(alpha) if i != axis) or (u, alpha[axis]) not in columns:
            raise _UntoldError
        made[:, columns[u, alpha[axis]]] += slope
        rest -= (slope * leaf).detach()
    made[:, -1] = torch.where(rest.abs() > RULES.same * value.detach().abs(), rest, torch.zeros_like(rest))
    return made


def _jumps(values: Tensor, count: int) -> bool:
    """Whether rows (2 lines, K) differ from the left to the right."""
    left, right = values[:count], values[count:]
    return bool(((left - right).abs() > RULES.same * torch.maximum(left.abs(), right.abs())).any())
