"""What a problem declares, read so that it can be said again: the one place here that knows the package's records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pinnsolve import Problem
from pinnsolve.problem.binding import arguments
from pinnsolve.problem.equation import Equation

What = Literal["value", "rate", "slope", "equation"]
WHAT: dict[str, What] = {"value": "value", "rate": "rate", "normal derivative": "slope"}


@dataclass(frozen=True)
class Said:
    """One condition.

    Parameters
    ----------
    what : "value", "rate", "slope" or "equation"
        Of `unknown`: its value, its rate in time, its outward normal derivative; or any equation.
    unknown : str
        Empty for an equation.
    given : number or callable
        What is prescribed, or the function that returns the residual.
    places : tuple of mappings from coordinate to value
        The coordinates that are fixed on each piece where it holds.
    """

    what: What
    unknown: str
    given: float | Callable[..., Any]
    places: tuple[Mapping[str, float], ...]


def conditions_of(problem: Problem) -> list[Said]:
    """The conditions, without periods, solenoidal velocities and data."""
    return [_said(problem, c) for c in problem.conditions]


def _said(problem: Problem, c: Equation) -> Said:
    places = tuple(dict(piece.fixed) for piece in problem.pieces(c))
    told = c.prescribes
    if told is None or (c.function is not None and told.unknown in arguments(c.function)):  # a residual, recognised
        assert c.function is not None
        return Said("equation", "", c.function, places)
    if c.function is not None:
        return Said(WHAT[told.what], told.unknown, c.function, places)
    points = problem.pieces(c)[0].grid()
    chart, at = points.chart()
    return Said(
        WHAT[told.what], told.unknown, float(told.given(problem.fields(chart, at, {}, points)).value[0]), places
    )


def parameters_of(problem: Problem) -> dict[str, Any]:
    """Numbers, unknown constants and functions, and ranges, as they were declared."""
    return {**problem.parameters, **problem.constants, **problem.functions, **problem.ranges}


def time_of(problem: Problem) -> str | None:
    """The coordinate that is time."""
    return problem.domain.time
