"""A problem along a line told in its fluxes: what an equation differentiates again is an unknown of its own.

    (k u')' + E r u = 0     is     f' + E r u = 0,   k u' - f = 0

All of these unknowns are continuous where k or r jumps, and only their slopes are not; so features that see the
distance from such a place hold them. An equation of order n has n - 1 fluxes: of a beam the slope, the moment and the
force.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import torch

from pinnsolve.checks.differentiated import inner, twice, weights
from pinnsolve.errors import ProblemError
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.problem.binding import arguments
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import fields_of, probes
from pinnsolve.problem.problem import Problem


class InFluxes:
    """A user's equation in which fluxes are unknowns; or what one of these is.

    Parameters
    ----------
    equation : Equation
    names : mapping from int to str
        The unknown that stands for what the how many-th derivative in it is taken of.
    told : int, optional
        The derivative of which it says what it is taken of.
    """

    def __init__(self, equation: Equation, names: Mapping[int, str], told: int | None = None) -> None:
        assert equation.function is not None
        self.function, self.names, self.told = equation.function, dict(names), told
        self.__name__ = equation.name if told is None else names[told]
        self.__code__ = getattr(equation.function, "__code__", None) if told is None else None
        asked = {p.name: p for p in inspect.signature(equation.function).parameters.values()}
        for name in names.values():
            asked.setdefault(name, inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD))
        self.__signature__ = inspect.Signature(sorted(asked.values(), key=lambda p: p.default is not p.empty))

    def __call__(self, **given: Any) -> Any:
        numbers, taken = count(), dict[int, Jet]()

        def watch(before: Jet, name: str, after: Jet) -> Jet:
            k = next(numbers)
            taken[k] = before
            if k not in self.names:
                return after
            flux: Jet = given[self.names[k]]
            return flux.along(flux.chart.axis(name))

        with _watching(given[next(iter(self.names.values()))].chart, watch):
            found = self.function(**{n: given[n] for n in arguments(self.function) if n in given})
        return found if self.told is None else taken[self.told] - given[self.names[self.told]]


@contextmanager
def _watching(chart: Chart, watch: Callable[[Jet, str, Jet], Jet]) -> Iterator[None]:
    """While it lasts, derivatives are what `watch` makes of them; whoever watches already is told of these."""
    kept = chart.differentiated

    def both(before: Jet, name: str, after: Jet) -> Jet:
        made = watch(before, name, after)
        return made if kept is None else kept(before, name, made)

    chart.differentiated = both
    try:
        yield
    finally:
        chart.differentiated = kept


def in_fluxes(problem: Problem, posed: Problem, unseen: bool) -> Problem | None:
    """The same declaration in its fluxes; None where nothing is differentiated again.

    Parameters
    ----------
    problem : Problem
    posed : Problem
        The same for one value of its eigenvalue.
    unseen : bool
        Whether something jumps that multiplies a highest derivative.

    Raises
    ------
    ProblemError
        If that does not stand within what is differentiated, so that nothing says how a flux goes on.
    """
    (along,), added = problem.space_coordinates, count(1)
    equations: list[Any] = []
    fluxes: list[str] = []
    for e, told in zip(problem.declared_equations, posed.declared_equations, strict=True):
        again = [k for k, so in enumerate(twice(told, _probed(posed))) if so]
        if not again or e.function is None:
            equations.append(e.function)
            continue
        if unseen:
            _check_conserved(told, posed)
        names = {k: f"flux_{along * next(added)}" for k in again}
        equations += [InFluxes(e, names), *(InFluxes(e, names, k) for k in again)]
        fluxes += names.values()
    if not fluxes:
        return None
    unknowns = problem.declared_unknowns | dict.fromkeys(fluxes, problem.coordinates)
    return problem.replaced(unknowns=unknowns, equations=equations, reference=None, quantities=None, guess=None)


def _probed(problem: Problem) -> Any:
    points = problem.domain.line()
    chart, at, found = probes(problem.domain, problem.unknowns, points)
    return problem.looked_at(chart, at, fields_of(found), points)


def _check_conserved(equation: Equation, problem: Problem) -> None:
    """Refuse what multiplies the derivative of a flux and varies where something jumps."""
    again, within = twice(equation, _probed(problem)), inner(equation, _probed(problem))
    outer = [a and not b for a, b in zip(again, within, strict=True)]
    factors = weights(equation, _probed(problem))[1][torch.tensor(outer)]
    if not bool((factors == factors[:, :1]).all()):
        raise ProblemError(
            f"equation '{equation.name}': what multiplies a highest derivative jumps, and nothing says how the slope "
            "goes on there",
            "Write it as d(k * d(u, x), x), whose flux goes on.",
            equation.place,
        )
