"""A trial function made of windows of time, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.places import Narrow
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.cells import Cells
from pinnsolve.networks.joined_cells import JoinedCells
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.trial import Prepared, Trial
from pinnsolve.trial.window import Times, Window, afterwards, divided

# Of a narrow place: the largest cell there. Larger: with 1 a film of glue (tests/cases) leaves 2e-2 of the residual,
# with 0.5 it leaves 8e-4. Smaller: more cells.
WIDTHS = 0.5


@dataclass(frozen=True)
class Scattered:
    """Points over several windows; what each window makes of its own is kept."""

    points: Points
    chart: Chart
    at: dict[str, Jet]
    functions: Mapping[str, Any] = field(default_factory=dict)  # there are none
    kept: dict[int, tuple[Window, Prepared]] = field(default_factory=dict)


class Piecewise(Trial):
    """The windows that are solved so far; beyond them the trial function is g alone.

    Parameters
    ----------
    problem : Problem
    layer : LocalFeatures
    made : Plan
    """

    takes_jets = True
    frozen = 1
    balances = False

    def __init__(
        self,
        problem: Problem,
        layer: LocalFeatures,
        made: Plan,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        self.problem, self.plan, self.dtype, self.device = problem, made, dtype, torch.device(device)
        self.layer = layer
        self.description = repr(layer)
        self.written = {"kind": "LocalFeatures", **asdict(layer), "dtype": str(dtype).removeprefix("torch.")}
        self.parts: list[Window] = []
        self.direction = direction(problem)
        times = problem.time if self.direction else None
        names = divided(problem, times)
        coarsest = _coarsest(problem, names)
        cells = _graded(problem, coarsest, names, made.narrow)
        self.graded = len(cells) - len(coarsest)  # cells of a march's beginning that narrow places have added
        self.rest = self.window(cells, times, torch.Generator())
        self.outputs = self.rest.outputs

    def window(self, cells: Cells, times: Times | None, generator: torch.Generator) -> Window:
        """A window that begins where the last one ends."""
        made = afterwards(self.plan) if self.parts else self.plan
        return Window(self.problem, self.layer, made, cells, times, generator, self.dtype, self.device)

    def _along(self, t: Any) -> Any:
        """Time in the direction of the march: it grows from window to window."""
        return t * self.direction

    @property
    def until(self) -> float | None:
        """Up to when the windows reach; None where time is not cut into windows."""
        if not self.direction:
            return None
        assert self.problem.time is not None
        last = self.parts[-1].times if self.parts else None
        return self.problem.time[:: self.direction][0] if last is None else last[:: self.direction][1]

    @property
    def complete(self) -> bool:  # type: ignore[override]
        return bool(self.parts) and (self.until is None or self.until == self.problem.time[:: self.direction][1])  # type: ignore[index]

    @property
    def missing(self) -> str:  # type: ignore[override]
        if not self.parts:
            return "nothing is solved yet"
        side = "beyond" if self.direction > 0 else "before"
        return f"{side} {self.problem.domain.time} = {self.until:.4g} nothing is solved"

    def reached(self, coordinates: Mapping[str, Tensor]) -> Tensor | None:
        until = self.until
        if self.complete or until is None or not self.parts:
            return None
        return self._along(coordinates[str(self.problem.domain.time)]) <= self._along(until)

    @property
    def parameters_count(self) -> int:
        return sum(part.parameters_count for part in self.parts)

    @property
    def width(self) -> int:
        return self.rest.width

    @property
    def row_size(self) -> int:
        return self.rest.row_size

    def layers(self) -> list[tuple[str, str, int]]:
        rows = []
        for k, part in enumerate(self.parts):
            name = self.problem.domain.time
            when = "" if part.times is None else f", {name} from {part.times[0]:.4g} to {part.times[1]:.4g}"
            kind = f"{len(part.cells)} cells of {part.basis.weight.shape[1]} random features{when}"
            rows.append((f"window {k + 1}", kind, part.parameters_count))
        return rows

    # ------------------------------------------------------------ evaluation

    def prepare(self, points: Points) -> Scattered:  # type: ignore[override]
        points = points.to(self.dtype, self.device)
        return Scattered(points, *points.chart())

    def _shared(self, coordinates: Mapping[str, Tensor]) -> Iterator[tuple[int, Window, Tensor]]:
        """Which window takes which points; the last number stands for what is not solved yet."""
        if not self.direction:
            everything = torch.arange(len(next(iter(coordinates.values()))), device=self.device)
            yield 0, self.parts[0] if self.parts else self.rest, everything
            return
        ends = [self._along(part.times[:: self.direction][1]) for part in self.parts if part.times]
        if self.complete:
            ends = ends[:-1]
        t = self._along(coordinates[str(self.problem.domain.time)])
        number = torch.bucketize(t, torch.tensor(ends, dtype=t.dtype, device=t.device), right=True)
        for k in number.unique().tolist():
            yield k, self.parts[k] if k < len(self.parts) else self.rest, (number == k).nonzero()[:, 0]

    def unknowns(self, prepared: Scattered) -> dict[str, Jet]:  # type: ignore[override]
        shares: list[tuple[Tensor, dict[str, Jet]]] = []
        for k, part, chosen in self._shared(prepared.points.coordinates):
            window, own = prepared.kept.get(k, (None, None))
            if window is not part or own is None:
                own = part.prepare(prepared.points[chosen])
                prepared.kept[k] = (part, own)
            shares.append((chosen, part.unknowns(own)))

        def together(unknown: str) -> Jet:
            def rule(alpha: Alpha) -> Tensor:
                whole = torch.zeros(prepared.chart.size, dtype=self.dtype, device=self.device)
                for chosen, fields in shares:
                    piece = fields[unknown].partial(alpha)
                    if piece is not None:
                        whole[chosen] = piece.detach()
                return whole

            return Jet(prepared.chart, rule, (prepared.chart.size,), frozenset(prepared.chart.names))

        return {u: together(u) for u in self.problem.unknowns}

    # ------------------------------------------------------------ as one vector

    def vector(self) -> Tensor:
        """All windows with their cells and hidden layers, (L,): everything that `assign` needs."""
        found = [torch.tensor([float(len(self.parts))], dtype=torch.float64)]
        for part in self.parts:
            basis = part.basis
            times = part.times or (0.0, 0.0)
            found.append(torch.tensor([len(part.cells), *times], dtype=torch.float64))
            found += [v.flatten() for v in (part.cells.low, part.cells.high, basis.weight, basis.bias)]
            found.append(basis.coefficients.flatten())
        return torch.cat(found)

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        vector = vector.to("cpu", torch.float64)
        at = 1

        def taken(*shape: int) -> Tensor:
            nonlocal at
            count = int(torch.tensor(shape).prod())
            at += count
            return vector[at - count : at].reshape(shape).clone()

        self.parts = []
        for _ in range(int(vector[0])):
            size, begin, end = (float(v) for v in taken(3))
            s, k = int(size), len(self.rest.divided)
            cells = Cells(taken(s, k), taken(s, k), self.rest.cells.periodic)
            times = (begin, end) if self.direction else None
            part = self.window(cells, times, torch.Generator())  # what it draws is replaced
            basis = part.basis
            basis.weight, basis.bias = taken(*basis.weight.shape), taken(*basis.bias.shape)
            basis.coefficients = taken(*basis.coefficients.shape)
            self.parts.append(part)

    def tensors(self) -> dict[str, Tensor]:
        return {"windows": self.vector()}

    def restore(self, tensors: Mapping[str, Any]) -> None:
        self.assign(tensors["windows"])


def direction(problem: Problem) -> int:
    """Which way windows of time follow each other: 1 from the start on, -1 from the end back, 0 if there are none.

    They begin where conditions stand. Where these stand at both ends, or at a moment between, no window can be solved
    before the others: then cells divide time as they divide space, and everything is solved at once.
    """
    if problem.time is None:
        return 0
    moments = {p.moment for c in problem.conditions for p in problem.pieces(c)} - {None}
    return 1 if moments <= {problem.time[0]} else -1 if moments == {problem.time[1]} else 0


def _coarsest(problem: Problem, names: Sequence[str]) -> Cells:
    """The cells of which a march begins."""
    periods = [p.coordinate for p in problem.periodic]
    counts = [2 if name in periods else 1 for name in names]  # no cell may be its own neighbour across a period
    return Cells.uniform([4] if len(names) == 1 else counts, [name in periods for name in names])


def _graded(problem: Problem, cells: Cells, names: Sequence[str], narrow: Sequence[Narrow]) -> Cells:
    """Cells that are small where the equations vary on a small scale; of one coordinate, since over several they would
    be too many."""
    for place in narrow:
        if len(names) == 1 and place.alone(names[0]):
            half = place.width[names[0]] / problem.domain.length(names[0])  # cells are over (-1, 1)
            middle = problem.domain.scaled(names[0], place.middle[names[0]])
            cells = cells.graded(0, middle - half, middle + half, WIDTHS * 2 * half)
    return cells


def trial_of(
    problem: Problem,
    network: Any,
    made: Plan,
    generator: torch.Generator,
    dtype: torch.dtype,
    device: torch.device | str,
) -> Trial:
    """The trial function that a network's description stands for."""
    if isinstance(network, JoinedCells):
        kind = Lined if len(problem.coordinates) == 1 else Planar if problem.domain.time is None else Marched
        return kind(problem, network, made, dtype, device)
    if isinstance(network, LocalFeatures):
        return Piecewise(problem, network, made, dtype, device)
    return Trial(problem, network, made, generator, dtype, device)
