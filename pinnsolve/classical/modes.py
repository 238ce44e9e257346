"""Eigenvalues by differences: the rows of a grid are a pencil A + E B, and Arnoldi's method finds what is near.

Source: Lehoucq, Sorensen & Yang, ARPACK Users' Guide (1998), section 3.2 (shift and invert).
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

from pinnsolve.checks.check import check
from pinnsolve.classical.layout import laid_out, spacing_of
from pinnsolve.classical.levels import PLAN
from pinnsolve.classical.linear import Factored
from pinnsolve.classical.marched import OutOfTimeError
from pinnsolve.classical.normal import SingularError
from pinnsolve.classical.reading import NoReferenceError, read
from pinnsolve.classical.solving import Solver
from pinnsolve.classical.steady import weights_of
from pinnsolve.classical.stencils import Array
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How grids follow each other. Chosen, not measured.

    Parameters
    ----------
    levels : int
        At most.
    more : int
        Eigenvalues beside those that are wanted: a cluster at the end is not cut.
    aside : float
        The shift lies so far beside what is asked for, where there may be an eigenvalue.
    caution : float
        Times the last difference of levels: the own error.
    real : float
        Of an eigenvalue: an imaginary part below it is an error of the grid.
    enough : float
        Of the tolerance: the own error at which it ends.
    """

    levels: int = 6
    more: int = 4
    aside: float = 1.37e-2
    caution: float = 1.25
    real: float = 1e-3
    enough: float = 0.1


RULES = Rules()


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues (K,), ascending, with their own relative error, and how they were computed."""

    values: Array
    own_error: float
    about: str


def spectrum(
    posed: Callable[[float], Problem], near: float, count: int, tolerance: float, seconds: float, scale: float
) -> Spectrum:
    """The eigenvalues nearest to a number.

    Parameters
    ----------
    posed : callable
        The problem for one value of the eigenvalue.
    scale : float
        How far those that are wanted lie from that number, about.

    Raises
    ------
    NoReferenceError
        If no levels approach each other in that time.
    """
    began, step = clock.perf_counter(), scale
    shift, found, apart, told = near + RULES.aside * step, list[Array](), np.inf, ""
    problems = [posed(shift), posed(shift + step)]
    findings = check(problems[0])
    given = [read(p) for p in problems]
    dimension, shape = len(given[0].coordinates), problems[0].domain.shape is not None
    if dimension > 2:
        raise NoReferenceError("a grid of three coordinates is too large for eigenvalues")
    if findings.unseen or findings.jumps or findings.planes or problems[0].materials:
        raise NoReferenceError("the equations jump, and differences are not taken across that")
    spacing = spacing_of(given[0], findings, PLAN.scattered[dimension]) if shape else None
    solver = Solver(given[0], findings, began + seconds, spacing)
    nodes, last = float(PLAN.nodes[dimension]), 0.0
    for _ in range(RULES.levels):
        if clock.perf_counter() - began + 4 * last > seconds:
            break
        begin = clock.perf_counter()
        try:
            grid = solver.grid(int(nodes), nodes / PLAN.nodes[dimension], {})
            rows = [laid_out(g, grid, findings.corners) for g in given]
            zero = np.zeros((len(problems[0].unknowns), len(grid)))
            first, second = (r.linearised(zero, zero, 0.0)[0].tocsr() for r in rows)
            factors = Factored(first, weights_of(rows[0], first, zero), rows[0].order, grid.dimension < 2)
            values = _nearest(factors, (second - first) / step, shift, near, count)
        except (SingularError, OutOfTimeError, ArpackError) as error:
            raise NoReferenceError(f"its grid has no eigenvalues: {error}") from None
        found.append(values)
        nodes, last = nodes * PLAN.finer[dimension], clock.perf_counter() - begin
        if len(found) > 1:
            largest = float(np.abs(values).max()) or 1.0
            sizes = np.where(np.abs(values) > 1e-6 * largest, np.abs(values), largest)
            apart = RULES.caution * float(np.max(np.abs(values - found[-2]) / sizes))
            told = f"Arnoldi's method on differences over {len(grid):,} nodes"
            if apart <= RULES.enough * tolerance:
                break
    if not apart < 0.1:
        raise NoReferenceError(f"the eigenvalues of its levels do not approach each other (differences {apart:.0e})")
    return Spectrum(found[-1], apart, told)


def _nearest(factors: Factored, slope: Any, shift: float, near: float, count: int) -> Array:
    size = len(factors.scale)
    matrix: LinearOperator = LinearOperator(
        (size, size), matvec=lambda x: factors.solve(-(slope @ x.ravel())), dtype=np.float64
    )
    start = np.random.default_rng(5).standard_normal(size)
    theta = eigs(matrix, k=min(count + RULES.more, size - 2), which="LM", return_eigenvectors=False, v0=start)
    values = shift + 1 / theta
    values = values[np.argsort(np.abs(values - near))][:count]
    if (np.abs(values.imag) > RULES.real * np.maximum(np.abs(values), 1e-3 * np.abs(values).max())).any():
        raise NoReferenceError("eigenvalues of its grid are no real numbers")
    return np.sort(values.real)
