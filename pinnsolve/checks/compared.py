"""What equations compare with a number, as `where(x**2 + y**2 < c, ...)` and `where(t > 1, ...)`, and what it changes.

A comparison is met by whoever asks (`pinnsolve.jets.comparing`): so the function that is compared with zero is known
itself, and with it every place at which it changes its sign, however short what happens there.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import torch
from torch import Tensor

from pinnsolve.checks.straight import layers
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.places import Plane
from pinnsolve.geometry.points import Points
from pinnsolve.jets.comparing import answering
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import fields_of, probes
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How it is looked. Chosen, not measured.

    Parameters
    ----------
    points : int
        At which it is asked what a comparison depends on, and what it changes.
    different : float
        Of the largest term: what differs by less is rounding.
    """

    points: int = 64
    different: float = 1e-6


RULES = Rules()


class Met(BaseException):  # no Exception: a user's function may catch these
    """The comparison that was looked for, with the difference that it compares with zero."""

    def __init__(self, difference: Any) -> None:
        super().__init__()
        self.difference = difference


@dataclass(frozen=True)
class Level:
    """What an equation compares with zero, as a function of some coordinates.

    Parameters
    ----------
    problem : Problem
    equation : Equation
    number : int
        Of the comparison in it.
    names : tuple of str
        The coordinates.
    sign : float
        One where it is positive where the comparison is true, minus one where it is false.
    """

    problem: Problem
    equation: Equation
    number: int
    names: tuple[str, ...]
    sign: float = 1.0

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(c, kind) for c in self.names])

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

    def depends(self) -> list[str]:
        """The coordinates on which it depends."""
        points = self.problem.domain.interior.draw(RULES.points, "sobol", torch.Generator().manual_seed(6))
        at = {c: points.coordinates[c].clone().requires_grad_() for c in self.names}
        with torch.enable_grad():
            value = self(**at)
            if not value.requires_grad:
                return []
            slopes = torch.autograd.grad(value.sum(), list(at.values()), materialize_grads=True)
        return [name for name, slope in zip(at, slopes, strict=True) if bool(slope.any())]

    def layers(self, name: str) -> tuple[list[Box], list[float]]:
        """The layers along a coordinate in which it is positive, and their ends inside, where it depends on nothing
        else."""
        middle = {c: self.problem.domain.middle[c] for c in self.names}
        return layers(
            lambda x: self(**{c: torch.full_like(x, v) for c, v in middle.items()} | {name: x}),
            self.problem.domain,
            name,
        )

    def changes(self, on: Mapping[str, Tensor], others: bool | None = None) -> set[Alpha | None]:
        """The derivatives whose coefficients differ on either side of where it vanishes, and None where the residual
        does; beside a kink, as of `maximum`, nothing is.

        Parameters
        ----------
        on : mapping from coordinate to tensor (64,)
            Places where it vanishes.
        others : bool, optional
            What all other comparisons answer; without it what they do.
        """
        problem = self.problem
        points = problem.domain.interior.draw(RULES.points, "sobol", torch.Generator().manual_seed(8))
        points = Points({**points.coordinates, **on}, points.weights)

        def told(side: bool) -> dict[tuple[str, Alpha] | None, Tensor]:
            def residual(at: Fields) -> Jet:
                numbers = count()

                def answer(difference: Any) -> Jet | None:
                    said = side if next(numbers) == self.number else others
                    return None if said is None else at.chart.constant(torch.full((at.chart.size,), said))

                with answering(answer):
                    return self.equation.residual(at)

            found = problem.prober.answer(replace(self.equation, residual=residual), points)
            return {None: found.residual, **{(u, alpha): slope for u, alpha, slope in found.slopes}}

        one, other = told(True), told(False)
        size = max(float(part.abs().max()) for part in (*one.values(), *other.values()))
        nothing = torch.zeros(RULES.points, dtype=torch.float64)
        return {
            key if key is None else key[1]
            for key in one.keys() | other.keys()
            if float((one.get(key, nothing) - other.get(key, nothing)).abs().max()) > RULES.different * size
        }


def levels(problem: Problem, equation: Equation, names: Sequence[str]) -> list[Level]:
    """The comparisons of an equation that depend on some coordinates and on nothing else."""
    points = problem.domain.interior.draw(RULES.points, "sobol", torch.Generator().manual_seed(5))
    varied = {c: x.clone().requires_grad_(c not in names) for c, x in points.coordinates.items()}
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
    return [Level(problem, equation, number, tuple(names)) for number, alone in enumerate(found) if alone]


def compared_planes(problem: Problem) -> dict[Plane, set[Alpha | None]]:
    """The planes on which equations compare a coordinate with a number, with the derivatives whose coefficients change
    there, somewhere on the plane, and None where a residual does."""
    found: dict[Plane, set[Alpha | None]] = {}
    for equation in problem.declared_equations:
        for level in levels(problem, equation, problem.coordinates) if equation.function else ():
            along = level.depends()
            if len(along) != 1:
                continue
            (name,) = along
            for place in level.layers(name)[1]:
                on = {name: torch.full((RULES.points,), place, dtype=torch.float64)}
                changed = level.changes(on) | level.changes(on, others=True)
                if changed:
                    found.setdefault(Plane(name, place), set()).update(changed)
    return found
