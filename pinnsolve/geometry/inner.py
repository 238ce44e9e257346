"""Places inside a domain at which conditions stand, as pieces whose points come in pairs: one on each side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from pinnsolve.geometry.cube import Sampler
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import SIDES, Points
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.wanting import Wanting


class Inner(Piece):
    """A plane x = c inside the domain. Its points come in pairs: just below it, then just above it."""

    def draw(
        self, count: int, sampler: Sampler, generator: torch.Generator, towards: Sequence[Wanting] = ()
    ) -> Points:  # fmt: skip
        return self._paired(super().draw((count + 1) // 2, sampler, generator, towards))

    def grid(self) -> Points:
        return self._paired(super().grid())

    def midpoints(self, count: int) -> Points:
        return self._paired(super().midpoints(count))

    @property
    def across(self) -> tuple[str, float]:
        """The coordinate that is constant on it, and where."""
        return next((c, self.fixed[c]) for c in self.space if c in self.fixed)

    @property
    def told(self) -> str:
        """As a problem file writes it."""
        return f"face({self.across[0]}={self.across[1]:g})"

    def _paired(self, points: Points) -> Points:
        coordinate, value = self.across
        sides = torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat(len(points))
        low, high = self.extent[coordinate]
        away = max(RULES.apart * (high - low), 8 * torch.finfo(torch.float64).eps * abs(value))
        found = {c: v.repeat_interleave(2) for c, v in points.coordinates.items()}
        found[coordinate] = found[coordinate] + away * sides
        return replace(
            points, coordinates=found, weights=points.weights.repeat_interleave(2) / 2, measured={SIDES: sides}
        )
