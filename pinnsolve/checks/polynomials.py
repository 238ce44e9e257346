"""Polynomials over a domain, and functions around its holes: what equations and conditions are tried on before
training."""

from __future__ import annotations

import itertools
import math
import operator
from functools import reduce
from typing import Any

import numpy as np
import torch
from numpy.polynomial import legendre

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.problem import Problem

Array = np.ndarray


def degrees_of(coordinates: int, columns: int, most: int) -> list[tuple[int, ...]]:
    """All degrees up to a sum, of which there are about so many."""
    degree = 1
    while degree < most and math.comb(degree + 1 + coordinates, coordinates) <= columns:
        degree += 1
    every = itertools.product(range(degree + 1), repeat=coordinates)
    return [d for d in every if sum(d) <= degree]


def polynomials(problem: Problem, degrees: list[tuple[int, ...]], points: Points, alpha: Alpha) -> Array:
    """D^alpha of each product of Legendre polynomials, (points, polynomials), in the problem's own units."""
    found = np.ones((len(points), len(degrees)))
    most = max(max(d) for d in degrees)
    for axis, name in enumerate(problem.coordinates):
        low, high = problem.domain.ends(name)
        at = 2 * (points.coordinates[name].numpy() - low) / (high - low) - 1
        times = alpha[axis]
        derived = legendre.legder(np.eye(most + 1), times)
        table = legendre.legvander(at, len(derived) - 1) @ derived
        found *= table[:, [d[axis] for d in degrees]] * (2 / (high - low)) ** times
    return found


def orthonormal(values: Array) -> Array:
    """What makes polynomials orthonormal on points, those left out that others nearly make up."""
    singular, directions = right_of(values / math.sqrt(len(values)))
    keep = singular > 1e-6 * singular[0]  # on a small shape in its box high degrees are nearly lower ones
    return np.asarray(directions[keep].T / singular[keep])


def right_of(matrix: Array) -> tuple[Array, Array]:
    """Singular values and all right singular vectors, as rows; those of a tall matrix are its triangle's."""
    square = np.asarray(np.linalg.qr(matrix, mode="r")) if len(matrix) > matrix.shape[1] else matrix
    _, singular, right = np.linalg.svd(square)
    return np.asarray(singular), np.asarray(right)


def with_holes(problem: Problem, degrees: list[tuple[int, ...]], points: Points, alpha: Alpha) -> Array:
    """The same of polynomials, and of what holds solutions beside holes (`geometry.holes`): for each of them

        log r (1 / r in space),  X / r^n,  then X_j X_k / r^(n + 2)         X = (x - centre) / radius,  r = |X|,

    in n dimensions, which are those of Laplace's equation, each times one, X, and the coordinates in which the hole has
    no centre.
    """
    at, first, second = points.chart()[1], list[Jet](), list[Jet]()
    for hole in problem.domain.holes:
        local = {c: (at[c] - place) / hole.radius for c, place in hole.centre.items()}
        square: Any = reduce(operator.add, (x * x for x in local.values()))
        flux = square ** (-len(local) / 2)
        own = [torch.log(square) if len(local) == 2 else square**-0.5, *(x * flux for x in local.values())]
        pairs = [a * b * flux / square for a, b in itertools.combinations_with_replacement(local.values(), 2)]
        times = (1.0, *(local.get(c, problem.domain.unit(c, at[c])) for c in problem.coordinates))
        first += [f * by for f in own for by in times]
        second += [f * by for f in pairs for by in times]
    around = np.stack([f.dense(alpha).numpy() for f in first + second], axis=1)
    return np.concatenate([polynomials(problem, degrees, points, alpha), around], axis=1)


def lower(problem: Problem, degrees: list[tuple[int, ...]], count: int, fewer: int) -> list[int]:
    """Those of so many functions that are left at fewer degrees: polynomials, and the first ones around holes."""
    most, around = max(map(sum, degrees)) - fewer, 1 + len(problem.coordinates)
    first = sum((1 + len(hole.centre)) * around for hole in problem.domain.holes)
    low = [k for k, d in enumerate(degrees) if sum(d) <= most]
    return low + list(range(len(degrees), min(len(degrees) + first, count)))
