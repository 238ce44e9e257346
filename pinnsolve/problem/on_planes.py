"""What is known of a function of several arguments where one of them has a value, f(0, v) = 0: it holds there exactly.

    f = `Unknown.value`(g + phi z),      phi = product of (a - place) over what is known,

z what is trained, and g the blend of what is known: along one argument Lagrange's polynomials, along the next what
these still miss, so that all of it holds where it agrees.

Source: Gordon, SIAM J. Numer. Anal. 8 (1971) 158 (blending by Boolean sums).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import prod
from typing import Any, ClassVar

import torch

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.errors import ProblemError
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.problem.binding import Fields, check_names
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.unknown import Unknown


@dataclass(frozen=True)
class Plane:
    """That a function has values where an argument is at a place.

    Parameters
    ----------
    argument : str
    place : float
    given : callable Fields -> Jet
        The values, by the other arguments and parameters.
    parameters : mapping from name to float
        Those that are known.
    seen : tuple of float
        What the values are at some places.
    """

    argument: str
    place: float
    given: Callable[[Fields], Jet]
    parameters: Mapping[str, float] = field(hash=False)
    seen: tuple[float, ...]
    elsewhere: ClassVar[tuple[float, ...]] = (0.3, 0.7)  # of other arguments, before anything is known of their reach

    @property
    def told(self) -> str:
        """What they are, in words, to follow the function's name."""
        first, *others = self.seen
        return f"= {first:g}" if all(v == first for v in others) else "as it is prescribed"

    def at(self, chart: Chart, places: Mapping[str, Any]) -> Jet:
        """The values (N,) where the arguments are as given."""
        return self.given(Fields(chart, {**self.parameters, **places}))


def plane_of(c: Equation, name: str, function: Unknown, parameters: Mapping[str, float]) -> Plane:
    """What a condition says of a function of several arguments.

    Raises
    ------
    ProblemError
        If it says something else than values where one argument is at a place, or such that it cannot have.
    """
    arguments, place = function.coordinates, c.on.place or {}
    write = f"Say where one of them has a value: dirichlet({name}=0.0, on=point({arguments[0]}=0))."
    if not place or not set(place) <= set(arguments):
        raise ProblemError(
            f"{c.name}: {name} is a function of {' and '.join(arguments)}, and {c.on.name} is no place of one of these",
            write, c.place,
        )  # fmt: skip
    if len(place) > 1:
        raise ProblemError(
            f"{c.name}: what {name} is in a single point cannot be built in, only what it is where one of "
            f"{', '.join(arguments)} has a value and the others any", write, c.place,
        )  # fmt: skip
    (at,) = place
    others = [a for a in arguments if a != at]
    if c.function is not None:
        check_names(c.function, c.name, [*others, *parameters, *([] if c.prescribes else [name, at])])
    given = _given(c, name, {**dict.fromkeys(arguments, 0.5), **place}, parameters)
    if given is None:
        raise ProblemError(f"{c.name} is none of its values, and nothing else can be said of it", write, c.place)
    plane = Plane(at, float(place[at]), given, parameters, ())
    if (
        c.prescribes is not None
        and c.prescribes.number is not None
        and (why := function.beyond(name, c.prescribes.number))
    ):
        raise ProblemError(f"{c.name} prescribes {c.prescribes.number:.6g}", why, c.place)
    return replace(plane, seen=tuple(_value(plane, dict.fromkeys(arguments, v)) for v in Plane.elsewhere))


def _given(
    c: Equation, name: str, at: Mapping[str, float], parameters: Mapping[str, float]
) -> Callable[[Fields], Jet] | None:  # fmt: skip
    """The values that a condition prescribes, in whichever words: where it is none of its values nothing."""
    if c.prescribes is not None:
        return c.prescribes.given if c.prescribes.what == "value" else None

    def left(fields: Fields, value: float) -> Any:
        return c.residual(fields.replaced({name: fields.chart.numbers(value)}))

    def given(fields: Fields) -> Jet:
        zero = left(fields, 0.0)
        return -zero / (left(fields, 1.0) - zero)

    chart = Chart(tuple(at), 1, torch.float64, torch.device("cpu"))
    places = {n: chart.coordinate(n, torch.full((1,), v, dtype=torch.float64)) for n, v in at.items()}
    fields = Fields(chart, {**parameters, **places})
    try:
        zero, one, three = (float(left(fields, v).value[0]) for v in (0.0, 1.0, 3.0))
    except ProblemError:  # it differentiates what has no slope here
        return None
    affine = one != zero and abs(three - zero - 3 * (one - zero)) <= EQUAL * abs(one - zero)
    return given if affine else None


def agreeing(name: str, function: Unknown, planes: Sequence[Plane]) -> None:
    """Refuse what is said twice, and what disagrees where two places meet.

    Raises
    ------
    ProblemError
    """
    for a, b in combinations(planes, 2):
        if a.argument == b.argument:
            if a.place == b.place:
                raise ProblemError(
                    f"{name} is prescribed twice at {a.argument}={a.place:g}", "Leave one of the two out."
                )
            continue
        for v in Plane.elsewhere:
            at = {**dict.fromkeys(function.coordinates, v), a.argument: a.place, b.argument: b.place}
            one, other = _value(a, at), _value(b, at)
            if not abs(one - other) <= EQUAL * max(abs(one), abs(other), 1e-300):
                raise ProblemError(
                    f"{name} is prescribed as {one:.6g} at {a.argument}={a.place:g} and as {other:.6g} at "
                    f"{b.argument}={b.place:g}, which meet",
                    "Let them agree there, or leave one out.",
                )


def _value(plane: Plane, at: Mapping[str, float]) -> float:
    chart = Chart(tuple(at), 1, torch.float64, torch.device("cpu"))
    places = {n: chart.coordinate(n, torch.full((1,), v, dtype=torch.float64)) for n, v in at.items()}
    return float(plane.at(chart, places).value[0])


def holding(
    planes: Sequence[Plane], function: Unknown, at: Mapping[str, Any], reach: Sequence[tuple[float, float]], z: Jet
) -> Jet:
    """g + phi z, which holds what is known, where arguments of such a reach are as given; z where nothing is."""
    if not planes:
        return z
    g, phi = blended(planes, function, at, halves_of(function.coordinates, reach))
    return g + phi * z


def blended(
    planes: Sequence[Plane], function: Unknown, at: Mapping[str, Any], halves: Mapping[str, float]
) -> tuple[Jet, Jet]:
    """g and phi, (N,) each, where arguments are as given; distances from places by half of an argument's reach."""
    chart = at[planes[0].argument].chart

    def known(rest: Sequence[str], at: Mapping[str, Any]) -> Jet:
        if not rest:
            return chart.numbers(0.0)
        first, *more = rest
        found, mine = known(more, at), [p for p in planes if p.argument == first]
        for p in mine:
            there = {**at, first: chart.numbers(p.place)}
            shares = [(at[first] - q.place) * (1 / (p.place - q.place)) for q in mine if q is not p]
            missed = function.raw(p.at(chart, there)) - known(more, there)
            found = found + prod(shares, start=1.0) * missed
        return found

    phi: Jet = chart.numbers(1.0)
    for p in planes:
        phi = phi * ((at[p.argument] - p.place) * (1 / halves[p.argument]))
    return known(list(dict.fromkeys(p.argument for p in planes)), at), phi


def halves_of(arguments: Sequence[str], reach: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Half of how far each argument goes."""
    return {a: 0.5 * (high - low) for a, (low, high) in zip(arguments, reach, strict=True)}
