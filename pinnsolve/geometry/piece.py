"""A piece of a domain: its interior, a face or another side, an edge, a point, a moment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.cube import Sampler, seen, unit_cube
from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.side import Side
from pinnsolve.geometry.wanting import Part, Wanting, draw_towards


@dataclass(frozen=True)
class Piece:
    """The part of a domain on which some coordinates are fixed: none for the interior, one for a face, all for a point.

    Of a shape that is no box it is what lies inside, or a side; a face that is left whole is one of a box.

    Parameters
    ----------
    extent : mapping from coordinate to (low, high)
        Of the whole domain, in the problem's units and order.
    fixed : mapping from coordinate to value
    normal : (coordinate, sign), optional
        The outward normal of a face of space.
    space : tuple of str
        The coordinates that have normals.
    time : str, optional
        The coordinate of time, where there is one.
    shape : Shape, optional
        What of the extent belongs to the domain; without it, all.
    side : Side, optional
        The part of the shape's boundary that it is.
    kept : tuple of Part
        What is left of it.
    """

    extent: Mapping[str, tuple[float, float]]
    fixed: Mapping[str, float] = field(default_factory=dict)
    normal: tuple[str, int] | None = None
    space: tuple[str, ...] = ()
    time: str | None = None
    shape: Shape | None = None
    side: Side | None = None
    kept: tuple[Part, ...] = ()

    @property
    def name(self) -> str:
        places = [self.side.name] if self.side is not None else []
        places += [f"{c}={v:g}" for c, v in self.fixed.items()]
        return ", ".join(places + [p.told for p in self.kept]) or "interior"

    @property
    def plain(self) -> bool:
        """Whether it is a box: every coordinate that is not fixed goes from end to end of its extent."""
        return self.side is None and self.shape is None and not self.kept

    @property
    def on_boundary(self) -> bool:
        """Whether it lies on the boundary of space, and has normals."""
        return self.normal is not None or self.side is not None

    @property
    def free(self) -> list[str]:
        """The coordinates along which it extends."""
        return [c for c in self.extent if c not in self.fixed]

    @property
    def measure(self) -> float:
        """Its measure in scaled coordinates, in each of which the domain has the length one (one for a point).

        So a share of points does not depend on units, nor on how kilometres compare with seconds.
        """
        if self.side is None:
            return 1.0 if self.plain else self._share
        lengths = torch.tensor([high - low for low, high in self._ends(self.space)], dtype=torch.float64)
        return self.side.scaled_size(lengths) * self._kept_share

    @property
    def size(self) -> float:
        """Its measure in the problem's units; what the weights of its points sum to."""
        others = math.prod(high - low for low, high in self._ends(c for c in self.free if c not in self._taken))
        if self.side is not None:
            return self.side.size * others * self._kept_share
        whole = others * math.prod(high - low for low, high in self._ends(c for c in self.free if c in self._taken))
        if self.shape is not None and not self.kept and self._whole:
            return self.shape.measure * others
        return whole if self.plain else whole * self._share

    def _ends(self, coordinates: Any) -> list[tuple[float, float]]:
        return [self.extent[c] for c in coordinates]

    @property
    def _taken(self) -> tuple[str, ...]:
        """The coordinates that go together, since a shape or a side decides about them."""
        return self.space if self.side is not None or self.shape is not None else ()

    @property
    def _whole(self) -> bool:
        """Whether the extent holds all of the shape."""
        ends = {} if self.shape is None else self.shape.bounds
        return all(c not in self.fixed and self.extent[c] == ends[c] for c in ends)

    @cached_property
    def _share(self) -> float:
        """Of its extent, what belongs to it."""
        return once(*self._like("share"), lambda: float(self._placed(seen(max(1, self._axes)))[1].double().mean()))

    def _like(self, *what: Any) -> tuple[Shape | Side | None, tuple[Any, ...]]:
        """Its side or its shape, which keeps what is found of pieces like it, and the key to that."""
        key = (*what, self.side is None, self.normal, *self.extent.items(), *self.fixed.items())
        return None if self.kept else self.side or self.shape, key

    @property
    def anything(self) -> bool:
        """Whether anything belongs to it."""
        return self.plain or self._share > 0

    @cached_property
    def _kept_share(self) -> float:
        """Of its side, what `where` leaves."""
        if not self.kept:
            return 1.0
        return self._share / replace(self, kept=())._share

    @property
    def outward(self) -> dict[str, float]:
        """The outward unit normal by coordinate of space, where it is one; empty where there is none."""
        return {} if self.normal is None else dict.fromkeys(self.space, 0.0) | {self.normal[0]: float(self.normal[1])}

    @property
    def moment(self) -> float | None:
        """The time at which it stands, if it stands at one."""
        return None if self.time is None else self.fixed.get(self.time)

    @property
    def face(self) -> tuple[str, float] | None:
        """The coordinate and the end at which it is a whole face of the domain; None for anything else."""
        inside = self.shape is not None and set(self.fixed) <= set(self.space)
        if len(self.fixed) != 1 or self.side is not None or self.kept or inside:
            return None
        ((coordinate, value),) = self.fixed.items()
        return (coordinate, value) if value in self.extent[coordinate] else None

    def level(self, at: Mapping[str, Any]) -> Any:
        """A field that vanishes on this face and rises to one at the opposite one: (x - a)/(b - a), or (b - x)/(b - a).

        Dimensionless. Only of whole faces.
        """
        assert self.face is not None
        coordinate, value = self.face
        low, high = self.extent[coordinate]
        return (
            (at[coordinate] - low) * (1 / (high - low))
            if value == low
            else (high - at[coordinate]) * (1 / (high - low))
        )

    def meets(self, other: Piece) -> Piece | None:
        """The part that two pieces have in common; None where there is none, or where a side of a shape meets another
        one: what happens there is not looked at."""
        if any(other.fixed[c] != value for c, value in self.fixed.items() if c in other.fixed):
            return None
        sides = [p for p in (self, other) if p.side is not None]
        walls = [p for p in (self, other) if p.side is not None or any(c in p.fixed for c in self.space)]
        if (sides and len(walls) > 1) or (len(walls) > 1 and (self.kept or other.kept)):
            return None
        of, side = walls[0] if walls else self, sides[0].side if sides else None
        fixed, kept = {**self.fixed, **other.fixed}, tuple(dict.fromkeys(self.kept + other.kept))
        found = replace(self, fixed=fixed, normal=other.normal or self.normal, shape=of.shape, side=side, kept=kept)
        return found if not kept or found.anything else None

    def at(self, **fixed: float) -> Piece:
        """The part of it on which more coordinates are fixed."""
        point = set(self.space) <= {*self.fixed, *fixed}  # of a point it is known that it lies inside
        return replace(self, fixed={**self.fixed, **fixed}, shape=None if point else self.shape)

    def where(self, part: Part) -> Piece:
        """The part of it where a function is true."""
        return replace(self, kept=(*self.kept, part))

    def draw(self, count: int, sampler: Sampler, generator: torch.Generator, towards: Sequence[Wanting] = ()) -> Points:
        """So many points (one where nothing is free); weights sum to `size`.

        Where there are places that want more points, `SHARE` of all points is drawn towards each of them, by
        `Wanting.shrunk`. (The weights stay those of evenly spread points; no integral is taken over such a set.)
        """
        if self.plain:
            n = count if self.free else 1
            found, _ = self._placed(unit_cube(n, len(self.free), sampler, generator))
        else:
            found = self._drawn(count, sampler, generator)
        if self.side is None:
            draw_towards(self, towards, found.coordinates, generator)
        return self._weighed(found)

    def _drawn(self, count: int, sampler: Sampler, generator: torch.Generator) -> Points:
        """Points of a shape, a side, or what is left of either: as many of its extent as it takes."""
        tried = round(1.1 * count / max(self._share, 1 / RULES.thinnest)) + 16
        while True:
            found, kept = self._placed(unit_cube(tried, self._axes, sampler, generator))
            if int(kept.sum()) >= count:
                return found[kept][:count]
            if tried > RULES.thinnest * (count + 16):
                raise ProblemError(
                    f"{self.name} is too thin: of {tried} points of its bounding box {int(kept.sum())} belong to it",
                    "Divide the problem, or scale its coordinates.",
                )
            tried *= 2

    @property
    def _axes(self) -> int:
        """Numbers that it takes to draw a point."""
        free = len([c for c in self.free if c not in self._taken])
        if self.side is not None:
            return free + self.side.patch.axes
        return free + len([c for c in self.free if c in self._taken])

    def _placed(self, cube: Tensor) -> tuple[Points, Tensor]:
        """Points of the unit cube (N, n) in its extent, and which of them belong to it."""
        n, column = len(cube), 0
        values = {c: torch.full((n,), v, dtype=torch.float64) for c, v in self.fixed.items()}
        normals = {c: torch.full((n,), v, dtype=torch.float64) for c, v in self.outward.items()}
        kept = torch.ones(n, dtype=torch.bool)
        if self.side is not None:
            column = self.side.patch.axes
            surface, kept = self.side.drawn(cube[:, :column])
            values |= dict(zip(self.space, surface.points.T, strict=True))
            normals = dict(zip(self.space, surface.normals.T, strict=True))
        for c in self.free:
            if c not in values:
                low, high = self.extent[c]
                values[c] = low + (high - low) * cube[:, column]
                column += 1
        points = Points({c: values[c] for c in self.extent}, torch.ones(n, dtype=torch.float64), normals)
        return points, kept & self.holds(points.coordinates)

    def holds(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        """Which points (N,) of its extent, or of its side, belong to it."""
        found = torch.ones_like(next(iter(coordinates.values())), dtype=torch.bool)
        if self.shape is not None and self.side is None:
            found &= self.shape.contains(torch.stack([coordinates[c] for c in self.space], 1))
        for part in self.kept:
            found = found & part.holds(coordinates)
        return found

    def _weighed(self, points: Points) -> Points:
        return replace(points, weights=torch.full_like(points.weights, self.size / len(points)))

    def grid(self) -> Points:
        """A grid in uneven steps, ends included; at most 20,000 points. Of a shape what of it lies inside, of a side
        points that are drawn; and where two points along each coordinate were too many."""
        if not self.plain or 2 ** len(self.free) > 20_000:
            return self.scattered(RULES.scattered, 6)
        count = min(9, max(2, int(20_000 ** (1 / max(len(self.free), 1)))))
        steps = torch.linspace(0, 1, count, dtype=torch.float64) ** 1.1  # no wave's zeros follow them
        axes = [
            torch.cat([(low + (high - low) * steps)[:-1], torch.tensor([high], dtype=torch.float64)])
            for low, high in (self.extent[c] for c in self.free)
        ]
        return self._crossed(axes)

    def midpoints(self, count: int) -> Points:
        """A midpoint rule with so many points along each free coordinate."""
        if not self.plain:
            return self.draw(count ** min(2, len(self.free)), "sobol", torch.Generator().manual_seed(4))
        steps = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        return self._crossed([low + (high - low) * steps for low, high in (self.extent[c] for c in self.free)])

    def _crossed(self, axes: Sequence[Tensor]) -> Points:
        grid = torch.meshgrid(*axes, indexing="ij") if axes else ()
        values = {c: g.reshape(-1) for c, g in zip(self.free, grid, strict=True)}
        return self._points(values, grid[0].numel() if axes else 1)

    def scattered(self, count: int, seed: int) -> Points:
        """So many points of a shape, a side, or what is left of either: always the same ones."""
        generator = torch.Generator().manual_seed(seed)
        return once(*self._like(count, seed), lambda: self._weighed(self._drawn(count, "sobol", generator)))

    def _points(self, values: dict[str, Tensor], n: int) -> Points:
        def everywhere(value: float) -> Tensor:
            return torch.full((n,), value, dtype=torch.float64)

        values = values | {c: everywhere(v) for c, v in self.fixed.items()}
        return Points(
            {c: values[c] for c in self.extent},
            everywhere(self.size / n),
            {c: everywhere(v) for c, v in self.outward.items()},
        )
