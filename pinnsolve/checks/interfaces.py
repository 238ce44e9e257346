"""Interfaces: planes across which the equations' coefficients or sources jump, as where light enters glass.

They are found where the residuals of smooth fields jump on all lines through the domain (`checks.jumps`). Across a
plane the unknowns of first-order equations are continuous, their slopes are not; a network that also sees the distance
from the plane has both.

Source: Tseng, Lin, Hu & Lai, J. Comput. Phys. 491 (2023) 112359 (a network that sees the distance from an interface).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.compared import compared_planes
from pinnsolve.checks.fluxes import bend
from pinnsolve.checks.jumps import SEARCH, Look, jumps, moves
from pinnsolve.checks.tables import breaks
from pinnsolve.geometry.places import Narrow, Plane
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem


def interfaces(
    problem: Problem, derivatives: Mapping[str, set[Alpha]], sizes: Mapping[str, Size], narrow: Sequence[Narrow] = ()
) -> tuple[tuple[Plane, ...], list[str], list[str]]:
    """The planes where slopes may jump, warnings about jumps that the network cannot follow, and places at which no
    residual says how a solution goes on, since what multiplies its second derivative jumps.

    Within narrow places it is looked more closely.
    """
    planes, warnings, unseen = list[Plane](), list[str](), list[str]()
    if not problem.equations:
        return (), warnings, unseen
    for axis, coordinate in enumerate(problem.coordinates):
        look = Look(problem, coordinate, sizes)
        places, alone = _on_planes(problem, coordinate, jumps(look, narrow))
        order = max((alpha[axis] for alphas in derivatives.values() for alpha in alphas), default=0)
        moving = [p for p in places if order > 1 and moves(look, p)]
        places = [p for p in places if p not in moving]
        if moving:
            warnings.append(
                f"the equations jump where {' or '.join(problem.unknowns)} takes some value, and hold second "
                f"derivatives along {coordinate}: a smooth network does not follow what the solution does there"
            )
        if order > 1 and places:
            digits = 6 - math.floor(math.log10(problem.domain.length(coordinate)))
            at = {p: f"{coordinate}={round(p, digits) + 0.0:g}" for p in places}
            unseen += [at[p] for p in places if _coefficient_jumps(problem, axis, p)]
            said = len(problem.space_coordinates) == 1 and _said(problem, coordinate, axis, places, derivatives)
            known = breaks(problem, coordinate, problem.equations) if said else ()
            if all(any(_same(problem, coordinate, p, b) for b in known) for p in places):
                continue  # tables say all of them, and cells end there
            names = " and ".join(at.values())
            remedy = "write a first-order system, with the flux as an unknown"
            if said:
                remedy = "cells do, since it is what the equations differentiate"
            warnings.append(
                f"the equations jump at {names}, and hold second derivatives along {coordinate}: a smooth network does "
                f"not see that the flux continues there; {remedy}"
            )
        elif places:
            digits = 12 - math.floor(math.log10(problem.domain.length(coordinate)))
            planes += [Plane(coordinate, round(p, digits) + 0.0) for p in places]
        if order > 1:
            bent = [p for k, p in alone if _coefficient_jumps(problem, axis, p, SEARCH.lines[k : k + 1])]
            unseen += [f"a surface that no plane holds, as at {coordinate}={p:.3g}" for p in bent[:1]]
        if alone:
            warnings.append(
                f"the equations jump along {coordinate}, at places that no plane {coordinate} = constant holds; "
                "the network is smooth there"
            )
    return tuple(planes), warnings, unseen


def broken(
    problem: Problem, sizes: Mapping[str, Size], narrow: Sequence[Narrow] = ()
) -> tuple[list[Plane], str]:  # fmt: skip
    """The planes across which the equations jump, those between materials among them, and a place at which they jump
    across no plane, in words; empty where there is none. What jumps with a value of an unknown stands on no plane; a
    source that jumps on a part of one, while it is switched on, does so on a plane, a coefficient of a slope not."""
    planes, bent, compared = list[Plane](), "", compared_planes(problem)
    for axis, coordinate in enumerate(problem.coordinates):
        look = Look(problem, coordinate, sizes)
        places, alone = _on_planes(problem, coordinate, jumps(look, narrow, parts=True))
        told = {
            plane.value: changed
            for plane, changed in compared.items()
            if plane.coordinate == coordinate and not any(_same(problem, coordinate, plane.value, q) for q in places)
        }
        alone = [(k, p) for k, p in alone if not any(_same(problem, coordinate, p, q) for q in told)]
        if coordinate != problem.domain.time and any(moving := [moves(look, p) for p in places]):
            places = [p for p, so in zip(places, moving, strict=True) if not so]
            bent = bent or f"places where {' or '.join(problem.unknowns)} takes some value"
        for place, changed in told.items():
            if coordinate != problem.domain.time and any(alpha is not None and alpha[axis] for alpha in changed):
                bent = bent or f"a part of the plane {coordinate}={place:g}"
        planes += [Plane(coordinate, p) for p in (*places, *told)]
        bent = bent or "".join(f"a surface that no plane holds, as at {coordinate}={p:.3g}" for _, p in alone[:1])
    return planes, bent


def _on_planes(
    problem: Problem, coordinate: str, lines: Sequence[Sequence[float]]
) -> tuple[list[float], list[tuple[int, float]]]:
    """The places that all lines have, and those that some have, with the number of the line."""

    def known(place: float, some: Sequence[float]) -> bool:
        return any(_same(problem, coordinate, place, q) for q in some)

    places = [p for p in lines[0] if all(known(p, line) for line in lines)]
    return places, [(k, p) for k, line in enumerate(lines) for p in line if not known(p, places)]


def _said(
    problem: Problem, coordinate: str, axis: int, places: Sequence[float], derivatives: Mapping[str, set[Alpha]]
) -> bool:
    """Whether the equations say how slopes go on across places."""
    joins = {u: max((alpha[axis] for alpha in alphas), default=0) for u, alphas in derivatives.items()}
    return all(bend(problem, coordinate, p, joins) is not None for p in places)


def _coefficient_jumps(
    problem: Problem, axis: int, place: float, lines: Sequence[float] = SEARCH.lines
) -> bool:  # fmt: skip
    """Whether what multiplies a second derivative along a coordinate is another on either side of a place."""
    coordinate, parts = problem.coordinates[axis], torch.tensor(lines, dtype=torch.float64)
    beside = SEARCH.beside * problem.domain.length(coordinate)
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
    return any(float((a - b).abs().max()) > SEARCH.different * float((a.abs() + b.abs()).max()) for a, b in pairs)


def _same(problem: Problem, coordinate: str, p: float, q: float) -> bool:
    return abs(p - q) <= SAME * problem.domain.length(coordinate)
