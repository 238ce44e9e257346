"""Regions of a box: its interior, faces, points, and unions of them.

Every region resolves to slabs. A slab is the part of the space-time box in which some coordinates are fixed: none for
the interior, one for a face, all of space for a point. That is all that sampling and exact conditions need to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.box import Box


@dataclass(frozen=True)
class Slab:
    """The part of a box in which some coordinates are fixed.

    Parameters
    ----------
    fixed : mapping from coordinate to value
    normal : (coordinate, sign), optional
        The outward normal of a face in space.
    """

    fixed: Mapping[str, float] = field(default_factory=dict)
    normal: tuple[str, int] | None = None

    @property
    def name(self) -> str:
        return ", ".join(f"{c}={v:g}" for c, v in self.fixed.items()) or "interior"


@dataclass(frozen=True)
class Region:
    """A named part of a problem's domain; `a | b` is the union of two.

    Parameters
    ----------
    name : str
        How messages and reports call it, written as the user would write it.
    resolve : callable (domain, space coordinates) -> tuple of Slab
        Raises ProblemError if the region does not exist in that domain.
    """

    name: str
    resolve: Callable[[Box, tuple[str, ...]], tuple[Slab, ...]]

    def __or__(self, other: Region) -> Region:
        if not isinstance(other, Region):
            raise ProblemError(f"a region was united with {other!r}", "Write face(x=0) | face(x=1).")

        def both(domain: Box, space: tuple[str, ...]) -> tuple[Slab, ...]:
            mine = self.resolve(domain, space)
            return mine + tuple(s for s in other.resolve(domain, space) if s not in mine)

        return Region(f"{self.name} | {other.name}", both)

    def __repr__(self) -> str:
        return self.name


def _end(domain: Box, coordinate: str, value: float, space: tuple[str, ...]) -> Slab:
    for sign, end in zip((-1, 1), domain.bounds[coordinate], strict=True):
        if abs(value - end) <= 1e-9 * domain.length(coordinate):
            return Slab({coordinate: end}, (coordinate, sign) if coordinate in space else None)
    ends = ", ".join(f"face({coordinate}={end:g})" for end in domain.bounds[coordinate])
    raise ProblemError(f"there is no face {coordinate} = {value:g} on this domain", f"Possible: {ends}.")


def _known(coordinate: str, domain: Box) -> None:
    if coordinate not in domain.bounds:
        raise ProblemError(f"there is no coordinate '{coordinate}'", did_you_mean(coordinate, domain.coordinates))


def _numbers(what: str, place: Mapping[str, float]) -> None:
    for coordinate, value in place.items():
        if not isinstance(value, Real):
            raise ProblemError(f"{what}({coordinate}={value!r}) is no number", f"Write {what}({coordinate}=0).")


def face(**end: float) -> Region:
    """One face of the box, named by the coordinate that is constant on it: `face(x=-1)`."""
    if len(end) != 1:
        raise ProblemError(
            f"face(...) names {len(end)} coordinates", "Name one: face(x=0). For a corner: point(x=0, y=0)."
        )
    _numbers("face", end)
    ((coordinate, value),) = end.items()

    def resolve(domain: Box, space: tuple[str, ...]) -> tuple[Slab, ...]:
        _known(coordinate, domain)
        return (_end(domain, coordinate, value, space),)

    return Region(f"face({coordinate}={value:g})", resolve)


def faces(*coordinates: str) -> Region:
    """Both end faces of each named coordinate: `faces("x")`."""
    if not coordinates or not all(isinstance(c, str) for c in coordinates):
        raise ProblemError("faces(...) takes names of coordinates", 'Write faces("x").')

    def resolve(domain: Box, space: tuple[str, ...]) -> tuple[Slab, ...]:
        for coordinate in coordinates:
            _known(coordinate, domain)
        return tuple(_end(domain, c, end, space) for c in dict.fromkeys(coordinates) for end in domain.bounds[c])

    return Region(f"faces({', '.join(map(repr, coordinates))})", resolve)


def point(**place: float) -> Region:
    """One point of space (at all times, if there is time): `point(x=0, y=0)`."""
    _numbers("point", place)

    def resolve(domain: Box, space: tuple[str, ...]) -> tuple[Slab, ...]:
        for coordinate, value in place.items():
            _known(coordinate, domain)
            low, high = domain.bounds[coordinate]
            if not low <= value <= high:
                raise ProblemError(
                    f"point(...): {coordinate} = {value:g} lies outside ({low:g}, {high:g})",
                    "Choose a point of the domain.",
                )
        missing = [c for c in (space or domain.coordinates) if c not in place]
        if missing:
            raise ProblemError(f"point(...) says nothing of {', '.join(missing)}", "Name every coordinate of space.")
        return (Slab({c: float(v) for c, v in place.items()}),)

    return Region("point(" + ", ".join(f"{c}={v:g}" for c, v in place.items()) + ")", resolve)


def _boundary(domain: Box, space: tuple[str, ...]) -> tuple[Slab, ...]:
    if not space:
        raise ProblemError("the problem has no space, and so no boundary", "Conditions in time: initial(u=...).")
    return faces(*space).resolve(domain, space)


def _initial(domain: Box, space: tuple[str, ...]) -> tuple[Slab, ...]:
    if "t" in space or "t" not in domain.bounds:
        raise ProblemError(
            "the problem has no time, and so no initial value", "Add time=(0, 1), or use dirichlet(u=...)."
        )
    return (Slab({"t": domain.bounds["t"][0]}),)


boundary = Region("boundary", _boundary)
interior = Region("interior", lambda domain, space: (Slab(),))
initial_face = Region("start", _initial)
