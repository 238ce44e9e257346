"""A trial function made of cells of a plane or of space that do not overlap, of a problem in which nothing evolves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.across import ACROSS, both_sides
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.reference_cell import degree_of
from pinnsolve.networks.spread import in_reference
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.apart import labels
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.located import Located, Search, inward
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.rim import in_parts, region_of


class Planar(OfCells):
    """The cells that are solved so far.

    Parameters
    ----------
    problem : Problem
    layer : LocalFeatures
    made : Plan

    Attributes
    ----------
    mesh : Tiles, optional
    coefficients : tensor (n, F, M)
        Of the features of a cell.
    """

    frozen = 0

    def __init__(
        self, problem: Problem, layer: LocalFeatures, made: Plan, dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        super().__init__(problem, layer, made, dtype, device)
        self.settled = False  # whether the cells meet what was asked of them
        self.defect = 0.0  # what the worst of them leaves of the equations, as a change of the unknowns
        self.apart = 0.0  # their error, where solutions of three degrees tell it
        self.mesh: Tiles | None = None
        self.coefficients = torch.zeros(0, self.outputs, 1, dtype=torch.float64, device=self.device)

    def take(self, mesh: Tiles, coefficients: Tensor, settled: bool, defect: float) -> None:
        """Other cells."""
        self.mesh, self.coefficients, self.settled, self.defect = mesh, coefficients, settled, defect
        self.state = object()
        self._search, self._known = Search([mesh], [(0.0, 1.0)]), self._in_reference(coefficients)

    @property
    def doubt(self) -> float:  # type: ignore[override]
        """One, since what cells leave says by how much richer features are better, at corners too."""
        return 1.0

    @property
    def fluxes(self) -> Mapping[str, tuple[float, ...]]:  # type: ignore[override]
        return {} if self.read is None else self.read.places

    @property
    def complete(self) -> bool:  # type: ignore[override]
        return self.found and self.settled and self.mesh is not None

    @property
    def missing(self) -> str:  # type: ignore[override]
        if self.mesh is None:
            return "nothing is solved yet"
        return "the cells leave too much of the equations" if self.found else self.unfound

    # ------------------------------------------------------------ what it is made of

    @property
    def dims(self) -> int:
        return len(self.problem.coordinates)

    @property
    def degree(self) -> int:
        """Of its features; before there are cells, of those that are begun with."""
        return self.layer.steady if self.mesh is None else degree_of(self.coefficients.shape[2], self.dims)

    @property
    def width(self) -> int:
        return math.comb(self.degree + self.dims, self.dims) * self.outputs

    def held(self) -> dict[str, str]:
        found = {p.name: "nearest in each cell" for p in self.problem.periodic}
        found |= dict.fromkeys([c.name for c in self.problem.known], "exact")
        standing = (*self.problem.conditions, *self.problem.inner)
        return found | {condition.name: "nearest in each cell" for condition in standing}

    def cells(self) -> dict[str, Tensor]:
        assert self.mesh is not None
        return dict(zip(self.problem.coordinates, self.mesh.whole.unbind(1), strict=True))

    # ------------------------------------------------------------ evaluation

    def prepare(self, points: Points) -> Located:  # type: ignore[override]
        points = points.to(self.dtype, self.device)
        return Located(points, *points.chart())

    @property
    def begun(self) -> bool:
        return self.mesh is not None

    def gathered(self, prepared: Located, unknown: int, of: Tensor | None = None) -> Tensor:
        mesh = self.mesh
        assert mesh is not None
        if prepared.of is not mesh:
            x = torch.stack([c.to(torch.float64) for c in prepared.points.coordinates.values()], -1)
            near, part = inward(mesh, prepared.points, x, self.problem.space_coordinates), None
            if in_parts(self.problem):
                part = labels(self.problem.parts, prepared.points)[prepared.beyond]
            elif ACROSS in prepared.points.measured:  # cells end there
                beside = both_sides(prepared.points)[prepared.beyond]
                near = torch.stack([beside[c].to(x) for c in self.problem.coordinates], -1)
            self._search.place(prepared, x, torch.zeros_like(x[:, 0]), near, part)
            prepared.of, prepared.tables = self.mesh, {}
        chosen = self._known if of is None else self._in_reference(of)
        return chosen[prepared.cell, unknown]  # (N, M)

    def _in_reference(self, c: Tensor) -> Tensor:
        """Coefficients as those of the reference cell's features, also where a rim cuts cells."""
        assert self.mesh is not None
        return in_reference(self.mesh, self.cell(c.shape[2]), c)

    def part(self, prepared: Located, mine: Tensor, alpha: Alpha) -> Tensor:
        return (prepared.across(self.cell(mine.shape[1]), alpha) * mine).sum(1)

    def add(self, change: Tensor) -> None:
        assert self.mesh is not None
        self.take(self.mesh, self.coefficients + change, self.settled, self.defect)

    # ------------------------------------------------------------ as one vector

    def vector(self) -> Tensor:
        """All cells with their output layers, (L,): everything that `assign` needs."""
        if self.mesh is None:
            return self.head()
        head = [float(self.settled), self.defect, float(self.coefficients.shape[2])]
        places = torch.tensor(self.mesh.places, dtype=torch.float64).flatten()
        ends = [torch.tensor([float(len(b)), *b], dtype=torch.float64) for b in self.mesh.ends]
        numbers = torch.tensor(head, dtype=torch.float64)
        return torch.cat([self.head(), numbers, *ends, places, self.coefficients.flatten().cpu()])

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        vector = self.headless(vector.to("cpu", torch.float64))
        if not len(vector):
            self.mesh, self.settled, self.defect = None, False, 0.0
            self.coefficients = self.coefficients[:0]
            return
        settled, defect, m = bool(vector[0]), float(vector[1]), int(vector[2])
        bounds, rest = list[tuple[float, ...]](), vector[3:]
        for _ in range(self.dims):
            count = int(rest[0])
            bounds.append(tuple(rest[1 : count + 1].tolist()))
            rest = rest[count + 1 :]
        across = self.dims + in_parts(self.problem)
        placed = 3 * across
        n = len(rest) // (placed + self.outputs * m)
        places = rest[: placed * n].reshape(n, across, 3)
        mesh = Tiles.placed(tuple(bounds), places, self.device, region_of(self.problem))
        made = rest[placed * n :].reshape(n, self.outputs, m).clone().to(self.device)
        self.take(mesh, made, settled, defect)

    def tensors(self) -> dict[str, Tensor]:
        return {"cells": self.vector()}

    def restore(self, tensors: Mapping[str, Any]) -> None:
        self.assign(tensors["cells"])
