"""The mean of several trial functions of one problem, with all its derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.trial.functions import Functions
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Shared:
    """Points, and what each trial function makes of them."""

    points: Points
    chart: Chart
    at: dict[str, Jet]
    each: list[Any]


class Mean(Trial):
    """The mean (u_1 + ... + u_M) / M, and the means of the unknown constants and functions.

    It is evaluated and never trained.

    Parameters
    ----------
    parts : sequence of Trial
        Of one problem, of one dtype, on one device.
    """

    def __init__(self, parts: Sequence[Trial]) -> None:
        first = parts[0]
        self.parts, self.functions = list(parts), MeanFunctions(parts)
        self.problem, self.plan, self.dtype, self.device = first.problem, first.plan, first.dtype, first.device
        self.takes_jets = all(part.takes_jets for part in parts)
        self.frozen = 0
        self.description = "; ".join(dict.fromkeys(part.description for part in parts))
        values = [part.constants.values() for part in parts]
        self.found = {name: sum(v[name] for v in values) / len(parts) for name in values[0]}

    @property
    def complete(self) -> bool:  # type: ignore[override]
        return all(part.complete for part in self.parts)

    @property
    def missing(self) -> str:  # type: ignore[override]
        return "; ".join(dict.fromkeys(part.missing for part in self.parts if not part.complete))

    @property
    def parameters_count(self) -> int:
        return sum(part.parameters_count for part in self.parts)

    @property
    def width(self) -> int:
        return max(part.width for part in self.parts)

    @property
    def row_size(self) -> int:
        return max(part.row_size for part in self.parts)

    def layers(self) -> list[tuple[str, str, int]]:
        return [(f"member {k + 1}", part.description, part.parameters_count) for k, part in enumerate(self.parts)]

    def reached(self, coordinates: Mapping[str, Tensor]) -> Tensor | None:
        there = [r for r in (part.reached(coordinates) for part in self.parts) if r is not None]
        return torch.stack(there).all(0) if there else None

    def prepare(self, points: Points) -> Shared:  # type: ignore[override]
        points = points.to(self.dtype, self.device)
        return Shared(points, *points.chart(), [part.prepare(points) for part in self.parts])

    def unknowns(self, prepared: Shared) -> dict[str, Jet]:  # type: ignore[override]
        return _mean(prepared.chart, [p.unknowns(own) for p, own in zip(self.parts, prepared.each, strict=True)])

    def fields(self, prepared: Shared) -> Fields:  # type: ignore[override]
        chart = prepared.chart
        found = {name: chart.numbers(value) for name, value in self.found.items()}
        found |= _mean(
            chart,
            [p.functions.fields(o.functions, p.unknowns(o)) for p, o in zip(self.parts, prepared.each, strict=True)],
        )
        return self.problem.fields(
            chart, prepared.at, self.unknowns(prepared), prepared.points, found, self.elsewhere
        )  # fmt: skip


class MeanFunctions(Functions):
    """The means of the unknown functions of several trial functions."""

    def __init__(self, parts: Sequence[Trial]) -> None:
        super().__init__()
        self.parts = parts

    def alone(self, name: str, at: Mapping[str, Jet]) -> Jet:
        chart = next(iter(at.values())).chart
        return _mean(chart, [{name: part.functions.alone(name, at)} for part in self.parts])[name]


def _mean(chart: Chart, each: Sequence[Mapping[str, Jet]]) -> dict[str, Jet]:
    """The mean of fields of one name, with all derivatives."""

    def mean(name: str) -> Jet:
        def rule(alpha: Alpha) -> Tensor | None:
            pieces = [p for p in (fields[name].partial(alpha) for fields in each) if p is not None]
            return torch.stack(pieces).sum(0) / len(each) if pieces else None

        return Jet(chart, rule, (chart.size,), frozenset(chart.names))

    return {name: mean(name) for name in each[0]}
