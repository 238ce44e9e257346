"""The parts that curves of materials make of a plane domain: each as a shape with sides, and as boxes see them all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.geometry.clipped import Clip, Clipped, Ends, Place
from pinnsolve.geometry.materials import Parts
from pinnsolve.geometry.patch import Patch, Surface
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Bounds, Shape
from pinnsolve.geometry.side import Side, notches
from pinnsolve.geometry.stretches import Stretches, along


class PartShape(Shape):
    """What of a plane domain is one of its parts.

    Parameters
    ----------
    whole : Shape
        The domain.
    parts : Parts
    number : int
        Of the part.
    borders : sequence of Piece
        The interfaces of all parts (`geometry.across`).
    """

    def __init__(self, whole: Shape, parts: Parts, number: int, borders: Sequence[Piece]) -> None:
        self.whole, self.parts, self.number, self.borders = whole, parts, number, borders

    def __repr__(self) -> str:
        return f"part {self.number + 1} of {self.whole!r}"

    @property
    def bounds(self) -> Bounds:
        return self.whole.bounds

    def contains(self, x: Tensor, slack: float = 0.0) -> Tensor:
        return self.whole.contains(x, slack) & self.labelled(x)

    def labelled(self, x: Tensor) -> Tensor:
        """Which points (N, 2) have the materials of this part."""
        return torch.eq(self.parts.label(dict(zip(self.bounds, x.T, strict=True))), self.number)

    def signed(self, x: Tensor) -> Tensor:
        """The distance from the rim alone, of either sign."""
        away = self.whole.signed(x).abs()
        return torch.where(self.contains(x), away, -away)

    def patches(self) -> list[Patch]:
        return self.whole.patches()

    @cached_property
    def made_of(self) -> tuple[tuple[bool, int, Side], ...]:
        """Its sides, each with whether it is of a curve, and its number among those of curves or of the rim."""
        found = [(False, k, side.where(self.labelled)) for k, side in enumerate(self.whole.sides)]
        for k, border in enumerate(self.borders):
            assert border.side is not None
            found.append((True, k, border.side.towards(self._side_of)))
        return tuple((curve, k, side) for curve, k, side in found if len(side.intervals))

    def _side_of(self, surface: Surface) -> Tensor:
        """One where normals point out of this part, minus one where they point into it, zero elsewhere."""
        step = 10 * RULES.beside * self.size * surface.normals
        within, beyond = self.labelled(surface.points - step), self.labelled(surface.points + step)
        return within.to(torch.int8) - beyond.to(torch.int8)

    @property
    def sides(self) -> tuple[Side, ...]:
        return tuple(side for *_, side in self.made_of)


class ClippedParts:
    """A plane domain as boxes see it, part by part: a box holds as many cells as parts of the domain enter it.

    Parameters
    ----------
    shapes : sequence of PartShape
    breaks : mapping from the number of a side of the domain to parameters
        Where more stretches of it shall end.

    Attributes
    ----------
    made_of : list of (bool, int)
        For each side of all parts, whether it is of a curve, and its number among those of curves or of the rim.
    """

    def __init__(self, shapes: Sequence[PartShape], breaks: Mapping[int, Sequence[float]]) -> None:
        self.shape, self.shapes = shapes[0].whole, tuple(shapes)
        self.made_of = [(curve, k) for shape in shapes for curve, k, _ in shape.made_of]
        first, self.each, self._first = 0, list[Clipped](), list[int]()
        for shape in shapes:
            own = {j: breaks[k] for j, (curve, k, _) in enumerate(shape.made_of) if not curve and k in breaks}
            self.each.append(Clipped(shape, own))
            self._first.append(first)
            first += len(shape.made_of)
        self._known: dict[tuple[Ends, Place], Clip] = {}

    @property
    def count(self) -> int:
        return len(self.shapes)

    @property
    def rim(self) -> ClippedParts:
        """Of whose sides it tells places (`at`)."""
        return self

    def clips(self, ends: Ends, places: Sequence[Place]) -> list[Clip]:
        """What lies in boxes, which are parts of first intervals, of the part whose number stands last."""
        for number, clipped in enumerate(self.each):
            mine = [p for p in places if p[-1][0] == number and (ends, p) not in self._known]
            shift = torch.tensor([float(self._first[number]), 0.0, 0.0], dtype=torch.float64)
            for place, clip in zip(mine, clipped.clips(ends, [p[:-1] for p in mine]), strict=True):
                self._known[ends, place] = replace(clip, arcs=clip.arcs + shift)
        return [self._known[ends, p] for p in places]

    def at(self, sides: Tensor, parts: Tensor, outward: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """As `Stretches.at`, of sides by their numbers among those of all parts."""
        found = [torch.zeros(*parts.shape, 2, dtype=torch.float64) for _ in range(2)]
        density = torch.zeros_like(parts)
        for number, clipped in enumerate(self.each):
            first = self._first[number]
            mine = ((sides >= first) & (sides < first + len(clipped.shape.sides))).nonzero()[:, 0]
            if len(mine):
                assert isinstance(clipped.rim, Stretches)
                told = clipped.rim.at(sides[mine] - first, parts[mine], outward)
                found[0][mine], found[1][mine], density[mine] = told
        return found[0], found[1], density

    def turned(self, number: int, parts: Tensor, normals: Tensor) -> bool:
        """Whether normals (N, 2) of an interface's patch at parameters (N, 1) are not those of the interface."""
        side = self.shapes[0].borders[number].side
        assert side is not None
        return bool(((side.taken(parts)[0].normals * normals).sum(1) < 0).any())

    def nodes(self, arcs: Tensor, boxes: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """As `Stretches.nodes`, of sides by their numbers among those of all parts."""
        return along(self.at, arcs, count)

    def on_rim(self, sides: Tensor) -> Tensor:
        """Which side of the domain those of parts are, (K,); minus one of curves."""
        rim = torch.tensor([-1 if curve else k for curve, k in self.made_of])
        return rim[sides.long()]

    @property
    def corners(self) -> list[dict[str, float]]:
        """Where curves turn, meet, or end at the rim: places at which some part has a corner."""
        found = list[dict[str, float]]()
        for shape in self.shapes:
            if curves := [side for curve, _, side in shape.made_of if curve]:
                found += [dict(n.place) for n in notches(curves, shape.bounds, shape.signed, shape.size, blunt=0.0)]
        return [place for place in found if not self._mirrored(place)]

    def _mirrored(self, place: Mapping[str, float]) -> bool:
        """Whether one curve ends there on a straight rim, or nearly, at a right angle: what its mirror image goes on to
        is smooth on both sides."""
        angles = 2 * math.pi * (torch.arange(720, dtype=torch.float64) + 0.382) / 720
        ring = torch.stack([angles.cos(), angles.sin()], 1) * 1e-4 * self.shape.size
        around = torch.tensor(list(place.values()), dtype=torch.float64) + ring
        part = torch.where(self.shape.contains(around), self.label(around), -1)
        sizes = [int(torch.eq(part, k).sum()) for k in part.unique().tolist()]
        ends = int((part != part.roll(1)).sum())
        return ends == 3 and sorted(sizes)[-1] > 356 and min(sizes) > 176 and int(torch.eq(part, -1).sum()) > 356

    def label(self, x: Tensor) -> Tensor:
        """The number of the part to which points (N, 2) belong, (N,)."""
        return self.shapes[0].parts.label(dict(zip(self.shape.bounds, x.T, strict=True)))


Region = Clipped | ClippedParts
