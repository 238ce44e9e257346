"""Conditions: each of these functions makes an equation on a region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any

from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.geometry.regions import Region, boundary, initial_face
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields, arguments, as_residual

Value = float | Callable[..., Any]


@dataclass(frozen=True)
class Condition:
    """An equation on a part of the boundary of space-time.

    Parameters
    ----------
    kind : str
        The function that made it.
    on : Region
    unknown : str, optional
        The unknown that is prescribed, where there is one.
    given : number or callable
        The prescribed value, or the residual of a general condition: what binds by name.
    residual : callable (Fields, what) -> Jet
        Zero where the condition holds; `what` names it in messages.
    """

    kind: str
    on: Region
    unknown: str | None
    given: Value
    residual: Callable[[Fields, str], Jet]

    def mentions(self, unknown: str) -> bool:
        """Whether the condition prescribes this unknown, or its function asks for it."""
        return unknown == self.unknown or (
            self.kind == "condition" and callable(self.given) and unknown in arguments(self.given)
        )

    @property
    def name(self) -> str:
        if self.kind == "condition":
            return f"{getattr(self.given, '__name__', 'condition')} on {self.on.name}".replace("<lambda>", "condition")
        place = "" if self.kind.startswith("initial") else f" on {self.on.name}"
        return f"{self.kind} {self.unknown or ''}".rstrip() + place


def _each(kind: str, on: Region, values: dict[str, Value], left: Callable[[Fields, str], Jet]) -> list[Condition]:
    """One condition for each named unknown: left side minus given value."""
    if not isinstance(on, Region):
        raise ProblemError(
            f"{kind}(..., on={on!r}) is no region: on= says where a condition holds",
            'Possible: boundary, face(x=0), faces("x"), point(x=0). An unknown that is called on needs another name.',
        )
    if not values:
        raise ProblemError(f"{kind}(...) names no unknown", f"Write {kind}(u=0).")
    for unknown, value in values.items():
        if isinstance(value, Region):
            raise ProblemError(
                f"{kind}({unknown}={value!r}): a region is no value", f"Write {kind}(u=0, on={value!r})."
            )
        if not (callable(value) or (isinstance(value, Real) and isfinite(value))):
            raise ProblemError(
                f"{kind}({unknown}={value!r}) is no value",
                if_complex(value) + "Write a finite number or a function of coordinates.",
            )

    def make(unknown: str, value: Value) -> Condition:
        return Condition(kind, on, unknown, value, lambda at, what: left(at, unknown) - at.value(value, what))

    return [make(unknown, value) for unknown, value in values.items()]


def dirichlet(*, on: Region = boundary, **values: Value) -> list[Condition]:
    """Prescribe values on a region: u = value."""
    return _each("dirichlet", on, values, lambda at, u: at[u])


def neumann(*, on: Region = boundary, **values: Value) -> list[Condition]:
    """Prescribe the outward normal derivative on a region: n . grad u = value."""
    return _each("neumann", on, values, normal_derivative)


def initial(**values: Value) -> list[Condition]:
    """Prescribe values at the start: u = value at t = t0."""
    return _each("initial", initial_face, values, lambda at, u: at[u])


def initial_rate(**values: Value) -> list[Condition]:
    """Prescribe the rate at the start: u_t = value at t = t0."""
    return _each("initial_rate", initial_face, values, lambda at, u: d(at[u], at["t"]))


def condition(function: Callable[..., Any], *, on: Region = boundary) -> list[Condition]:
    """Any equation on a region; the function may also ask for the outward normal, by `nx`, `ny`, `nz`."""
    if not callable(function):
        raise ProblemError(f"condition({function!r}) is no function", "Write condition(function, on=face(x=0)).")
    if not isinstance(on, Region):
        raise ProblemError(f"condition(..., on={on!r}) is no region", 'Possible: boundary, face(x=0), faces("x").')

    def residual(at: Fields, what: str) -> Jet:
        found: Jet = as_residual(at.call(function, what), what, function)
        return found

    return [Condition("condition", on, None, function, residual)]


@dataclass(frozen=True)
class Periodic:
    """The unknowns continue across the two ends of a coordinate of space."""

    coordinate: str
    name: str


def periodic(*coordinates: str) -> list[Periodic]:
    """Let every unknown continue, with all its derivatives, across both ends of each named coordinate."""
    if not coordinates or not all(isinstance(c, str) for c in coordinates):
        raise ProblemError("periodic(...) takes names of coordinates", 'Write periodic("x").')
    return [Periodic(c, f"periodic in {c}") for c in coordinates]


@dataclass(frozen=True)
class Solenoidal:
    """A velocity that is divergence-free by construction."""

    components: tuple[str, ...]
    name: str


def solenoidal(*components: str) -> list[Solenoidal]:
    """Let unknowns be the components of a velocity without divergence: u_x + v_y (+ w_z) = 0 everywhere.

    In two dimensions they are the derivatives (psi_y, -psi_x) of a stream function, in three the curl of a vector
    potential, which the network holds in their place; the problem goes on to speak of the components. They are named in
    the order of the coordinates of space. Around a period the mean flow is that of the initial velocity.
    """
    if len(components) not in (2, 3) or not all(isinstance(c, str) for c in components):
        raise ProblemError(
            f"solenoidal{components!r} does not name the two or three components of a velocity",
            'Write solenoidal("u", "v").',
        )
    return [Solenoidal(components, f"solenoidal {', '.join(components)}")]


def normal_derivative(at: Fields, unknown: str) -> Jet:
    """n . grad u = sum over the coordinates of space of n_x u_x."""
    terms = [at["n" + c] * d(at[unknown], at[c]) for c in at.chart.names if "n" + c in at]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
