"""Places of a shape's boundary at which solutions are singular: corners that turn inwards, and ends of conditions.

Towards them derivatives grow without bound. Least squares of a residual that is not square-integrable are met by
another function than the solution (a Laplacian maps smooth functions of a notched plate to a closed space that lacks
one direction). So residuals are weighed down towards these places, and nodes are closer together.

Source: Grisvard, Elliptic Problems in Nonsmooth Domains (1985), chapter 4; Cox & Fix, Comput. Math. Appl. 10 (1984) 309
(weighted least squares).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch
from scipy.spatial import cKDTree

from pinnsolve.classical.reading import Read
from pinnsolve.classical.spread import columns, drawn_on
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.piece import Piece


def singular_places(given: Read) -> tuple[Array, Array]:
    """The places (K, d), and of these the ones (M, d) of which more than a right angle lies inside."""
    domain, names = given.problem.domain, given.coordinates
    together = _ends_of_conditions(given)
    deep = [p for p in together if len(names) == 2 and _wide(given, p)]
    notches = [[n.place[c] for c in names] for n in domain.notches if set(n.place) == set(names)]
    none = np.zeros((0, len(names)))
    return np.array([*together, *notches]).reshape(-1, len(names)), np.array([*deep, *notches] or none)


def _ends_of_conditions(given: Read) -> list[Array]:
    """Where parts of the boundary with different conditions meet."""
    count, names = 1024, given.coordinates
    said: dict[object, tuple[Piece, list[str]]] = {}
    for equation, piece in given.walls:
        if not set(names) <= set(piece.fixed):
            place = (tuple(sorted(piece.fixed.items())), id(piece.side), piece.kept)
            said.setdefault(place, (piece, []))[1].append(str(id(equation)))
    groups: dict[tuple[str, ...], list[Array]] = {}
    for piece, equations in said.values():
        points = columns(drawn_on(piece, count).coordinates, names)
        groups.setdefault(tuple(sorted(equations)), []).append(points)
    found: list[Array] = []
    for a, b in combinations([np.concatenate(g) for g in groups.values()], 2):
        distance, nearest = cKDTree(b).query(a)
        close = 3 * max(float(np.median(cKDTree(x).query(x, 2)[0][:, 1])) for x in (a, b))
        for k in np.flatnonzero(distance <= close)[np.argsort(distance[distance <= close])]:
            middle = (a[k] + b[nearest[k]]) / 2
            if all(np.linalg.norm(middle - other) > 4 * close for other in found):
                found.append(middle)
    return found


def _wide(given: Read, place: Array) -> bool:
    """Whether more than 108 degrees around a place of the boundary lie inside."""
    shape = given.problem.domain.space
    assert shape is not None
    angles = 2 * np.pi * (np.arange(360) + 0.5) / 360
    circle = place + 1e-2 * shape.size * np.stack([np.cos(angles), np.sin(angles)], 1)
    wide = 0.3
    return float(shape.contains(torch.from_numpy(circle)).double().mean()) > wide
