"""Sources at a point or along a line: `source(q, x=0.3)` in an equation is q times Dirac's delta(x - 0.3).

Where one coordinate is given it is an inner place (`problem.balance`); where two or three are given, the solution
itself has no bound there (`checks.as_regular`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.calls import worded
from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.jets.calculus import describe
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.calling import innermost
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Prober, fields_of, probes

Place = dict[str, float]


@dataclass(frozen=True)
class Met:
    """A source that an equation came to.

    Parameters
    ----------
    place : mapping from coordinate to float
    strength : Jet
    leaf : tensor (N,)
        What stands in its place in the residual, to which the equation's factor answers.
    """

    place: Place
    strength: Jet
    leaf: Tensor


@dataclass
class Watch:
    """What sources are met while it lasts; `lines` are those of one coordinate alone."""

    lines: bool = False
    met: list[Met] = field(default_factory=list)


_watch: ContextVar[Watch | None] = ContextVar("sources that are met", default=None)


@contextmanager
def watching(lines: bool = False) -> Iterator[list[Met]]:
    """While it lasts, sources are met with a leaf each."""
    watch = Watch(lines)
    token = _watch.set(watch)
    try:
        yield watch.met
    finally:
        _watch.reset(token)


@contextmanager
def lines_alone() -> Iterator[None]:
    """While it lasts, whoever watches meets sources along lines alone: those in points are told otherwise."""
    watch = _watch.get()
    token = _watch.set(None if watch is None else Watch(True, watch.met))
    try:
        yield
    finally:
        _watch.reset(token)


@worded
def source(strength: Any, **place: float) -> Jet:
    """A source that is concentrated in a point or on a line: strength times delta(x - a), or delta(x - a) delta(y - b).

    Parameters
    ----------
    strength : number or field (N,)
        How much comes from it: in an equation per length, area or volume what the integral over the source is. It may
        depend on time, parameters, and along a line on the coordinates there.
    **place : float
        Where it stands. One coordinate of a line is a point, of a plane a line across it; two of a plane are a point.

    Returns
    -------
    field (N,)
        Zero: what the source does is solved otherwise.

    Raises
    ------
    ProblemError
        If there is no such place, or it stands in no equation.

    Examples
    --------
    >>> from pinnsolve import Box, Problem, d, dirichlet
    >>> def string(u, x):  # pulled at x = 0.3: u_x jumps by one
    ...     return d(u, x, x) - source(1.0, x=0.3)
    >>> problem = Problem(space=Box(x=(0, 1)), unknowns="u", equations=string, conditions=dirichlet(u=0))
    >>> [c.name for c in problem.inner]
    ['source of string at x=0.3']
    """
    call = innermost()
    if call is None:
        raise ProblemError(
            "source(...) stands in no equation", "Write it in one: laplace(u, x, y) + source(1.0, x=0, y=0)."
        )
    domain: Domain = call.fields.around.domain
    _check_place(place, domain)
    chart = call.fields.chart
    if isinstance(strength, Real) and not isinstance(strength, bool):
        strength = chart.numbers(float(strength))
    if not isinstance(strength, Jet):
        raise ProblemError(
            f"source(...) was given {describe(strength)} as its strength",
            "Write a number, or an expression of time: source(sin(t), x=0.3), source(f(t), x=0.3).",
        )
    watch = _watch.get()
    if watch is None or (watch.lines and len(place) > 1):
        return chart.numbers(0.0)
    leaf = torch.zeros(chart.size, dtype=chart.dtype, device=chart.device, requires_grad=True)
    watch.met.append(Met(dict(place), strength, leaf))
    return chart.constant(leaf)


def _check_place(place: Mapping[str, Any], domain: Domain) -> None:
    space = domain.space_coordinates
    said = f"source(..., {', '.join(f'{c}={v!r}' for c, v in place.items())})"
    if not place:
        raise ProblemError("source(...) names no place", f"Write source(1.0, {space[0] if space else 'x'}=0.3).")
    for c, value in place.items():
        if c == domain.time:
            raise ProblemError(
                f"{said}: a source at one moment is a start",
                f"Begin the problem at {c} = {value!r}, with what the source leaves: initial(u=...).",
            )
        if c not in space:
            raise ProblemError(f"{said}: there is no coordinate '{c}' of space", did_you_mean(c, space))
        if not isinstance(value, Real) or isinstance(value, bool):
            raise ProblemError(f"{said}: {c} is no number", f"Write source(1.0, {c}=0.3); a source does not move.")
        low, high = domain.ends(c)
        room = SAME * (high - low)
        if not low + room < float(value) < high - room:
            raise ProblemError(
                f"{said} does not stand inside: {c} goes from {low:g} to {high:g}",
                "At a wall write what flows in, as neumann(u=...).",
            )
    at = torch.tensor([[float(place[c]) for c in space if c in place]], dtype=torch.float64)
    if domain.shape is not None and len(place) == len(space) and not bool(domain.shape.contains(at)):
        raise ProblemError(
            f"{said} does not stand inside: it lies outside the shape, or in a hole", "Choose a place of the domain."
        )
    if domain.shape is not None and len(place) < len(space):
        c = next(iter(place))
        raise ProblemError(
            f"{said}: a source along a line of a shape is not solved",
            f"Possible are points, source(1.0, {', '.join(f'{c}=...' for c in space)}), lines of a Box, narrow sources "
            f"that are written out, and in a plane condition(lambda u, {c}: jump(d(u, {c})) + 1.0, "
            f"on=face({name_of(place)})).",
        )


def name_of(place: Mapping[str, float]) -> str:
    """As "x=0.3, y=0.5"."""
    return ", ".join(f"{c}={v:g}" for c, v in place.items())


def met_in(equation: Equation, prober: Prober, points: Points | None = None) -> list[Met]:
    """The sources of an equation, on probes at points, or all over the domain; none where it fails, which the checks
    tell with its place.

    Raises
    ------
    ProblemError
        If a source cannot stand there.
    """
    points = prober.domain.line() if points is None else points
    chart, at, found = probes(prober.domain, prober.unknowns, points)
    with torch.enable_grad(), watching() as met:
        try:
            equation.residual(prober.known(chart, at, fields_of(found), points))
        except ProblemError as error:
            if "source(..." in error.fault:
                raise
            return []
        except Exception:
            return []
    return met


def places_of(equation: Equation, prober: Prober, lines: bool) -> list[Place]:
    """Where sources stand of which one coordinate is given, or more than one; each place once."""
    places = [m.place for m in met_in(equation, prober) if (len(m.place) == 1) is lines]
    return [p for k, p in enumerate(places) if p not in places[:k]]
