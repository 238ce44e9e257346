"""A trial function over local features in one window of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from pinnsolve.networks.cells import Cells
from pinnsolve.networks.exact import Plan
from pinnsolve.networks.local_features import Basis, Expansion, Listener, LocalFeatures
from pinnsolve.networks.trial import Prepared, Trial
from pinnsolve.problem.divergence import count as potentials_count
from pinnsolve.problem.problem import Problem
from pinnsolve.taylor import Chart, Jet

Times = tuple[float, float]


def afterwards(made: Plan) -> Plan:
    """The plan of all windows but the first: they begin where the one before ends, not at the problem's start."""
    exact = {u: [e for e in ends if e.coordinate != "t"] for u, ends in made.exact.items()}
    weighted = [piece for piece in made.weighted if "t" not in piece[1].fixed]
    return replace(made, exact=exact, weighted=weighted, flows=[replace(f, start={}) for f in made.flows])


class Window(Trial):
    """u = g + phi * (local features), and u = g + curl(phi * (local features)) where it is solenoidal.

    Parameters
    ----------
    problem : Problem
    layer : LocalFeatures
    made : Plan
        Which conditions are built in; `afterwards` of it for all windows but the first.
    cells : Cells
        Over the coordinates of space.
    times : (float, float), optional
        From when to when; None for a steady problem.
    generator : torch.Generator
        The only source of randomness.
    """

    takes_jets = True

    def __init__(
        self, problem: Problem, layer: LocalFeatures, made: Plan, cells: Cells, times: Times | None,
        generator: torch.Generator, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self.problem, self.plan, self.dtype, self.device = problem, made, dtype, torch.device(device)
        self.layer, self.times = layer, times
        self.potentials = potentials_count(problem)
        self.outputs = self.potentials * len(made.flows) + len(made.exact)
        names = problem.coordinates
        axes = [names.index(c) for c in problem.space_coordinates]
        spaces, bounds = problem.space_coordinates, problem.domain.bounds
        kinks = [
            (
                spaces.index(p.coordinate),
                2 * (p.value - bounds[p.coordinate][0]) / problem.domain.length(p.coordinate) - 1,
            )
            for p in made.planes
            if p.coordinate in spaces
        ]
        self.basis = Basis.drawn(cells, axes, len(names), self.outputs, layer, generator, kinks)

    @property
    def cells(self) -> Cells:
        return self.basis.cells

    @property
    def parameters_count(self) -> int:
        return self.basis.coefficients.numel()

    @property
    def row_size(self) -> int:
        return int(2 ** len(self.basis.axes) * self.basis.width)

    def scaled(self, at: Mapping[str, Jet]) -> list[Jet]:
        """The coordinates scaled to [-1, 1], time to this window."""
        found = []
        for name, (low, high) in self.problem.domain.bounds.items():
            if name == "t" and self.times is not None:
                low, high = self.times  # noqa: PLW2901
            found.append((at[name] - 0.5 * (low + high)) * (2 / (high - low)))
        return found

    def places(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        """Points in the coordinates of the cells, (N, k)."""
        bounds = self.problem.domain.bounds
        columns = []
        for name in self.problem.space_coordinates:
            low, high = bounds[name]
            columns.append((coordinates[name].to("cpu", torch.float64) - 0.5 * (low + high)) * (2 / (high - low)))
        return torch.stack(columns, 1) if columns else torch.zeros(len(next(iter(coordinates.values()))), 0)

    def _seen(self, chart: Chart, at: Mapping[str, Jet]) -> Expansion:
        return Expansion(self.basis, chart, self.scaled(at))

    def columns(self, prepared: Prepared) -> list[Jet]:
        return prepared.inputs.columns(prepared.chart.tape)

    def tape(self, prepared: Prepared) -> Listener:
        return Listener(prepared.inputs)
