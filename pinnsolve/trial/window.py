"""A trial function over local features in one window of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from pinnsolve.checks.divergence import count as potentials_count
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.networks.cells import Cells
from pinnsolve.networks.local_features import Basis, Expansion, Listener, LocalFeatures
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.trial import Prepared, Trial

Times = tuple[float, float]


def afterwards(made: Plan) -> Plan:
    """The plan of all windows but the first: they begin where the one before ends, not at the problem's start."""
    exact = {u: [e for e in ends if not e.in_time] for u, ends in made.exact.items()}
    weighted = [part for part in made.weighted if part[1].moment is None]
    return replace(made, exact=exact, weighted=weighted, flows=[replace(f, start={}, moment=None) for f in made.flows])


def divided(problem: Problem, times: Times | None) -> tuple[str, ...]:
    """The coordinates that cells divide: those of space, and time too where a window does not take a part of it."""
    domain = problem.domain
    return domain.space_coordinates + ((domain.time,) if times is None and domain.time is not None else ())


class Window(Trial):
    """u = g + phi * (local features), and u = g + curl(phi * (local features)) where it is solenoidal.

    Parameters
    ----------
    problem : Problem
    layer : LocalFeatures
    made : Plan
        Which conditions are built in; `afterwards` of it for all windows but the first.
    cells : Cells
        Over the coordinates of space, and over time where there are no windows.
    times : (float, float), optional
        From when to when; None for a steady problem, and for one that is solved over all times at once.
    generator : torch.Generator
        The only source of randomness.
    """

    takes_jets = True
    frozen = 1

    def __init__(
        self, problem: Problem, layer: LocalFeatures, made: Plan, cells: Cells, times: Times | None,
        generator: torch.Generator, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self.problem, self.plan, self.dtype, self.device = problem, made, dtype, torch.device(device)
        self.layer, self.times = layer, times
        self.potentials = potentials_count(problem)
        self.outputs = self.potentials * len(made.flows) + len(made.exact)
        self.domain = problem.domain if times is None else problem.domain.during(*times)
        self.divided = divided(problem, times)
        names = problem.coordinates
        axes = [names.index(c) for c in self.divided]
        kinks = [
            (self.divided.index(p.coordinate), self.domain.scaled(p.coordinate, p.value))
            for p in made.planes
            if p.coordinate in self.divided
        ]
        self.basis = Basis.drawn(cells, axes, len(names), self.outputs, layer, generator, kinks)

    @property
    def cells(self) -> Cells:
        return self.basis.cells

    @property
    def parameters_count(self) -> int:
        return self.basis.coefficients.numel()

    @property
    def width(self) -> int:
        return int(2 ** len(self.basis.axes) * self.basis.width)

    @property
    def row_size(self) -> int:
        return self.width

    def _seen(self, chart: Chart, at: Mapping[str, Jet], label: object = None) -> Expansion:
        """The basis over the coordinates, time scaled to this window."""
        return Expansion(self.basis, chart, [self.domain.scaled(name, at[name]) for name in self.problem.coordinates])

    def columns(self, prepared: Prepared) -> list[Jet]:
        return prepared.inputs.columns(prepared.chart.tape)

    def tape(self, prepared: Prepared) -> Listener:
        return Listener(prepared.inputs)
