"""Constants by which derivatives are taken point by point, and what stands beside each derivative of an expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.jets.jet import Chart, Jet


@dataclass(frozen=True)
class Leaves:
    """Constants that have the same value at all points of a chart, each point one of its own.

    Parameters
    ----------
    values : mapping from name to tensor (N,)
        They require gradients.
    """

    values: Mapping[str, Tensor]

    @classmethod
    def on(cls, chart: Chart, values: Mapping[str, float]) -> Leaves:
        made = {n: torch.full((chart.size,), v, dtype=chart.dtype, device=chart.device) for n, v in values.items()}
        return cls({name: value.requires_grad_() for name, value in made.items()})

    def fields(self, chart: Chart) -> dict[str, Jet]:
        """As fields that equations may ask for."""
        return {name: chart.constant(value) for name, value in self.values.items()}


@contextmanager
def beside_derivatives(chart: Chart, along: str | None = None) -> Iterator[list[tuple[Jet, str, Tensor]]]:
    """While it lasts, d(F, x) is d(F, x) + leaf, a zero that answers with what multiplies the derivative.

    Told are F, the coordinate and the leaf (N,) of each derivative, or of each along one coordinate, in their order.
    """
    taken: list[tuple[Jet, str, Tensor]] = []

    def watch(before: Jet, name: str, after: Jet) -> Jet:
        if along is not None and name != along:
            return after
        leaf = torch.zeros(chart.size, dtype=chart.dtype, device=chart.device, requires_grad=True)
        taken.append((before, name, leaf))
        return after + chart.constant(leaf, after.depends)

    kept, chart.differentiated = chart.differentiated, watch
    try:
        yield taken
    finally:
        chart.differentiated = kept
