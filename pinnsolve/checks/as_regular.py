"""Sources in points of a plane or of space: a solution is what they do beside themselves, and a rest that is bounded.

    u = w + sum of q g,     g as `checks.singular` has it:    w is solved for, u is handed out.

The equations and conditions of w are the user's own, called with w + q g in place of u.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pinnsolve.checks.singular import Singular, check_alone, singular
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.jets.intervals import Interval
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields, arguments
from pinnsolve.problem.calling import innermost
from pinnsolve.problem.conditions import LEFT, holding, prescribing
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.sources import lines_alone, name_of, places_of, watching
from pinnsolve.reference import Exact

Array = np.ndarray


@dataclass(frozen=True)
class Rest:
    """What sources in points add to the unknowns.

    Parameters
    ----------
    problem : Problem
        As it was written.
    parts : tuple of Singular
    """

    problem: Problem
    parts: tuple[Singular, ...]

    def added(self, at: Fields) -> dict[str, Jet]:
        """What is added to each unknown on some fields, (N,)."""
        found: dict[str, Jet] = {}
        for part in self.parts:
            one = part.of(at, self._strength(part, at))
            found[part.unknown] = found[part.unknown] + one if part.unknown in found else one
        return found

    def whole(self, at: Fields) -> Fields:
        """The fields with the unknowns of the problem in place of their rests."""
        return at.replaced({u: at[u] + more for u, more in self.added(at).items()})

    def _strength(self, part: Singular, at: Fields) -> Jet:
        """How strong a source is, with its factor in the equation."""
        chart = at.chart
        nothing = {
            u: Jet(chart, lambda alpha: None, (chart.size,), frozenset(chart.names)) for u in self.problem.unknowns
        }
        with torch.inference_mode(False), torch.enable_grad(), watching() as met:
            residual = part.equation.residual(at.replaced(nothing)).value
            here = [m for m in met if m.place == part.place]
            factors = torch.autograd.grad(residual.sum(), [m.leaf for m in here])
        for m, factor in zip(here, factors, strict=True):
            _check_strength(part, m.strength, factor)
        total: Jet = reduce(operator.add, [m.strength * float(f[0]) for m, f in zip(here, factors, strict=True)])
        return total

    @property
    def unknowns(self) -> tuple[str, ...]:
        """Those to which something is added."""
        return tuple(dict.fromkeys(part.unknown for part in self.parts))

    def near(self, places: Mapping[str, Tensor], part: float) -> Tensor:
        """Which places are nearer to a source than this part of the domain's length, (N,)."""
        found = torch.zeros_like(next(iter(places.values())), dtype=torch.bool)
        for p in self.parts:
            away = [(places[c] - value) / self.problem.domain.length(c) for c, value in p.place.items()]
            found |= torch.stack(away).square().sum(0).sqrt() < part
        return found

    def at_points(self, unknown: str, places: Mapping[str, Tensor]) -> Tensor:
        """What is added to an unknown, (N,), in float64."""
        flat = {c: places[c].detach().cpu().double() for c in self.problem.coordinates}
        points = Points(flat, torch.ones_like(next(iter(flat.values()))))
        chart, at = points.chart()
        more = self.added(self.problem.fields(chart, at, {}, points)).get(unknown)
        return torch.zeros_like(points.weights) if more is None else more.value.detach()

    def at_places(self, unknown: str, places: Mapping[str, Array]) -> Array:
        """The same at places that broadcast."""
        arrays = {c: np.asarray(places[c], dtype=np.float64) for c in self.problem.coordinates}
        shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
        flat = {c: torch.tensor(np.broadcast_to(a, shape).reshape(-1)) for c, a in arrays.items()}
        return self.at_points(unknown, flat).numpy().reshape(shape)


class Shown:
    """A user's function of unknowns, called with what these are, where their rests stand.

    An equation `inside` is enclosed without what is added: there is no bound of it on a box around a source, and what
    it leaves in the equation is known to vary there.
    """

    def __init__(self, function: Callable[..., Any], rest: Rest, name: str = "", inside: bool = False) -> None:
        self.__wrapped__, self.rest, self.inside = function, rest, inside
        self.__name__ = name or getattr(function, "__name__", "function")
        self.__signature__ = _signature(function, rest)

    def __call__(self, **given: Any) -> Any:
        call = innermost()
        assert call is not None
        mine = arguments(self.__wrapped__)
        enclosed = any(isinstance(call.fields[c].value, Interval) for c in self.rest.problem.coordinates)
        touched = any(p.unknown in mine for p in self.rest.parts) and not (self.inside and enclosed)
        more = self.rest.added(call.fields) if touched else {}
        with lines_alone():
            return self.__wrapped__(**{n: given[n] + more[n] if n in more else given[n] for n in mine if n in given})


class Less:
    """What is prescribed of an unknown, less what is added to it."""

    def __init__(self, value: Any, unknown: str, what: Any, rest: Rest) -> None:
        self.value, self.unknown, self.what, self.rest = value, unknown, what, rest
        self.__name__ = getattr(value, "__name__", "value")
        self.__signature__ = _signature(value if callable(value) else lambda: None, rest)

    def __call__(self, **given: Any) -> Any:
        call = innermost()
        assert call is not None
        at: Fields = call.fields
        own = at.value(self.value, call.what)
        more = self.rest.added(at)
        return own - LEFT[self.what](at.replaced(more), self.unknown) if more else own


def _signature(function: Callable[..., Any], rest: Rest) -> inspect.Signature:
    """What a function asks for, and what sources do."""
    asked = {p.name: p for p in inspect.signature(function).parameters.values()}
    for part in rest.parts:
        strength = [n for n in arguments(part.equation.function or function) if n in rest.problem.others]
        for name in [*rest.problem.coordinates, *strength]:
            asked.setdefault(name, inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD))
    return inspect.Signature(sorted(asked.values(), key=lambda p: p.default is not p.empty))


def _check_strength(part: Singular, strength: Jet, factor: Tensor) -> None:
    """Refuse a strength that is none.

    Raises
    ------
    ProblemError
    """
    said = f"equation '{part.equation.name}': source(..., {name_of(part.place)})"
    if depends := sorted(strength.depends & set(part.place)):
        raise ProblemError(
            f"{said}: its strength depends on {depends[0]}, or on an unknown",
            "Write the number that it has there, or a function of time.",
        )
    if not bool((factor == factor[0]).all()):
        raise ProblemError(
            f"{said} is multiplied by what varies", "Write all of it as the strength: source(sin(t), ...)."
        )


def rest_of(problem: Problem) -> Rest | None:
    """What sources in points add; None where there are none."""

    def find() -> Rest | None:
        parts = tuple(
            singular(problem, e, place)
            for e in problem.equations
            for place in places_of(e, problem.prober, lines=False)
        )
        for part in parts:
            check_alone(problem, part)
        return Rest(problem, parts) if parts else None

    return once(problem, ("rest",), find)


def whole(problem: Problem) -> Callable[[Fields], Fields]:
    """From the fields of what is solved for to those of the problem's unknowns."""
    rest = rest_of(problem)
    return (lambda at: at) if rest is None else rest.whole


def kept_apart(problem: Problem, rest: Rest | None = None) -> Rest | None:
    """What is handed out beside the unknowns of a problem as it is solved; once it is told that."""
    return once(problem, ("kept apart",), lambda: rest)


def as_regular(problem: Problem) -> Problem | None:
    """The same declaration for what is left of the unknowns; None where no source stands in a point.

    Raises
    ------
    ProblemError
        Where it is not known how a solution behaves at a source.
    """
    return once(problem, ("as regular",), lambda: _regular(problem))


def _regular(problem: Problem) -> Problem | None:
    rest = rest_of(problem)
    if rest is None:
        return None
    _refuse(problem, rest)
    shifted = set(rest.unknowns)
    equations = [Shown(e.function, rest, e.name, inside=True) for e in problem.declared_equations if e.function]
    conditions = [_condition(c, rest, shifted) if isinstance(c, Equation) else c for c in problem.declared_conditions]
    reference = problem.reference
    told = None
    if isinstance(reference, Exact):
        told = Exact({u: _less(f, u, rest) if u in shifted else f for u, f in reference.solutions.items()})
    guess = problem.guess.values
    begun = {u: Less(v, u, "value", rest) if u in shifted else v for u, v in guess.items()} or None
    found = problem.replaced(
        equations=equations, conditions=conditions, reference=told, quantities=None, guess=begun
    )  # fmt: skip
    kept_apart(found, rest)
    return found


def _refuse(problem: Problem, rest: Rest) -> None:
    place = f"source(..., {name_of(rest.parts[0].place)})"
    if problem.observations:
        raise ProblemError(
            f"{place}: data and a source in a point are not solved together", "Write a narrow source of a width."
        )
    if problem.materials:
        raise ProblemError(
            f"{place}: materials and a source in a point are not solved together", "Write a narrow source of a width."
        )
    if problem.guess.solved is not None:
        raise ProblemError(f"{place}: an earlier solution is no guess there", "Leave guess= out, or write a function.")


def _condition(c: Equation, rest: Rest, shifted: set[str]) -> Equation:
    told = c.prescribes
    if told is None:
        assert c.function is not None
        return holding(c.name, c.on, Shown(c.function, rest))
    if told.unknown not in shifted:
        return c
    return prescribing(
        c.name, c.on, told.unknown, told.what, Less(c.function or told.number, told.unknown, told.what, rest)
    )


def _less(solution: Any, unknown: str, rest: Rest) -> Callable[..., Array]:
    """An exact solution less what is added."""
    whole = Exact({unknown: solution})(rest.problem).fields[unknown]

    def field(**places: Any) -> Array:
        coordinates = {c: places[c] for c in rest.problem.coordinates}
        return np.asarray(whole(**coordinates) - rest.at_places(unknown, coordinates))

    return field
