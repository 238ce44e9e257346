"""What a user wants to know of a solution beside its fields: integrals over parts of the domain, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.regions import Region, interior
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields, arguments, check_names

WRITE = 'Write quantities={"drag": (function, side("cylinder"))}, or (function, interior, 0.5) at the time 0.5.'


@dataclass(frozen=True)
class Quantity:
    """The integral of a function of unknowns, coordinates, parameters and normals over a region, at one time.

    Parameters
    ----------
    name : str
        How messages and reports call it.
    function : callable
        Returns what is integrated, one number a point; its arguments bind by name.
    over : Region
    moment : float, optional
        The time, in an evolution; without it, where the region itself stands at one.
    """

    name: str
    function: Callable[..., Any]
    over: Region = interior
    moment: float | None = None

    def pieces(self, domain: Domain) -> tuple[Piece, ...]:
        """The parts of the domain over which it is integrated.

        Raises
        ------
        ProblemError
            If the region does not exist, or the time is missing, lies outside, or is told where there is none.
        """
        try:
            found = self.over.integrated(domain)
        except ProblemError as error:
            raise ProblemError(f"{self.name}: {error.fault}", error.remedy) from None
        timed = domain.time is not None and bool(domain.space_coordinates)
        if self.moment is not None:
            self._check_moment(domain, timed and all(p.moment is None for p in found))
            return tuple(p.at(**{str(domain.time): float(self.moment)}) for p in found)
        if timed and any(p.moment is None for p in found):
            raise ProblemError(
                f"{self.name}: an integral over space is one number at each time, and none is told",
                f"Say at which time: {domain.time}={domain.ends(str(domain.time))[1]:g}.",
            )
        return found

    def _check_moment(self, domain: Domain, possible: bool) -> None:
        if not possible:
            raise ProblemError(
                f"{self.name}: the time {self.moment!r} has no place over {self.over.name}",
                "It goes with regions of space in problems with time, which do not stand at one moment themselves.",
            )
        low, high = domain.ends(str(domain.time))
        if isinstance(self.moment, bool) or not isinstance(self.moment, Real) or not low <= self.moment <= high:
            raise ProblemError(
                f"{self.name}: the time {self.moment!r} is none of the domain's", f"Possible: from {low:g} to {high:g}."
            )

    def check(self, domain: Domain, names: Iterable[str]) -> None:
        """Refuse arguments that do not exist, and places that do not.

        Raises
        ------
        ProblemError
            With what was possible.
        """
        if not callable(self.function):
            raise ProblemError(
                f"{self.name}: {self.function!r} is no function",
                "Write one of unknowns, coordinates, parameters and normals by name: lambda u: u**2.",
            )
        if not isinstance(self.over, Region):
            raise ProblemError(
                f"{self.name}: over={self.over!r} is no region",
                'Possible: interior, boundary, face(x=0), side("hole").',
            )
        normals = [f"n{c}" for c in domain.space_coordinates if all(p.on_boundary for p in self.pieces(domain))]
        check_names(self.function, self.name, [*names, *normals])

    def value(self, at: Fields) -> Jet:
        """What is integrated, (N,).

        Raises
        ------
        ProblemError
            If it is no real number a point.
        """
        return at.value(self.function, self.name)

    @property
    def asks(self) -> frozenset[str]:
        """The names that it depends on."""
        return frozenset(arguments(self.function))


def quantities_of(given: Any, domain: Domain, names: Iterable[str]) -> dict[str, Quantity]:
    """What stands under `quantities`, checked; in an evolution at the end of time, where no time is told."""
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise ProblemError(f"quantities={given!r} is no mapping", WRITE)
    known, found = list(names), dict[str, Quantity]()
    for name, told in given.items():
        parts = tuple(told) if isinstance(told, tuple | list) else (told,)
        if not isinstance(name, str) or not name or not 1 <= len(parts) <= 3:
            raise ProblemError(f"quantities: {name!r}: {told!r} is no function with a region", WRITE)
        function, over, moment = (*parts, interior, None)[:3] if len(parts) == 1 else (*parts, None)[:3]
        quantity = Quantity(f"the quantity '{name}'", function, over, moment)
        timed = domain.time is not None and bool(domain.space_coordinates) and isinstance(over, Region)
        if moment is None and timed and any(p.moment is None for p in quantity.over.integrated(domain)):
            quantity = Quantity(quantity.name, function, over, domain.ends(str(domain.time))[1])
        quantity.check(domain, known)
        found[name] = quantity
    return found
