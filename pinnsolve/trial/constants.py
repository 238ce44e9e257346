"""The unknown constants of a problem, as trained numbers of the trial function."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.problem.unknown import Unknown


class Constants:
    """Parameters
    ----------
    declared : mapping from name to Unknown
    """

    def __init__(self, declared: Mapping[str, Unknown], dtype: torch.dtype, device: torch.device) -> None:
        self.declared = dict(declared)
        self.raw = {name: nn.Parameter(torch.zeros(1, dtype=dtype, device=device)) for name in declared}

    @property
    def parameters(self) -> list[nn.Parameter]:
        return list(self.raw.values())

    def values(self) -> dict[str, float]:
        """The constants as they are now."""
        return {name: float(self.declared[name].value(raw.detach())) for name, raw in self.raw.items()}

    @torch.no_grad()
    def put(self, name: str, value: float) -> None:
        """Set one constant."""
        self.raw[name].fill_(self.declared[name].trained(value))

    def slopes(self) -> dict[str, float]:
        """The derivative of each constant by what is trained."""
        found = {}
        for name, raw in self.raw.items():
            z = raw.detach().clone().requires_grad_()
            (slope,) = torch.autograd.grad(self.declared[name].value(z).sum(), z)
            found[name] = float(slope)
        return found

    def fields(self, chart: Chart) -> dict[str, Jet]:
        """The constants as fields (N,), the same everywhere."""
        return {
            name: chart.constant(self.declared[name].value(self._spread(chart, raw))) for name, raw in self.raw.items()
        }

    @staticmethod
    def _spread(chart: Chart, raw: Tensor) -> Tensor:
        return raw.expand(chart.size) if chart.tape is None else chart.tape.copy(raw, (chart.size,))
