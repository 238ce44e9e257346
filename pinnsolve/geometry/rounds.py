"""Round shapes: discs, balls in any number of dimensions, cylinders."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.arguments import interval, number, one_by_one, positive_length, side_names
from pinnsolve.geometry.holes import Hole
from pinnsolve.geometry.patch import Leaf, Patch, Surface, inside_of
from pinnsolve.geometry.shape import Bounds, Shape


class Ball(Shape):
    """The ball |x - centre| < radius, in as many dimensions as coordinates are named.

    Parameters
    ----------
    radius : float
    name : str, optional
    **centre : float
        By coordinate; x=[0] * 5 makes x0 to x4.

    Examples
    --------
    >>> from pinnsolve import Ball
    >>> round(Ball(x=0, y=0, z=0, radius=1).measure, 10), Ball(x=0, y=0, z=0, radius=1).sides[0].name
    (4.1887902048, 'sphere')
    """

    called = "Ball"

    def __init__(self, *unnamed: Any, radius: Any, name: str | None = None, **centre: Any) -> None:
        centre = one_by_one(centre, lambda _: True)
        if unnamed or len(centre) < 2:
            raise ProblemError(
                f"{self.called}(...) does not name its coordinates", f"Write {self.called}(x=0, y=0, radius=1)."
            )
        self.centre = {c: number(f"{self.called}: {c}", v) for c, v in centre.items()}
        self.radius, self.name = positive_length(f"{self.called}: radius", radius), name
        self._middle = torch.tensor(list(self.centre.values()), dtype=torch.float64)

    def __repr__(self) -> str:
        return f"{self.called}({', '.join(f'{c}={v:g}' for c, v in self.centre.items())}, radius={self.radius:g})"

    @property
    def bounds(self) -> Bounds:
        return {c: (v - self.radius, v + self.radius) for c, v in self.centre.items()}

    def signed(self, x: Tensor) -> Tensor:
        return self.radius - (x - self._middle).norm(dim=1)

    def patches(self) -> list[Patch]:
        count = len(self.centre)
        direction = {2: _circle, 3: _sphere}.get(count, _any_sphere)
        area = 2 * math.pi ** (count / 2) / math.gamma(count / 2) * self.radius ** (count - 1)

        def at(parts: Tensor) -> Surface:
            n = direction(parts)
            return Surface(self._middle + self.radius * n, n, torch.full_like(parts[:, 0], area))

        name = "circle" if count == 2 else "sphere"
        labels = () if self.name is None else (self.name,)
        axes = count - 1 if count <= 3 else count
        return [Patch(at, axes, Leaf(self.signed), name, labels, 16 if count == 2 else 1)]

    def cores(self) -> list[Hole]:
        return [Hole(self.centre, self.radius, True)]


class Disk(Ball):
    """The disc |x - centre| < radius in two dimensions.

    Parameters
    ----------
    radius : float
    name : str, optional
    **centre : float
        By coordinate.

    Examples
    --------
    >>> from pinnsolve import Disk
    >>> round(Disk(x=0.5, y=0.5, radius=0.1).measure, 10)
    0.0314159265
    """

    called = "Disk"

    def __init__(self, *unnamed: Any, radius: Any, name: str | None = None, **centre: float) -> None:
        super().__init__(*unnamed, radius=radius, name=name, **centre)
        if len(centre) != 2:
            raise ProblemError(
                f"a disc has two coordinates, not {len(centre)}",
                "Write Disk(x=0, y=0, radius=1), or Ball(x=0, y=0, z=0, radius=1) in three dimensions.",
            )


class Cylinder(Shape):
    """A round cylinder: (x, y) within `radius` of its axis, the remaining coordinate between two ends.

    Its sides are the mantle, and the ends "z=0" and "z=2" (or whatever they are). With name="can" they are
    side("can mantle") and side("can z=0"), and side("can") is all of them.

    Parameters
    ----------
    radius : float
    name : str, optional
    names : sequence of str, optional
        Of the mantle, the lower and the upper end.
    **where : float, or (low, high)
        The axis by two coordinates, and the ends along the third.

    Examples
    --------
    >>> from pinnsolve import Cylinder
    >>> pipe = Cylinder(x=0, y=0, radius=1, z=(0, 2))
    >>> round(pipe.measure, 10), [side.name for side in pipe.sides]
    (6.2831853072, ['mantle', 'z=0', 'z=2'])
    """

    def __init__(self, *, radius: Any, name: str | None = None, names: Any = None, **where: Any) -> None:
        along = [c for c, v in where.items() if isinstance(v, tuple | list)]
        if len(where) != 3 or len(along) != 1:
            raise ProblemError(
                "Cylinder(...) has an axis, given by two numbers, and ends, given by two",
                "Write Cylinder(x=0, y=0, radius=1, z=(0, 2)).",
            )
        self.axis = list(where).index(along[0])
        self.ends = interval(f"Cylinder: {along[0]}", where[along[0]])
        self.radius, self.name = positive_length("Cylinder: radius", radius), name
        self.where = {c: v if c in along else number(f"Cylinder: {c}", v) for c, v in where.items()}
        self.names = side_names("Cylinder", names, 3)
        self._round = [k for k in range(3) if k != self.axis]
        self._middle = torch.tensor([self.where[c] for c in where if c not in along], dtype=torch.float64)

    def __repr__(self) -> str:
        return f"Cylinder({', '.join(f'{c}={v}' for c, v in self.where.items())}, radius={self.radius:g})"

    @property
    def bounds(self) -> Bounds:
        return {
            c: self.ends if k == self.axis else (self.where[c] - self.radius, self.where[c] + self.radius)
            for k, c in enumerate(self.where)
        }

    def signed(self, x: Tensor) -> Tensor:
        out = (x[:, self._round] - self._middle).norm(dim=1) - self.radius
        return inside_of(-out, x[:, self.axis], self.ends)

    def cores(self) -> list[Hole]:
        return [Hole({c: v for k, (c, v) in enumerate(self.where.items()) if k != self.axis}, self.radius, True)]

    def patches(self) -> list[Patch]:
        low, high = self.ends
        leaf, own = Leaf(self.signed), () if self.name is None else (self.name,)

        def mantle(parts: Tensor) -> Surface:
            n = self._joined(_circle(parts), torch.zeros_like(parts[:, 0]))
            points = self._joined(self._middle + self.radius * _circle(parts), low + (high - low) * parts[:, 1])
            area = 2 * math.pi * self.radius * (high - low)
            return Surface(points, n, torch.full_like(parts[:, 0], area))

        def end(value: float, sign: float) -> Any:
            def at(parts: Tensor) -> Surface:
                # the radius first, so that lines at one radius are whole circles
                place = self._middle + self.radius * parts[:, 1:].sqrt() * _circle(parts)
                flat = torch.zeros_like(place)
                ones = torch.ones_like(parts[:, 0])
                return Surface(
                    self._joined(place, value * ones), self._joined(flat, sign * ones), math.pi * self.radius**2 * ones
                )

            return at

        c = list(self.where)[self.axis]
        surfaces = [("mantle", mantle), (f"{c}={low:g}", end(low, -1.0)), (f"{c}={high:g}", end(high, 1.0))]
        return [
            Patch(at, 2, leaf, name, (self.names[k], *own) if self.names else own, 4)
            for k, (name, at) in enumerate(surfaces)
        ]

    def _joined(self, around: Tensor, along: Tensor) -> Tensor:
        columns = [around[:, 0], around[:, 1]]
        columns.insert(self.axis, along)
        return torch.stack(columns, 1)


def _circle(parts: Tensor) -> Tensor:
    angle = 2 * math.pi * parts[:, 0]
    return torch.stack([angle.cos(), angle.sin()], 1)


def _sphere(parts: Tensor) -> Tensor:
    """Equal parts of height have equal areas."""
    height = 2 * parts[:, 1:] - 1
    return torch.cat([(1 - height**2).clamp(min=0).sqrt() * _circle(parts), height], 1)


def _any_sphere(parts: Tensor) -> Tensor:
    """Directions of normal deviates are evenly spread."""
    deviates = torch.special.ndtri(parts.clamp(1e-15, 1 - 1e-15))
    return deviates / deviates.norm(dim=1, keepdim=True)
