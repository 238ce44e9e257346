"""Over what an integral inside of an equation is taken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.across import divided
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.panels import REFINING, Nodes
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points, joined
from pinnsolve.geometry.quadrature import box_rule, rules
from pinnsolve.geometry.regions import Region

WRITE = 'Write integral(u, over="x"), integral(u, upto="t"), or integral(lambda u, s: K(x, s) * u, over="x").'


@dataclass(frozen=True)
class Limits:
    """Coordinates over which an integral is taken, and from where to where.

    Parameters
    ----------
    domain : Domain
    over : tuple of str
        The coordinates of integration.
    pieces : tuple of Piece
        What is integrated over, where that is not all of one coordinate.
    upto : bool
        Whether it ends where the equation stands.
    """

    domain: Domain
    over: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()
    upto: bool = False

    @classmethod
    def of(cls, domain: Domain, over: Any, upto: Any) -> Limits:
        """As a user wrote them.

        Raises
        ------
        ProblemError
            With what is possible.
        """
        if (over is None) == (upto is None):
            how = "neither over= nor upto=" if over is None else "both over= and upto="
            raise ProblemError(f"integral(...) was given {how}", WRITE)
        if upto is not None:
            if not isinstance(upto, str):
                raise ProblemError(f"integral(..., upto={upto!r}) is no name of a coordinate", WRITE)
            _along(domain, (upto,), "upto")
            return cls(domain, (upto,), upto=True)
        if isinstance(over, Region):
            return cls._over_region(domain, over)
        names = (over,) if isinstance(over, str) else over
        if not isinstance(names, Sequence) or not names or not all(isinstance(c, str) for c in names):
            raise ProblemError(f"integral(..., over={over!r}) names no coordinate and no region", WRITE)
        names = _along(domain, tuple(names), "over")
        if len(names) == 1 and domain.shape is None:
            return cls(domain, names)
        fixed = {c: sum(domain.ends(c)) / 2 for c in domain.coordinates if c not in names}
        if domain.shape is None or not set(names) & set(domain.space_coordinates):
            return cls(domain, names, (Piece(domain.extent, fixed, None, domain.space_coordinates, domain.time),))
        return cls(domain, names, (domain.interior.at(**fixed),))

    @classmethod
    def at(cls, domain: Domain, place: Mapping[str, Any]) -> Limits:
        """One place of some coordinates, whatever the others are.

        Raises
        ------
        ProblemError
            With what is possible.
        """
        if not place:
            raise ProblemError("at(...) names no place", "Write at(u, x=0).")
        for name, value in place.items():
            low, high = domain.ends(domain.known(name))
            if isinstance(value, bool) or not isinstance(value, Real) or not low <= float(value) <= high:
                raise ProblemError(
                    f"at(...): {name}={value!r} is no place of the domain", f"{name} goes from {low:g} to {high:g}."
                )
        space = [c for c in domain.space_coordinates if c in place]
        if domain.shape is not None and space:
            domain.point({c: float(place[c]) for c in space})  # all of them, and none in a hole
        fixed = {c: sum(domain.ends(c)) / 2 for c in domain.coordinates} | {c: float(v) for c, v in place.items()}
        over = tuple(c for c in domain.coordinates if c in place)
        return cls(domain, over, (Piece(domain.extent, fixed, None, domain.space_coordinates, domain.time),))

    @classmethod
    def _over_region(cls, domain: Domain, region: Region) -> Limits:
        try:
            pieces = region.integrated(domain)
        except ProblemError as error:
            raise ProblemError(f"integral(..., over={region!r}): {error.fault}", error.remedy) from None
        moments = {piece.moment is None for piece in pieces}
        if len(moments) > 1:
            raise ProblemError(
                f"integral(..., over={region!r}) holds places of all times and of one", "Write two integrals."
            )
        timed = domain.time is not None and not moments.pop()
        over = (*domain.space_coordinates, *((str(domain.time),) if timed else ()))
        middle = {c: sum(domain.ends(c)) / 2 for c in domain.coordinates if c not in over}
        return cls(domain, over, tuple(piece.at(**middle) for piece in pieces))

    @property
    def line(self) -> bool:
        """Whether it is taken along one coordinate, whatever the others are."""
        return not self.pieces

    @property
    def normals(self) -> tuple[str, ...]:
        """The outward normals that there are where it is taken."""
        out = bool(self.pieces) and all(p.on_boundary or p.normal is not None for p in self.pieces)
        return tuple(f"n{c}" for c in self.domain.space_coordinates) if out else ()

    @cached_property
    def size(self) -> float:
        """Length, area or volume of what is integrated over, all of it."""
        return self.domain.length(self.over[0]) if self.line else math.fsum(p.size for p in self.pieces)

    def rule(self, level: int, materials: Sequence[Any], breaks: Mapping[str, Sequence[float]]) -> Points:
        """The points of the pieces by one of the rules; the last one where there are no more."""
        known = _found.setdefault(self.domain, {})
        ends = tuple((c, tuple(v)) for c, v in breaks.items())
        key = (*((piece.name, *sorted(piece.fixed.items()), id(piece.side), piece.kept) for piece in self.pieces), ends)
        if key not in known:
            parts = [part for piece in self.pieces for part in divided(piece, self.domain, materials)]
            known[key] = [Rules(part, breaks) for part in parts]
        return joined([part.of(level) for part in known[key]])


class Rules:
    """The rules over one piece, each found when it is asked for: over shapes they take long.

    Parameters
    ----------
    piece : Piece
    breaks : mapping from coordinate to places
    """

    def __init__(self, piece: Piece, breaks: Mapping[str, Sequence[float]]) -> None:
        box = piece.plain and piece.side is None
        self.known: list[Points] = []
        self.others = (box_rule(piece, breaks, n) for n in REFINING.levels) if box else rules(piece, breaks)

    def of(self, level: int) -> Points:
        """One of them; the last one where there are no more."""
        while len(self.known) <= level and (found := next(self.others, None)) is not None:
            self.known.append(found)
        return self.known[min(level, len(self.known) - 1)]


# what was found over the pieces of a domain, as long as there is that domain
_found: WeakKeyDictionary[Domain, dict[Any, list[Rules]]] = WeakKeyDictionary()


def crossed(limits: Limits, rule: Points, outer: Mapping[str, Tensor], count: int) -> Nodes:
    """The points of a rule around each of so many places, given by their other coordinates (n,)."""
    size = len(rule)
    there = {c: v.repeat(count) for c, v in rule.coordinates.items() if c in limits.over}
    others = {c: v.repeat_interleave(size) for c, v in outer.items() if c not in there}
    normals = {c: v.repeat(count) for c, v in rule.normals.items()}
    owner = torch.arange(count, device=rule.weights.device).repeat_interleave(size)
    return Nodes(there | others, rule.weights.repeat(count), owner, normals)


def _along(domain: Domain, names: tuple[str, ...], said: str) -> tuple[str, ...]:
    """Coordinates of space and time along which integrals can be taken, in the domain's order."""
    possible = [c for c in domain.coordinates if c in domain.space_coordinates or c == domain.time]
    for name in names:
        if name not in possible:
            raise ProblemError(
                f'integral(..., {said}="{name}"): there is no such coordinate', did_you_mean(name, possible)
            )
    space = set(names) & set(domain.space_coordinates)
    if domain.shape is not None and space and (said == "upto" or space != set(domain.space_coordinates)):
        raise ProblemError(
            f"integral(..., {said}={', '.join(names)!r}): the shape ends elsewhere for every other coordinate",
            f"Integrate over all of space, over={domain.space_coordinates!r}, or along time; or use a Box.",
        )
    if len(set(names)) < len(names):
        raise ProblemError(f"integral(..., {said}={names!r}) names a coordinate twice", WRITE)
    return tuple(c for c in domain.coordinates if c in names)
