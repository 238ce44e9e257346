"""Manufactured problems: the same equations and conditions, shifted so that a chosen solution is exact."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.conditions import condition, prescribing
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import exact

Residual = Callable[[Fields], Jet]


def manufactured(problem: Problem, **solutions: Callable[..., Any]) -> Problem:
    """The problem whose every residual N(u) is replaced by N(u) - N(u_exact), so that u_exact solves it.

    It proves the solver; it is blind to an equation that is wrong, since that is shifted as well.

    Parameters
    ----------
    **solutions : callable
        For each unknown a function of the named coordinates and parameters, written with torch's functions.

    Raises
    ------
    ProblemError
        If a solution is missing, or one is given for what is no unknown.
    """
    for name in [*problem.unknowns, *solutions]:
        if name not in solutions or name not in problem.unknowns:
            raise ProblemError(
                f"manufactured: '{name}' needs to be an unknown with a solution", did_you_mean(name, problem.unknowns)
            )

    def shifted(name: str, residual: Residual, wanted: set[str]) -> Callable[..., Jet]:
        names = [n for n in problem.names if n in wanted]
        names += sorted(n for n in wanted if n not in names)

        def function(**at: Any) -> Jet:
            fields = Fields(next(v.chart for v in at.values() if isinstance(v, Jet)), at, problem.domain.time)
            true = {u: _whole(fields, f, problem) for u, f in solutions.items()}
            return residual(fields) - residual(fields.replaced(true))

        function.__name__ = name
        keyword = inspect.Parameter.KEYWORD_ONLY
        function.__signature__ = inspect.Signature([inspect.Parameter(n, keyword) for n in names])  # type: ignore[attr-defined]
        return function

    always = {*problem.coordinates, *problem.others}
    asked = {e.name: e.asks & set(problem.unknowns) for e in problem.equations}
    equations = [shifted(e.name, e.residual, always | asked[e.name]) for e in problem.declared_equations]
    conditions: list[Any] = [*problem.periodic, *problem.solenoidal, *problem.known]
    for c in (*problem.conditions, *problem.inner):
        conditions.append(_shifted_condition(problem, c, solutions, shifted, always))
    return problem.replaced(equations=equations, conditions=conditions, reference=exact(**solutions))


def _shifted_condition(
    problem: Problem, c: Equation, solutions: dict[str, Any], shifted: Callable[..., Any], always: set[str]
) -> Any:
    if c.says("value"):
        return prescribing(c.name, c.on, str(c.unknown), "value", solutions[str(c.unknown)])
    on_face = all(p.on_boundary for p in problem.pieces(c))
    normals = {f"n{x}" for x in problem.space_coordinates} if on_face else set()
    asked = set(c.asks & set(problem.unknowns))
    return condition(shifted(c.name.partition(" ")[0], c.residual, always | asked | normals), on=c.on)


def _whole(fields: Fields, solution: Callable[..., Any], problem: Problem) -> Jet:
    """A chosen solution as a field over all coordinates."""
    value = fields.value(solution, "the manufactured solution")
    return Jet(fields.chart, value.partial, (fields.chart.size,), frozenset(problem.coordinates))
