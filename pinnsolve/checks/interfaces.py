"""Interfaces: planes across which the equations' coefficients or sources jump, as where light enters glass.

They are found by evaluating the residuals of smooth fields along lines through the domain, and closing in on every
sudden change: a jump stays, whatever is only steep goes away. Across a plane the unknowns of first-order equations are
continuous, their slopes are not; a network that also sees the distance from the plane has both.

Source: Tseng, Lin, Hu & Lai, J. Comput. Phys. 491 (2023) 112359 (a network that sees the distance from an interface).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pinnsolve.geometry.places import Narrow, Plane
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.probes import fields_of, probes
from pinnsolve.problem.problem import Problem

LINES = (0.31, 0.52, 0.77)  # where, in parts of the other coordinates' lengths
SAMPLES, SHIFTS = 257, (0.0, 1.1)
WITHIN = 65  # and so many within a narrow place
SUDDEN, CANDIDATES = 8.0, 4  # changes so much larger than the median one are looked into, so many on a line
BESIDE, DIFFERENT = 1e-7, 1e-3  # of the domain, either side of a jump; and of coefficients, that they are not the same
HALVINGS, LEFT = 40, 0.3  # what keeps this part of its size however small the step is a jump


def interfaces(
    problem: Problem, derivatives: Mapping[str, set[Alpha]], narrow: Sequence[Narrow] = ()
) -> tuple[tuple[Plane, ...], list[str], list[str]]:
    """The planes where slopes may jump, warnings about jumps that the network cannot follow, and places at which no
    residual says how a solution goes on, since what multiplies its second derivative jumps.

    Within narrow places it is looked more closely.
    """
    planes, warnings, unseen = [], [], []
    for axis, coordinate in enumerate(problem.coordinates):
        found = _jumps(problem, coordinate, narrow)
        places = [p for p in found[0] if all(any(_same(problem, coordinate, p, q) for q in line) for line in found)]
        order = max((alpha[axis] for alphas in derivatives.values() for alpha in alphas), default=0)
        if order > 1 and places:
            unseen += [f"{coordinate}={p:g}" for p in places if _coefficient_jumps(problem, axis, p)]
            names = " and ".join(f"{coordinate}={p:g}" for p in places)
            warnings.append(
                f"the equations jump at {names}, and hold second derivatives along {coordinate}: a smooth network does "
                "not see that the flux continues there; write a first-order system, with the flux as an unknown"
            )
        elif places:
            digits = 12 - math.floor(math.log10(problem.domain.length(coordinate)))
            planes += [Plane(coordinate, round(p, digits) + 0.0) for p in places]
        if any(not any(_same(problem, coordinate, p, q) for q in places) for line in found for p in line):
            warnings.append(
                f"the equations jump along {coordinate}, at places that no plane {coordinate} = constant holds; "
                "the network is smooth there"
            )
    return tuple(planes), warnings, unseen


def _coefficient_jumps(problem: Problem, axis: int, place: float) -> bool:
    """Whether what multiplies a second derivative along a coordinate is another on either side of a place."""
    coordinate, parts = problem.coordinates[axis], torch.tensor(LINES, dtype=torch.float64)
    beside = BESIDE * problem.domain.length(coordinate)
    sides = []
    for at in (place - beside, place + beside):
        line = {c: problem.domain.place(c, parts) for c in problem.coordinates} | {
            coordinate: torch.full_like(parts, at)
        }
        points = Points({c: line[c] for c in problem.coordinates}, torch.ones_like(parts))
        answers = [problem.prober.answer(e, points) for e in problem.equations]
        sides.append({
            (k, u, alpha): slope for k, a in enumerate(answers) for u, alpha, slope in a.slopes if alpha[axis] > 1
        })  # fmt: skip
    left, right = sides
    nothing = torch.zeros_like(parts)
    pairs = [(left.get(key, nothing), right.get(key, nothing)) for key in {**left, **right}]
    return any(float((a - b).abs().max()) > DIFFERENT * float((a.abs() + b.abs()).max()) for a, b in pairs)


def _same(problem: Problem, coordinate: str, p: float, q: float) -> bool:
    return abs(p - q) <= 1e-9 * problem.domain.length(coordinate)


def _steps(problem: Problem, coordinate: str, narrow: Sequence[Narrow]) -> Tensor:
    """Where the residuals are evaluated along a coordinate: evenly, and closer together where that is not enough."""
    steps = problem.domain.place(coordinate, (torch.arange(SAMPLES, dtype=torch.float64) + 0.417) / SAMPLES)
    fine = (torch.arange(WITHIN, dtype=torch.float64) + 0.417) / WITHIN
    parts = [low + (high - low) * fine for low, high in (n.around for n in narrow if n.coordinate == coordinate)]
    if not parts:
        return steps
    begin, end = problem.domain.ends(coordinate)
    closer = torch.cat(parts)
    return torch.cat([steps, closer[(closer > begin) & (closer < end)]]).unique()


def _jumps(problem: Problem, coordinate: str, narrow: Sequence[Narrow]) -> list[list[float]]:
    """Where the residuals jump along one coordinate, on each line."""
    steps = _steps(problem, coordinate, narrow)
    lines = torch.arange(len(LINES)).repeat_interleave(len(steps))
    values = _residuals(problem, coordinate, steps.repeat(len(LINES)), lines)
    size = values.abs().max(dim=1, keepdim=True).values
    values = values / torch.where(size > 0, size, torch.ones_like(size))
    changes = values.view(-1, len(LINES), len(steps)).diff(dim=2).abs()
    usual = changes.median(dim=2, keepdim=True).values
    sudden, row = (changes * (changes > SUDDEN * usual + 1e-9)).max(dim=0)
    sudden, best = sudden.topk(CANDIDATES, dim=1)
    line = torch.arange(len(LINES)).repeat_interleave(CANDIDATES)
    row, best = row.gather(1, best).flatten(), best.flatten()
    places, alive = _closed_in(problem, coordinate, line, row, steps[best], steps[best + 1])
    alive &= sudden.flatten() > 0
    return [sorted(places[alive & (line == k)].tolist()) for k in range(len(LINES))]


def _closed_in(
    problem: Problem, coordinate: str, line: Tensor, row: Tensor, low: Tensor, high: Tensor
) -> tuple[Tensor, Tensor]:
    """Halve each interval towards its larger change: where that ends, and whether the change is still there."""

    def values(at: Tensor) -> Tensor:
        return _residuals(problem, coordinate, at, line).gather(0, row[None])[0]

    first, last = values(low), values(high)
    whole = (last - first).abs()
    alive = whole > 0
    for _ in range(HALVINGS):
        if not alive.any():
            break
        middle = 0.5 * (low + high)
        between = values(middle)
        left = (between - first).abs() > (last - between).abs()
        high, last = torch.where(left, middle, high), torch.where(left, between, last)
        low, first = torch.where(left, low, middle), torch.where(left, first, between)
        alive &= (last - first).abs() > LEFT * whole
    return high, alive


def _residuals(problem: Problem, coordinate: str, at: Tensor, line: Tensor) -> Tensor:
    """All equations on all probes, (rows, points)."""
    parts = torch.tensor(LINES, dtype=torch.float64)[line]
    places = {c: problem.domain.place(c, parts) for c in problem.coordinates} | {coordinate: at}
    points = Points({c: places[c] for c in problem.coordinates}, torch.ones_like(at))
    rows = []
    for shift in SHIFTS:
        for equation in problem.equations:
            chart, x, found = probes(problem.domain, problem.unknowns, points, shift)
            fields = problem.fields(chart, x, fields_of(found), points)
            residual = equation.residual(fields).value.detach().nan_to_num(posinf=0.0, neginf=0.0)
            rows.append(residual)
    return torch.stack(rows)
