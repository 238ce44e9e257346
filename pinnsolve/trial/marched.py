"""A trial function made of steps in time, each a polynomial in time over cells of space that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.reference_cell import ReferenceCell, degree_of, legendre, reference_cell
from pinnsolve.networks.spread import in_reference
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.apart import labels
from pinnsolve.trial.determined import sign_of
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.located import Located, Search, inward
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.rim import region_of


@dataclass(frozen=True)
class Slab:
    """One step: cells with their output layers.

    Parameters
    ----------
    mesh : Tiles
        The cells.
    begin, length : float
        Of the step, in the unit of time.
    modes : tensor (n, q + 1, F, M)
        Coefficients of Legendre polynomials (orthonormal) over the step, unknowns and features of a cell.
    activation : str
        Of the hidden layer.
    """

    mesh: Tiles
    begin: float
    length: float
    modes: Tensor
    activation: str = "legendre"

    @property
    def cell(self) -> ReferenceCell:
        """The one with its features."""
        count, dims = self.modes.shape[3], self.mesh.dims
        return reference_cell(degree_of(count, dims), self.modes.device, dims, self.activation)

    @property
    def end(self) -> float:
        return self.begin + self.length


@dataclass(frozen=True)
class AtTimes:
    """The coefficients of an unknown at points: of all powers of time, (N, q + 1, M), and by how often they are derived
    along time those at each point's own, (N, M)."""

    modes: Tensor
    derived: dict[int, Tensor] = field(default_factory=dict)


def moved(slabs: Sequence[Slab], change: Tensor) -> list[Slab]:
    """Steps with a field (n, q + 1, F, M) over all their cells added."""
    parts = change.split([len(s.mesh) for s in slabs])
    return [replace(s, modes=s.modes + part) for s, part in zip(slabs, parts, strict=True)]


class Marched(OfCells):
    """The steps that are solved so far; beyond them the last cells' polynomials go on.

    Parameters
    ----------
    problem : Problem
    layer : LocalFeatures
    made : Plan
    """

    frozen = 0

    def __init__(
        self, problem: Problem, layer: LocalFeatures, made: Plan, dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        super().__init__(problem, layer, made, dtype, device)
        self.slabs: list[Slab] = []
        self.apart = 0.0  # where residuals do not tell its error: as the march that it solves again tells it
        self.of_known = 1.0  # where it is poorer: what that march has of the error that it tells
        self.remains = 0.0  # what it has of the error of that march, by the last terms of both
        self.better = False  # than that march, whatever residuals say
        self._search: Search | None = None
        self._modes: Tensor | None = None
        self.stopped = ""  # why it goes no further
        self.space = [problem.coordinates.index(c) for c in problem.space_coordinates]
        self.time = problem.coordinates.index(str(problem.domain.time))
        self.sign = sign_of(problem)  # of the times of steps over the problem's

    def take(self, slabs: Sequence[Slab]) -> None:
        """Further steps."""
        self.slabs += slabs
        self.state, self._search, self._modes = object(), None, None

    def end_at(self, until: float, why: str) -> None:
        """Let go of the steps that end later, for a reason, in words."""
        self.slabs, self.stopped = [s for s in self.slabs if s.end <= until], why
        self.take([])

    @property
    def fluxes(self) -> Mapping[str, tuple[float, ...]]:  # type: ignore[override]
        return {} if self.read is None else self.read.places

    # ------------------------------------------------------------ how far it goes

    @property
    def until(self) -> float:
        """The time up to which it is solved, or down to which, where it is marched backwards."""
        assert self.problem.time is not None
        return self.sign * self.slabs[-1].end if self.slabs else self.problem.time[:: self.sign][0]

    @property
    def complete(self) -> bool:  # type: ignore[override]
        assert self.problem.time is not None
        begin, end = self.problem.time[:: self.sign]
        return self.found and bool(self.slabs) and self.sign * (self.until - end) >= -1e-9 * abs(end - begin)

    @property
    def missing(self) -> str:  # type: ignore[override]
        why = f"; {self.stopped}" if self.stopped else ""
        if not self.slabs:
            return f"nothing is solved yet{why}"
        if not self.found:
            return self.unfound
        return f"beyond {self.problem.domain.time} = {self.until:.4g} nothing is solved{why}"

    def reached(self, coordinates: Mapping[str, Tensor]) -> Tensor | None:
        if self.complete or not self.slabs or not self.found:
            return None
        return self.sign * (self.until - coordinates[str(self.problem.domain.time)]) >= 0

    # ------------------------------------------------------------ what it is made of

    @property
    def parameters_count(self) -> int:
        return sum(slab.modes.numel() for slab in self.slabs)

    @property
    def features(self) -> tuple[int, int]:
        """Those of what is solved, which may be solved again with more of them than were asked for."""
        if not self.slabs:
            return super().features
        _, times, _, count = self.slabs[0].modes.shape
        return degree_of(count, len(self.space)), times - 1

    @property
    def width(self) -> int:
        degree, stages = self.features
        return (stages + 1) * math.comb(degree + len(self.space), degree) * self.outputs

    def layers(self) -> list[tuple[str, str, int]]:
        name, found = self.problem.domain.time, []
        for k, s in enumerate(self.slabs):
            begin, end = (self.sign * t for t in (s.begin, s.end))
            what = (
                f"{len(s.modes)} cells of {s.modes.shape[3]} {self.layer.words}, {name} from {begin:.4g} to {end:.4g}"
            )
            found.append((f"step {k + 1}", what, s.modes.numel()))
        return found

    def told(self, words: str) -> str:
        return f"march in {words}"

    def held(self) -> dict[str, str]:
        """How conditions hold: a start is as near as cells come, walls hold at the times that were collocated."""
        found = dict.fromkeys([c.name for c in self.problem.periodic] + [c.name for c in self.problem.known], "exact")
        for condition in self.problem.conditions:
            at_start = all(p.moment is not None for p in self.problem.pieces(condition))
            found[condition.name] = "nearest in each cell" if at_start else "at collocated times"
        return found | {condition.name: "between cells, at collocated times" for condition in self.problem.inner}

    def cells(self) -> dict[str, Tensor]:
        across = torch.cat([s.mesh.whole for s in self.slabs])
        steps = torch.cat([torch.tensor([[s.begin, s.end]]).expand(len(s.mesh), 2) for s in self.slabs])
        names, found = self.problem.coordinates, {}
        for k, name in enumerate(names):
            found[name] = self.sign * steps if k == self.time else across[:, self.space.index(k)]
        return {name: ends.sort(1).values for name, ends in found.items()}

    # ------------------------------------------------------------ evaluation

    @property
    def begun(self) -> bool:
        return bool(self.slabs)

    def prepare(self, points: Points) -> Located:  # type: ignore[override]
        points = points.to(self.dtype, self.device)
        return Located(points, *points.chart())

    def turned(self, prepared: Located) -> Located:
        if prepared.other is None:
            prepared.other = replace(prepared, beyond=True, steps=None, tables={}, state=None)
        return prepared.other

    def _locate(self, prepared: Located) -> Tensor:
        """Find to which cell of which step each point belongs, anew when there are more steps; the modes of all."""
        if self._search is None or self._modes is None:
            self._search = Search([s.mesh for s in self.slabs], [(s.begin, s.length) for s in self.slabs])
            self._modes = torch.cat([self._in_reference(s) for s in self.slabs])
        if prepared.steps is not self.state:
            coordinates = [c.to(torch.float64) for c in prepared.points.coordinates.values()]
            x = torch.stack([coordinates[k] for k in self.space], -1)
            names = [self.problem.coordinates[k] for k in self.space]
            near = inward(self.slabs[0].mesh, prepared.points, x, names)
            part = labels(self.problem.parts, prepared.points)[prepared.beyond]
            self._search.place(prepared, x, self.sign * coordinates[self.time], near, part)
            if not self.complete:
                prepared.tau = prepared.tau.clamp(max=1.0)  # beyond what is solved, its end stays
            prepared.steps, prepared.tables = self.state, {}
        return self._modes

    def _in_reference(self, s: Slab) -> Tensor:
        """A step's modes as those of the reference cell's features, also where a rim cuts cells."""
        return in_reference(s.mesh, s.cell, s.modes.transpose(0, 1)).transpose(0, 1)

    def gathered(self, prepared: Located, unknown: int, of: Tensor | None = None) -> AtTimes:  # type: ignore[override]
        modes = self._locate(prepared)
        return AtTimes((modes if of is None else of)[prepared.cell, :, unknown])

    def part(self, prepared: Located, mine: AtTimes, alpha: Alpha) -> Tensor:  # type: ignore[override]
        order, across = alpha[self.time], tuple(alpha[k] for k in self.space)
        _, q, m = mine.modes.shape
        if order not in prepared.tables:
            table = legendre(prepared.tau, q - 1, order)
            prepared.tables[order] = table * ((2 * self.sign / prepared.length) ** order)[:, None]
        if order not in mine.derived:
            powers = prepared.tables[order]
            few = len(self.space) < 2  # otherwise all products at once are more than a cache holds
            mine.derived[order] = (
                (powers[..., None] * mine.modes).sum(1) if few else torch.bmm(powers[:, None], mine.modes)[:, 0]
            )
        return (mine.derived[order] * prepared.across(self.cell(m), across)).sum(-1)

    def add(self, change: Tensor) -> None:
        added, self.slabs = moved(self.slabs, change), []
        self.take(added)

    # ------------------------------------------------------------ as one vector

    def vector(self) -> Tensor:
        """All steps with their cells, (L,): everything that `assign` needs."""
        found = [self.head(), torch.tensor([float(len(self.slabs))], dtype=torch.float64)]
        for s in self.slabs:
            n, q, _, m = s.modes.shape
            head = [n, q, m, *map(len, s.mesh.ends), s.begin, s.length, *(v for bounds in s.mesh.ends for v in bounds)]
            head += [v for place in s.mesh.places for part in place for v in part]
            found += [torch.tensor(head, dtype=torch.float64), s.modes.flatten().cpu()]
        return torch.cat(found)

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        vector, at = self.headless(vector.to("cpu", torch.float64)), 1

        def taken(count: int) -> Tensor:
            nonlocal at
            at += count
            return vector[at - count : at]

        made = []
        for _ in range(int(vector[0])):
            dims = len(self.space)
            across = dims + (self.problem.parts is not None)
            n, q, m, *ends = (int(v) for v in taken(3 + dims))
            begin, length = taken(2).tolist()
            bounds = tuple(tuple(taken(count).tolist()) for count in ends)
            places = taken(3 * across * n).reshape(n, across, 3)
            mesh = Tiles.placed(bounds, places, self.device, region_of(self.problem))
            modes = taken(n * q * self.outputs * m).reshape(n, q, self.outputs, m).clone().to(self.device)
            made.append(Slab(mesh, begin, length, modes, self.layer.activation))
        self.slabs = []
        self.take(made)

    def tensors(self) -> dict[str, Tensor]:
        return {"steps": self.vector()}

    def restore(self, tensors: Mapping[str, Any]) -> None:
        self.assign(tensors["steps"])
