"""Conditions on unknown functions, as on a conductivity that is known on the walls: which they are, and where they can
stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.inner import Inner
from pinnsolve.geometry.piece import Piece
from pinnsolve.jets.jet import Chart
from pinnsolve.problem.binding import Fields, check_names
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.on_planes import Plane, agreeing, plane_of
from pinnsolve.problem.unknown import Unknown


def functions_of(condition: Equation, unknowns: Collection[str], functions: Collection[str]) -> tuple[str, ...]:
    """The unknown functions of which a condition speaks; none where it speaks of an unknown (too), unless it stands
    where an unknown has a value: there unknowns are arguments.

    >>> from pinnsolve import condition, dirichlet
    >>> functions_of(dirichlet(k=1)[0], ["u"], ["k"]), functions_of(condition(lambda u, k: k * u)[0], ["u"], ["k"])
    (('k',), ())
    """
    named = condition.asks if condition.unknown is None else {condition.unknown}
    place = condition.on.place or {}
    return (
        ()
        if any(name in unknowns for name in named) and not any(name in unknowns for name in place)
        else tuple(name for name in functions if name in named)
    )


def beside(problem: Any, given: Collection[str]) -> list[Any]:
    """The declared conditions of a problem that are left where these parameters are given: none on them alone."""
    found = []
    for c in problem.declared_conditions:
        told = functions_of(c, problem.unknowns, problem.functions) if isinstance(c, Equation) else ()
        if not told or not set(told) <= set(given):
            found.append(c)
    return found


def no_function(condition: Equation, constants: Mapping[str, Unknown], parameters: Collection[str]) -> None:
    """Refuse a condition that speaks of a parameter in place of an unknown.

    Raises
    ------
    ProblemError
        If it says something of a number alone: an unknown constant, or what is known.
    """
    named = sorted(condition.asks if condition.unknown is None else {condition.unknown})
    for name in named:
        if name in constants:
            raise ProblemError(
                f"{condition.name}: '{name}' is a constant, the same everywhere, and a condition says nothing of it",
                f'If it varies, write parameters={{"{name}": Unknown({constants[name].guess:g}, of="x")}}; if it is '
                f'known, parameters={{"{name}": 1.0}}.',
                condition.place,
            )
    for name in named:
        if name in parameters and condition.unknown is not None:
            raise ProblemError(
                f"{condition.name}: '{name}' is a parameter that is known, and nothing is to be found of it",
                f'Leave the condition out, or write parameters={{"{name}": Unknown(1.0, of="x")}}.',
                condition.place,
            )


def check_reach(
    condition: Equation, pieces: Sequence[Piece], functions: Mapping[str, Unknown], domain: Domain
) -> None:  # fmt: skip
    """Refuse what cannot be known of these unknown functions.

    Raises
    ------
    ProblemError
        If one of them does not reach a place, or does not depend on what the condition asks for.
    """
    every = {c for f in functions.values() for c in f.coordinates}
    for name, function in functions.items():
        mine = function.coordinates
        for piece in pieces:
            fixed = [*piece.fixed] if piece.side is None else [*domain.space_coordinates]
            beyond = [c for c in fixed if c not in mine]
            if isinstance(piece, Inner):
                raise ProblemError(
                    f"{condition.name} stands inside of the domain",
                    f"What is known of {name} stands at an end, on a side, or in a point: {_possible(mine, domain)}.",
                )
            if not fixed:
                raise ProblemError(
                    f"{condition.name} holds everywhere inside",
                    f'If all of {name} is known, it is no unknown: parameters={{"{name}": table(...)}} or a number.',
                )
            if beyond:
                raise ProblemError(
                    f"{condition.name}: {name} is a function of {', '.join(mine)} alone, and {piece.name} says "
                    f"where it is along {', '.join(beyond)}",
                    f"Possible: {_possible(mine, domain)}.",
                    condition.place,
                )
    foreign = [c for c in domain.coordinates if c in condition.asks and c not in every]
    if foreign:
        raise ProblemError(
            f"{condition.name} asks for '{foreign[0]}', on which {' and '.join(functions)} does not depend",
            f"Say it by {', '.join(sorted(every))}.",
            condition.place,
        )


def _possible(coordinates: Sequence[str], domain: Domain) -> str:
    """Where something can be known of a function of these coordinates, as a problem file writes it."""
    found = [f"on=face({c}={end:g})" for c in coordinates for end in domain.ends(c)]
    place = ", ".join(f"{c}={domain.middle[c]:g}" for c in coordinates if c in domain.space_coordinates)
    return ", ".join(found + [f"on=point({place})"] * bool(place))


def values_known(
    conditions: Sequence[Equation], functions: Mapping[str, Unknown], parameters: Mapping[str, float], time: str | None
) -> tuple[dict[str, tuple[tuple[float, float], ...]], dict[str, tuple[Plane, ...]]]:  # fmt: skip
    """What conditions say of functions of one unknown: where, and which value; and of functions of several arguments,
    where one of these is at a place.

    Raises
    ------
    ProblemError
        If one says something else than a value at a place of the unknown, or one that the function cannot have.
    """
    found: dict[str, dict[float, float]] = {name: {} for name in functions}
    planes: dict[str, list[Plane]] = {name: [] for name in functions}
    for c in conditions:
        told = [name for name in functions if name in c.asks]
        name, (argument, *others) = told[0], functions[told[0]].coordinates
        if others:
            planes[name].append(plane_of(c, name, functions[name], parameters))
            agreeing(name, functions[name], planes[name])
            continue
        write = f"Say at which {argument} it is known: dirichlet({name}=1.0, on=point({argument}=0))."
        if len(told) > 1:
            raise ProblemError(f"{c.name} says something of {' and '.join(told)} at once", write, c.place)
        if c.on.place is None or [*c.on.place] != [argument]:
            raise ProblemError(
                f"{c.name}: {name} is a function of {argument}, and {c.on.name} says where that is, not what it is",
                write, c.place,
            )  # fmt: skip
        if c.prescribes is not None and c.prescribes.what != "value":
            raise ProblemError(f"{c.name} is none of its values, and nothing else can be said of it", write, c.place)
        if c.function is not None:
            check_names(c.function, c.name, [argument, *parameters, *([] if c.prescribes else [name])])
        (place,) = c.on.place.values()
        value = _value_of(c, name, place, {argument: place}, parameters, time)
        if why := functions[name].beyond(name, value):
            raise ProblemError(f"{c.name} prescribes {value:.6g} at {argument}={place:.4g}", why, c.place)
        if place in found[name]:
            raise ProblemError(
                f"{name} is prescribed twice at {argument}={place:g}", "Leave one of the two out.", c.place
            )
        found[name][place] = value
    values = {name: tuple(known.items()) for name, known in found.items() if known}
    return values, {name: tuple(known) for name, known in planes.items() if known}


def _value_of(
    c: Equation, name: str, place: float, at: Mapping[str, float], parameters: Mapping[str, float], time: str | None
) -> float:  # fmt: skip
    """The number that a condition says a function is, where its residual is a multiple of the difference."""
    chart = Chart(tuple(at), 1, torch.float64, torch.device("cpu"))
    places = {n: chart.coordinate(n, torch.full((1,), v, dtype=torch.float64)) for n, v in at.items()}

    def at_value(value: float) -> Fields:
        return Fields(chart, {**parameters, **places, name: chart.numbers(value)}, time)

    if c.prescribes is not None:
        return float(c.prescribes.given(at_value(0.0)).value[0])
    left = [float(c.residual(at_value(v)).value[0]) for v in (0.0, 1.0, 3.0)]
    slope = left[1] - left[0]
    if not slope or abs(left[2] - left[0] - 3 * slope) > 1e-9 * abs(slope):
        raise ProblemError(
            f"{c.name} does not say what {name} is there", f"Write dirichlet({name}=1.0, on={c.on.name}).", c.place
        )
    return -left[0] / slope
