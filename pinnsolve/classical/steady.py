"""Problems without a march: all values at once, by Newton's method with a line search."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass
from typing import Any

import numpy as np

from pinnsolve.classical.cloud import Cloud
from pinnsolve.classical.linear import Factored, Nearby
from pinnsolve.classical.marched import OutOfTimeError
from pinnsolve.classical.normal import SingularError
from pinnsolve.classical.reading import NoReferenceError, UndeterminedError
from pinnsolve.classical.rows import Rows
from pinnsolve.classical.stencils import Array
from pinnsolve.classical.weighing import on_shape


@dataclass(frozen=True)
class Search:
    """How Newton's method goes.

    Parameters
    ----------
    iterations : int
    halvings : int
        Of a step that does not lessen the residual.
    solved : float
        Corrections, relative to the unknown, at which it ends: those that would come next, if they fell as the last one
        did.
    part : float
        The same, of the tolerance, where that is more: what is below the differences of levels.
    rounding, slow : float
        Corrections below the first that are more than the second of the last one are rounding: no further one betters.
    least : float
        Of the last correction: the next one is taken for no smaller, since each is met by conjugate gradients.
    far : float
        After a larger correction factors are made anew, without a trial of the last ones. In a driven cavity these
        failed after all of 8 such corrections, and after 3 of 13 smaller ones.
    strict : float
        How much more conditions weigh than equations, where both are met in the sense of least squares.
    strict_on_shapes : float
        The same on shapes, beyond what balances both. Larger: equations are met less well beside the boundary, slopes
        are held down where its curvature jumps. Smaller: values on the boundary are off. Tried: 1, 3 and 10 in a bent
        guide, an L and plates with holes.
    singular : float
        How strongly values answer to changes of the rows: well above what a problem near a turning point makes of them,
        and below what a coarse grid makes of a zero.
    """

    iterations: int = 40
    halvings: int = 8
    solved: float = 1e-10
    part: float = 1e-2
    rounding: float = 1e-5
    slow: float = 0.1
    least: float = 1e-3
    far: float = 1.0
    strict: float = 10.0
    strict_on_shapes: float = 3.0
    singular: float = 1e4


SEARCH = Search()
SINGULAR = "nothing determines the solution: other functions meet the same equations and conditions"


@dataclass(frozen=True)
class Steady:
    """Values (F, N) at the nodes.

    Parameters
    ----------
    rows : Rows
    values : array (F, N)
    misfit : float
        What is left of the rows, relative to their terms, at all but a fifth of the places: the most of any equation.
    linear : bool
        Whether one step of Newton's method was enough, as far as rounding lets see.
    rounding : float
        By how much rounding of the rows moves the values, relative to them.
    """

    rows: Rows
    values: Array
    misfit: float
    linear: bool
    rounding: float

    def at(self, unknown: int, places: dict[str, Array]) -> Array:
        """An unknown's values (P,) at places."""
        count = len(next(iter(places.values())))
        numbers, weights = self.rows.grid.interpolation(places, count)
        found: Array = np.einsum("pw,pw->p", self.values[unknown][numbers], weights)
        return found


def solved(rows: Rows, guess: Array, scales: Array, deadline: float, tolerance: float = 0.0) -> Steady:
    """The values at which all rows hold, from a guess (F, N), as well as a tolerance asks for.

    Raises
    ------
    NoReferenceError
        If Newton's method does not converge, or a matrix is singular.
    """
    u, nothing = guess.copy(), np.zeros_like(guess)
    inverse: Factored | Nearby | None = None
    factors: Factored | None = None
    weights, again = np.zeros(0), int(_parted(rows) and not np.ptp(guess, axis=1).any())  # nothing shows what flows
    last, linear, enough = np.inf, True, max(SEARCH.solved, SEARCH.part * tolerance)
    for steps in range(SEARCH.iterations):
        if clock.perf_counter() > deadline:
            raise OutOfTimeError
        residual = rows.residuals(u[None], nothing[None], np.zeros(1))[0]
        jacobian = rows.linearised(u, nothing, 0.0)[0]
        if steps in (0, again):
            weights, factors = weights_of(rows, jacobian, u), None
        try:
            if factors is None or rows.grid.dimension < 2 or SEARCH.far < last < np.inf:
                inverse = Factored(jacobian, weights, rows.order, rows.grid.dimension < 2)
            else:
                inverse = Nearby(factors, jacobian, rows.order)
            step = inverse.solve(-residual).reshape(u.shape)
        except SingularError:
            raise UndeterminedError(SINGULAR) from None
        if not np.isfinite(step).all():
            break
        sizes = np.maximum(np.sqrt(np.mean((u + step) ** 2, 1)), 1e-6 * scales)
        size = float(np.max(np.sqrt(np.mean(step**2, 1)) / sizes))
        at_rounding = SEARCH.slow * last <= size <= SEARCH.rounding
        # so small a step is the right one, and lessens hardly what least squares leave: nothing is searched
        u, part = (u + step, 1.0) if size <= SEARCH.rounding else _searched(rows, u, step, weights, residual)
        linear = linear and (steps != 1 + again or size <= SEARCH.rounding)
        coming = size * (min(max(size / last, SEARCH.least), 1.0) if np.isfinite(last) else 1.0)
        last = size
        factors = inverse.factors if isinstance(inverse, Nearby) else inverse
        if steps == 1 and not at_rounding and size > SEARCH.rounding:
            check_determined(rows, factors, jacobian, scales)
        if part == 1.0 and steps >= 2 * again and (coming <= enough or at_rounding):
            check_determined(rows, inverse, jacobian, scales)
            misfit, rounding = _misfit(rows, u, jacobian, scales), _rounding(factors, jacobian, u, sizes)
            return Steady(rows, u, misfit, linear and steps > again, rounding)
    if inverse is not None:
        check_determined(rows, inverse, jacobian, scales)
    raise NoReferenceError("Newton's method finds no solution of its differences")


def check_determined(rows: Rows, factors: Factored | Nearby, jacobian: Any, scales: Array) -> None:
    """Refuse equations that answer to a change of the values (V, N) as if it were none; scales (V,).

    The change that they answer to least is compared with smooth fields of the unknowns' sizes: of these it may take
    some thousands, as near a turning point, and not the inverse of what rounding or a coarse grid leaves of a zero.
    """
    at, around = list[Array](), {p.coordinate for p in rows.problem.periodic}
    for c, x in rows.grid.nodes.coordinates.items():
        share = rows.problem.domain.unit(c, x)
        at.append(np.cos(2 * np.pi * share) if c in around else share)
    made = np.zeros(rows.count)
    for k in range(4):
        wave = np.cos(sum(k * x for x in at) + 0.7)
        made = np.maximum(made, np.abs(jacobian @ (scales[:, None] * wave).ravel()))
    change = factors.softest()
    answer = np.abs(jacobian @ change)
    told = [
        float(np.sqrt(np.mean(answer[part] ** 2)) / (np.sqrt(np.mean(made[part] ** 2)) or 1.0)) for part in rows.parts
    ]
    size = np.max(np.sqrt(np.mean(change.reshape(len(scales), -1)[:, rows.away] ** 2, 1)) / scales)
    if not size <= SEARCH.singular * max(told):
        raise UndeterminedError(SINGULAR)


def _parted(rows: Rows) -> bool:
    """Whether there are materials on both sides of a curve or a surface."""
    return isinstance(rows.grid, Cloud) and bool(rows.grid.scatter.spacing.parting.pieces)


def weights_of(rows: Rows, jacobian: Any, values: Array) -> Array:
    """Each equation weighs by the size of its terms, along a single coordinate at each place, where nodes may differ in
    distance by any factor; on its block as much as all its points together, in a plane as the integral has them. In
    materials that size is that of terms with values (V, N)."""
    if isinstance(rows.grid, Cloud):
        return on_shape(rows, jacobian, SEARCH.strict_on_shapes, values.ravel())
    sizes = np.sqrt(np.asarray(jacobian.power(2).sum(1)).ravel())
    weights, alone = np.ones(rows.count), rows.grid.dimension == 1
    shares = np.sqrt(rows.fades * (1.0 if alone else rows.shares))
    for part in rows.parts:
        counted = sizes[part] * (1.0 if alone else shares[part])  # small intervals stand for little of an integral
        usual = float(np.sqrt(np.mean(counted**2))) or 1.0
        size = np.maximum(sizes[part], 1e-6 * usual) if alone else usual
        weights[part] = 1 / (size * np.sqrt(part.stop - part.start))
    return weights * shares * np.where(rows.of_conditions, SEARCH.strict, 1.0)


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


def _rounding(factors: Factored, jacobian: Any, u: Array, sizes: Array) -> float:
    """What rounding of the terms, with signs by chance, makes of the values: high derivatives on many nodes are sums of
    large terms that cancel."""
    terms = np.finfo(float).eps * (abs(jacobian) @ np.abs(u).ravel())
    signs = np.random.default_rng(11).choice([-1.0, 1.0], len(terms))
    moved = factors.solve(signs * terms).reshape(u.shape)
    return float(np.max(np.sqrt(np.mean(moved**2, 1)) / sizes))


def _misfit(rows: Rows, u: Array, jacobian: Any, scales: Array) -> float:
    nothing = np.zeros_like(u)[None]
    left, alone = (np.abs(rows.residuals(v, nothing, np.zeros(1))[0]) for v in (u[None], nothing))
    sizes = np.maximum(np.abs(u), scales[:, None])
    terms = abs(jacobian) @ sizes.ravel() + np.where(np.isfinite(alone), alone, 0.0)
    usual = 0.8  # of the places: at singular corners, and there alone, something is always left
    found = [float(np.quantile(left[part], usual) / (np.sqrt(np.mean(terms[part] ** 2)) or 1.0)) for part in rows.parts]
    return max(found)
