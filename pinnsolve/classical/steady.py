"""Problems without a march: all values at once, by Newton's method with a line search."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass
from typing import Any

import numpy as np

from pinnsolve.classical.linear import Factored, SingularError
from pinnsolve.classical.march import OutOfTimeError
from pinnsolve.classical.reading import NoReferenceError
from pinnsolve.classical.rows import Rows
from pinnsolve.classical.stencils import Array


@dataclass(frozen=True)
class Search:
    """How Newton's method goes.

    Parameters
    ----------
    iterations : int
    halvings : int
        Of a step that does not lessen the residual.
    solved : float
        Corrections, relative to the unknown, at which it ends.
    strict : float
        How much more conditions weigh than equations, where both are met in the sense of least squares.
    """

    iterations: int = 40
    halvings: int = 8
    solved: float = 1e-10
    strict: float = 10.0


SEARCH = Search()


@dataclass(frozen=True)
class Steady:
    """Values (F, N) at the nodes.

    Parameters
    ----------
    rows : Rows
    values : array (F, N)
    gain : float
        How strongly the values answer to the rows, in units of their sizes: without bound where nothing determines
        them.
    """

    rows: Rows
    values: Array
    gain: float

    def at(self, unknown: int, places: dict[str, Array]) -> Array:
        """An unknown's values (P,) at places."""
        count = len(next(iter(places.values())))
        numbers, weights = self.rows.grid.interpolation(places, count)
        found: Array = np.einsum("pw,pw->p", self.values[unknown][numbers], weights)
        return found


def solved(rows: Rows, guess: Array, scales: Array, deadline: float) -> Steady:
    """The values at which all rows hold, from a guess (F, N).

    Raises
    ------
    NoReferenceError
        If Newton's method does not converge, or a matrix is singular.
    """
    u, nothing = guess.copy(), np.zeros_like(guess)
    weights: Array | None = None
    for _ in range(SEARCH.iterations):
        if clock.perf_counter() > deadline:
            raise OutOfTimeError
        residual = rows.residuals(u[None], nothing[None], np.zeros(1))[0]
        jacobian = rows.linearised(u, nothing, 0.0)[0]
        if weights is None:
            weights = _weights(rows, jacobian)
        try:
            factors = Factored(jacobian, weights)
        except SingularError:
            raise NoReferenceError("nothing determines the solution: its linear equations are singular") from None
        step = factors.solve(-residual).reshape(u.shape)
        if not np.isfinite(step).all():
            raise NoReferenceError("nothing determines the solution: its linear equations are singular")
        u, part = _searched(rows, u, step, weights, residual)
        sizes = np.maximum(np.sqrt(np.mean(u**2, 1)), 1e-6 * scales)
        if part == 1.0 and float(np.max(np.sqrt(np.mean(step**2, 1)) / sizes)) <= SEARCH.solved:
            return Steady(rows, u, _gain(rows, factors))
    raise NoReferenceError("Newton's method finds no solution of its differences")


def _weights(rows: Rows, jacobian: Any) -> Array:
    """Each equation on each block weighs by the size of its terms and as much as all its points together."""
    weights = np.ones(rows.count)
    for part in rows.parts:
        size = np.sqrt(np.mean(np.asarray(jacobian[part].power(2).sum(1))))
        weights[part] = 1 / (size * np.sqrt(part.stop - part.start)) if size > 0 else 1.0
    return weights * np.where(rows.of_conditions, SEARCH.strict, 1.0)


def _searched(rows: Rows, u: Array, step: Array, weights: Array, residual: Array) -> tuple[Array, float]:
    """The part of a step that lessens the residual."""
    before, part = float(np.linalg.norm(weights * residual)), 1.0
    nothing = np.zeros_like(u)[None]
    for _ in range(SEARCH.halvings):
        after = rows.residuals((u + part * step)[None], nothing, np.zeros(1))[0]
        size = float(np.linalg.norm(weights * after))
        if (
            size <= before * (1 - 0.1 * part) + 1e-12 * float(np.linalg.norm(weights * np.abs(residual)))
            or size < 1e-10
        ):
            return u + part * step, part
        part /= 2
    return u + step, 1.0  # near the solution rounding decides, or least squares leave a residual


def _gain(rows: Rows, factors: Factored) -> float:
    """How much random changes of the rows, each of its row's size, change the values."""
    random = np.random.default_rng(7).standard_normal(rows.count) / np.sqrt(rows.count)
    right = random / factors.weights
    return float(np.sqrt(np.mean(factors.solve(right) ** 2)))
