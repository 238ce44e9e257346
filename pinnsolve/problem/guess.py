"""Where iterations begin: a first guess of the unknowns, given by numbers, functions, or another solution."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Any, Protocol, runtime_checkable

import torch

from pinnsolve.errors import ProblemError, did_you_mean, if_complex, place_of
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields, arguments, check_names
from pinnsolve.problem.written import expression

Value = float | Callable[..., Any]
EXAMPLE = 'Write guess={"u": 2.0}, or guess={"u": lambda x: 4 * x * (1 - x)}; or guess=solution, an earlier one.'


@runtime_checkable
class Solved(Protocol):
    """A solution of another problem with the same unknowns and coordinates."""

    @property
    def problem(self) -> Any: ...

    def everything(self, **places: Any) -> Mapping[str, Any]:
        """All unknowns at these places, by name."""
        ...


@dataclass(frozen=True)
class Guess:
    """The unknowns as they are guessed; those that are not named begin as they would without a guess.

    Parameters
    ----------
    values : mapping from unknown to number or function
        In the unknown's units; a function binds coordinates and parameters by name.
    solved : Solved, optional
        An earlier solution, in their place.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    solved: Solved | None = None

    @property
    def unknowns(self) -> tuple[str, ...]:
        """Of which something is guessed."""
        return tuple(self.values) if self.solved is None else tuple(self.solved.problem.unknowns)

    @property
    def asks(self) -> frozenset[str]:
        """The coordinates and parameters that its functions ask for."""
        return frozenset(name for v in self.values.values() if callable(v) for name in arguments(v))

    @property
    def told(self) -> str:
        """In words, as it is written."""
        if self.solved is not None:
            numbers = getattr(self.solved.problem, "parameters", {})
            at = ", ".join(f"{n} = {v:.6g}" for n, v in numbers.items())
            return "an earlier solution" + f" at {at}" * bool(at)
        each = {u: expression(v) if callable(v) else f"{v:.6g}" for u, v in self.values.items()}
        return ", ".join(f"{u} = {what}" for u, what in each.items())

    def of(self, unknown: str, at: Fields) -> Jet:
        """An unknown on some points, (N,), with no more than its values."""
        if self.solved is None:
            return at.value(self.values[unknown], f"the guess of {unknown}")
        places = {c: at[c].value.detach().cpu().numpy() for c in self.solved.problem.coordinates}
        found = torch.as_tensor(self.solved.everything(**places)[unknown])
        return at.chart.constant(found.to(at.chart.device, at.chart.dtype))


def guess_of(given: Any, unknowns: Iterable[str], coordinates: Iterable[str], names: Iterable[str]) -> Guess:
    """What stands under `guess`, read and checked as far as names go.

    Parameters
    ----------
    unknowns, coordinates : names
    names : names
        What a function may ask for: coordinates, parameters.

    Raises
    ------
    ProblemError
        With what was possible.
    """
    if given is None:
        return Guess()
    unknowns, coordinates = tuple(unknowns), tuple(coordinates)
    if isinstance(given, Solved):
        return _of_solution(given, unknowns, coordinates)
    if not isinstance(given, Mapping):
        raise ProblemError(f"guess={given!r:.60} names no unknown", EXAMPLE)
    for name, value in given.items():
        if name not in unknowns:
            raise ProblemError(f"guess: there is no unknown '{name}'", did_you_mean(str(name), unknowns))
        if isinstance(value, bool) or not (callable(value) or (isinstance(value, Real) and isfinite(value))):
            raise ProblemError(
                f"guess: {name} = {value!r:.60} is neither a finite number nor a function", if_complex(value) + EXAMPLE
            )
        if callable(value):
            _check_function(name, value, unknowns, names)
    return Guess(dict(given))


def _check_function(unknown: str, value: Callable[..., Any], unknowns: tuple[str, ...], names: Iterable[str]) -> None:
    kinds = [p.kind for p in inspect.signature(value).parameters.values()]
    if inspect.Parameter.VAR_KEYWORD in kinds:  # the field of a solution, `solution.u`
        raise ProblemError(
            f"guess: the function for {unknown} takes whatever it is given, so that nothing can be bound by name",
            "An earlier solution is given as a whole: guess=solution.",
            place_of(value),
        )
    if asked := [name for name in arguments(value) if name in unknowns]:
        raise ProblemError(
            f"the guess of {unknown} asks for the unknown '{asked[0]}', which is not known before",
            "A guess is a function of coordinates and parameters.",
            place_of(value),
        )
    check_names(value, f"the guess of {unknown}", names)


def _of_solution(given: Solved, unknowns: tuple[str, ...], coordinates: tuple[str, ...]) -> Guess:
    theirs = given.problem
    if set(theirs.unknowns) - set(unknowns) or tuple(theirs.coordinates) != coordinates:
        raise ProblemError(
            f"guess: the solution is one for {', '.join(theirs.unknowns)} over {', '.join(theirs.coordinates)}, and "
            f"here {', '.join(unknowns)} over {', '.join(coordinates)} are wanted",
            "It must have the same coordinates, and no unknowns that are not here.",
        )
    return Guess({}, given)
