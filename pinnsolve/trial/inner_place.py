"""Conditions on one inner place: what they say of the traces on both sides, in place of some of the joins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.checks.coverage import derivative_name
from pinnsolve.checks.inner_joins import InnerJoins, Trace
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.inner import Inner
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.leaves import Leaves
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import UnmarchableError


@dataclass(frozen=True)
class Rules:
    """How conditions on inner places are looked at. Chosen, not measured.

    Parameters
    ----------
    shifts : tuple of float
        Phases of the probes: slopes that differ between them are not those of a linear condition.
    same : float
        Of the largest slope: what differs by less is the same, and what is smaller than its square nothing.
    apart : float
        Of relations of length one: what is nearer to those before says nothing of its own.
    """

    shifts: tuple[float, ...] = (0.0, 1.1)
    same: float = 1e-8
    apart: float = 1e-10


RULES = Rules()
Given = Callable[..., Tensor]  # from places along it, by coordinate, their number, and by what parameter it is derived


@dataclass(frozen=True)
class InnerPlace:
    """The conditions at one inner place, and what is joined there without them: nothing where no flux says it.

    Numbers may stand in the place of parameters, by which relations can be derived.
    """

    problem: Problem
    coordinate: str
    joins: Mapping[str, int]
    told: Sequence[tuple[Equation, Inner]]
    matrix: Tensor | None
    numbers: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def _joined(self) -> InnerJoins:
        return InnerJoins(self.coordinate, self.joins, self.told)

    @property
    def traces(self) -> list[Trace]:
        return self._joined.traces

    def relations(self) -> tuple[Tensor, Tensor, Given]:
        """left @ (traces on the left) + right @ (those on the right) = given, those of conditions in place of some of
        the others; (D, D) each, and a function from places along it to (N, D)."""
        d = len(self.traces)
        rows = [self._row(condition, piece) for condition, piece in self.told]
        right = torch.eye(d, dtype=torch.float64)
        left = -right.clone() if self.matrix is None else -self.matrix.clone()
        taken = self._joined.taken([row.detach() for row in rows], self.matrix is not None)
        for row, k in zip(rows, taken, strict=True):
            left[k], right[k] = row[:d], row[d:]
        self._check_apart(left, right)
        each = [(k, c, p) for k, (c, p) in zip(taken, self.told, strict=True)]

        def given(along: Mapping[str, Tensor], count: int, by: str = "") -> Tensor:
            found = torch.zeros(count, d, dtype=torch.float64)
            for k, condition, piece in each:
                found[:, k] = -self._source(condition, piece, along, count, by)
            return found

        return left, right, given

    def _row(self, condition: Equation, piece: Inner) -> Tensor:
        """A condition's slopes by the traces on the left and on the right, (2 D,)."""
        found = []
        for shift in RULES.shifts:
            answer = self.problem.prober.answer(condition, piece.grid(), shift, given=self.numbers)
            pairs = len(answer.residual) // 2
            row = torch.zeros(pairs, 2, len(self.traces), dtype=torch.float64)
            for u, alpha, slope in answer.slopes:
                row[:, :, self._number(condition, u, alpha)] = slope.view(pairs, 2) / 2  # the mean of both sides
            found.append(row.flatten(1))
        told = torch.cat(found)
        rows = told.detach()
        sizes = rows.abs() / self._scale.repeat(2)
        size = float(sizes.max())
        if not size:
            raise ProblemError(f"{condition.name} does not involve any unknown", "Its residual is a constant.")
        if not bool(((rows - rows[0]).abs() / self._scale.repeat(2) <= RULES.same * size).all()):
            raise UnmarchableError(f"{condition.name} is not linear in the unknowns, or not the same at all times")
        return told[0] - torch.where(sizes[0] > RULES.same**2 * size, torch.zeros_like(rows[0]), rows[0])

    @property
    def _scale(self) -> Tensor:
        """What a trace is divided by in units of the domain's length, (D,)."""
        length = self.problem.domain.length(self.coordinate)
        return torch.tensor([length**k for _, k in self.traces], dtype=torch.float64)

    def _number(self, condition: Equation, unknown: str, alpha: tuple[int, ...]) -> int:
        axis = self.problem.coordinates.index(self.coordinate)
        trace = unknown, alpha[axis]
        if any(k for i, k in enumerate(alpha) if i != axis) or trace not in self.traces:
            told = derivative_name(unknown, alpha, self.problem.coordinates)
            raise UnmarchableError(f"{condition.name} asks for {told}, which cells do not share")
        return self.traces.index(trace)

    def _source(
        self, condition: Equation, piece: Inner, along: Mapping[str, Tensor], count: int, by: str
    ) -> Tensor:  # fmt: skip
        """What it is without the unknowns, (N,), or its derivative by a parameter."""
        problem, points = self.problem, piece.grid()[:2]
        pairs = {c: v.repeat(count) for c, v in points.coordinates.items()}
        pairs |= {c: v.repeat_interleave(2) for c, v in along.items()}
        measured = {name: v.repeat(count) for name, v in points.measured.items()}
        places = Points(pairs, torch.ones(2 * count, dtype=torch.float64), {}, measured)
        chart, at = places.chart()
        names = frozenset(chart.names)
        nothing = {u: Jet(chart, lambda alpha: None, (chart.size,), names) for u in problem.unknowns}
        held = Leaves.on(chart, {by: problem.parameters[by]} if by else {})
        with torch.set_grad_enabled(bool(by)):
            left = condition.residual(problem.fields(chart, at, nothing, places, held.fields(chart))).value
        if by and left.requires_grad:
            left = torch.autograd.grad(left.sum(), held.values[by], materialize_grads=True)[0]
        elif by:
            left = torch.zeros_like(left)
        return left.detach().view(-1, 2).mean(1)

    def _check_apart(self, left: Tensor, right: Tensor) -> None:
        """Refuse relations that repeat or contradict each other."""
        rows = torch.cat([left.detach() / self._scale, right.detach() / self._scale], 1)
        rows = rows / rows.norm(dim=1, keepdim=True)
        if float(torch.linalg.svdvals(rows).min()) < RULES.apart:
            names = " and ".join(c.name for c, _ in self.told)
            raise ProblemError(
                f"{names} repeat or contradict what is joined on {self._joined.name}",
                "Each condition there must say something of its own, such as the jump of u, and the jump of its flux.",
            )
