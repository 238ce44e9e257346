"""Whether more than one function solves a steady problem that is not linear: Newton's method from other guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from pinnsolve.classical.cloud import Cloud
from pinnsolve.classical.grid import Grid
from pinnsolve.classical.marched import OutOfTimeError
from pinnsolve.classical.reading import NoReferenceError, UndeterminedError
from pinnsolve.classical.solving import Found, Solver
from pinnsolve.classical.steady import Steady
from pinnsolve.classical.stencils import Array


@dataclass(frozen=True)
class Others:
    """How other solutions are looked for.

    Parameters
    ----------
    heights : tuple of float
        Of the guesses, in natural sizes. More: rarer solutions are found, and it takes longer.
    apart : float
        Relative: what differs by more is another solution. Smaller: the error of a coarse grid is taken for one.
    """

    heights: tuple[float, ...] = (1.0, -1.0, 4.0, -4.0, 16.0)
    apart: float = 0.03


OTHERS = Others()


def check_alone(solver: Solver, levels: Sequence[Found], places: dict[str, Array]) -> None:
    """Refuse a problem of which other guesses find another solution, on two grids alike.

    Raises
    ------
    UndeterminedError
        If there is one.
    """
    first, coarse, fine = levels[0], *levels[-2:]
    if not (isinstance(coarse, Steady) and isinstance(fine, Steady) and isinstance(first, Steady)) or first.linear:
        return
    if solver.given.problem.guess.unknowns:
        return  # which one is meant was said
    known = _values(solver, fine, places)
    for height in OTHERS.heights:
        try:
            other = solver.from_guess(coarse.rows.grid, _bump(solver, coarse.rows.grid, height))
            if not _differ(known, _values(solver, other, places)):
                continue
            at = fine.rows.grid.nodes.coordinates
            again = solver.from_guess(fine.rows.grid, np.stack([other.at(f, at) for f in range(len(known))]))
        except (NoReferenceError, OutOfTimeError):
            continue
        values = _values(solver, again, places)
        if _differ(known, values) and not _differ(values, _values(solver, other, places)):
            zero = ", ".join(f'"{u}": 0' for u in solver.given.problem.unknowns)
            raise UndeterminedError(
                "several functions solve these equations and conditions: guesses of other heights lead to different "
                f"ones; guess={{{zero}}} asks for the one that is reached from zero, as a rule the smallest, "
                "guess={...} for another"
            )


def _values(solver: Solver, found: Steady, places: dict[str, Array]) -> Array:
    return np.stack([found.at(f, places) for f in range(len(solver.scales))])


def _differ(a: Array, b: Array) -> bool:
    sizes = np.maximum(np.sqrt(np.mean(a**2, 1)), np.sqrt(np.mean(b**2, 1)))
    apart = np.sqrt(np.mean((a - b) ** 2, 1))
    return bool(np.any(apart > OTHERS.apart * np.maximum(sizes, 1e-300)))


def _bump(solver: Solver, grid: Grid | Cloud, height: float) -> Array:
    """A hump over the whole domain (F, N)."""
    domain = solver.given.problem.domain
    at = grid.nodes.coordinates
    shape = prod(np.sin(np.pi * domain.unit(c, x)) for c, x in at.items())
    found: Array = height * solver.scales[:, None] * np.asarray(shape)[None, :]
    return found
