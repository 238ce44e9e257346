"""Conditions: each of these functions makes an equation on a region."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from math import isfinite
from numbers import Real
from typing import Any

from pinnsolve.calls import worded
from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.geometry.regions import Region, boundary, start
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields, arguments, as_residual
from pinnsolve.problem.equation import Equation, Prescribed, What

Value = float | Callable[..., Any]
Equations = list[Equation]


def _each(said: str, on: Region, values: dict[str, Value], what: What) -> Equations:
    """One equation for each named unknown."""
    if not isinstance(on, Region):
        raise ProblemError(
            f"{said}(..., on={on!r}) is no region: on= says where a condition holds",
            'Possible: boundary, face(x=0), faces("x"), point(x=0). An unknown that is called on needs another name.',
        )
    if not values:
        raise ProblemError(f"{said}(...) names no unknown", f"Write {said}(u=0).")
    for unknown, value in values.items():
        if isinstance(value, Region):
            raise ProblemError(
                f"{said}({unknown}={value!r}): a region is no value", f"Write {said}(u=0, on={value!r})."
            )
        if not (callable(value) or (isinstance(value, Real) and isfinite(value))):
            raise ProblemError(
                f"{said}({unknown}={value!r}) is no value",
                if_complex(value) + "Write a finite number or a function of coordinates.",
            )
    place = "" if on is start else f" on {on.name}"
    return [prescribing(f"{said} {unknown}{place}", on, unknown, what, value) for unknown, value in values.items()]


def prescribing(name: str, on: Region, unknown: str, what: What, value: Value) -> Equation:
    """What is prescribed of an unknown: left side minus given value."""
    function, left = value if callable(value) else None, LEFT[what]
    asks = frozenset(arguments(function)) if function else frozenset()
    number = None if callable(value) else float(value)
    prescribes = Prescribed(unknown, what, lambda at: at.value(value, name), asks, number)
    return Equation(name, on, lambda at: left(at, unknown) - prescribes.given(at), prescribes, function)


def holding(name: str, on: Region, function: Callable[..., Any]) -> Equation:
    """A residual that shall vanish on a region."""

    def residual(at: Fields) -> Jet:
        return at.value(lambda: as_residual(at.call(function, name), name, function), name)

    return Equation(name, on, residual, None, function)


@worded
def dirichlet(*, on: Region = boundary, **values: Value) -> Equations:
    """Prescribe values on a region: u = value; of unknowns, or of unknown functions (`Unknown(0.1, of="x")`).

    Examples
    --------
    >>> dirichlet(u=0, v=lambda x: x**2)[1].name
    'dirichlet v on boundary'
    """
    return _each("dirichlet", on, values, "value")


@worded
def neumann(*, on: Region = boundary, **values: Value) -> Equations:
    """Prescribe the outward normal derivative on a region: n . grad u = value.

    Examples
    --------
    >>> neumann(u=0)[0].name
    'neumann u on boundary'
    """
    return _each("neumann", on, values, "normal derivative")


@worded
def initial(**values: Value) -> Equations:
    """Prescribe values at the start: u = value at t = t0. The same as `dirichlet(u=value, on=face(t=t0))`.

    Examples
    --------
    >>> initial(u=lambda x: 1 - x)[0].name
    'initial u'
    """
    return _each("initial", start, values, "value")


@worded
def initial_rate(**values: Value) -> Equations:
    """Prescribe the rate at the start: u_t = value at t = t0.

    Examples
    --------
    >>> initial_rate(u=0)[0].name
    'initial_rate u'
    """
    return _each("initial_rate", start, values, "rate")


@worded
def condition(function: Callable[..., Any], *, on: Region = boundary) -> Equations:
    """Any equation on a region; the function may also ask for the outward normal, by `nx`, `ny`, `nz`.

    A function that returns `u - f` says the same as `dirichlet(u=f)`, and is solved in the same way.

    Examples
    --------
    >>> def air(u, x, nx, h):  # a Robin end
    ...     return nx * d(u, x) + h * u
    >>> condition(air)[0].name
    'air on boundary'
    """
    if not callable(function):
        raise ProblemError(f"condition({function!r}) is no function", "Write condition(function, on=face(x=0)).")
    if not isinstance(on, Region):
        raise ProblemError(f"condition(..., on={on!r}) is no region", 'Possible: boundary, face(x=0), faces("x").')
    name = f"{getattr(function, '__name__', 'condition')} on {on.name}".replace("<lambda>", "condition")
    return [holding(name, on, function)]


@dataclass(frozen=True)
class Periodic:
    """The unknowns continue across the two ends of a coordinate."""

    coordinate: str
    name: str


@worded
def periodic(*coordinates: str) -> list[Periodic]:
    """Let every unknown continue, with all its derivatives, across both ends of each named coordinate.

    `periodic("t")` asks for what repeats itself in time: there is no start then, and nothing is marched. On boxes space
    and time are solved at once, over cells of both. What is left of a shape must be the same at both ends: whole faces,
    or faces that are cut alike, as those of a unit cell with rods on its corners.
    """
    if not coordinates or not all(isinstance(c, str) for c in coordinates):
        raise ProblemError("periodic(...) takes names of coordinates", 'Write periodic("x").')
    return [Periodic(c, f"periodic in {c}") for c in coordinates]


@dataclass(frozen=True)
class Solenoidal:
    """A velocity that is divergence-free by construction."""

    components: tuple[str, ...]
    name: str


@worded
def solenoidal(*components: str) -> list[Solenoidal]:
    """Let unknowns be the components of a velocity without divergence: u_x + v_y (+ w_z) = 0 everywhere.

    In two dimensions they are the derivatives (psi_y, -psi_x) of a stream function, in three the curl of a vector
    potential, which the network holds in their place; the problem goes on to speak of the components. Which of them
    belongs to which coordinate is read off the equations (`pinnsolve.problem.flows`), whatever their order. Around a
    period the mean flow is that of the initial velocity.

    Examples
    --------
    >>> solenoidal("u", "v")[0].name
    'solenoidal u, v'
    """
    if len(components) not in (2, 3) or not all(isinstance(c, str) for c in components):
        raise ProblemError(
            f"solenoidal{components!r} does not name the two or three components of a velocity",
            'Write solenoidal("u", "v").',
        )
    return [Solenoidal(components, f"solenoidal {', '.join(components)}")]


def rate(at: Fields, unknown: str) -> Jet:
    """u_t."""
    return d(at[unknown], at[str(at.time)])


def normal_derivative(at: Fields, unknown: str) -> Jet:
    """n . grad u = sum over the coordinates of space of n_x u_x; of an unknown function, over those of its own."""
    field = at[unknown]
    terms = [at["n" + c] * d(field, at[c]) for c in at.chart.names if "n" + c in at and c in field.depends]
    return reduce(operator.add, terms) if terms else at.chart.numbers(0.0)


LEFT: dict[What, Callable[[Fields, str], Jet]] = {
    "value": lambda at, unknown: at[unknown], "rate": rate, "normal derivative": normal_derivative,
}  # fmt: skip
