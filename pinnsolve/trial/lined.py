"""A trial function made of cells of the problem's one coordinate that do not overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet, Rule
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.of_cells import InCells, OfCells


@dataclass
class Placed(InCells):
    """Points, with the cell to which each belongs."""

    of: Tensor | None = None  # the edges that it was looked for in
    tables: dict[int, Tensor] = field(default_factory=dict)


class Lined(OfCells):
    """The cells that are solved so far; a march may not have come to the end of the line.

    Parameters
    ----------
    problem : Problem
    layer : LocalFeatures
    made : Plan

    Attributes
    ----------
    edges : tensor (n + 1,)
    coefficients : tensor (n, F, M)
        Of the features of a cell.
    """

    frozen = 1

    def __init__(
        self, problem: Problem, layer: LocalFeatures, made: Plan, dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        super().__init__(problem, layer, made, dtype, device)
        self.settled = False  # whether its method has come to its end
        self.distance = 0.0  # the error that the distance from less rich cells tells, where there are such
        self.edges = torch.zeros(0, dtype=torch.float64, device=self.device)
        self.coefficients = torch.zeros(0, self.outputs, 1, dtype=torch.float64, device=self.device)

    def take(self, edges: Tensor, coefficients: Tensor, settled: bool) -> None:
        """Other cells."""
        self.edges, self.coefficients, self.settled = edges, coefficients, settled
        self.state = object()

    @property
    def fluxes(self) -> Mapping[str, tuple[float, ...]]:  # type: ignore[override]
        return {self.read.name: tuple(self.read.across)} if self.read is not None and self.read.across else {}

    @property
    def complete(self) -> bool:  # type: ignore[override]
        return self.found and self.settled and bool(len(self.coefficients))

    @property
    def missing(self) -> str:  # type: ignore[override]
        if not len(self.coefficients):
            return "nothing is solved yet"
        if not self.found:
            return self.unfound
        low, high = float(self.edges[0]), float(self.edges[-1])
        if (low, high) == self.problem.domain.ends(self.problem.coordinates[0]):
            return "the cells leave too much of the equations"
        return f"it is solved from {self.problem.coordinates[0]} = {low:.4g} to {high:.4g}"

    def reached(self, coordinates: Mapping[str, Tensor]) -> Tensor | None:
        if self.complete or not len(self.coefficients) or not self.found:
            return None
        x = coordinates[self.problem.coordinates[0]]
        return (x >= float(self.edges[0])) & (x <= float(self.edges[-1]))

    # ------------------------------------------------------------ what it is made of

    @property
    def width(self) -> int:
        return (self.layer.degree + 1) * self.outputs

    def held(self) -> dict[str, str]:
        found = {p.name: "exact" for p in self.problem.periodic}
        return (
            found
            | {condition.name: "exact" for condition in (*self.problem.conditions, *self.problem.known)}
            | {condition.name: "exact, between cells" for condition in self.problem.inner}
        )

    def cells(self) -> dict[str, Tensor]:
        return {self.problem.coordinates[0]: self.edges.unfold(0, 2, 1)}

    # ------------------------------------------------------------ evaluation

    def prepare(self, points: Points) -> Placed:  # type: ignore[override]
        points = points.to(self.dtype, self.device)
        return Placed(points, *points.chart())

    def _place(self, prepared: Placed) -> None:
        """Which cell each point belongs to; looked for again when the cells are others."""
        if prepared.of is self.edges:
            return
        x = next(iter(prepared.points.coordinates.values())).to(torch.float64).contiguous()
        cell = (torch.bucketize(x, self.edges, right=True) - 1).clamp(0, len(self.edges) - 2)
        left, width = self.edges[cell], self.edges.diff()[cell]
        xi = 2 * (x - left) / width - 1
        prepared.cell, prepared.width = cell, width
        prepared.xi = xi if self.complete else xi.clamp(-1.0, 1.0)  # beyond what is solved, its end stays
        prepared.of, prepared.tables = self.edges, {}

    def _given(self, prepared: Placed, share: float) -> dict[str, Jet]:
        """The first guess, of which it is noted what equations ask for."""
        size, names = (prepared.chart.size,), frozenset(prepared.chart.names)

        def asked_of(jet: Jet) -> Rule:
            def rule(alpha: Alpha) -> Tensor | None:
                if self.noted:
                    prepared.chart.asked.add(alpha)
                return jet.partial(alpha)

            return rule

        return {u: Jet(prepared.chart, asked_of(jet), size, names) for u, jet in self.guessed(prepared, share).items()}

    @property
    def begun(self) -> bool:
        return bool(len(self.coefficients))

    @property
    def noted(self) -> bool:
        """Along a line where data are rough, too."""
        return self.plan.rough_inside

    @cached_property
    def _share(self) -> float:
        """Of their usual sizes, for unknowns of which nothing is prescribed: zero, unless equations have no value
        there, as 1/u has none."""
        few = self.prepare(self.problem.domain.line())
        fields = self.problem.looked_at(few.chart, few.at, self._given(few, 0.0), few.points)
        finite = all(bool(e.residual(fields).value.isfinite().all()) for e in self.problem.equations)
        return 0.0 if finite else 1.0

    def unknowns(self, prepared: Placed) -> dict[str, Jet]:  # type: ignore[override]
        return super().unknowns(prepared) if self.begun else self._given(prepared, self._share)

    def gathered(self, prepared: Placed, unknown: int, of: Tensor | None = None) -> Tensor:
        self._place(prepared)
        return (self.coefficients if of is None else of)[prepared.cell, unknown]  # (N, M)

    def add(self, change: Tensor) -> None:
        self.coefficients, self.state = self.coefficients + change, object()

    def part(self, prepared: Placed, mine: Tensor, alpha: Alpha) -> Tensor:
        order = alpha[0]
        if order not in prepared.tables:
            table = self.cell(mine.shape[1]).features(prepared.xi[:, None], (order,))
            prepared.tables[order] = table * ((2 / prepared.width) ** order)[:, None]
        return (prepared.tables[order] * mine).sum(1)

    # ------------------------------------------------------------ as one vector

    def vector(self) -> Tensor:
        """Whether it is settled, all cells with their output layers, (L,): everything that `assign` needs."""
        n, _, m = self.coefficients.shape
        head = torch.tensor([float(self.settled), float(n), float(m), self.distance], dtype=torch.float64)
        return torch.cat([self.head(), head, self.edges.cpu(), self.coefficients.flatten().cpu()])

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        vector = self.headless(vector.to("cpu", torch.float64))
        settled, n, m, self.distance = bool(vector[0]), int(vector[1]), int(vector[2]), float(vector[3])
        at = 4 + (n + 1 if n else 0)
        edges, rest = vector[4:at].clone().to(self.device), vector[at:].clone().to(self.device)
        self.take(edges, rest.reshape(n, self.outputs, m), settled)

    def tensors(self) -> dict[str, Tensor]:
        return {"cells": self.vector()}

    def restore(self, tensors: Mapping[str, Any]) -> None:
        self.assign(tensors["cells"])
