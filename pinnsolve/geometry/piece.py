"""A piece of a domain: its interior, a face, an edge, a point, a moment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.cube import Sampler, unit_cube
from pinnsolve.geometry.points import Points

# Of the points: drawn towards each place that wants more. Larger: too few are left for the rest of the domain. Smaller:
# the corner is not resolved. Measured against none: `python -m validation.features`, the table "Singular corners".
SHARE = 0.15


@dataclass(frozen=True)
class Wanting:
    """A place that wants more points.

    Parameters
    ----------
    fixed : mapping from coordinate to value
    width : mapping from coordinate to float
        The length on which things vary there, in parts of the domain; empty where they do on every length, as at a
        singular corner.
    """

    fixed: Mapping[str, float]
    width: Mapping[str, float] = field(default_factory=dict)

    def shrunk(self, count: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Numbers (count,) by which distances from it are multiplied: log-uniform between 0.01 and one; where it
        has a width half of them are that width, and the others log-uniform between it and one."""
        exponents = torch.rand(count, generator=generator, dtype=torch.float64)
        closest = 0.01  # of their distance: nearer ones would repeat what rounding leaves of a corner
        if not self.width:
            return dict.fromkeys(self.fixed, closest**exponents)
        return {c: self.width[c] ** (2 * exponents).clamp(max=1.0) for c in self.fixed}


@dataclass(frozen=True)
class Piece:
    """The part of a domain on which some coordinates are fixed: none for the interior, one for a face, all for a point.

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
    """

    extent: Mapping[str, tuple[float, float]]
    fixed: Mapping[str, float] = field(default_factory=dict)
    normal: tuple[str, int] | None = None
    space: tuple[str, ...] = ()
    time: str | None = None

    @property
    def name(self) -> str:
        return ", ".join(f"{c}={v:g}" for c, v in self.fixed.items()) or "interior"

    @property
    def free(self) -> list[str]:
        """The coordinates along which it extends."""
        return [c for c in self.extent if c not in self.fixed]

    @property
    def measure(self) -> float:
        """Its measure in scaled coordinates, in each of which the domain has the length one (one for a point).

        So a share of points does not depend on units, nor on how kilometres compare with seconds.
        """
        return 1.0

    @property
    def size(self) -> float:
        """Its measure in the problem's units; what the weights of its points sum to."""
        return math.prod(high - low for c, (low, high) in self.extent.items() if c not in self.fixed)

    @property
    def outward(self) -> dict[str, float]:
        """The outward unit normal by coordinate of space; empty where there is none."""
        return {} if self.normal is None else dict.fromkeys(self.space, 0.0) | {self.normal[0]: float(self.normal[1])}

    @property
    def moment(self) -> float | None:
        """The time at which it stands, if it stands at one."""
        return None if self.time is None else self.fixed.get(self.time)

    @property
    def face(self) -> tuple[str, float] | None:
        """The coordinate and the end at which it is a whole face of the domain; None for anything else."""
        if len(self.fixed) != 1:
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
        """The part that two pieces have in common."""
        if any(other.fixed[c] != value for c, value in self.fixed.items() if c in other.fixed):
            return None
        return Piece(self.extent, {**self.fixed, **other.fixed}, other.normal or self.normal, self.space, self.time)

    def at(self, **fixed: float) -> Piece:
        """The part of it on which more coordinates are fixed."""
        return Piece(self.extent, {**self.fixed, **fixed}, self.normal, self.space, self.time)

    def draw(self, count: int, sampler: Sampler, generator: torch.Generator, towards: Sequence[Wanting] = ()) -> Points:
        """So many points (one where nothing is free); weights sum to `size`.

        Where there are places that want more points, `SHARE` of all points is drawn towards each of them, by
        `Wanting.shrunk`. (The weights stay those of evenly spread points; no integral is taken over such a set.)
        """
        n = count if self.free else 1
        cube = unit_cube(n, len(self.free), sampler, generator)
        values = {}
        for k, c in enumerate(self.free):
            low, high = self.extent[c]
            values[c] = low + (high - low) * cube[:, k]
        self._draw_towards([p for p in towards if self._touches(p)], values, generator)
        return self._points(values, n)

    def grid(self) -> Points:
        """A grid in uneven steps, ends included; at most 20,000 points."""
        count = min(9, max(2, int(20_000 ** (1 / max(len(self.free), 1)))))
        steps = torch.linspace(0, 1, count, dtype=torch.float64) ** 1.1  # no wave's zeros follow them
        axes = [
            torch.cat([(low + (high - low) * steps)[:-1], torch.tensor([high], dtype=torch.float64)])
            for low, high in (self.extent[c] for c in self.free)
        ]
        return self._crossed(axes)

    def midpoints(self, count: int) -> Points:
        """A midpoint rule with so many points along each free coordinate."""
        steps = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        return self._crossed([low + (high - low) * steps for low, high in (self.extent[c] for c in self.free)])

    def _crossed(self, axes: Sequence[Tensor]) -> Points:
        grid = torch.meshgrid(*axes, indexing="ij") if axes else ()
        values = {c: g.reshape(-1) for c, g in zip(self.free, grid, strict=True)}
        return self._points(values, grid[0].numel() if axes else 1)

    def _points(self, values: dict[str, Tensor], n: int) -> Points:
        def everywhere(value: float) -> Tensor:
            return torch.full((n,), value, dtype=torch.float64)

        values = values | {c: everywhere(v) for c, v in self.fixed.items()}
        return Points(
            {c: values[c] for c in self.extent},
            everywhere(self.size / n),
            {c: everywhere(v) for c, v in self.outward.items()},
        )

    def _touches(self, place: Wanting) -> bool:
        """Whether a place lies in it, and is not the whole of it."""

        def reaches(c: str, v: float) -> bool:
            low, high = self.extent[c]
            return abs(self.fixed.get(c, v) - v) <= place.width.get(c, 0.0) * (high - low)

        return all(reaches(c, v) for c, v in place.fixed.items()) and any(c not in self.fixed for c in place.fixed)

    def _draw_towards(self, places: Sequence[Wanting], values: dict[str, Tensor], generator: torch.Generator) -> None:
        if not places:
            return
        count = len(next(iter(values.values())))
        order = torch.randperm(count, generator=generator)
        together = 0.6  # of the points, for all places: the rest of the domain keeps as many as it needs
        each = int(count * min(SHARE, together / len(places)))
        for k, place in enumerate(places):
            moved = order[k * each : (k + 1) * each]
            shrunk = place.shrunk(len(moved), generator)
            for c, v in place.fixed.items():
                if c not in self.fixed:
                    values[c][moved] = v + (values[c][moved] - v) * shrunk[c]
