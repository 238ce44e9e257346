"""Unknowns that depend on fewer coordinates than the problem has: a front's place, a tank's temperature.

    unknowns={"T": ("x", "t"), "s": "t"}

says that s does not depend on x, which is the equation s_x = 0 beside those of the problem; `"E": ()` is a number.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.shape import Shape
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet

WRITE = 'Write unknowns={"u": ("x", "t"), "s": "t"}: names, each with the coordinates that it depends on.'


@dataclass(frozen=True)
class Fewer:
    """The coordinates that an unknown depends on, in the problem's order, and those of the problem that it does not."""

    mine: tuple[str, ...]
    others: tuple[str, ...]


def fewer_of(unknowns: Any, domain: Domain) -> dict[str, Fewer]:
    """Of each unknown that has fewer coordinates than the problem; parameters that are inputs are among those of all.

    Raises
    ------
    ProblemError
        If there is no such coordinate.
    """
    if not isinstance(unknowns, Mapping):
        return {}
    mine = [c for c in domain.coordinates if c in domain.space_coordinates or c == domain.time]
    found = {}
    for name, given in unknowns.items():
        if isinstance(given, Shape):  # a part of space, with all coordinates
            continue
        names = (given,) if isinstance(given, str) else given
        if not isinstance(names, Sequence) or not all(isinstance(c, str) and c for c in names):
            raise ProblemError(f"unknowns: {name} is given {given!r}, which names no coordinates", WRITE)
        for c in names:
            if c not in mine:
                raise ProblemError(
                    f"unknowns: {name} depends on '{c}', which is no coordinate", did_you_mean(str(c), mine)
                )
        if set(names) < set(mine):
            others = tuple(c for c in mine if c not in names)
            found[name] = Fewer(tuple(c for c in domain.coordinates if c not in others), others)
    return found


@dataclass(frozen=True)
class Level:
    """The equation that an unknown does not depend on a coordinate."""

    unknown: str
    coordinate: str

    @property
    def __name__(self) -> str:
        return f"{self.unknown}_{self.coordinate}"

    @property
    def __signature__(self) -> inspect.Signature:
        names = (self.unknown, self.coordinate)
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names])

    def __call__(self, **fields: Jet) -> Jet:
        return d(fields[self.unknown], fields[self.coordinate])


def levels(fewer: Mapping[str, Fewer]) -> list[Level]:
    """The equations that say so."""
    return [Level(unknown, c) for unknown, given in fewer.items() for c in given.others]
