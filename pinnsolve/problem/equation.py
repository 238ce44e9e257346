"""The one record that everything is said with: an equation on a part of the domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pinnsolve.errors import ProblemError, place_of
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Region, interior
from pinnsolve.jets.calculus import describe
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields, arguments, as_residual

What = Literal["value", "rate", "normal derivative"]


@dataclass(frozen=True)
class Prescribed:
    """What an equation says of one unknown alone: its value, its rate in time, or its outward normal derivative.

    Parameters
    ----------
    unknown : str
    what : "value", "rate" or "normal derivative"
    given : callable Fields -> Jet
        The prescribed value (N,), in the unknown's units (over those of time, or of length).
    asks : frozenset of str
        What it depends on, by name.
    number : float, optional
        The value, where it is the same everywhere.
    """

    unknown: str
    what: What
    given: Callable[[Fields], Jet]
    asks: frozenset[str] = frozenset()
    number: float | None = None


@dataclass(frozen=True)
class Equation:
    """A residual that shall vanish on a part of the domain: an equation inside, a wall, the start, any condition.

    Parameters
    ----------
    name : str
        What messages and reports call it; which function of the problem file made it is kept in it, and nowhere else.
    on : Region
    residual : callable Fields -> Jet
        Zero (N,) where the equation holds.
    prescribes : Prescribed, optional
        Where it says something of one unknown alone.
    function : callable, optional
        What the user wrote, bound by name: a residual, or a prescribed value.
    points : Points, optional
        Where it holds, if it was measured; otherwise points are drawn on the region.
    integrates : "", "also" or "alone"
        Whether it holds integrals of unknowns, and so what these are elsewhere; and whether it holds nothing else.
    """

    name: str
    on: Region
    residual: Callable[[Fields], Jet]
    prescribes: Prescribed | None = None
    function: Callable[..., Any] | None = None
    points: Points | None = None
    integrates: Literal["", "also", "alone"] = ""

    @property
    def unknown(self) -> str | None:
        """The unknown that is prescribed, where there is one."""
        return None if self.prescribes is None else self.prescribes.unknown

    @property
    def asks(self) -> frozenset[str]:
        """The names that it depends on: unknowns, coordinates, parameters, normals."""
        own = frozenset(() if self.function is None else arguments(self.function))
        return own if self.unknown is None else own | {self.unknown}

    @property
    def place(self) -> tuple[str, int] | None:
        """File and line on which the user wrote it."""
        return None if self.function is None else place_of(self.function)

    def says(self, what: What) -> bool:
        """Whether it prescribes this of an unknown."""
        return self.prescribes is not None and self.prescribes.what == what


def inside(name: str, function: Callable[..., Any]) -> Equation:
    """The equation that a user's function means: its residual vanishes inside the domain."""
    what = f"equation '{name}'"

    def residual(at: Fields) -> Jet:
        result = as_residual(at.call(function, what), what, function)
        if not isinstance(result, Jet):
            raise ProblemError(
                f"{what} returned {describe(result)}, and no field",
                "Return the residual, an expression of the unknowns that shall be zero.",
                place_of(function),
            )
        if tuple(result.shape) != (at.chart.size,):
            raise ProblemError(
                f"{what} returned a residual of shape {tuple(result.shape)} for {at.chart.size} points",
                "A residual is one number a point, of shape (N,); return several equations as several functions.",
                place_of(function),
            )
        return result

    return Equation(name, interior, residual, None, function)
