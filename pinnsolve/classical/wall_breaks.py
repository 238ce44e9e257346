"""Where what holds on the walls of a box jumps, has a kink or changes along a wall: no difference goes across.

Beside such a place the solution is singular, as r log r where a slope jumps and as r^(1/2) where a value ends. Stencils
that end at the plane through it meet that by nodes that close up there, and are smooth on either side of it elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.varying import RULES as VARYING
from pinnsolve.checks.varying import each_along, together_along
from pinnsolve.classical.reading import Read
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.piece import Piece


@dataclass(frozen=True)
class Rules:
    """Chosen, not measured.

    Parameters
    ----------
    most : int
        Places along a coordinate: between two of them stand as many nodes as a difference takes, so that a table of
        many values leaves its kinks alone.
    samples : int
        Along a wall: shorter parts of it may be passed by.
    halvings : int
        Of the distance of samples.
    """

    most: int = 6
    samples: int = 513
    halvings: int = 40


RULES = Rules()


def wall_breaks(given: Read) -> dict[str, list[float]]:
    """The places along each line of a grid, in rising order."""
    if len(given.coordinates) < 2 or given.problem.domain.shape is not None:
        return {}
    found = {}
    for c in given.coordinates:
        walls = [(e, piece) for e, piece in given.walls if c in piece.free]
        told = together_along(given.problem, c, each_along(given.problem, c, walls, planes=False)).breaks
        ends = [end for _, piece in walls if piece.kept for end in _ends(given, piece, c)]
        near, kept = SAME * given.problem.domain.length(c), list[float]()
        for place in sorted([*told, *ends]):
            if not kept or place - kept[-1] > near:
                kept.append(place)
        if 0 < len(kept) <= RULES.most:
            found[c] = kept
    return found


def _ends(given: Read, piece: Piece, coordinate: str) -> list[float]:
    """Where a part of a wall begins or ends along a coordinate, if that is the same wherever else one stands."""
    domain = given.problem.domain
    lines = [_changes(given, piece, coordinate, part) for part in VARYING.lines]
    near = VARYING.same * domain.length(coordinate)
    return [
        place
        for place in lines[0]
        if all(np.abs(np.array(other) - place).min(initial=np.inf) < near for other in lines[1:])
    ]


def _changes(given: Read, piece: Piece, coordinate: str, part: float) -> list[float]:
    """The same on one line, at a part of the other coordinates' lengths."""
    domain = given.problem.domain

    def holds(x: Array) -> Array:
        one = torch.ones(len(x), dtype=torch.float64)
        at = {c: domain.place(c, part * one) for c in given.problem.coordinates}
        at |= {c: v * one for c, v in piece.fixed.items()}
        return piece.holds(at | {coordinate: torch.from_numpy(x)}).numpy()

    x = np.linspace(*domain.ends(coordinate), RULES.samples)
    within = holds(x)
    first = np.flatnonzero(within[1:] != within[:-1])
    low, high, at_low = x[first], x[first + 1], within[first]
    for _ in range(RULES.halvings if len(first) else 0):
        middle = (low + high) / 2
        same = holds(middle) == at_low
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    places: list[float] = ((low + high) / 2).tolist()
    return places
