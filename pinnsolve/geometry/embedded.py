"""Where conditions may stand inside of a domain: sides of named parts, and in a plane lines across a coordinate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.cube import Sampler
from pinnsolve.geometry.patch import Leaf, Surface
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import SIDES, Points
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.side import Side
from pinnsolve.geometry.wanting import Wanting


@dataclass(frozen=True)
class Cut(Piece):
    """A curve inside of a plane domain. Its points come in pairs: just before it, then just beyond it, as its normals
    point, which is out of the shape whose side it is.

    Parameters
    ----------
    of : Shape, optional
        That shape.
    """

    of: Shape | None = None

    def draw(
        self, count: int, sampler: Sampler, generator: torch.Generator, towards: Sequence[Wanting] = ()
    ) -> Points:  # fmt: skip
        return _paired(super().draw((count + 1) // 2, sampler, generator, towards))

    def scattered(self, count: int, seed: int) -> Points:
        return _paired(super().scattered((count + 1) // 2, seed))


def _paired(points: Points) -> Points:
    sides = torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat(len(points))
    apart = RULES.beside * max(float(points.coordinates[c].abs().max()) for c in points.normals)
    found = {c: v.repeat_interleave(2) for c, v in points.coordinates.items()}
    normals = {c: n.repeat_interleave(2) for c, n in points.normals.items()}
    for c, n in normals.items():
        found[c] = found[c] + apart * sides * n
    return Points(found, points.weights.repeat_interleave(2) / 2, normals, {SIDES: sides})


class Embedded:
    """The shapes of materials inside of a domain, by the names of their sides.

    Parameters
    ----------
    interior : Piece
        Of the domain.
    shapes : sequence of Shape
        Of fewer coordinates than space where they are layers.
    """

    def __init__(self, interior: Piece, shapes: Sequence[Shape]) -> None:
        self._interior, self._shapes = interior, tuple(dict.fromkeys(shapes))
        self._lines: dict[tuple[str, float], tuple[Piece, ...]] = {}

    @property
    def _plane(self) -> bool:
        return len(self._interior.space) == 2

    @cached_property
    def cuts(self) -> bool:
        """Whether conditions inside stand on curves that cut cells: in a plane, over a shape or beside curves of
        materials."""
        return self._plane and (self._interior.shape is not None or any(len(s.bounds) > 1 for s in self._shapes))

    @property
    def names(self) -> list[str]:
        """By which sides are found."""
        return sorted({label for s in self._shapes for label in _labels(s)})

    def named(self, name: str) -> tuple[Piece, ...]:
        """The sides of that name, or of the shape of that name, as far as they lie inside; nothing where none is called
        so.

        Raises
        ------
        ProblemError
            If no condition can stand there.
        """
        found, earlier = list[Piece](), list[Leaf]()
        for number in (k for k, s in enumerate(self._shapes) if name in _labels(s)):
            found += self._sides(number, name, tuple(earlier))
            earlier += dict.fromkeys(side.patch.leaf for side in self._whole[number].sides)
        return tuple(found)

    def _sides(self, number: int, name: str, earlier: Sequence[Leaf]) -> Sequence[Piece]:
        shape, inside = self._shapes[number], self._interior
        if not self.cuts:
            layer = len(shape.bounds) == 1 and isinstance(shape, Box) and inside.shape is None
            raise ProblemError(
                f"conditions on the side '{name}' of {'a layer' if layer else 'a part in space'} are not solved",
                f"Write them where it ends, {self._faces(shape)}: jump(u) there is u just above less u just below."
                if layer else "Values and fluxes go on there by themselves. Possible are conditions on sides of parts "
                "in a plane, and on faces of a box, on=face(x=0.5); a film may be a thin part of its own.",
            )  # fmt: skip
        found = [
            Cut(inside.extent, {}, None, inside.space, inside.time, inside.shape, side, (), self._whole[number])
            for side in self._within(self._whole[number], earlier) if name in (*side.patch.names, *_own(shape))
        ]  # fmt: skip
        if not found and not earlier:
            raise ProblemError(
                f"nothing of the side '{name}' lies inside of space",
                "On the boundary of space conditions stand on its own sides, on=face(x=0) or side(...) of space.",
            )
        return found

    def _faces(self, layer: Shape) -> str:
        """Where a layer ends inside of a box, as a problem file writes it."""
        ((coordinate, ends),) = layer.bounds.items()
        low, high = self._interior.extent[coordinate]
        return " or ".join(f"on=face({coordinate}={end:g})" for end in ends if low < end < high)

    def in_plane(self, coordinate: str, value: float) -> tuple[Piece, ...]:
        """What a plane across a coordinate has in common with the inside, normals along the coordinate; nothing where
        that is nothing, or no cells are cut there."""
        inside = self._interior
        low, high = inside.extent[coordinate]
        if not self.cuts or not low + SAME * (high - low) < value < high - SAME * (high - low):
            return ()
        if (coordinate, value) not in self._lines:
            half = Box(**{c: (low, float(value)) if c == coordinate else inside.extent[c] for c in inside.space})
            axis = inside.space.index(coordinate)
            sides = [s for s in self._within(half) if (flat := s.flat()) is not None and flat[0] == axis]
            self._lines[coordinate, value] = tuple(
                Cut(inside.extent, {}, None, inside.space, inside.time, inside.shape, side, (), half) for side in sides
            )
        return self._lines[coordinate, value]

    @cached_property
    def _whole(self) -> list[Shape]:
        """Each shape with all coordinates of space: layers go from end to end."""
        inside = self._interior
        return [
            Box(**{c: s.bounds.get(c, inside.extent[c]) for c in inside.space})
            if isinstance(s, Box) and len(s.bounds) < len(inside.space) else s
            for s in self._shapes
        ]  # fmt: skip

    def _within(self, shape: Shape, earlier: Sequence[Leaf] = ()) -> list[Side]:
        """What of the sides of a shape lies inside of the domain, and on no earlier surface."""
        least = RULES.beside * shape.size

        def holds(surface: Surface) -> Tensor:
            found = self._holds(surface)
            for leaf in earlier:
                found[leaf.away(surface.points).abs() < least] = 0
            return found

        kept = [side.within(holds) for side in shape.sides]
        return [side for side in kept if side.size > least]

    def _holds(self, surface: Surface) -> Tensor:
        """Which points of a surface lie inside of the domain on both of its sides, as one or zero."""
        inside = self._interior
        step = 10 * RULES.beside * max(high - low for c, (low, high) in inside.extent.items() if c in inside.space)
        found = torch.ones(len(surface.points), dtype=torch.bool)
        for sign in (-1.0, 1.0):
            at = dict(zip(inside.space, (surface.points + sign * step * surface.normals).T, strict=True))
            for c, x in at.items():
                found &= (x > inside.extent[c][0]) & (x < inside.extent[c][1])
            found &= inside.holds(at)
        return found.to(torch.int8)


def _own(shape: Shape) -> tuple[str, ...]:
    return () if shape.name is None else (shape.name,)


def _labels(shape: Shape) -> list[str]:
    return [*_own(shape), *(label for patch in shape.patches() for label in patch.names)]
