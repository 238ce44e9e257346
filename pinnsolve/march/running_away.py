"""Whether a march has come to a halt since small numbers ran away: those that steps may leave out, where the equations
let everything grow.

With m u_t = ... + s u where u is next to nothing, what a step leaves out there is e^G times as much later,

    G = int s/m dt,      s/m the slope of the rate by the unknown itself, as the steps have it at that place.

Ahead of a front into what is not stable (u_t = D lap u + r u (1 - u), G = r t) such numbers are as large as the front
before it comes by, and below zero nothing holds them: in finite time they are without bound. What is given at the start
tells them from what shall run away: grown as much, it would be next to nothing still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Step
from pinnsolve.cells.rows import in_time
from pinnsolve.cells.sites import cell_at
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.rules import RULES as MARCH


@dataclass(frozen=True)
class Rules:
    """When it is looked at, and when it is said. Chosen by three fronts (`tests/test_running_away.py`).

    Parameters
    ----------
    halted : float
        Of the longest step: shorter ones come to no end. Larger: it is looked at beside kinks in time, which steps
        leave behind. Smaller: steps that solve nothing.
    beyond : float
        Times an unknown's size, as data say it: less has not run away. Larger: more steps that solve nothing. Smaller:
        a front that came by is taken for it, where steps are short since something is switched.
    much : float
        G from which on it is told. Smaller: what runs away by itself is put down to small numbers.
    none : float
        Of an unknown's size: where what is given at the start would have grown to more, that ran away, as it shall;
        and up to which what ran away is let stand. Larger: what is handed out holds more of it. Smaller: too little is
        left to hold against what is tried afterwards.
    points : int
        Along each coordinate of a cell, at which it is looked where things change fastest.
    """

    halted: float = 1e-4
    beyond: float = 10.0
    much: float = 3.0
    none: float = 0.1
    points: int = 4


RULES = Rules()


@dataclass(frozen=True)
class RanAway:
    """What ran away, in words, and the time up to which it was next to nothing: what follows is made of it."""

    words: str
    until: float


def ran_away(marcher: Marcher) -> RanAway | None:
    """What ran away; nothing where steps get on, or something else keeps them from it."""
    steps, e = marcher.record.steps, marcher.scheme.evolution
    if not steps or steps[-1].mesh.region is not None:
        return None
    short = steps[-1].length < RULES.halted * max(s.length for s in steps)
    if not short or marcher.left <= MARCH.short * marcher.span or set(e.orders) - {0, 1}:
        return None
    field, place = _fastest(steps[-1], torch.tensor(e.sizes, dtype=torch.float64, device=marcher.mesh.device))
    size, unknown = e.sizes[field], e.problem.unknowns[field]
    values = [abs(_value(step, field, place)) for step in steps]
    if values[-1] < RULES.beyond * size:
        return None
    large = next(k for k, value in enumerate(values) if value >= size)
    grown = sum(_growth(step, field, place) for step in steps[: large + 1])
    begun = e.given(e.starts[unknown], place[None], e.times[0]) if unknown in e.starts else place.new_zeros(1)
    if not grown > RULES.much or float(begun.abs()) * math.exp(min(grown, 700.0)) > RULES.none * size:
        return None
    small = [s for s, value in zip(steps[:large], values, strict=False) if value < RULES.none * size]
    places = zip(e.problem.space_coordinates, place.tolist(), strict=True)
    there = ", ".join(f"{name} = {x:.3g}" for name, x in places)
    words = (
        f"small numbers ran away at {there}: the equations let what is next to nothing grow e^{grown:.0f} times "
        f"there, so that what steps leave out becomes as large as {unknown}; a lower tolerance comes further, and so "
        f"does the logarithm of {unknown} as the unknown, where {unknown} has one sign"
    )
    return RanAway(words, small[-1].begin + small[-1].length if small else e.times[0])


def _fastest(step: Step, sizes: Tensor) -> tuple[int, Tensor]:
    """The unknown that changes fastest beside its size, (F,), and where, (dims,)."""
    cell = step.scheme.cell
    xi = cell.gauss(RULES.points)[0]
    rates = step.derived(1)[-1] / sizes[:, None] @ cell.table(RULES.points, (0,) * step.mesh.dims).T  # (n, F, P)
    of_evolving = torch.tensor(step.scheme.evolution.orders, device=rates.device)[:, None] > 0
    n, f, p = torch.unravel_index((rates.abs() * of_evolving).argmax(), rates.shape)
    return int(f), step.mesh.points(xi)[n, p]


def _value(step: Step, field: int, place: Tensor) -> float:
    """An unknown at the end of a step."""
    cell, xi = cell_at(step.mesh, place)
    table = step.scheme.cell.at(xi[None], (0,) * step.mesh.dims)
    return float(table[0] @ step.stages[-1, cell, field])


def _growth(step: Step, field: int, place: Tensor) -> float:
    """The integral over a step of the slope of an unknown's rate by itself, at the point of a cell that is nearest."""
    e, cell = step.scheme.evolution, cell_at(step.mesh, place)[0]
    points = step.scheme.points
    slopes = step.inside(points, slopes=True, cells=cell[None]).slopes
    near = int((step.mesh.points(step.scheme.cell.gauss(points)[0])[cell] - place).square().sum(1).argmin())
    orders, masses, own = in_time(e, slopes), dict[int, float](), dict[int, float]()
    for (i, f, alpha), slope in slopes.items():
        if f == field and orders[i] == 1 and not any(e.derivative(alpha)[0]):
            told = masses if e.derivative(alpha)[1] else own
            told[i] = float(slope.reshape(step.scheme.stages, -1).mean(0)[near])
    equation = max(masses, key=lambda i: abs(masses[i]), default=None)
    if equation is None or not (mass := masses[equation]):
        return 0.0
    found = -own.get(equation, 0.0) / mass * step.length
    return found if math.isfinite(found) else 0.0
