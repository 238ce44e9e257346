"""Polynomials over a domain, and functions around its holes: what equations and conditions are tried on before
training."""

from __future__ import annotations

import itertools
import math
import operator
from dataclasses import dataclass
from functools import cache, partial, reduce
from typing import Any

import numpy as np
import torch
from numpy.polynomial import legendre

from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.problem import Problem

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Degrees:
    """Which products of Legendre polynomials there are.

    Parameters
    ----------
    each : array (polynomials, coordinates)
    most : int
        Of all of them.
    derived : list of array (most + 1 - k, most + 1)
        The k-th derivatives of the polynomials by the polynomials, as far as they were asked for.
    """

    each: Array
    most: int
    derived: list[Array]

    @property
    def sums(self) -> list[int]:
        """The total degree of each."""
        return [int(n) for n in self.each.sum(1)]

    def derivative(self, times: int) -> Array:
        while len(self.derived) <= times:
            self.derived.append(legendre.legder(self.derived[-1]))
        return self.derived[times]


@cache
def degrees_of(coordinates: int, columns: int, most: int) -> Degrees:
    """All degrees up to a sum, of which there are about so many."""
    degree = 1
    while degree < most and math.comb(degree + 1 + coordinates, coordinates) <= columns:
        degree += 1
    every = itertools.product(range(degree + 1), repeat=coordinates)
    return Degrees(np.array([d for d in every if sum(d) <= degree]), degree, [np.eye(degree + 1)])


def polynomials(problem: Problem, degrees: Degrees, points: Points, alpha: Alpha) -> Array:
    """D^alpha of each product of Legendre polynomials, (points, polynomials), in the problem's own units."""
    found = np.ones(())
    for axis, (name, times) in enumerate(zip(problem.coordinates, alpha, strict=True)):
        low, high = problem.domain.ends(name)
        key, derived = ("Legendre", name, low, high, degrees.most), degrees.derivative(times)
        values = once(points, key, partial(_values, problem, degrees, points, name))
        table = values[:, : len(derived)] @ derived if times else values
        found = found * table[:, degrees.each[:, axis]] * (2 / (high - low)) ** times
    return found


def _values(problem: Problem, degrees: Degrees, points: Points, coordinate: str) -> Array:
    """Of the polynomials of one coordinate, (points, most + 1)."""
    low, high = problem.domain.ends(coordinate)
    at = 2 * (points.coordinates[coordinate].numpy() - low) / (high - low) - 1
    return np.asarray(legendre.legvander(at, degrees.most))


def orthonormal(values: Array) -> Array:
    """What makes polynomials orthonormal on points, those left out that others nearly make up."""
    singular, directions = right_of(values / math.sqrt(len(values)))
    keep = singular > 1e-6 * singular[0]  # on a small shape in its box high degrees are nearly lower ones
    return np.asarray(directions[keep].T / singular[keep])


def right_of(matrix: Array) -> tuple[Array, Array]:
    """Singular values and all right singular vectors, as rows; those of a tall matrix are its triangle's."""
    _, singular, right = np.linalg.svd(triangle_of(matrix))
    return np.asarray(singular), np.asarray(right)


def triangle_of(matrix: Array) -> Array:
    """What has the same singular values, and right singular vectors."""
    return np.asarray(np.linalg.qr(matrix, mode="r")) if len(matrix) > matrix.shape[1] else matrix


def with_holes(problem: Problem, degrees: Degrees, points: Points, alpha: Alpha) -> Array:
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


def lower(problem: Problem, degrees: Degrees, count: int, fewer: int) -> list[int]:
    """Those of so many functions that are left at fewer degrees: polynomials, and the first ones around holes."""
    sums, around = degrees.sums, 1 + len(problem.coordinates)
    first = sum((1 + len(hole.centre)) * around for hole in problem.domain.holes)
    low = [k for k, n in enumerate(sums) if n <= degrees.most - fewer]
    return low + list(range(len(sums), min(len(sums) + first, count)))
