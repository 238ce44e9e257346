"""The boundary of space as pieces, by place and by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.side import Side


class Walls:
    """The sides of space.

    Parameters
    ----------
    interior : Piece
        Of the domain.
    faces : sequence of Piece
        Of a box; empty for other shapes.
    space : Shape or None

    Attributes
    ----------
    pieces : tuple of Piece
        A face of the bounding box that is left whole is one of a box.
    """

    def __init__(self, interior: Piece, faces: Sequence[Piece], space: Shape | None) -> None:
        self._interior, self._space = interior, space
        self._sides: tuple[Side, ...] = () if interior.shape is None else interior.shape.sides
        self.pieces = tuple(faces) or tuple(self._piece(side) for side in self._sides)

    def _piece(self, side: Side) -> Piece:
        inside, flat = self._interior, side.flat()
        if flat is None:
            return replace(inside, side=side)
        coordinate = inside.space[flat[0]]
        sign = 1 if float(side.nodes[0].normals[0, flat[0]]) > 0 else -1
        lengths = {c: inside.extent[c][1] - inside.extent[c][0] for c in inside.space}
        area = math.prod(length for c, length in lengths.items() if c != coordinate)
        end = inside.extent[coordinate][sign > 0]
        if abs(flat[1] - end) <= SAME * lengths[coordinate] and abs(side.size - area) <= SAME * area:
            return replace(inside, fixed={coordinate: end}, normal=(coordinate, sign), shape=None)
        return replace(inside, normal=(coordinate, sign), side=side)

    def knows(self, name: str) -> bool:
        """Whether something of space was called so, whatever is left of it."""
        patches = [] if self._space is None else self._space.patches()
        return any(name in patch.names for patch in patches) or any(name in side.names for side in self._sides)

    def named(self, name: str, others: Sequence[str] = ()) -> tuple[Piece, ...]:
        """The sides of that name, or of the shape of that name; `others` are possible, too.

        Raises
        ------
        ProblemError
            If nothing is called so, or nothing is left of it.
        """
        patches = [] if self._space is None else self._space.patches()
        names = [side.names for side in self._sides] or [patch.names for patch in patches]
        found = tuple(piece for piece, known in zip(self.pieces, names, strict=True) if name in known)
        if found:
            return found
        every = {label for patch in patches for label in patch.names}
        if name in every:
            raise ProblemError(f"nothing is left of the side '{name}'", "Look at what the shape's algebra leaves.")
        possible = sorted(every.union(others, *names))
        raise ProblemError(
            f"no side is called '{name}'",
            did_you_mean(name, possible) if possible else 'Name a shape, name="hole", or its sides, names=[...].',
        )

    def at_ends(self, coordinates: Sequence[str]) -> frozenset[int]:
        """The numbers of the sides of space that lie in the planes at either end of some coordinates."""
        return frozenset() if self._space is None else at_ends(self._space, coordinates)

    def meet(self, coordinate: str) -> bool:
        """Whether what is left of a shape at one end of a coordinate is what is left at the other, so that it goes on
        there when it repeats itself."""
        shape = self._interior.shape
        if shape is None:
            return True
        axis, (low, high) = self._interior.space.index(coordinate), self._interior.extent[coordinate]
        sides = [self._sides[k] for k in sorted(self.at_ends([coordinate]))]
        step = RULES.beside * (high - low)
        for end, other, sign in ((low, high, -1.0), (high, low, 1.0)):
            here = [s.nodes[0].points for s in sides if abs(float(s.nodes[0].points[0, axis]) - end) <= step]
            if not here:
                return False
            across = torch.cat(here)
            across[:, axis] = other + sign * step
            if not bool(shape.contains(across).all()):
                return False
        return True

    def in_plane(self, coordinate: str, value: float) -> tuple[Piece, ...]:
        """What lies in the plane on which a coordinate of space has this value."""
        low, high = self._interior.extent[coordinate]
        return tuple(piece for at, piece in self._planes(coordinate) if abs(at - value) <= SAME * (high - low))

    def _planes(self, coordinate: str) -> list[tuple[float, Piece]]:
        """The sides across a coordinate, and where they are."""
        axis = self._interior.space.index(coordinate)
        flat = [(side.flat(), piece) for side, piece in zip(self._sides, self.pieces, strict=True)]
        return [(f[1], piece) for f, piece in flat if f is not None and f[0] == axis]

    def no_plane(self, coordinate: str, value: float) -> NoReturn:
        """Say that nothing lies there.

        Raises
        ------
        ProblemError
        """
        low, high = self._interior.extent[coordinate]
        planes = self._planes(coordinate)
        possible = ", ".join(sorted({f"face({coordinate}={at:.6g})" for at, _ in planes}))
        raise ProblemError(
            f"no side of the shape lies in the plane {coordinate} = {value:g}",
            "Conditions inside are solved on shapes of a plane; integrals are taken. " * (low < value < high)
            + f"Possible: {possible}. " * bool(possible)
            + 'Other sides have names: side("hole") after name="hole".',
        )


def at_ends(space: Shape, coordinates: Sequence[str]) -> frozenset[int]:
    """The numbers of the sides of a shape that lie in the planes at either end of some coordinates."""
    found = set[int]()
    for number, side in enumerate(space.sides):
        flat = side.flat()
        if flat is not None and (name := space.coordinates[flat[0]]) in coordinates:
            low, high = space.bounds[name]
            if min(abs(flat[1] - end) for end in (low, high)) <= SAME * (high - low):
                found.add(number)
    return frozenset(found)
