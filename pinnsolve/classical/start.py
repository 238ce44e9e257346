"""The values with which a march begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from pinnsolve.checks.varying import each_along, together_along
from pinnsolve.classical.reading import NoReferenceError, Read
from pinnsolve.classical.rows import Block, Rows
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How jumps are told. Lengths are parts of the domain's. Chosen, not measured.

    Parameters
    ----------
    near : float
        A node that is so near a jump stands there.
    away : float
        From a jump to what is told beside it: more than the 1e-7 to which its place is known. Larger: slopes are told.
    least : float
        Of its size: what a start changes by at a jump, at the least. Smaller: kinks are taken for jumps.
    """

    near: float = 1e-9
    away: float = 1e-6
    least: float = 1e-3


RULES = Rules()
ORDER = {"value": 0, "rate": 1}


def start_of(given: Read, rows: Rows, jumps: Mapping[str, Sequence[float]] | None = None) -> Array:
    """Values (V, N) of all variables at the nodes; zeros for those without a rate, which their equations give. At
    places at which it jumps, by coordinate, the mean of both sides, which differences carry on to second order.

    Source: Kreiss, Thomee & Widlund, Commun. Pure Appl. Math. 23 (1970) 241.

    Raises
    ------
    NoReferenceError
        If the start of a variable that has a rate is not prescribed.
    """
    problem = given.problem
    time = problem.domain.time
    assert time is not None
    begin = np.array([problem.domain.ends(time)[0]])
    found, told = np.zeros((len(rows.variables), len(rows.grid))), set()
    block = Block((), rows.grid.nodes)
    for equation, piece in given.starts:
        if equation.prescribes is None or equation.prescribes.what not in ORDER or len(piece.fixed) > 1:
            raise NoReferenceError(f"{equation.name} is no value and no rate of one unknown over the whole start")
        variable = (problem.unknowns.index(equation.prescribes.unknown), ORDER[equation.prescribes.what])
        if variable not in rows.variables:
            continue
        points = block.points(time, begin)
        sides = []
        for side in (-1.0, 1.0) if jumps else (0.0,):
            sides.append(_told(problem, equation, _beside(points, problem.domain, jumps or {}, side)))
        found[rows.variables.index(variable)] = np.mean(sides, 0)
        told.add(variable)
    for f, k in rows.variables:
        if given.orders[f] > k and (f, k) not in told:
            what = "value" if k == 0 else "rate" if k == 1 else f"derivative of order {k}"
            raise NoReferenceError(f"no condition prescribes the {what} of {problem.unknowns[f]} at the start")
    return found


def jumps_of_starts(given: Read) -> dict[str, list[float]]:
    """Where starts jump, along each coordinate. At a kink a node is of no use: with one there the error of a tent that
    spreads is three times that of nodes beside it."""
    problem, found = given.problem, dict[str, list[float]]()
    for c in given.coordinates:
        breaks = together_along(problem, c, each_along(problem, c, given.starts, planes=True)).breaks
        found[c] = [place for place in breaks if any(_jumps(problem, e, piece, c, place) for e, piece in given.starts)]
    return found


def _jumps(problem: Problem, equation: Equation, piece: Piece, coordinate: str, place: float) -> bool:
    if equation.prescribes is None:
        return False
    away = RULES.away * problem.domain.length(coordinate)
    points = piece.draw(64, "sobol", torch.Generator().manual_seed(64))
    at = torch.full_like(points.coordinates[coordinate], place)
    low, high = (
        _told(problem, equation, replace(points, coordinates={**points.coordinates, coordinate: at + step}))
        for step in (-away, away)
    )
    return bool(np.abs(high - low).max() > RULES.least * max(np.abs(low).max(), np.abs(high).max()))


def _told(problem: Problem, equation: Equation, points: Points) -> Array:
    """What a start prescribes at points (P,)."""
    assert equation.prescribes is not None
    chart, at = points.chart()
    found: Array = equation.prescribes.given(problem.fields(chart, at, {}, points)).value.numpy()
    return found


def _beside(points: Points, domain: Domain, jumps: Mapping[str, Sequence[float]], side: float) -> Points:
    """Points, those at jumps a little to one side of them."""
    moved = dict(points.coordinates)
    for c, places in jumps.items():
        for place in places:
            there = (points.coordinates[c] - place).abs() <= RULES.near * domain.length(c)
            moved[c] = moved[c] + side * RULES.away * domain.length(c) * there
    return replace(points, coordinates=moved)


def extrapolated(places: Array, stages: Array) -> Array:
    """The polynomial through the stages alone, at the start."""
    weights = np.array([
        np.prod([-p / (places[i] - p) for j, p in enumerate(places) if j != i]) for i in range(len(places))
    ])  # fmt: skip
    return np.tensordot(weights, stages, 1)
