"""Polynomials over a domain: what equations and conditions are tried on before training."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.polynomial import legendre

from pinnsolve.geometry.points import Points
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


def orthonormal_at(
    problem: Problem, degrees: list[tuple[int, ...]], kept: Array, points: Points, alpha: Alpha
) -> Array:
    """D^alpha of the orthonormal polynomials, (points, kept)."""
    return np.asarray(polynomials(problem, degrees, points, alpha) @ kept)
