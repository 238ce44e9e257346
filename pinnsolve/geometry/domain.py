"""Space and time together: where a problem lives, and the only place that knows which coordinate is time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.data.axes import TIME
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.along import Along
from pinnsolve.geometry.arguments import interval, numbers, together
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.embedded import Embedded
from pinnsolve.geometry.extent import Extent
from pinnsolve.geometry.holes import Hole, Notch
from pinnsolve.geometry.inner import Inner
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.walls import Walls


class Domain(Extent):
    """A shape, an interval of time or none, and the parameters that are inputs beside them.

    Parameters
    ----------
    space : Shape, optional
    time : (t0, t1) or Along, optional
    ranges : mapping from parameter to (low, high)
    shapes : sequence of Shape
        Of materials inside.

    Attributes
    ----------
    coordinates : tuple of str
        Of space, of time, and the parameters that are inputs, in this order.
    space_coordinates : tuple of str
    time : str or None
        The name of the coordinate of time.
    extent : dict from coordinate to (low, high)
        The smallest box around everything, in the problem's units.
    shape : Shape or None
        What of the box around space belongs to it; None where that is all.
    warnings : tuple of str
        What is odd about the shape.

    Raises
    ------
    ProblemError
        If there is neither space nor time, or a name stands for two things.

    Examples
    --------
    >>> domain = Domain(Box(x=(-1, 1)), (0, 2))
    >>> domain.coordinates, domain.time, domain.start.name
    (('x', 't'), 't', 't=0')
    """

    def __init__(
        self, space: Any, time: Any = None, ranges: Mapping[str, tuple[float, float]] | None = None,
        shapes: Sequence[Shape] = (),
    ) -> None:  # fmt: skip
        if space is not None and not isinstance(space, Shape):
            raise ProblemError(f"space={space!r} is no domain", "Write space=Box(x=(0, 1)).")
        if space is None and time is None:
            raise ProblemError(
                "the problem has neither space nor time", "Write space=Box(x=(0, 1)), time=(0, 1), or both."
            )
        extent = dict(space.bounds) if space is not None else {}
        self.space: Shape | None = space
        self._shapes = tuple(shapes)
        self.shape: Shape | None = None if space is None or isinstance(space, Box) else space
        self.warnings = () if self.shape is None else tuple(self.shape.checked())
        self.space_coordinates = tuple(extent)
        self.time = None if time is None else TIME
        if isinstance(time, Along):
            self.time = time.coordinate
            self.space_coordinates = tuple(c for c in extent if c != self.time)
        elif time is not None:
            if TIME in extent:
                raise ProblemError("the coordinate t stands in space and in time", "Rename the one in space.")
            extent[TIME] = interval("time", time)
        for name, ends in (ranges or {}).items():
            if name in extent:
                raise ProblemError(f"the name '{name}' stands for two things", "It is a coordinate and a parameter.")
            extent[name] = ends
        self.extent = extent

    def __repr__(self) -> str:
        told = "Box(" + ", ".join(f"{n}=({a:g}, {b:g})" for n, (a, b) in self.extent.items()) + ")"
        return told if self.shape is None else f"{self.shape!r} in {told}"

    def _changed(self, extent: Mapping[str, tuple[float, float]]) -> Domain:
        made = object.__new__(Domain)
        made.extent = dict(extent)
        made.space_coordinates = tuple(c for c in self.space_coordinates if c in extent)
        made.time = self.time if self.time in extent else None
        made.space, made.warnings, made._shapes = self.space, self.warnings, self._shapes
        made.shape = self.shape if made.space_coordinates == self.space_coordinates else None
        return made

    def part(self, extent: Mapping[str, tuple[float, float]]) -> Domain:
        """The same domain with less of some coordinates."""
        return self._changed({**self.extent, **extent})

    def over(self, coordinates: Iterable[str]) -> Domain:
        """The domain of some of the coordinates alone."""
        return self._changed({c: self.extent[c] for c in coordinates})

    @property
    def middle(self) -> dict[str, float]:
        """A place inside: the middle of every coordinate, or where that lies outside a shape, far from its boundary."""
        found = {c: sum(ends) / 2 for c, ends in self.extent.items()}
        return found if self.shape is None else found | self.shape.deepest

    def beside(self, places: Mapping[str, Any], slack: float = SAME) -> Any:
        """Which places (N,) lie outside the shape, though inside its bounding box; None where there is no shape, or
        none does. Tensors in, a tensor out; else an array."""
        if self.shape is None:
            return None
        columns = [torch.tensor(np.asarray(places[c]), dtype=torch.float64).view(-1) for c in self.space_coordinates]
        out = ~self.shape.contains(torch.stack(columns, 1), slack)
        if not bool(out.any()):
            return None
        like = places[self.space_coordinates[0]]
        return out.view(like.shape) if isinstance(like, torch.Tensor) else out.numpy().reshape(np.shape(like))

    def arrays(self, places: Mapping[str, Any]) -> list[np.ndarray]:
        """Places by name as arrays of one shape, in the order of the coordinates.

        Raises
        ------
        ProblemError
            If a coordinate is missing, does not exist or has no numbers, or a place lies outside.
        """
        for name in places:
            self.known(name)
        missing = [c for c in self.coordinates if c not in places]
        if missing:
            raise ProblemError(f"the coordinate {missing[0]} is missing", f"Give all of {', '.join(self.coordinates)}.")
        arrays = together({c: numbers(c, places[c]) for c in self.coordinates})
        left = self.outside(dict(zip(self.coordinates, arrays, strict=True)))
        if left is not None:
            name, values = left[0], arrays[self.coordinates.index(left[0])]
            low, high = self.ends(name)
            if np.isnan(values).any():
                raise ProblemError(
                    f"{np.isnan(values).sum()} of {values.size} values of {name} are NaN, and no places",
                    "Leave them out.",
                )
            told = f" from {values.min():g} to {values.max():g}" if values.size > 1 else f"={values.item():g}"
            raise ProblemError(
                f"{name}{told} leaves the domain ({low:g}, {high:g})",
                "A network knows nothing outside the domain that it was trained on.",
            )
        out = self.beside(dict(zip(self.coordinates, arrays, strict=True)))
        if out is not None:
            first = int(np.flatnonzero(out)[0])
            where = ", ".join(f"{c}={a.reshape(-1)[first]:g}" for c, a in zip(self.coordinates, arrays, strict=True))
            raise ProblemError(
                f"{int(out.sum())} of {out.size} places lie outside the shape, as {where}",
                "A network knows nothing outside the domain that it was trained on, nor in its holes; "
                "problem.domain.beside(places) tells which they are.",
            )
        return list(arrays)

    def line(self, count: int = 61) -> Points:
        """Points on a line through the domain, none on its boundary and none twice in any coordinate; spread over a
        shape.

        No constant array of a user's has 61 numbers by accident.
        """
        if self.shape is not None:
            return Points(self.interior.scattered(count, 61).coordinates, torch.ones(count, dtype=torch.float64))
        steps = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        values = {c: self.place(c, (steps * (1 + 7 * k)) % 1.0) for k, c in enumerate(self.extent)}
        return Points(values, torch.ones(count, dtype=torch.float64))

    # ------------------------------------------------------------ pieces

    @cached_property
    def interior(self) -> Piece:
        return Piece(self.extent, {}, None, self.space_coordinates, self.time, self.shape)

    @cached_property
    def holes(self) -> tuple[Hole, ...]:
        """What was cut out of the inside of a shape."""
        return () if self.shape is None else tuple(self.shape.holes())

    @cached_property
    def notches(self) -> tuple[Notch, ...]:
        """The corners of a shape at which slopes grow without bound."""
        return () if self.shape is None else tuple(self.shape.notches())

    @cached_property
    def walls(self) -> Walls:
        """The boundary of space."""
        faces = [] if self.shape is not None else [p for c in self.space_coordinates for p in self.faces(c)]
        return Walls(self.interior, faces, self.space)

    @cached_property
    def embedded(self) -> Embedded:
        """Where conditions may stand inside of space, but for planes across a box."""
        return Embedded(self.interior, self._shapes)

    @property
    def start(self) -> Piece:
        """The moment at which time begins."""
        assert self.time is not None
        return self.interior.at(**{self.time: self.extent[self.time][0]})

    @property
    def end(self) -> Piece:
        """The moment at which time ends."""
        assert self.time is not None
        return self.interior.at(**{self.time: self.extent[self.time][1]})

    def face(self, coordinate: str, value: float) -> Piece:
        """The face on which a coordinate has this value; a place inside a box too, and of time any moment.

        Raises
        ------
        ProblemError
            If there is no such coordinate, or no such face.
        """
        self.known(coordinate)
        for sign, end in zip((-1, 1), self.extent[coordinate], strict=True):
            if abs(value - end) <= SAME * self.length(coordinate):
                normal = (coordinate, sign) if coordinate in self.space_coordinates else None
                return Piece(self.extent, {coordinate: end}, normal, self.space_coordinates, self.time)
        low, high = self.extent[coordinate]
        if coordinate == self.time and low < value < high:
            return self.interior.at(**{coordinate: float(value)})
        ends = ", ".join(f"face({coordinate}={end:g})" for end in (low, high))
        if coordinate in self.space_coordinates and self.shape is None and low < value < high:
            if cut := self.embedded.in_plane(coordinate, value):
                return cut[0]
            return Inner(self.extent, {coordinate: float(value)}, None, self.space_coordinates, self.time)
        raise ProblemError(f"there is no face {coordinate} = {value:g} on this domain", f"Possible: {ends}.")

    def faces(self, coordinate: str) -> tuple[Piece, Piece]:
        """Both end faces of a coordinate, the lower first."""
        self.known(coordinate)
        low, high = (self.face(coordinate, end) for end in self.extent[coordinate])
        return low, high

    def point(self, place: Mapping[str, float]) -> Piece:
        """The part of the domain at one point of space (at all times, unless the time is named too).

        Raises
        ------
        ProblemError
            If it lies outside, or a coordinate of space is missing.
        """
        for coordinate, value in place.items():
            self.known(coordinate)
            low, high = self.extent[coordinate]
            if not low <= value <= high:
                raise ProblemError(
                    f"point(...): {coordinate} = {value:g} lies outside ({low:g}, {high:g})",
                    "Choose a point of the domain.",
                )
        missing = [c for c in (self.space_coordinates or self.coordinates) if c not in place]
        if missing:
            raise ProblemError(f"point(...) says nothing of {', '.join(missing)}", "Name every coordinate of space.")
        if self.beside({c: torch.tensor([float(v)], dtype=torch.float64) for c, v in place.items()}) is not None:
            where = ", ".join(f"{c}={v:g}" for c, v in place.items())
            raise ProblemError(f"point({where}) lies outside the shape, or in a hole", "Choose a point of the domain.")
        return self.interior.at(**{c: float(v) for c, v in place.items()})
