"""Prisms: a shape drawn out along one more coordinate."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.arguments import interval
from pinnsolve.geometry.holes import Hole, Notch
from pinnsolve.geometry.patch import Leaf, Patch, Surface, inside_of
from pinnsolve.geometry.shape import Bounds, Shape


class Extruded(Shape):
    """A shape drawn out along one more coordinate.

    Its sides are those of the shape, with their names, and the two ends, "z=0" and "z=1" (or whatever they are).

    Parameters
    ----------
    shape : Shape
        Of two dimensions.
    name : str, optional
    **ends : (low, high)
        The new coordinate.

    Examples
    --------
    >>> from pinnsolve import Box, Disk, Extruded
    >>> plate = Extruded(Box(x=(0, 2), y=(0, 1)) - Disk(x=1, y=0.5, radius=0.25, name="hole"), z=(0, 0.1))
    >>> round(plate.measure, 6), [side.name for side in plate.sides][4:]
    (0.180365, ['hole', 'z=0', 'z=0.1'])
    """

    def __init__(self, shape: Shape, *, name: str | None = None, **ends: tuple[float, float]) -> None:
        if not isinstance(shape, Shape) or len(ends) != 1 or len(shape.bounds) != 2:
            raise ProblemError(
                "Extruded(...) draws a shape of two dimensions out along one more coordinate",
                "Write Extruded(Disk(x=0, y=0, radius=1), z=(0, 1)).",
            )
        ((self.along, given),) = ends.items()
        if self.along in shape.bounds:
            raise ProblemError(
                f"Extruded: the coordinate {self.along} is one of the shape's already", "Name another one: z=(0, 1)."
            )
        self.shape, self.ends, self.name = shape, interval(f"Extruded: {self.along}", given), name

    def __repr__(self) -> str:
        return f"Extruded({self.shape!r}, {self.along}=({self.ends[0]:g}, {self.ends[1]:g}))"

    @property
    def bounds(self) -> Bounds:
        return {**self.shape.bounds, self.along: self.ends}

    def signed(self, x: Tensor) -> Tensor:
        return inside_of(self.shape.signed(x[:, :-1]), x[:, -1], self.ends)

    def holes(self) -> list[Hole]:
        return self.shape.holes()

    def notches(self, blunt: float = 0.5) -> list[Notch]:
        return self.shape.notches(blunt)

    def cores(self) -> list[Hole]:
        return self.shape.cores()

    def apart(self, low: Tensor, high: Tensor) -> Tensor:
        beside = (high[:, -1] < self.ends[0]) | (low[:, -1] > self.ends[1])
        return beside | self.shape.apart(low[:, :-1], high[:, :-1])

    def covers(self, low: Tensor, high: Tensor) -> Tensor:
        within = (low[:, -1] > self.ends[0]) & (high[:, -1] < self.ends[1])
        return within & self.shape.covers(low[:, :-1], high[:, :-1])

    def patches(self) -> list[Patch]:
        own = () if self.name is None else (self.name,)
        leaves: dict[int, Leaf] = {}
        found = []
        for patch in self.shape.patches():
            leaf = leaves.setdefault(id(patch.leaf), Leaf(self._from_mantle(patch.leaf)))
            labels = (*patch.labels, *own)
            found.append(Patch(self._mantle(patch), 2, leaf, patch.name, labels, patch.stretches))
        caps = Leaf(self._from_ends)
        for value, sign in zip(self.ends, (-1.0, 1.0), strict=True):
            found.append(Patch(self._end(value, sign), 2, caps, f"{self.along}={value:g}", own))
        return found

    def _beyond(self, x: Tensor) -> Tensor:
        """How far (N,) points are inside the slab between the ends."""
        return torch.minimum(x[:, -1] - self.ends[0], self.ends[1] - x[:, -1])

    def _from_mantle(self, leaf: Leaf) -> Callable[[Tensor], Tensor]:
        return lambda x: torch.hypot(leaf.away(x[:, :-1]), self._beyond(x).clamp(max=0))

    def _from_ends(self, x: Tensor) -> Tensor:
        return torch.hypot(self._beyond(x), self.shape.signed(x[:, :-1]).clamp(max=0))

    def _mantle(self, patch: Patch) -> Callable[[Tensor], Surface]:
        low, high = self.ends

        def at(parts: Tensor) -> Surface:
            base = patch.at(parts[:, :1])
            along = low + (high - low) * parts[:, 1:]
            normals = torch.cat([base.normals, torch.zeros_like(along)], 1)
            return Surface(torch.cat([base.points, along], 1), normals, base.density * (high - low))

        return at

    def _end(self, value: float, sign: float) -> Callable[[Tensor], Surface]:
        low, high = (torch.tensor(e, dtype=torch.float64) for e in zip(*self.shape.bounds.values(), strict=True))
        area = math.prod((high - low).tolist())

        def at(parts: Tensor) -> Surface:
            ones = torch.ones_like(parts[:, :1])
            points = torch.cat([low + (high - low) * parts, value * ones], 1)
            normals = torch.cat([torch.zeros_like(parts), sign * ones], 1)
            return Surface(points, normals, area * ones[:, 0])

        return at
