"""Constants by which derivatives are taken point by point."""

from __future__ import annotations

from collections.abc import Mapping
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
