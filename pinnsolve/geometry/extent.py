"""Where each coordinate begins and ends, and their scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.errors import ProblemError, did_you_mean


class Extent:
    """The smallest box around a domain, in the problem's units and order."""

    extent: dict[str, tuple[float, float]]

    @property
    def coordinates(self) -> tuple[str, ...]:
        return tuple(self.extent)

    def ends(self, coordinate: str) -> tuple[float, float]:
        return self.extent[coordinate]

    def length(self, coordinate: str) -> float:
        """The scale of a coordinate: everything inside works on numbers near one."""
        low, high = self.extent[coordinate]
        return high - low

    def unit(self, coordinate: str, x: Any) -> Any:
        """From the coordinate's extent to (0, 1): a number, a tensor or a field."""
        low, high = self.extent[coordinate]
        return (x - low) * (1 / (high - low))

    def scaled(self, coordinate: str, x: Any) -> Any:
        """From the coordinate's extent to (-1, 1)."""
        low, high = self.extent[coordinate]
        return (x - 0.5 * (low + high)) * (2 / (high - low))

    def place(self, coordinate: str, part: Any) -> Any:
        """From (0, 1) to the coordinate's extent."""
        low, high = self.extent[coordinate]
        return low + (high - low) * part

    def outside(self, places: Mapping[str, Any], slack: float = SAME) -> tuple[str, Any] | None:
        """The first coordinate that leaves the domain by more than `slack` of its length, and where (N,); None if none
        does."""
        for name, (low, high) in self.extent.items():
            room = slack * (high - low)
            inside = (places[name] >= low - room) & (places[name] <= high + room)
            if not inside.all():
                return name, ~inside
        return None

    def known(self, coordinate: str) -> str:
        """The coordinate's name, if it exists."""
        if coordinate not in self.extent:
            raise ProblemError(f"there is no coordinate '{coordinate}'", did_you_mean(coordinate, self.coordinates))
        return coordinate
