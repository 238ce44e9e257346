"""Between which values an unknown goes, on which an unknown function depends: what is known of the function ends there.

Before training that is what data, conditions and a guess say of the unknown; then what the solution comes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart
from pinnsolve.problem.expansion import Expansion
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem

Reach = tuple[float, float]


@dataclass(frozen=True)
class Rules:
    """How far a series stands. Chosen, not measured.

    Parameters
    ----------
    slack : float
        Of its length: by so much more or less than the solution comes to, and it stays. Larger: terms that stand
        where nothing tells them, or tangents in place of terms. Smaller: series that are told anew for nothing.
    stretches : int
        How often. More: where the solution comes to something else each time, more solutions for little.
    places : int
        At which a series is told anew. Fewer: less exact where it was continued by tangents.
    points : int
        At which a solution is looked at. Fewer: peaks of it are missed.
    compared : int
        Values at which a function is compared with a reference. Fewer: peaks of an error are missed.
    missed : float
        Of its length: what these may miss of it, so that a function is told there.
    """

    slack: float = 0.02
    stretches: int = 4
    places: int = 400
    points: int = 4096
    compared: int = 2001
    missed: float = 1e-3


RULES = Rules()


def arguments_of(problem: Problem, name: str) -> list[str]:
    """The unknown on which an unknown function depends, and what experiments have in its place; nothing for one of
    coordinates."""
    argument = problem.functions[name].coordinates[0]
    if argument not in problem.unknowns:
        return []
    return [argument, *(a.names[argument] for a in problem.again.values() if a.name == name)]


def reaches_of(problem: Problem, sizes: Mapping[str, Size]) -> dict[str, Reach]:
    """By unknown function of an unknown, what is said of this before training."""
    found: dict[str, Reach] = {}
    for name in problem.functions:
        arguments = arguments_of(problem, name)
        values = [s.offset + sign * s.scale for u in arguments if (s := sizes.get(u)) for sign in (-1, 1)]
        values += [float(v) for v, _ in problem.known_values.get(name, ())]
        if any(u in problem.guess.unknowns for u in arguments):
            guessed = problem.guessed(_scattered(problem))
            values += [float(end) for u in arguments if u in guessed for end in guessed[u].aminmax()]
        if arguments:
            found[name] = _apart(min(values, default=-1.0), max(values, default=1.0))
    return found


def reached(trial: Any, name: str) -> Reach:
    """Between which values the unknown goes on which a function depends, in all experiments."""
    problem, found = trial.problem, list[Tensor]()
    walls = problem.domain.walls.pieces if problem.space_coordinates else ()
    moments = (problem.domain.start, problem.domain.end) if problem.domain.time is not None else ()
    with torch.no_grad():
        for points in (_scattered(problem), *(p.grid() for p in (*walls, *moments))):
            values = trial.unknowns(trial.prepare(points))
            found += [values[u].value for u in arguments_of(problem, name)]
    every = torch.cat(found).to("cpu", torch.float64)
    return _apart(*(float(end) for end in every[every.isfinite()].aminmax()))


def _scattered(problem: Problem) -> Points:
    return problem.domain.interior.draw(RULES.points, "sobol", torch.Generator().manual_seed(0))


def _apart(low: float, high: float) -> Reach:
    """An interval, if it is none about its only place; an end that is zero to rounding is zero."""
    room = 1e-9 * max(abs(low), abs(high))
    wide = 0.0 if high - low > room else 0.5 * max(abs(low), abs(high)) or 1.0
    return tuple(0.0 if abs(end) <= room else end for end in (low - wide, high + wide))  # type: ignore[return-value]


def refitted(before: Expansion, after: Expansion, values: Mapping[str, float]) -> list[float]:
    """The coefficients of a series over another reach that come closest to it there."""
    assert before.reach is not None
    assert after.reach is not None
    (argument,), (low, high) = after.terms.coordinates, after.reach
    angle = torch.pi * (torch.arange(RULES.places, dtype=torch.float64) + 0.5) / RULES.places
    s = torch.cos(angle)  # Chebyshev's places
    chart = Chart((argument,), len(s), torch.float64, torch.device("cpu"))
    place = chart.coordinate(argument, 0.5 * (low + high) + 0.5 * (high - low) * s)
    wanted = before.composed(chart, {**values, argument: place}, before.reach).value
    rows = after.terms.factors[0](s, len(after.names), 0)
    about = 0.0 if after.about is None else after.about(s, 0)
    return list(torch.linalg.lstsq(rows, (wanted - about)[:, None]).solution[:, 0].tolist())
