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
    near : float
        Relative: they are looked for on the coarsest level that is so near the finest, and confirmed there. Larger:
        what is not resolved is missed. Smaller: a driven cavity takes as long for this as for itself (`python -m
        validation.automatic --speeds`).
    alike : float
        Of its distance from the known one: what another solution moves by from the one level to the other.
    loose : float
        The tolerance of Newton's method there: a hundredth of it is well below what is told apart.
    """

    heights: tuple[float, ...] = (1.0, -1.0, 4.0, -4.0, 16.0)
    apart: float = 0.03
    near: float = 0.03
    alike: float = 0.3
    loose: float = 0.3


OTHERS = Others()


def check_alone(solver: Solver, levels: Sequence[Found], places: dict[str, Array]) -> None:
    """Refuse a problem of which other guesses find another solution, on a grid that is fine enough for the one that is
    known and on the finest alike.

    Raises
    ------
    UndeterminedError
        If there is one.
    """
    steady = [level for level in levels if isinstance(level, Steady)]
    if len(steady) < len(levels) or steady[0].linear:
        return
    if solver.given.problem.guess.unknowns:
        return  # which one is meant was said
    fine, at = steady[-1], steady[-1].rows.grid.nodes.coordinates
    known = _values(solver, fine, places)
    near = (one for one in steady[:-2] if _apart(known, _values(solver, one, places)) <= OTHERS.near)
    coarse = next(near, steady[-2])
    there = _values(solver, coarse, places)
    for height in OTHERS.heights:
        try:
            begin = _bump(solver, coarse.rows.grid, height)
            other = solver.from_guess(coarse.rows.grid, begin, OTHERS.loose)
            if _apart(there, found := _values(solver, other, places)) <= OTHERS.apart:
                continue
            again = solver.from_guess(fine.rows.grid, np.stack([other.at(f, at) for f in range(len(known))]))
        except (NoReferenceError, OutOfTimeError):
            continue
        distance = _apart(known, values := _values(solver, again, places))
        if distance > OTHERS.apart and _apart(values, found) <= max(OTHERS.apart, OTHERS.alike * distance):
            zero = ", ".join(f'"{u}": 0' for u in solver.given.problem.unknowns)
            raise UndeterminedError(
                "several functions solve these equations and conditions: guesses of other heights lead to different "
                f"ones; guess={{{zero}}} asks for the one that is reached from zero, as a rule the smallest, "
                "guess={...} for another"
            )


def _values(solver: Solver, found: Steady, places: dict[str, Array]) -> Array:
    return np.stack([found.at(f, places) for f in range(len(solver.scales))])


def _apart(a: Array, b: Array) -> float:
    """How far values (F, P) are from others, relative to the larger ones: the most of any unknown."""
    sizes = np.maximum(np.sqrt(np.mean(a**2, 1)), np.sqrt(np.mean(b**2, 1)))
    return float(np.max(np.sqrt(np.mean((a - b) ** 2, 1)) / np.maximum(sizes, 1e-300)))


def _bump(solver: Solver, grid: Grid | Cloud, height: float) -> Array:
    """A hump over the whole domain (F, N)."""
    domain = solver.given.problem.domain
    at = grid.nodes.coordinates
    shape = prod(np.sin(np.pi * domain.unit(c, x)) for c, x in at.items())
    found: Array = height * solver.scales[:, None] * np.asarray(shape)[None, :]
    return found
