"""Conditions on unknown functions, as on a conductivity that is known on the walls: which they are, and where they can
stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.inner import Inner
from pinnsolve.geometry.piece import Piece
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.unknown import Unknown


def functions_of(condition: Equation, unknowns: Collection[str], functions: Collection[str]) -> tuple[str, ...]:
    """The unknown functions of which a condition speaks; none where it speaks of an unknown (too).

    >>> from pinnsolve import condition, dirichlet
    >>> functions_of(dirichlet(k=1)[0], ["u"], ["k"]), functions_of(condition(lambda u, k: k * u)[0], ["u"], ["k"])
    (('k',), ())
    """
    named = condition.asks if condition.unknown is None else {condition.unknown}
    return () if any(name in unknowns for name in named) else tuple(name for name in functions if name in named)


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
