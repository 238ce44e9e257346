"""A trial function made of steps in time, each a polynomial in time over cells of space that do not overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.intervals import Intervals
from pinnsolve.networks.joined_cells import JoinedCells
from pinnsolve.networks.reference_cell import legendre
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.lift import lift
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Slab:
    """One step: cells with their output layers.

    Parameters
    ----------
    mesh : Intervals
        The cells.
    begin, length : float
        Of the step, in the unit of time.
    modes : tensor (n, q + 1, F, M)
        Coefficients of Legendre polynomials (orthonormal) over the step, unknowns and features of a cell.
    """

    mesh: Intervals
    begin: float
    length: float
    modes: Tensor

    @property
    def end(self) -> float:
        return self.begin + self.length


@dataclass
class Located:
    """Points, with the cell of a step to which each belongs; tables of features are made once."""

    points: Points
    chart: Chart
    at: dict[str, Jet]
    cell: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    xi: Tensor = field(default_factory=lambda: torch.zeros(0))
    tau: Tensor = field(default_factory=lambda: torch.zeros(0))
    width: Tensor = field(default_factory=lambda: torch.zeros(0))
    length: Tensor = field(default_factory=lambda: torch.zeros(0))
    steps: int = -1
    functions: Mapping[str, Any] = field(default_factory=dict)  # there are none
    tables: dict[tuple[str, int], Tensor] = field(default_factory=dict)


class Marched(Trial):
    """The steps that are solved so far; beyond them the last cells' polynomials go on.

    Parameters
    ----------
    problem : Problem
    layer : JoinedCells
    made : Plan
    """

    takes_jets = True
    frozen = 0
    balances = False

    def __init__(
        self, problem: Problem, layer: JoinedCells, made: Plan, dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        self.problem, self.plan, self.dtype, self.device = problem, made, dtype, torch.device(device)
        self.layer, self.description = layer, repr(layer)
        self.written = {"kind": "JoinedCells", **vars(layer), "dtype": str(dtype).removeprefix("torch.")}
        self.slabs: list[Slab] = []
        self.live: Any = None  # what a method keeps of its march from step to step
        self.evolution: Any = None  # what it reads of the problem, once
        self.outputs = len(problem.unknowns)
        self.space = problem.coordinates.index(problem.space_coordinates[0])
        self.time = problem.coordinates.index(str(problem.domain.time))

    def take(self, slabs: Sequence[Slab]) -> None:
        """Further steps."""
        self.slabs += slabs
        self._joined: tuple[Tensor, ...] | None = None

    @property
    def doubt(self) -> float:  # type: ignore[override]
        """Its error over its distance from a march that is less rich: one, and three where data jump or have kinks.

        There richer features bring less, and the two may be alike to a third (prototypes).
        """
        return 3.0 if self.plan.rough or (self.evolution is not None and self.evolution.rough) else 1.0

    @property
    def fluxes(self) -> Mapping[str, tuple[float, ...]]:  # type: ignore[override]
        e = self.evolution
        return {e.name: tuple(e.bends)} if e is not None and e.bends else {}

    # ------------------------------------------------------------ how far it goes

    @property
    def until(self) -> float:
        assert self.problem.time is not None
        return self.slabs[-1].end if self.slabs else self.problem.time[0]

    @property
    def complete(self) -> bool:  # type: ignore[override]
        assert self.problem.time is not None
        begin, end = self.problem.time
        return bool(self.slabs) and self.until >= end - 1e-9 * (end - begin)

    @property
    def missing(self) -> str:  # type: ignore[override]
        if not self.slabs:
            return "nothing is solved yet"
        return f"beyond {self.problem.domain.time} = {self.until:.4g} nothing is solved"

    def reached(self, coordinates: Mapping[str, Tensor]) -> Tensor | None:
        if self.complete or not self.slabs:
            return None
        return coordinates[str(self.problem.domain.time)] <= self.until

    # ------------------------------------------------------------ what it is made of

    @property
    def parameters_count(self) -> int:
        return sum(slab.modes.numel() for slab in self.slabs)

    @property
    def width(self) -> int:
        return (self.layer.stages + 1) * (self.layer.degree + 1) * self.outputs

    @property
    def row_size(self) -> int:
        return self.width

    def layers(self) -> list[tuple[str, str, int]]:
        name = self.problem.domain.time
        return [
            (
                f"step {k + 1}",
                f"{len(s.modes)} cells of {s.modes.shape[3]} features, {name} from {s.begin:.4g} to {s.end:.4g}",
                s.modes.numel(),
            )
            for k, s in enumerate(self.slabs)
        ]

    def held(self) -> dict[str, str]:
        """How conditions hold: a start is as near as cells come, walls hold at the times that were collocated."""
        found = {p.name: "exact" for p in self.problem.periodic}
        for condition in self.problem.conditions:
            at_start = all(p.moment is not None for p in self.problem.pieces(condition))
            found[condition.name] = "nearest in each cell" if at_start else "at collocated times"
        return found

    # ------------------------------------------------------------ evaluation

    def _together(self) -> tuple[Tensor, ...]:
        """Of all cells of all steps: the key by which points find them, left edges, widths, begins, lengths, modes; and
        the ends of the steps."""
        if self._joined is None:
            low, high = self.problem.domain.ends(self.problem.space_coordinates[0])
            counts = torch.tensor([len(s.modes) for s in self.slabs])
            number = torch.arange(len(self.slabs)).repeat_interleave(counts).to(self.device)
            left = torch.cat([s.mesh.edges[:-1] for s in self.slabs])
            # a step's cells come after those of the one before: 2 to 3 for the second, and nothing from 3 to 4
            key = 2.0 * number + (left - low) / (high - low)
            width = torch.cat([s.mesh.widths for s in self.slabs])
            begin = torch.tensor([s.begin for s in self.slabs], dtype=torch.float64, device=self.device)
            length = torch.tensor([s.length for s in self.slabs], dtype=torch.float64, device=self.device)
            modes = torch.cat([s.modes for s in self.slabs])
            self._joined = key, left, width, begin[number], length[number], modes, begin + length
        return self._joined

    def prepare(self, points: Points) -> Located:  # type: ignore[override]
        points = points.to(self.dtype, self.device)
        return Located(points, *points.chart())

    def _locate(self, prepared: Located) -> None:
        """Which cell of which step each point belongs to; looked for again when there are more steps."""
        if prepared.steps == len(self.slabs):
            return
        key, left, width, begin, length, _, ends = self._together()
        low, high = self.problem.domain.ends(self.problem.space_coordinates[0])
        x, t = (list(prepared.points.coordinates.values())[k].to(torch.float64) for k in (self.space, self.time))
        number = torch.bucketize(t.contiguous(), ends).clamp(max=len(ends) - 1)
        within = ((x - low) / (high - low)).clamp(0.0, 1.0)
        cell = torch.searchsorted(key, 2.0 * number + within, right=True) - 1
        prepared.cell, prepared.width, prepared.length = cell, width[cell], length[cell]
        prepared.xi = 2 * (x - left[cell]) / width[cell] - 1
        tau = 2 * (t - begin[cell]) / length[cell] - 1
        prepared.tau = tau if self.complete else tau.clamp(max=1.0)  # beyond what is solved, its end stays
        prepared.steps, prepared.tables = len(self.slabs), {}

    def _given(self, prepared: Located) -> dict[str, Jet]:
        """Before the first step: what conditions prescribe, carried on; without any the unknown's usual size."""
        found: dict[str, Jet] = {}
        for u in self.problem.unknowns:
            lifted = lift(self.problem, self.plan.exact.get(u, []), prepared.points, prepared.at)
            found[u] = prepared.chart.numbers(self.plan.size(u).offset) if lifted is None else lifted[0]
        size, names = (prepared.chart.size,), frozenset(prepared.chart.names)
        return {u: Jet(prepared.chart, jet.partial, size, names) for u, jet in found.items()}

    def unknowns(self, prepared: Located) -> dict[str, Jet]:  # type: ignore[override]
        if not self.slabs:
            return self._given(prepared)
        self._locate(prepared)
        modes, rough = self._together()[5], self.doubt > 1

        def table(kind: str, order: int) -> Tensor:
            if (kind, order) not in prepared.tables:
                at, of = (prepared.xi, prepared.width) if kind == "space" else (prepared.tau, prepared.length)
                degree = modes.shape[3] - 1 if kind == "space" else modes.shape[1] - 1
                prepared.tables[kind, order] = legendre(at, degree, order) * ((2 / of) ** order)[:, None]
            return prepared.tables[kind, order]

        def field_of(f: int) -> Jet:
            mine = modes[prepared.cell, :, f]  # (N, q + 1, M)

            def rule(alpha: Alpha) -> Tensor:
                if not rough:  # where kinks move, differences of the true solution differ from its derivatives, too
                    prepared.chart.asked.add(alpha)
                in_time, in_space = table("time", alpha[self.time]), table("space", alpha[self.space])
                return torch.einsum("nk,nkm,nm->n", in_time, mine, in_space).to(self.dtype)

            return Jet(prepared.chart, rule, (prepared.chart.size,), frozenset(prepared.chart.names))

        return {u: field_of(f) for f, u in enumerate(self.problem.unknowns)}

    # ------------------------------------------------------------ as one vector

    def vector(self) -> Tensor:
        """All steps with their cells, (L,): everything that `assign` needs."""
        found = [torch.tensor([float(len(self.slabs))], dtype=torch.float64)]
        for s in self.slabs:
            n, q, _, m = s.modes.shape
            head = [n, q, m, len(s.mesh.ends), s.begin, s.length, *s.mesh.ends, *(v for p in s.mesh.places for v in p)]
            found += [torch.tensor(head, dtype=torch.float64), s.modes.flatten().cpu()]
        return torch.cat(found)

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        vector, at = vector.to("cpu", torch.float64), 1

        def taken(count: int) -> Tensor:
            nonlocal at
            at += count
            return vector[at - count : at]

        made = []
        for _ in range(int(vector[0])):
            n, q, m, ends = (int(v) for v in taken(4))
            begin, length = taken(2).tolist()
            bounds, places = tuple(taken(ends).tolist()), taken(3 * n).to(torch.int64).reshape(n, 3).tolist()
            mesh = Intervals(bounds, tuple((k, level, i) for k, level, i in places), self.device)
            modes = taken(n * q * self.outputs * m).reshape(n, q, self.outputs, m).clone().to(self.device)
            made.append(Slab(mesh, begin, length, modes))
        self.slabs = []
        self.take(made)

    def tensors(self) -> dict[str, Tensor]:
        return {"steps": self.vector()}

    def restore(self, tensors: Mapping[str, Any]) -> None:
        self.assign(tensors["steps"])
