"""Coefficients and sources that jump across curves, or across parts of planes, by `where`, told as materials.

    k = where(f(x, y) < c, 5, 1)     is     k = where(inside > 0.5, 5, 1),   inside = Piecewise(0, (LevelSet(c - f), 1))

so that whoever solves a problem knows the curve, on which side of it a place lies, and what is continuous across it.
Straight ones along several coordinates, `where(x < a, where(y < b, 1, 5), 2)`, are layers: a plane across which all of
the equations jump is found as such in a box (`pinnsolve.checks.interfaces`), a part of one is not, nor one in a shape.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any

import torch
from torch import Tensor

from pinnsolve.checks.compared import Level, levels
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.level_set import LevelSet
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.geometry.once import once
from pinnsolve.geometry.shape import Shape
from pinnsolve.jets.comparing import answering
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import arguments
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How it is looked. Chosen, not measured.

    Parameters
    ----------
    points : int
        On each curve, at which it is asked whether anything jumps there.
    most : int
        Comparisons of a problem: where there are more, they are left as they are.
    """

    points: int = 64
    most: int = 8


RULES = Rules()


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
    compared = [
        level
        for e in problem.declared_equations
        if e.function
        for level in levels(problem, e, problem.space_coordinates)
    ]
    depends = [level.depends() for level in compared]
    curved = any(len(names) > 1 for names in depends)
    several = 1 if problem.domain.shape is not None else 2  # along one coordinate of a box planes are found as such
    if not curved and len({name for names in depends for name in names}) < several:
        return None
    if len(compared) > RULES.most:
        return None
    shapes, held = dict[str, Sequence[Shape]](), dict[str, Tensor]()
    sides: dict[str, dict[int, tuple[str, bool]]] = {}
    for level, names in zip(map(_turned, compared) if curved else compared, depends, strict=True):
        found, on = _within(level) if curved else _layered(level, *names)
        if not found or not level.changes(on):
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
    if not shapes or (not curved and len({c for parts in shapes.values() for c in parts[0].coordinates}) < several):
        return None
    equations = [Sided(e, sides[e.name]) if e.name in sides else e.function for e in problem.declared_equations]
    materials = {name: Piecewise(0.0, *((part, 1.0) for part in parts)) for name, parts in shapes.items()}
    return problem.replaced(equations=equations, parameters={**problem.declared_parameters, **materials})


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
    (name,) = along
    found, ends = level.layers(name)
    if not found or not ends:
        return (), {}
    return found, {name: torch.tensor(ends, dtype=torch.float64).repeat(RULES.points)[: RULES.points]}


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
