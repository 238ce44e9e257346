"""Expressions of fields in two ways: by their derivatives, and by differences of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.jets.differences import Offset, Stencil
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem

FieldsAt = Callable[[Points], Fields]
Expression = Callable[[Fields], Tensor]


@dataclass(frozen=True)
class Both:
    """Expressions of fields, by derivatives and by differences.

    Parameters
    ----------
    problem : Problem
    expressions : sequence of callable Fields -> tensor (N,)
    fields_at : callable Points -> Fields
        What unknowns, unknown constants and functions are, at any points.
    piece : Piece, optional
        The face on which they hold; without it they hold inside.
    together : int, optional
        Points that are looked at together: what a layer of many features makes of them is kept meanwhile.
    """

    problem: Problem
    expressions: Sequence[Expression]
    fields_at: FieldsAt
    piece: Piece | None = None
    together: int | None = None

    @property
    def held(self) -> Mapping[str, float]:
        """The coordinates that are fixed."""
        return {} if self.piece is None else self.piece.fixed

    @property
    def domain(self) -> Domain:
        """Of the coordinates that are not fixed."""
        return self.problem.domain.over(c for c in self.problem.coordinates if c not in self.held)

    def _whole(self, points: Points) -> Points:
        """The points with the fixed coordinates, in the problem's order."""
        fixed = {c: torch.full_like(points.weights, v) for c, v in self.held.items()}
        every = {**points.coordinates, **fixed}
        outward = {} if self.piece is None else self.piece.outward
        normals = {c: torch.full_like(points.weights, v) for c, v in outward.items()}
        return Points({c: every[c] for c in self.problem.coordinates}, points.weights, normals)

    def exact(self, points: Points) -> Tensor:
        """By derivatives: (expressions, N)."""
        return self._in_parts(self._exact, points)

    def differenced(self, points: Points, widths: Mapping[str, float]) -> Tensor:
        """By differences of these widths: (expressions, N)."""
        return self._in_parts(partial(self._differenced, widths=widths), points)

    def _in_parts(self, made: Callable[[Points], Tensor], points: Points) -> Tensor:
        step = self.together or len(points)
        return torch.cat([made(points[k : k + step]) for k in range(0, len(points), step)], 1)

    def _exact(self, points: Points) -> Tensor:
        fields = self.fields_at(self._whole(points))
        return torch.stack([e(fields).detach() for e in self.expressions]).to(points.weights.device)

    def _differenced(self, points: Points, widths: Mapping[str, float]) -> Tensor:
        """Where the fields are, which may be a card."""
        problem, asked, points = self.problem, points.weights, self._whole(points)
        here = self.fields_at(points)
        points = points.to(asked.dtype, here.chart.device)
        weights = points.weights
        widths = {c: widths.get(c, 1.0) for c in problem.coordinates}
        chart = Stencil(widths, len(points), weights.dtype, weights.device)
        known: dict[Offset, dict[str, Tensor]] = {}

        names = [n for n in (*problem.unknowns, *problem.functions, *problem.again, *problem.constants) if n in here]
        moving = [n for n in names if isinstance(here[n], Jet)]

        def there(offset: Offset) -> dict[str, Tensor]:
            """Values alone: what they were made from, a layer's features and their derivatives, is let go."""
            if offset not in known:
                beside = Points(chart.moved(points.coordinates, offset), weights, points.normals)
                at = here if offset == chart.zeroth else self.fields_at(beside)
                known[offset] = {n: at[n].value.detach() for n in moving}
            return known[offset]

        def value(name: str) -> Callable[[Offset], Tensor]:
            return lambda offset: there(offset)[name]

        def place(name: str) -> Callable[[Offset], Tensor]:
            return lambda offset: chart.moved(points.coordinates, offset)[name]

        at = {c: chart.known(place(c), c) for c in widths}
        found = {n: chart.known(value(n)) if n in moving else here[n] for n in names}
        around = here.around.elsewhere if here.around is not None else None  # integrals as they are at points
        unknowns = {u: found[u] for u in problem.unknowns if u in found}
        fields = problem.fields(chart, at, unknowns, points, found, around)
        return torch.stack([e(fields).detach() for e in self.expressions]).to(asked.device)

    def apart(self, points: Points, widths: Mapping[str, float], exact: Tensor | None = None) -> Tensor:
        """|R_h - R|, (expressions, N); what is not finite counts as nothing."""
        by_derivatives = self.exact(points) if exact is None else exact
        return (self.differenced(points, widths) - by_derivatives).abs().nan_to_num(posinf=0.0)


def residual_of(equation: Equation) -> Expression:
    """The values of an equation's residual."""
    return lambda fields: equation.residual(fields).value
