"""What a problem must be to have modes, and the problem that all of its modes solve together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from pinnsolve.checks.check import Findings
from pinnsolve.checks.linearity import linear
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.conditions import condition, dirichlet, neumann
from pinnsolve.problem.eigenvalue import Eigenvalue
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.renamed import Renamed
from pinnsolve.problem.sources import met_in


@dataclass(frozen=True)
class Rules:
    """Chosen, not measured.

    Parameters
    ----------
    nothing : float
        Of the terms of an equation: what is left of it by less is rounding. Larger: a small source is passed over.
        Smaller: rounding in the user's formula is one.
    """

    nothing: float = 1e-10


RULES = Rules()


def sought(problem: Problem) -> tuple[str, Eigenvalue]:
    """The parameter that is an eigenvalue.

    Raises
    ------
    ProblemError
        If the problem has no modes as it stands; the message says what to write.
    """
    if not problem.eigenvalues:
        raise ProblemError(
            "modes(...) is given a problem without an eigenvalue",
            'Write parameters={"E": Eigenvalue(near=10, count=3)}, and E in the equations; or solve(problem).',
        )
    (name, wanted), *others = problem.eigenvalues.items()
    sourced = any(met_in(e, problem.prober) for e in problem.equations)
    told = {
        "there are two eigenvalues, and modes have one": others,
        "modes do not change in time: leave time out, and write the rate as E times the unknown": problem.time,
        "data tell of one solution, and not of its modes": problem.observations,
        "unknown constants are not found beside an eigenvalue": problem.constants,
        "unknown functions are not found beside an eigenvalue": problem.functions,
        "a parameter is a range, and modes are found for one value at a time": problem.ranges,
        "solenoidal velocities have no modes here: write the divergence as an equation": problem.solenoidal,
        "unknowns live on parts of space, and modes are found of those on the whole of it": problem.spans,
        "a source stands in an equation, and modes have none": sourced,
        "no equation is there": not problem.equations,
    }  # fmt: skip
    for why, so in told.items():
        if so:
            raise ProblemError(f"parameters: {name} = Eigenvalue(...): {why}", "See docs/statements.md, Modes.")
    if not any(name in e.asks for e in problem.system):
        raise ProblemError(
            f"no equation and no condition asks for the eigenvalue '{name}'",
            f"Name it among the arguments: def wave(u, x, {name}): return d(u, x, x) + {name} * u.",
        )
    return name, wanted


def at(problem: Problem, value: float) -> Problem:
    """The problem for one value of its eigenvalue, in which that is a number like others."""
    name = next(iter(problem.eigenvalues))
    given = {**problem.declared_parameters, name: value}
    return once(problem, ("at", value), lambda: problem.replaced(parameters=given, reference=None, guess=None))


def check(problem: Problem, name: str, near: float) -> None:
    """Refuse what is not linear, not homogeneous, or does not depend on the eigenvalue as a + E b.

    Raises
    ------
    ProblemError
        With the equation or condition, and what to write.
    """
    step = abs(near) or 1.0
    values = near - step, near, near + step
    posed = [at(problem, v) for v in values]
    for here, equation, points in _places(posed[1]):
        if not linear(posed[1], equation, points):
            raise ProblemError(
                f"{here} is not linear in the unknowns, and modes are those of a linear problem",
                f'Linearise it about a state; or make {name} an unknown, unknowns={{"u": ..., "{name}": ()}}, with a '
                "condition on the norm and the linear mode as guess=.", equation.place,
            )  # fmt: skip
        zero = _left(posed[1], equation, points)
        answer = posed[1].prober.answer(equation, points)
        size = sum((float(part.abs().max()) for part in answer.parts), 0.0)
        if float(zero.abs().max()) > RULES.nothing * size:
            raise ProblemError(
                f"{here} has a source or a value that is not zero, and modes are those of a homogeneous problem",
                "Leave it out: a mode is determined up to a factor.", equation.place,
            )  # fmt: skip
        low, middle, high = (p.prober.answer(e, points).residual for p, e in ((p, _same(p, equation)) for p in posed))
        terms = size + float((low.abs() + 2 * middle.abs() + high.abs()).max())
        if float((low - 2 * middle + high).abs().max()) > RULES.nothing * terms:
            raise ProblemError(
                f"{here} is no linear function of {name}",
                f"Write it with a parameter in which it is one, as {name} for {name}**2, and take the root afterwards.",
                equation.place,
            )  # fmt: skip


def refuse_jumps(problem: Problem, findings: Findings) -> None:
    """Refuse coefficients that jump where smooth features do not see how a mode goes on.

    Raises
    ------
    ProblemError
        With the place.
    """
    apart = problem.materials and problem.parts is None and len(problem.space_coordinates) > 1
    told = [*findings.unseen, *findings.jumps] + [f"the coefficient '{n}' jumps" for n in problem.materials if apart]
    if told:
        raise ProblemError(
            f"modes are made of smooth features, and {told[0]}",
            "Write a first-order system, with the flux as an unknown: d(f, x) + E * u and f - k * d(u, x).",
        )


def _places(problem: Problem) -> list[tuple[str, Equation, Points]]:
    inside = [(f"equation '{e.name}'", e, problem.domain.line()) for e in problem.equations]
    return inside + [(c.name, c, piece.grid()) for c in problem.conditions for piece in problem.pieces(c)]


def _same(problem: Problem, equation: Equation) -> Equation:
    return next(e for e in problem.system if e.name == equation.name and e.on is equation.on)


def _left(problem: Problem, equation: Equation, points: Points) -> torch.Tensor:
    """The residual of zero, (N,)."""
    chart, coordinates = points.chart()
    names = frozenset(chart.names)
    zero = {u: Jet(chart, lambda alpha: None, (chart.size,), names) for u in problem.unknowns}
    fields = problem.looked_at(chart, coordinates, zero, points)
    return equation.residual(fields).value.detach()


# ------------------------------------------------------------ all modes as one problem


def named(name: str, number: int, count: int) -> str:
    """What the unknown, or the eigenvalue, of a mode is called, counted from one."""
    return name if count == 1 else f"{name}_{number}"


def together(problem: Problem, values: list[float]) -> Problem:
    """The problem whose unknowns are those of all modes, one mode after the other, and its parameters their
    eigenvalues."""
    name = next(iter(problem.eigenvalues))
    count = len(values)
    equations: list[Callable[..., Any]] = []
    conditions: list[Any] = list(problem.periodic)
    for k in range(1, count + 1):
        names = {old: named(old, k, count) for old in (*problem.unknowns, name)}
        equations += [_renamed(e.function, names, named(e.name, k, count)) for e in problem.equations]
        for c in problem.conditions:
            conditions += _of_mode(c, names, k, count)
    others = {n: v for n, v in problem.declared_parameters.items() if n != name}
    parameters = others | {named(name, k + 1, count): v for k, v in enumerate(values)}
    unknowns = [named(u, k, count) for k in range(1, count + 1) for u in problem.unknowns]
    return problem.replaced(
        unknowns=unknowns, equations=equations, conditions=conditions, parameters=parameters, reference=None,
        quantities=None, guess=None,
    )  # fmt: skip


def _of_mode(c: Equation, names: Mapping[str, str], number: int, count: int) -> list[Any]:
    if c.says("value"):
        return dirichlet(on=c.on, **{names[str(c.unknown)]: 0.0})
    if c.says("normal derivative"):
        return neumann(on=c.on, **{names[str(c.unknown)]: 0.0})
    return condition(_renamed(c.function, names, named(c.name.partition(" on ")[0], number, count)), on=c.on)


def _renamed(function: Callable[..., Any] | None, names: Mapping[str, str], called: str) -> Callable[..., Any]:
    """A function whose arguments have other names."""
    assert function is not None
    made = Renamed(function, names)
    made.__name__ = called
    return made
