"""Coefficients and sources that jump across curves, or across parts of planes, by `where`, told as materials.

    k = where(f(x, y) < c, 5, 1)     is     k = where(inside > 0.5, 5, 1),   inside = Piecewise(0, (LevelSet(c - f), 1))

so that whoever solves a problem knows the curve, on which side of it a place lies, and what is continuous across it.
Straight ones along several coordinates, `where(x < a, where(y < b, 1, 5), 2)`, are layers: a plane across which all of
the equations jump is found as such (`pinnsolve.checks.interfaces`), a part of one is not.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any

import torch
from torch import Tensor

from pinnsolve.checks.straight import layers
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.level_set import LevelSet
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.shape import Shape
from pinnsolve.jets.comparing import answering
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.problem.binding import Fields, arguments
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import fields_of, probes
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How it is looked. Chosen, not measured.

    Parameters
    ----------
    points : int
        At which it is asked what a comparison depends on, and on each curve whether anything jumps there.
    most : int
        Comparisons of a problem: where there are more, they are left as they are.
    different : float
        Of the largest term: what differs by less is rounding.
    """

    points: int = 64
    most: int = 8
    different: float = 1e-6


RULES = Rules()


class Met(BaseException):  # no Exception: a user's function may catch these
    """The comparison that was looked for, with the difference that it compares with zero."""

    def __init__(self, difference: Any) -> None:
        super().__init__()
        self.difference = difference


@dataclass(frozen=True)
class Level:
    """What an equation compares with zero, as a function of the coordinates of space.

    Parameters
    ----------
    problem : Problem
    equation : Equation
    number : int
        Of the comparison in it.
    sign : float
        One where it is positive where the comparison is true, minus one where it is false.
    """

    problem: Problem
    equation: Equation
    number: int
    sign: float = 1.0

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(c, kind) for c in self.problem.space_coordinates])

    def __call__(self, **places: Any) -> Any:
        first = next(iter(places.values()))
        values = {c: x.value if isinstance(x, Jet) else x for c, x in places.items()}
        found = self.sign * self._of(values, first.chart.size if isinstance(first, Jet) else len(first))
        return first.chart.constant(found) if isinstance(first, Jet) else found

    def _of(self, values: Mapping[str, Any], size: int) -> Any:
        """The difference at places, tensors or intervals (N,)."""
        problem = self.problem
        middle = {c: torch.full((size,), v, dtype=torch.float64) for c, v in problem.domain.middle.items()}
        chart = Chart(problem.coordinates, size, torch.float64, torch.device("cpu"))
        at = {c: chart.coordinate(c, values.get(c, middle[c])) for c in problem.coordinates}
        nothing = Jet(chart, lambda alpha: None, (size,), frozenset(chart.names))
        points = Points(middle, torch.ones(size, dtype=torch.float64))
        fields = problem.looked_at(chart, at, dict.fromkeys(problem.unknowns, nothing), points)
        seen = iter(range(self.number + 1))

        def leave(difference: Any) -> None:
            if next(seen) == self.number:
                raise Met(difference)

        try:
            with answering(leave):
                self.equation.residual(fields)
        except Met as met:
            return met.difference.value
        raise ProblemError("an equation compares something at some times, and not at others", "Compare it always.")


class Sided:
    """A user's equation, some of whose comparisons are answered by the part of space in which a place lies.

    Parameters
    ----------
    equation : Equation
    sides : mapping from a comparison's number to (parameter, bool)
        The comparison is true where the parameter is one, or where it is zero.
    """

    def __init__(self, equation: Equation, sides: Mapping[int, tuple[str, bool]]) -> None:
        assert equation.function is not None
        self.__wrapped__, self.sides, self.__name__ = equation.function, sides, equation.name
        asked = {p.name: p for p in inspect.signature(equation.function).parameters.values()}
        for name, _ in sides.values():
            asked.setdefault(name, inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD))
        self.__signature__ = inspect.Signature(sorted(asked.values(), key=lambda p: p.default is not p.empty))

    def __call__(self, **given: Any) -> Any:
        mine, numbers = arguments(self.__wrapped__), count()

        def answer(difference: Jet) -> Jet | None:
            name, inside = self.sides.get(next(numbers), ("", True))
            if not name:
                return None
            side, chart = given[name], difference.chart
            field: Jet = side if isinstance(side, Jet) else chart.numbers(side)
            return field > 0.5 if inside else field < 0.5

        with answering(answer):
            return self.__wrapped__(**{n: given[n] for n in mine if n in given})


def as_materials(problem: Problem) -> Problem | None:
    """The same declaration with a parameter for each curve or surface across which its equations jump by `where`;
    None where there is none."""
    return once(problem, ("as materials",), lambda: _told(problem))


def _told(problem: Problem) -> Problem | None:
    if not 2 <= len(problem.space_coordinates) <= 3:
        return None
    levels = [level for e in problem.declared_equations if e.function for level in _levels(problem, e)]
    depends = [_depends(level) for level in levels]
    curved = any(len(names) > 1 for names in depends)
    if not curved and len({name for names in depends for name in names}) < 2:  # planes, which are found as such
        return None
    if len(levels) > RULES.most:
        return None
    shapes, held = dict[str, Sequence[Shape]](), dict[str, Tensor]()
    sides: dict[str, dict[int, tuple[str, bool]]] = {}
    for level, names in zip(map(_turned, levels) if curved else levels, depends, strict=True):
        found, on = _within(level) if curved else _layered(level, *names)
        if not found or not _jumps(level, on):
            continue
        mine = _held(problem, found)
        name = next((n for n, other in held.items() if torch.equal(mine, other) or torch.equal(mine, ~other)), "")
        if not name:
            name = _free(problem, len(shapes) + 1)
            shapes[name], held[name] = found, mine
        sides.setdefault(level.equation.name, {})[level.number] = (
            name,
            (level.sign > 0) == torch.equal(mine, held[name]),
        )
    if not shapes or (not curved and len({c for parts in shapes.values() for c in parts[0].coordinates}) < 2):
        return None
    equations = [Sided(e, sides[e.name]) if e.name in sides else e.function for e in problem.declared_equations]
    materials = {name: Piecewise(0.0, *((part, 1.0) for part in parts)) for name, parts in shapes.items()}
    return problem.replaced(equations=equations, parameters={**problem.declared_parameters, **materials})


def _levels(problem: Problem, equation: Equation) -> list[Level]:
    """The comparisons of an equation that depend on the coordinates of space and on nothing else."""
    points = problem.domain.interior.draw(RULES.points, "sobol", torch.Generator().manual_seed(5))
    varied = {c: x.clone().requires_grad_(c not in problem.space_coordinates) for c, x in points.coordinates.items()}
    found: list[bool] = []

    def watch(difference: Any) -> None:
        found.append(not difference.value.requires_grad)

    with torch.enable_grad():
        chart, at, made = probes(problem.domain, problem.unknowns, Points(varied, points.weights))
        leaf = torch.ones(chart.size, dtype=torch.float64, requires_grad=True)
        sought = {
            name: chart.constant(leaf * u.guess) for name, u in [*problem.constants.items(), *problem.functions.items()]
        }
        fields = problem.looked_at(chart, at, fields_of(made), points, sought)
        with answering(watch):
            equation.residual(fields)
    return [Level(problem, equation, number) for number, alone in enumerate(found) if alone]


def _depends(level: Level) -> list[str]:
    """The coordinates on which a level depends."""
    points = level.problem.domain.interior.draw(RULES.points, "sobol", torch.Generator().manual_seed(6))
    at = {c: points.coordinates[c].clone().requires_grad_() for c in level.problem.space_coordinates}
    with torch.enable_grad():
        value = level(**at)
        if not value.requires_grad:
            return []
        slopes = torch.autograd.grad(value.sum(), list(at.values()), materialize_grads=True)
    return [name for name, slope in zip(at, slopes, strict=True) if bool(slope.any())]


def _turned(level: Level) -> Level:
    """A level or its opposite, so that it is negative at most corners of space: a shape ends inside."""
    domain, names = level.problem.domain, level.problem.space_coordinates
    corners = torch.tensor(list(product(*(domain.ends(c) for c in names))), dtype=torch.float64)
    mostly = level(**dict(zip(names, corners.T, strict=True))) > 0
    return replace(level, sign=-1.0) if float(mostly.double().mean()) > 0.5 else level


def _within(level: Level) -> tuple[Sequence[Shape], Mapping[str, Tensor]]:
    """Where a level is positive, and points (P,) of the curve or surface on which it vanishes; nothing where it does
    so nowhere."""
    domain = level.problem.domain
    try:
        shape = LevelSet(level, within=Box(**{c: domain.ends(c) for c in domain.space_coordinates}))
    except ProblemError:
        return (), {}
    patch = next((p for p in shape.patches() if p.name in ("curve", "surface")), None)
    if patch is None:
        return (), {}
    drawn = torch.rand(RULES.points, patch.axes, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    return (shape,), dict(zip(domain.space_coordinates, patch.at(drawn).points.T, strict=True))


def _layered(level: Level, *along: str) -> tuple[Sequence[Shape], Mapping[str, Tensor]]:
    """The same of one that depends on a coordinate alone: layers."""
    if not along:
        return (), {}
    domain, (name,) = level.problem.domain, along
    middle = {c: domain.middle[c] for c in domain.space_coordinates}
    found, ends = layers(
        lambda x: level(**{c: torch.full_like(x, v) for c, v in middle.items()} | {name: x}), domain, name
    )
    if not found or not ends:
        return (), {}
    return found, {name: torch.tensor(ends, dtype=torch.float64).repeat(RULES.points)[: RULES.points]}


def _jumps(level: Level, on: Mapping[str, Tensor]) -> bool:
    """Whether the equation is another on either side of where a level vanishes: beside a kink, as of `maximum`, it is
    the same."""
    problem = level.problem
    points = problem.domain.interior.draw(RULES.points, "sobol", torch.Generator().manual_seed(8))
    points = Points({**points.coordinates, **on}, points.weights)

    def told(side: bool) -> list[Tensor]:
        def residual(at: Fields) -> Jet:
            numbers = count()
            answer = at.chart.constant(torch.full((at.chart.size,), side))
            with answering(lambda difference: answer if next(numbers) == level.number else None):
                return level.equation.residual(at)

        answer = problem.prober.answer(replace(level.equation, residual=residual), points)
        return [answer.residual, *answer.parts]

    one, other = told(True), told(False)
    size = max(float(part.abs().max()) for part in one + other)
    return len(one) != len(other) or any(
        float((a - b).abs().max()) > RULES.different * size for a, b in zip(one, other, strict=True)
    )


def _held(problem: Problem, parts: Sequence[Shape]) -> Tensor:
    """Which of some places (N,) lie in any of these shapes."""
    drawn = problem.domain.interior.draw(64 * RULES.points, "sobol", torch.Generator().manual_seed(9)).coordinates
    return torch.stack([p.contains(torch.stack([drawn[c] for c in p.coordinates], 1)) for p in parts]).any(0)


def _free(problem: Problem, number: int) -> str:
    """A name that nothing has."""
    taken = {*problem.coordinates, *problem.unknowns, *problem.others, *problem.declared_parameters}
    name = f"inside_{number}"
    while name in taken:
        name += "_"
    return name
