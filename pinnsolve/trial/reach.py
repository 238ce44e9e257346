"""What unknowns come to, on which an unknown function depends: what is known of the function ends there.

Before training that is what data, conditions and a guess say of them; then what the solution comes to. Of one argument
it is all values from one to another; of several it is no box, but the places through which the solution goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart
from pinnsolve.problem.expansion import Expansion, Reach
from pinnsolve.problem.on_planes import halves_of
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem


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
    places, least : int
        At which a series is told anew, and at the least along each argument. Fewer: less exact where it was continued
        by tangents.
    points : int
        At which a solution is looked at. Fewer: peaks of it are missed.
    compared : int
        Values at which a function is compared with a reference. Fewer: peaks of an error are missed.
    missed : float
        Of its length: what these may miss of it, so that a function is told there.
    beside : float
        The same of a function of several arguments, of the length of each: so far from all places to which the solution
        comes. Larger: what nothing tells is handed out. Smaller: gaps between these places.
    """

    slack: float = 0.02
    stretches: int = 4
    places: int = 400
    least: int = 12
    points: int = 4096
    compared: int = 2001
    missed: float = 1e-3
    beside: float = 0.03


RULES = Rules()


def arguments_of(problem: Problem, name: str) -> list[tuple[str, ...]]:
    """The arguments of an unknown function that depends on unknowns, and what experiments have in their place; nothing
    for one of coordinates."""
    mine = problem.functions[name].coordinates
    if name not in problem.of_unknowns:
        return []
    others = (a.names for a in problem.again.values() if a.name == name)
    return [mine, *(tuple(names.get(c, c) for c in mine) for names in others)]


def reaches_of(problem: Problem, sizes: Mapping[str, Size]) -> dict[str, Reach]:
    """By unknown function of unknowns, what is said of its arguments before training."""
    guessed, found = dict[str, Tensor](), dict[str, Reach]()
    if problem.of_unknowns and problem.guess.unknowns:
        guessed = problem.guessed(_scattered(problem))
    for name in problem.functions:
        known = [float(v) for v, _ in problem.known_values.get(name, ())]
        if every := arguments_of(problem, name):
            found[name] = tuple(_said(problem, of, sizes, guessed, known) for of in zip(*every, strict=True))
    return found


def _said(
    problem: Problem, argument: Sequence[str], sizes: Mapping[str, Size], guessed: Mapping[str, Tensor],
    known: Sequence[float],
) -> tuple[float, float]:  # fmt: skip
    """From where to where one argument goes, by all of its names."""
    if argument[0] not in problem.unknowns:
        return problem.domain.ends(argument[0])
    values = [s.offset + sign * s.scale for u in argument if (s := sizes.get(u)) for sign in (-1, 1)]
    values += [*known, *(float(end) for u in argument if u in guessed for end in guessed[u].aminmax())]
    return _apart(min(values, default=-1.0), max(values, default=1.0))


def passed(trial: Any, name: str, inside: int = RULES.points) -> Tensor:
    """What the arguments of a function of unknowns come to in a solution, in all experiments, (N, arguments): at so
    many points inside, then on walls and at the ends of time."""
    problem, found = trial.problem, list[Tensor]()
    walls = problem.domain.walls.pieces if problem.space_coordinates else ()
    moments = (problem.domain.start, problem.domain.end) if problem.domain.time is not None else ()
    with torch.no_grad():
        for points in (_scattered(problem, inside), *(p.grid() for p in (*walls, *moments))):
            values = {u: v.value for u, v in trial.unknowns(trial.prepare(points)).items()} | points.coordinates
            for names in arguments_of(problem, name):
                found.append(torch.stack([values[n].to("cpu", torch.float64) for n in names], 1))
    every = torch.cat(found)
    return every[every.isfinite().all(1)]


def reached(trial: Any, name: str) -> Reach:
    """From where to where the arguments of a function of unknowns go in a solution."""
    problem, every = trial.problem, passed(trial, name)
    ends = ((float(low), float(high)) for low, high in zip(*every.aminmax(dim=0), strict=True))
    mine = zip(problem.functions[name].coordinates, ends, strict=True)
    return tuple(_apart(*e) if c in problem.unknowns else problem.domain.ends(c) for c, e in mine)


def _scattered(problem: Problem, count: int = RULES.points) -> Points:
    return problem.domain.interior.draw(count, "sobol", torch.Generator().manual_seed(0))


def _apart(low: float, high: float) -> tuple[float, float]:
    """An interval, if it is none about its only place; an end that is zero to rounding is zero."""
    room = 1e-9 * max(abs(low), abs(high))
    wide = 0.0 if high - low > room else 0.5 * max(abs(low), abs(high)) or 1.0
    return tuple(0.0 if abs(end) <= room else end for end in (low - wide, high + wide))  # type: ignore[return-value]


def refitted(before: Expansion, after: Expansion, values: Mapping[str, float]) -> list[float]:
    """The coefficients of a series over another reach that come closest to it there."""
    assert before.reach is not None
    assert after.reach is not None
    count = max(round(RULES.places ** (1 / len(after.reach))), RULES.least * (len(after.reach) > 1))
    angle = torch.pi * (torch.arange(count, dtype=torch.float64) + 0.5) / count  # Chebyshev's places
    s = [part.flatten() for part in torch.meshgrid([torch.cos(angle)] * len(after.reach), indexing="ij")]
    chart = Chart(after.terms.coordinates, len(s[0]), torch.float64, torch.device("cpu"))
    places = {
        a: chart.coordinate(a, 0.5 * (low + high) + 0.5 * (high - low) * part)
        for a, (low, high), part in zip(after.terms.coordinates, after.reach, s, strict=True)
    }
    wanted = before.composed(chart, {**values, **places}, before.reach).value
    ours, theirs = (halves_of(e.terms.coordinates, e.reach or ()) for e in (after, before))
    wanted = wanted * prod(ours[p.argument] / theirs[p.argument] for p in after.planes)
    rows = after.terms.over(s, [0] * len(s))
    about = 0.0 if after.about is None else after.about(s[0], 0)
    return list(torch.linalg.lstsq(rows, (wanted - about)[:, None]).solution[:, 0].tolist())
