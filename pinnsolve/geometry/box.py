"""A box in any number of dimensions, its coordinates named."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.arguments import interval, number, one_by_one, side_names
from pinnsolve.geometry.patch import Leaf, Patch, Surface
from pinnsolve.geometry.shape import Bounds, Shape


class Box(Shape):
    """The open box low < x < high in each named coordinate (in the problem's own units).

    Parameters
    ----------
    name : str, optional
        By which `side(...)` finds all of its faces.
    names : sequence of str, optional
        Of its faces: the lower and the upper one of the first coordinate, then of the second, and so on.
    **bounds : (low, high)
        One interval for each coordinate, in the order in which they will be listed; x=[(0, 1)] * 10 makes x0 to x9
        (`vector` has functions of x).

    Raises
    ------
    ProblemError
        If there is no coordinate, or an interval is empty, backwards or not finite.

    Examples
    --------
    >>> Box(x=(-1, 1), y=(0, 2)).volume
    4.0
    """

    def __init__(self, *unnamed: Any, name: Any = None, names: Any = None, **bounds: Any) -> None:
        if unnamed:
            extents = [unnamed] if len(unnamed) == 2 and all(isinstance(b, Real) for b in unnamed) else unnamed
            given = [b if isinstance(b, list | tuple) else (0, b) for b in extents]
            told = ", ".join(f"{n}={b!r}" for n, b in zip("xyzw", given, strict=False))
            raise ProblemError("Box(...) does not name its coordinates", f"Write Box({told}).")
        if not bounds:
            raise ProblemError("Box() has no coordinate", "Name each one with its extent: Box(x=(0, 1)).")
        bounds = one_by_one(bounds, lambda first: isinstance(first, list | tuple))
        self._bounds = {n: interval(f"Box: {n}", b) for n, b in bounds.items()}
        self.name, self.names = name, side_names("Box", names, 2 * len(bounds))
        self._low, self._high = (
            torch.tensor(ends, dtype=torch.float64) for ends in zip(*self._bounds.values(), strict=True)
        )

    @property
    def bounds(self) -> Bounds:
        return self._bounds

    @property
    def volume(self) -> float:
        return math.prod(high - low for low, high in self._bounds.values())

    def signed(self, x: Tensor) -> Tensor:
        depth = torch.minimum(x - self._low, self._high - x)
        inside = depth.min(1).values
        return torch.where(inside > 0, inside, -depth.clamp(max=0).norm(dim=1))

    def patches(self) -> list[Patch]:
        leaf, own = Leaf(self.signed), () if self.name is None else (self.name,)
        found = []
        for axis, c in enumerate(self._bounds):
            for upper, value in enumerate(self._bounds[c]):
                labels = (self.names[2 * axis + upper], *own) if self.names else own
                found.append(Patch(self._face(axis, upper), len(self._bounds) - 1, leaf, f"{c}={value:g}", labels))
        return found

    def _face(self, axis: int, upper: int) -> Callable[[Tensor], Surface]:
        others = [k for k in range(len(self._bounds)) if k != axis]
        length, place = self._high - self._low, (self._low, self._high)[upper]
        area = float(length[others].prod())
        normal = torch.zeros(len(length), dtype=torch.float64)
        normal[axis] = 2.0 * upper - 1.0

        def at(parts: Tensor) -> Surface:
            points = place.repeat(len(parts), 1)
            points[:, others] = self._low[others] + length[others] * parts
            return Surface(points, normal.expand_as(points), torch.full_like(points[:, 0], area))

        return at

    def moved(self, **by: float) -> Box:
        """The box moved: `Box(x=(0, 1)).moved(x=1)`."""
        shift = {c: number(f"moved: {c}", v) for c, v in by.items()}
        for c in shift:
            self._axis(c)
        moved = {c: (low + shift.get(c, 0.0), high + shift.get(c, 0.0)) for c, (low, high) in self._bounds.items()}
        return Box(name=self.name, names=self.names or None, **moved)

    def __repr__(self) -> str:
        return "Box(" + ", ".join(f"{n}=({a:g}, {b:g})" for n, (a, b) in self.bounds.items()) + ")"
