"""What trial functions over cells have in common: a layer that cells share, and what is there before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.reference_cell import ReferenceCell, degree_of, reference_cell
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.elsewhere import elsewhere_of_cells
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.forward import Forward, WrittenFunctions
from pinnsolve.trial.lift import lift
from pinnsolve.trial.trial import Trial


@dataclass
class InCells:
    """Points, with the cell to which each belongs, where in it that is, and how wide it is."""

    points: Points
    chart: Chart
    at: dict[str, Jet]
    cell: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    xi: Tensor = field(default_factory=lambda: torch.zeros(0))
    width: Tensor = field(default_factory=lambda: torch.zeros(0))
    functions: Mapping[str, Any] = field(default_factory=dict)
    beyond: bool = False  # on an interface, whether they lie on the side from which normals come
    state: object = None  # of the cells with which fields were evaluated there
    known: dict[tuple[int, Alpha], Tensor] = field(default_factory=dict)  # by unknown, (N,)

    def __post_init__(self) -> None:
        self.functions = self.at  # where unknown functions are looked at


class OfCells(Trial):
    """A trial function whose cells are found by a method.

    Parameters
    ----------
    problem : Problem
    layer : LocalFeatures
    made : Plan
    """

    takes_jets = True
    balances = False
    elsewhere = cached_property(elsewhere_of_cells)

    def __init__(
        self, problem: Problem, layer: LocalFeatures, made: Plan, dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self.problem, self.plan, self.dtype, self.device = problem, made, dtype, torch.device(device)
        self.layer, self.description = layer, repr(layer)
        self.written = {"kind": "LocalFeatures", **vars(layer), "dtype": str(dtype).removeprefix("torch.")}
        self.state = object()  # another one wherever its cells are others
        self.live: Any = None  # what a method keeps of its work from step to step
        self.read: Any = None  # what it reads of the problem, once: an Evolution or a Line
        self.law: Any = None  # the same of conservation laws: a Law
        self.forward = Forward(problem, self.dtype, self.device, made.sizes)
        self.outputs = len(problem.unknowns)  # and of what stands for integrals
        if problem.integrals:
            self.outputs = len(self.forward.at(self.forward.values()).unknowns)
        self.constants = self.forward.constants
        self.found = not self.forward.count  # whether constants have settled
        self.functions = WrittenFunctions(self.forward)

    @property
    def doubt(self) -> float:  # type: ignore[override]
        """Its error over its distance from one that is less rich: one, and three where data jump or have kinks.

        There richer features bring less, and the two may be alike to a third (prototypes). In a plane it is three of
        sines and tanh, too: richer layers are drawn anew, and residuals tell their errors less surely (of the pressure
        in `taylor_green` 0.5 to 1.0 without).
        """
        rough = self.plan.rough or self.plan.disagrees or (self.read is not None and self.read.rough)
        drawn = self.layer.activation != "legendre" and len(self.problem.space_coordinates) > 1
        return 3.0 if rough or drawn else 1.0

    @property
    def features(self) -> tuple[int, int]:
        """Degree and stages of a march."""
        constant = isinstance(self.read, Evolution) and self.read.constant
        return self.layer.over(len(self.problem.space_coordinates), constant)

    @property
    def row_size(self) -> int:
        return self.width

    def cell(self, count: int) -> ReferenceCell:
        """The cell with so many features."""
        dims = len(self.problem.space_coordinates) or 1
        return reference_cell(degree_of(count, dims), self.device, dims, self.layer.activation)

    # ------------------------------------------------------------ constants

    unfound = "the constants have not settled"

    def head(self) -> Tensor:
        """The constants and whether they have settled, before everything else; nothing where there are none."""
        sought = self.forward
        if not sought.count:
            return torch.zeros(0, dtype=torch.float64)
        first = torch.tensor([float(self.found), float(sought.level), float(sought.count)], dtype=torch.float64)
        each = [end for reach in sought.reach.values() for ends in reach for end in ends]
        reach = torch.tensor(each, dtype=torch.float64)
        return torch.cat([first, reach, sought.vector().cpu(), sought.moved])

    def headless(self, vector: Tensor) -> Tensor:
        """Take the constants from a vector (L,); the rest of it."""
        if not self.forward.count:
            return vector
        self.found, level, count = bool(vector[0]), int(vector[1]), int(vector[2])
        arguments = [len(reach) for reach in self.forward.reach.values()]
        reach, vector = vector[3:].tensor_split([2 * sum(arguments)])
        own, moved, rest = vector.tensor_split([count, 2 * count])
        self.forward.rise(level)
        ends = iter([(float(low), float(high)) for low, high in reach.view(-1, 2)])
        each = [tuple(islice(ends, count)) for count in arguments]
        self.forward.reach = dict(zip(self.forward.reach, each, strict=True))
        if count == self.forward.count:
            self.forward.assign(own)
            self.forward.moved = moved.clone()
        else:  # of a problem with other data: of what is not said, the solution alone is left
            self.forward.take(self.forward.own(own))
        return rest

    # ------------------------------------------------------------ what it is made of

    coefficients: Tensor  # (n, F, M), of cells that are solved once

    @property
    def parameters_count(self) -> int:
        return self.coefficients.numel()

    def layers(self) -> list[tuple[str, str, int]]:
        kind = f"{len(self.coefficients)} cells of {self.coefficients.shape[2]} {self.layer.words}"
        return [("cells", kind, self.parameters_count)]

    @property
    def kind(self) -> str:  # type: ignore[override]
        """Of which features its parameters are, where these are no polynomials."""
        return "" if self.layer.activation == "legendre" else f" of {self.layer.words}"

    def told(self, words: str) -> str:
        """What a method is called that solved it, by what it is called over any cells."""
        return words

    def cells(self) -> dict[str, Tensor]:
        """From where to where each of the K cells reaches along each coordinate, (K, 2); nothing where cells are not
        of the problem's coordinates."""
        return {}

    # ------------------------------------------------------------ evaluation

    @property
    def begun(self) -> bool:
        """Whether there are cells."""
        raise NotImplementedError

    @property
    def noted(self) -> bool:
        """Whether it is noted what equations ask for, so that differences are taken of it: elsewhere these see nothing
        but what is steep, or kinks that move."""
        return self.plan.rough_inside and not self.plan.rough

    def unknowns(self, prepared: Any, beyond: bool = False) -> dict[str, Jet]:
        if not self.begun:
            return self.guessed(prepared)
        if beyond:
            prepared = self.turned(prepared)
        if prepared.state is not self.state:
            prepared.state, prepared.known = self.state, {}
        size, names, noted = (prepared.chart.size,), frozenset(prepared.chart.names), self.noted
        known, mine = prepared.known, cache(partial(self.gathered, prepared))

        def field_of(f: int) -> Jet:
            def rule(alpha: Alpha) -> Tensor:
                if noted:
                    prepared.chart.asked.add(alpha)
                if (f, alpha) not in known:
                    known[f, alpha] = self.part(prepared, mine(f), alpha).to(self.dtype)
                return known[f, alpha]

            return Jet(prepared.chart, rule, size, names)

        return {u: field_of(f) for f, u in enumerate(self.problem.unknowns)}

    def turned(self, prepared: Any) -> Any:
        """The same points of an interface on its other side, made once."""
        if prepared.other is None:
            prepared.other = replace(prepared, beyond=True, of=None, tables={}, state=None)
        return prepared.other

    def gathered(self, prepared: Any, unknown: int, of: Tensor | None = None) -> Tensor:
        """The coefficients of an unknown at each point, its own or those of another field on the same cells."""
        raise NotImplementedError

    def part(self, prepared: Any, mine: Tensor, alpha: Alpha) -> Tensor:
        """A derivative (N,) of the field with such coefficients."""
        raise NotImplementedError

    def add(self, change: Tensor) -> None:
        """Add a field on the same cells, by its coefficients."""
        raise NotImplementedError

    def guessed(self, prepared: InCells, share: float = 0.0) -> dict[str, Jet]:
        """Before there are cells: what conditions prescribe, carried on; without any the unknown's offset, and a share
        of its usual size."""
        found: dict[str, Jet] = {}
        for u in self.problem.unknowns:
            lifted = lift(self.problem, self.plan.exact.get(u, []), prepared.points, prepared.at)
            usual = self.plan.size(u).offset + share * self.plan.size(u).scale
            found[u] = prepared.chart.numbers(usual) if lifted is None else lifted[0]
        size, names = (prepared.chart.size,), frozenset(prepared.chart.names)
        return {u: Jet(prepared.chart, jet.partial, size, names) for u, jet in found.items()}
