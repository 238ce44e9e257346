"""Points of a region: what belongs together travels together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.jets.jet import Chart, Jet

SIDES = "side of an inner place"  # marks points that come in pairs: below one (-1), then above it (1)


@dataclass(frozen=True)
class Points:
    """N points of one region.

    Parameters
    ----------
    coordinates : mapping from name to tensor (N,)
        In the problem's order.
    weights : tensor (N,)
        Quadrature weights; they sum to the measure of the region.
    normals : mapping from name to tensor (N,)
        The outward unit normal by coordinate, for a boundary; empty for other regions.
    measured : mapping from name to tensor (N,)
        What was measured there; empty for points that were drawn.
    """

    coordinates: Mapping[str, Tensor]
    weights: Tensor
    normals: Mapping[str, Tensor] = field(default_factory=dict)
    measured: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.weights.shape[0])

    def chart(self) -> tuple[Chart, dict[str, Jet]]:
        """A new chart over the points, with the coordinates as fields."""
        chart = Chart(tuple(self.coordinates), len(self), self.weights.dtype, self.weights.device)
        chart.paired = SIDES in self.measured
        return chart, {name: chart.coordinate(name, values) for name, values in self.coordinates.items()}

    def __getitem__(self, index: slice | Tensor) -> Points:
        def pick(fields: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {name: values[index] for name, values in fields.items()}

        return Points(pick(self.coordinates), self.weights[index], pick(self.normals), pick(self.measured))

    def thinned(self, count: int) -> Points:
        """About so many of them, evenly taken; pairs of an inner place stay together.

        By multiples of the golden ratio: every tenth of Sobol's points lies in one half of the domain.
        """
        if count >= len(self):
            return self
        together = 2 if SIDES in self.measured else 1
        pairs, parts = len(self) // together, torch.arange(1, max(1, count // together) + 1, dtype=torch.float64)
        taken = ((5**0.5 - 1) / 2 * parts % 1.0 * pairs).long().unique()
        return self[torch.arange(len(self)).view(-1, together)[taken].flatten()]

    def to(self, dtype: torch.dtype, device: torch.device) -> Points:
        def moved(fields: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {name: values.to(device, dtype) for name, values in fields.items()}

        return Points(
            moved(self.coordinates), self.weights.to(device, dtype), moved(self.normals), moved(self.measured)
        )


def joined(parts: Sequence[Points]) -> Points:
    """The points of several regions as one set."""

    def together(fields: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        return {name: torch.cat([f[name] for f in fields]) for name in fields[0]}

    normals = together([p.normals for p in parts]) if all(p.normals for p in parts) else {}
    measured = together([p.measured for p in parts])
    return Points(together([p.coordinates for p in parts]), torch.cat([p.weights for p in parts]), normals, measured)
