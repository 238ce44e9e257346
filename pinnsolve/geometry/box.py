"""A box in any number of dimensions, its coordinates named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from pinnsolve.errors import ProblemError


def interval(what: str, bounds: Any) -> tuple[float, float]:
    """Two finite numbers, the lower first, or an error that says what is wrong with `what`."""
    if (
        not isinstance(bounds, tuple | list)
        or len(bounds) != 2
        or not all(isinstance(b, Real) and math.isfinite(b) for b in bounds)
    ):
        raise ProblemError(f"{what} = {bounds!r} is not an interval", "Write two finite numbers: (0, 1).")
    low, high = float(bounds[0]), float(bounds[1])
    if low == high:
        raise ProblemError(f"{what} = ({low:g}, {high:g}) is empty", "The upper end must be above the lower one.")
    if low > high:
        raise ProblemError(
            f"{what} = ({low:g}, {high:g}) runs backwards", f"The lower end comes first: ({high:g}, {low:g})."
        )
    return low, high


class Box:
    """The open box low < x < high in each named coordinate (in the problem's own units).

    Parameters
    ----------
    **bounds : (low, high)
        One interval for each coordinate, in the order in which they will be listed.

    Raises
    ------
    ProblemError
        If there is no coordinate, or an interval is empty, backwards or not finite.

    Examples
    --------
    >>> Box(x=(-1, 1), y=(0, 2)).volume
    4.0
    """

    def __init__(self, *unnamed: Any, **bounds: tuple[float, float]) -> None:
        if unnamed:
            extents = [unnamed] if len(unnamed) == 2 and all(isinstance(b, Real) for b in unnamed) else unnamed
            told = ", ".join(f"{n}={b!r}" for n, b in zip("xyzw", extents, strict=False))
            raise ProblemError("Box(...) does not name its coordinates", f"Write Box({told}).")
        if not bounds:
            raise ProblemError("Box() has no coordinate", "Name each one with its extent: Box(x=(0, 1)).")
        self.bounds: dict[str, tuple[float, float]] = {n: interval(f"Box: {n}", b) for n, b in bounds.items()}

    @property
    def coordinates(self) -> tuple[str, ...]:
        return tuple(self.bounds)

    @property
    def volume(self) -> float:
        return self.measure({})

    def length(self, coordinate: str) -> float:
        low, high = self.bounds[coordinate]
        return high - low

    def measure(self, fixed: Mapping[str, float]) -> float:
        """The measure of the part in which some coordinates are fixed (one for a point)."""
        return math.prod(self.length(c) for c in self.coordinates if c not in fixed)

    def __repr__(self) -> str:
        return "Box(" + ", ".join(f"{n}=({a:g}, {b:g})" for n, (a, b) in self.bounds.items()) + ")"
