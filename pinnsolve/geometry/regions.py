"""Regions, as a problem file names them: the boundary, faces, sides, points, the start, unions and parts of them.

Every region resolves to pieces of a domain. That is all that sampling and exact conditions need to know.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from numbers import Real
from typing import Any

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.calls import worded
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.wanting import Part


@dataclass(frozen=True)
class Region:
    """A named part of a problem's domain; `a | b` is the union of two.

    Parameters
    ----------
    name : str
        How messages and reports call it, written as the user would write it.
    resolve : callable Domain -> tuple of Piece
        Raises ProblemError if the region does not exist in that domain.
    section : callable Domain -> tuple of Piece, optional
        The same, but inside of the domain too, where integrals are taken and no conditions hold.
    place : mapping from name to float, optional
        Of a point.
    """

    name: str
    resolve: Callable[[Domain], tuple[Piece, ...]]
    section: Callable[[Domain], tuple[Piece, ...]] | None = None
    place: Mapping[str, float] | None = None

    def integrated(self, domain: Domain) -> tuple[Piece, ...]:
        """The pieces over which it is integrated."""
        return (self.section or self.resolve)(domain)

    def __or__(self, other: Region) -> Region:
        if not isinstance(other, Region):
            raise ProblemError(f"a region was united with {other!r}", "Write face(x=0) | face(x=1).")

        def both(domain: Domain) -> tuple[Piece, ...]:
            mine = self.resolve(domain)
            return mine + tuple(p for p in other.resolve(domain) if p not in mine)

        return Region(f"{self.name} | {other.name}", both)

    def where(self, function: Callable[..., Any]) -> Region:
        """The part of it where a function of coordinates, asked for by name, is true.

        >>> face(x=0).where(lambda y: y < 0.5).name
        'face(x=0) where y'
        """
        if not callable(function):
            raise ProblemError(f"where({function!r}) is no function", "Write face(x=0).where(lambda y: y < 0.5).")
        asks = tuple(inspect.signature(function).parameters)

        def left_of(pieces: Callable[[Domain], tuple[Piece, ...]], domain: Domain) -> tuple[Piece, ...]:
            for name in asks:
                domain.known(name)
            made = [piece.where(Part(function, asks, f"where {', '.join(asks)}")) for piece in pieces(domain)]
            left = tuple(piece for piece in made if piece.anything)
            if not left:
                raise ProblemError(
                    f"nothing is left of {self.name}", "The function of where(...) is true nowhere on it."
                )
            return left

        return Region(
            f"{self.name} where {', '.join(asks)}", partial(left_of, self.resolve), partial(left_of, self.integrated)
        )  # fmt: skip

    def __repr__(self) -> str:
        return self.name


def _numbers(what: str, place: Mapping[str, float]) -> None:
    for coordinate, value in place.items():
        if not isinstance(value, Real):
            raise ProblemError(f"{what}({coordinate}={value!r}) is no number", f"Write {what}({coordinate}=0).")


@worded
def face(**end: float) -> Region:
    """One face of the domain, named by the coordinate that is constant on it: `face(x=-1)`; of time, any moment.

    Of a shape it is what lies in that plane: what is left of a box's face, a side of a polygon, the end of a cylinder.
    """
    if len(end) != 1:
        raise ProblemError(
            f"face(...) names {len(end)} coordinates", "Name one: face(x=0). For a corner: point(x=0, y=0)."
        )
    _numbers("face", end)
    ((coordinate, value),) = end.items()

    def section(domain: Domain) -> tuple[Piece, ...]:
        low, high = domain.ends(domain.known(coordinate))
        room = SAME * (high - low)
        if coordinate not in domain.space_coordinates or not low + room < value < high - room:
            return _in_plane(domain, coordinate, value)
        return (replace(domain.interior.at(**{coordinate: float(value)}), normal=(coordinate, 1)),)

    return Region(
        f"face({coordinate}={value:g})", lambda domain: _in_plane(domain, coordinate, value), section
    )  # fmt: skip


def _in_plane(domain: Domain, coordinate: str, value: float) -> tuple[Piece, ...]:
    if domain.shape is None or coordinate not in domain.space_coordinates:
        return (domain.face(coordinate, value),)
    on_rim = domain.walls.in_plane(coordinate, value)
    return on_rim or domain.embedded.in_plane(coordinate, value) or domain.walls.no_plane(coordinate, value)


@worded
def faces(*coordinates: str) -> Region:
    """Both end faces of each named coordinate: `faces("x")`."""
    if not coordinates or not all(isinstance(c, str) for c in coordinates):
        raise ProblemError("faces(...) takes names of coordinates", 'Write faces("x").')

    def resolve(domain: Domain) -> tuple[Piece, ...]:
        names = [domain.known(c) for c in dict.fromkeys(coordinates)]
        return tuple(piece for c in names for end in domain.ends(c) for piece in _in_plane(domain, c, end))

    return Region(f"faces({', '.join(map(repr, coordinates))})", resolve)


@worded
def side(name: str) -> Region:
    """The sides of a shape by name: all of the shape of that name, or a side that was named: `side("hole")`; of a part
    of a material inside, too, where conditions are said of both sides by `jump`.

    Examples
    --------
    >>> from pinnsolve import Box, Disk
    >>> plate = Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.1, name="hole")
    >>> [piece.name for piece in side("hole").resolve(Domain(plate))]
    ['hole']
    """
    if isinstance(name, int) and not isinstance(name, bool):  # a reference of a mesh
        name = str(name)
    if not isinstance(name, str):
        raise ProblemError(f"side({name!r}) is no name", 'Write side("hole") after Disk(..., name="hole").')
    return Region(f"side({name!r})", lambda domain: _named(domain, name))


def _named(domain: Domain, name: str) -> tuple[Piece, ...]:
    if not domain.walls.knows(name) and (found := domain.embedded.named(name)):
        return found
    return domain.walls.named(name, domain.embedded.names)


@worded
def point(**place: float) -> Region:
    """One point of space (at all times, if there is time): `point(x=0, y=0)`. Of an unknown function k(T) it is where
    that is known: `dirichlet(k=1.0, on=point(T=20))`."""
    _numbers("point", place)
    name = "point(" + ", ".join(f"{c}={v:g}" for c, v in place.items()) + ")"
    return Region(name, lambda domain: (domain.point(place),), place=dict(place))


def moved(pieces: Iterable[Piece], domain: Domain) -> Iterator[Piece]:
    """The pieces of another domain that lie where pieces of a box do."""
    for piece in pieces:
        single = len(piece.fixed) == 1
        found = domain.face(*next(iter(piece.fixed.items()))) if single else domain.interior.at(**piece.fixed)
        for part in piece.kept:
            found = found.where(part)
        yield found


def _boundary(domain: Domain) -> tuple[Piece, ...]:
    if not domain.space_coordinates:
        raise ProblemError("the problem has no space, and so no boundary", "Conditions in time: initial(u=...).")
    return domain.walls.pieces


def _start(domain: Domain) -> tuple[Piece, ...]:
    if domain.time is None:
        raise ProblemError(
            "the problem has no time, and so no initial value", "Add time=(0, 1), or use dirichlet(u=...)."
        )
    return (domain.start,)


boundary = Region("boundary", _boundary)
interior = Region("interior", lambda domain: (domain.interior,))
start = Region("start", _start)
