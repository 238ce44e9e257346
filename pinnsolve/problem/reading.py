"""The parts of a declaration, each read and checked on its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from pinnsolve.data.observed import Observed
from pinnsolve.errors import ProblemError, if_complex, place_of
from pinnsolve.geometry.box import Box, interval
from pinnsolve.jets.calculus import describe
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields, as_residual
from pinnsolve.problem.conditions import Condition, Periodic, Solenoidal
from pinnsolve.problem.unknown import Unknown


@dataclass(frozen=True)
class Equation:
    """A residual that shall vanish inside the domain; its name labels it everywhere."""

    name: str
    function: Callable[..., Any]

    def residual(self, at: Fields) -> Jet:
        """The residual (N,), refused if it has any other shape or is a constant."""
        what = f"equation '{self.name}'"
        result = as_residual(at.call(self.function, what), what, self.function)
        if not isinstance(result, Jet):
            raise ProblemError(
                f"{what} returned {describe(result)}, and no field",
                "Return the residual, an expression of the unknowns that shall be zero.",
                place_of(self.function),
            )
        if tuple(result.shape) != (at.chart.size,):
            raise ProblemError(
                f"{what} returned a residual of shape {tuple(result.shape)} for {at.chart.size} points",
                "A residual is one number a point, of shape (N,); return several equations as several functions.",
                place_of(self.function),
            )
        return result


def domain_of(space: Any, time: Any, ranges: Mapping[str, tuple[float, float]]) -> Box:
    """Space, time, and the parameters that are inputs, in this order."""
    if space is not None and not isinstance(space, Box):
        raise ProblemError(f"space={space!r} is no domain", "Write space=Box(x=(0, 1)).")
    if space is None and time is None:
        raise ProblemError("the problem has neither space nor time", "Write space=Box(x=(0, 1)), time=(0, 1), or both.")
    bounds = space.bounds if space is not None else {}
    if time is not None:
        if "t" in bounds:
            raise ProblemError("the coordinate t stands in space and in time", "Rename the one in space.")
        bounds = {**bounds, "t": interval("time", time)}
    for name in ranges:
        if name in bounds:
            raise ProblemError(f"the name '{name}' stands for two things", "It is a coordinate and a parameter.")
    return Box(**bounds, **ranges)


def unknowns_of(unknowns: Any) -> tuple[str, ...]:
    names = tuple(unknowns) if isinstance(unknowns, list | tuple) else (unknowns,)
    for name in names:
        if not (isinstance(name, str) and name.isidentifier()):
            raise ProblemError(f"unknowns: {name!r} is no name", 'Write unknowns="u" or unknowns=("u", "v").')
    if not names:
        raise ProblemError("the problem has no unknown", 'Write unknowns="u".')
    return names


@dataclass(frozen=True)
class Parameters:
    """What stands under `parameters`.

    Parameters
    ----------
    numbers : dict from name to float
        All but the ranges; what is unknown has its guess.
    unknown : dict from name to Unknown
    ranges : dict from name to (low, high)
        Those that are inputs of the network.
    """

    numbers: dict[str, float]
    unknown: dict[str, Unknown]
    ranges: dict[str, tuple[float, float]]


def parameters_of(parameters: Any) -> Parameters:
    """The parameters by what they are."""
    if not isinstance(parameters, Mapping):
        raise ProblemError(f"parameters={parameters!r} is no mapping", 'Write parameters={"nu": 0.01}.')
    for name, value in parameters.items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise ProblemError(f"parameters: {name!r} is no name", 'Write parameters={"nu": 0.01}.')
        if isinstance(value, Unknown | tuple | list):
            continue
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise ProblemError(
                f"parameters: {name} = {value!r} is no finite number",
                if_complex(value)
                + 'Write parameters={"nu": 0.01}, or {"nu": Unknown(0.01)} for a constant to be found, or '
                '{"nu": (0.01, 0.1)} for an input of the network.',
            )
    ranges = {n: interval(f"parameters: {n}", v) for n, v in parameters.items() if isinstance(v, tuple | list)}
    unknown = {name: value for name, value in parameters.items() if isinstance(value, Unknown)}
    guesses = {n: v.guess if isinstance(v, Unknown) else v for n, v in parameters.items() if n not in ranges}
    return Parameters({n: float(v) for n, v in guesses.items()}, unknown, ranges)


def positive(what: str, value: Any) -> float:
    """A finite number above zero."""
    if isinstance(value, bool) or not isinstance(value, Real) or not (math.isfinite(value) and float(value) > 0):
        raise ProblemError(f"{what}={value!r} is not a positive number", f"Write {what}=1e-3, for example.")
    return float(value)


def whole(what: str, value: Any) -> None:
    """A whole number above zero, or None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ProblemError(
            f"{what}={value!r} is not a positive whole number",
            f"Write {what.rsplit(maxsplit=1)[-1]}=100.",
        )


def equations_of(equations: Any) -> tuple[Equation, ...]:
    """The equations; none for a problem that is all data."""
    functions = list(equations) if isinstance(equations, list | tuple) else [equations]
    names: list[str] = []
    for number, function in enumerate(functions, start=1):
        if not callable(function):
            raise ProblemError(
                f"equations: {function!r} is no function", "Each returns a residual: def heat(u, x, t): ..."
            )
        name = getattr(function, "__name__", "<lambda>").replace("<lambda>", f"equation {number}")
        if name in names:
            raise ProblemError(
                f"two equations are called '{name}'", "Give each function a name of its own.", place_of(function)
            )
        names.append(name)
    return tuple(Equation(n, f) for n, f in zip(names, functions, strict=True))


def flattened(conditions: Any) -> list[Any]:
    items: list[Any] = []
    for c in conditions if isinstance(conditions, list | tuple) else [conditions]:
        items.extend(flattened(c) if isinstance(c, list | tuple) else [c])
    for c in items:
        if not isinstance(c, Condition | Periodic | Solenoidal | Observed):
            raise ProblemError(
                f"conditions: {c!r} is no condition",
                "Possible: dirichlet, neumann, initial, initial_rate, periodic, solenoidal, condition, observed.",
            )
    return items
