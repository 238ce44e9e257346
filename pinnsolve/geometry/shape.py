"""Shapes and their algebra: membership, distance, measure, sides with outward normals.

The sides of a shape are those of its parts, as far as they are left: where the whole lies on one side of a part's
surface and not on the other. So unions, differences and intersections need no geometry of their own.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.arguments import number
from pinnsolve.geometry.faults import Cut, deepest, needle
from pinnsolve.geometry.holes import Hole, Notch, placed_holes
from pinnsolve.geometry.patch import Patch, Surface, moved
from pinnsolve.geometry.side import Side, left_of, notches
from pinnsolve.geometry.turning import turning

Bounds = dict[str, tuple[float, float]]


class Shape(ABC):
    """A part of space. `a | b` is the union of two, `a & b` what they share, `a - b` the first without the second.

    In a condition `side("name")` means the sides of the shape of that `name`, or the side of that name, and
    `face(x=0)` what lies in that plane.

    Raises
    ------
    ProblemError
        If the algebra leaves nothing, a hole lies outside, or coordinates differ.

    Examples
    --------
    >>> from pinnsolve import Box, Disk
    >>> plate = Box(x=(0, 2), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.1, name="hole")
    >>> round(plate.measure, 12), [side.name for side in plate.sides]
    (1.968584073464, ['x=0', 'x=2', 'y=0', 'y=1', 'hole'])
    """

    name: str | None = None

    # ------------------------------------------------------------ what each shape says of itself

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """A box around it, by coordinate."""

    @abstractmethod
    def signed(self, x: Tensor) -> Tensor:
        """The distance (N,) of points (N, d) from its surface, positive inside; a lower bound of compound shapes."""

    @abstractmethod
    def patches(self) -> list[Patch]:
        """The surfaces of its parts, whole."""

    def apart(self, low: Tensor, high: Tensor) -> Tensor:
        """Which boxes between corners (N, d) surely lie outside."""
        middle, half = (low + high) / 2, (high - low).norm(dim=1) / 2
        return self.signed(middle) < -half

    def covers(self, low: Tensor, high: Tensor) -> Tensor:
        """Which boxes between corners (N, d) surely lie inside."""
        middle, half = (low + high) / 2, (high - low).norm(dim=1) / 2
        return self.signed(middle) > half

    def faults(self) -> list[str]:
        """Warnings about how it is put together."""
        return []

    def holes(self) -> list[Hole]:
        """What was cut out of its inside."""
        return []

    def cores(self) -> list[Hole]:
        """A ball inside of each of its parts: of what is left where it is cut out."""
        x = torch.tensor([list(self.deepest.values())], dtype=torch.float64)
        return [Hole(self.deepest, float(self.signed(x)))]

    def notches(self, blunt: float = 0.5) -> list[Notch]:
        """In two dimensions the corners whose angle inside is above 180 degrees: there slopes grow without bound; or
        above another share of a circle."""
        return notches(self.sides, self.bounds, self.signed, self.size, blunt) if len(self.bounds) == 2 else []

    # ------------------------------------------------------------ what follows

    @property
    def coordinates(self) -> tuple[str, ...]:
        return tuple(self.bounds)

    @property
    def size(self) -> float:
        """The diagonal of its bounding box."""
        return math.hypot(*(high - low for low, high in self.bounds.values()))

    def contains(self, x: Tensor, slack: float = 0.0) -> Tensor:
        """Which points (N, d) lie inside, or at most `slack` of its size outside."""
        return self.signed(x) > -slack * self.size

    def distance(self, x: Tensor) -> Tensor:
        """The distance (N,) of points (N, d) from its boundary (at least)."""
        return self.signed(x).abs()

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """The sides of which something is left, each with its name."""
        return left_of(self.patches(), self.contains, self.size)

    @cached_property
    def measure(self) -> float:
        """Area or volume, by the divergence theorem: the integral of n . (x - c) over the boundary, divided by d."""
        middle = torch.tensor([sum(ends) / 2 for ends in self.bounds.values()], dtype=torch.float64)
        flux = [(w * ((s.points - middle) * s.normals).sum(1)).sum() for s, w in (side.nodes for side in self.sides)]
        return float(sum(flux)) / len(self.bounds)

    @cached_property
    def deepest(self) -> dict[str, float]:
        """A place far inside: the middle of the bounding box, or where that lies outside the farthest from the
        boundary that was seen."""
        return deepest(self.bounds, self.signed, repr(self))

    def checked(self) -> list[str]:
        """Warnings about it as a whole, once its algebra is known to leave something.

        Raises
        ------
        ProblemError
            If it is empty.
        """
        if len(self.bounds) < 2:
            raise ProblemError(f"{self!r} is a shape in one dimension", "Write a box: Box(x=(0, 1)).")
        self.deepest  # noqa: B018 (raises where it is empty)
        return [*self.faults(), *needle(self.bounds)]

    # ------------------------------------------------------------ algebra

    def __or__(self, other: Shape) -> Shape:
        return Combined(self, other, "|")

    def __and__(self, other: Shape) -> Shape:
        return Combined(self, other, "&")

    def __sub__(self, other: Shape) -> Shape:
        return Combined(self, other, "-")

    def moved(self, **by: float) -> Shape:
        """The shape moved: `shape.moved(x=1)`."""
        shift = torch.zeros(len(self.bounds), dtype=torch.float64)
        for coordinate, value in by.items():
            shift[self._axis(coordinate)] = number(f"moved: {coordinate}", value)
        return Placed(self, torch.eye(len(shift), dtype=torch.float64), shift)

    def turned(self, degrees: float, *, about: Any = None) -> Shape:
        """The shape turned, from the first coordinate towards the second.

        Parameters
        ----------
        degrees : float
        about : sequence of float, mapping, or str, optional
            In two dimensions a point, `(x, y)`; in three the name of an axis, "z" by default, around which it is
            turned through the middle of its bounding box, as without `about` in two.
        """
        turn, centre = turning(self.bounds, degrees, about)
        return Placed(self, turn, centre - turn @ centre)

    def _axis(self, coordinate: Any) -> int:
        if coordinate not in self.bounds:
            raise ProblemError(f"the shape has no coordinate {coordinate!r}", f"It has {', '.join(self.coordinates)}.")
        return self.coordinates.index(coordinate)


class Combined(Shape):
    """What `|`, `&` and `-` make of two shapes."""

    def __init__(self, first: Shape, second: Any, how: Literal["|", "&", "-"]) -> None:
        if not isinstance(second, Shape):
            raise ProblemError(f"a shape was combined with {second!r}", "Write Box(...) - Disk(...).")
        if set(first.bounds) != set(second.bounds):
            raise ProblemError(
                f"{first!r} {how} {second!r} do not have the same coordinates",
                f"One has {', '.join(first.coordinates)}, the other {', '.join(second.coordinates)}.",
            )
        self.first, self.second, self.how = first, second, how
        # of columns: from the first's order to the second's, and back
        self._order = [first.coordinates.index(c) for c in second.coordinates]
        self._back = [second.coordinates.index(c) for c in first.coordinates]

    def __repr__(self) -> str:
        return f"({self.first!r} {self.how} {self.second!r})"

    @property
    def bounds(self) -> Bounds:
        a, b = self.first.bounds, self.second.bounds
        if self.how == "-":
            return a
        if self.how == "|":
            return {c: (min(a[c][0], b[c][0]), max(a[c][1], b[c][1])) for c in a}
        both = {c: (max(a[c][0], b[c][0]), min(a[c][1], b[c][1])) for c in a}
        if any(low >= high for low, high in both.values()):
            raise ProblemError(f"the shape {self!r} is empty", "The two do not meet.")
        return both

    def signed(self, x: Tensor) -> Tensor:
        a, b = self.first.signed(x), self.second.signed(x[:, self._order])
        return torch.maximum(a, b) if self.how == "|" else torch.minimum(a, b if self.how == "&" else -b)

    def contains(self, x: Tensor, slack: float = 0.0) -> Tensor:
        if slack:
            return super().contains(x, slack)
        a, b = self.first.contains(x), self.second.contains(x[:, self._order])
        return a | b if self.how == "|" else a & (b if self.how == "&" else ~b)

    def patches(self) -> list[Patch]:
        def ordered(surface: Surface) -> Surface:
            return replace(surface, points=surface.points[:, self._back], normals=surface.normals[:, self._back])

        return self.first.patches() + moved(self.second.patches(), ordered, lambda x: x[:, self._order])

    def apart(self, low: Tensor, high: Tensor) -> Tensor:
        a, other = self.first.apart(low, high), (low[:, self._order], high[:, self._order])
        if self.how == "-":
            return a | self.second.covers(*other)
        b = self.second.apart(*other)
        return a & b if self.how == "|" else a | b

    def covers(self, low: Tensor, high: Tensor) -> Tensor:
        a, other = self.first.covers(low, high), (low[:, self._order], high[:, self._order])
        if self.how == "-":
            return a & self.second.apart(*other)
        b = self.second.covers(*other)
        return a | b if self.how == "|" else a & b

    def faults(self) -> list[str]:
        told = self.first.faults() + self.second.faults()
        if self.how != "-":
            return told
        inside = torch.tensor([list(self.first.deepest.values())], dtype=torch.float64)[:, self._order]
        return told + self._cut.faults(repr(self.second), repr(self.first), bool(self.second.contains(inside)))

    def holes(self) -> list[Hole]:
        if self.how != "-":
            return self.first.holes() + self.second.holes()
        inside = float(self._cut.depth.min()) > 0
        return self.first.holes() + [core for core in self.second.cores() if inside or core.round]

    def cores(self) -> list[Hole]:
        return self.first.cores() + self.second.cores() if self.how == "|" else super().cores()

    @cached_property
    def _cut(self) -> Cut:
        surface = torch.cat([side.finely() for side in self.second.sides])[:, self._back]
        away = lambda x: self.second.signed(x[:, self._order])  # noqa: E731
        return Cut(surface, self.first.signed, away, self.first.size, self.second.size)


class Placed(Shape):
    """A shape turned and moved: x -> turn x + shift."""

    def __init__(self, shape: Shape, turn: Tensor, shift: Tensor) -> None:
        self.shape, self.turn, self.shift, self.name = shape, turn, shift, shape.name

    def __repr__(self) -> str:
        return f"{self.shape!r}.moved(...)"

    @property
    def bounds(self) -> Bounds:
        ends = torch.tensor(list(self.shape.bounds.values()), dtype=torch.float64)
        corners = torch.cartesian_prod(*ends) @ self.turn.T + self.shift
        low, high = corners.min(0).values.tolist(), corners.max(0).values.tolist()
        return dict(zip(self.shape.bounds, zip(low, high, strict=True), strict=True))

    def signed(self, x: Tensor) -> Tensor:
        return self.shape.signed(self._back(x))

    def _back(self, x: Tensor) -> Tensor:
        return (x - self.shift) @ self.turn

    def patches(self) -> list[Patch]:
        def placed(surface: Surface) -> Surface:
            points, normals = surface.points @ self.turn.T + self.shift, surface.normals @ self.turn.T
            return replace(surface, points=points, normals=normals)

        return moved(self.shape.patches(), placed, self._back)

    def faults(self) -> list[str]:
        return self.shape.faults()

    def holes(self) -> list[Hole]:
        return placed_holes(self.shape.holes(), self.turn, self.shift)

    def cores(self) -> list[Hole]:
        return placed_holes(self.shape.cores(), self.turn, self.shift)
