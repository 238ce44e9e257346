"""Equations and conditions on polynomials: what `checks.posed` and `checks.superfluous` ask about a problem.

The unknowns are polynomials c_k P_k of a few degrees over the domain, orthonormal on points inside. What equations and
conditions make of them on points is a matrix A, and what they prescribe is b.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from statistics import median

import numpy as np
import torch

from pinnsolve.algebra.scaling import balanced, rest
from pinnsolve.checks.answering import kept_of, periodic, rows_of, strengths
from pinnsolve.checks.linearity import SHIFTS, alike
from pinnsolve.checks.polynomials import (
    Degrees,
    degrees_of,
    lower,
    orthonormal,
    polynomials,
    right_of,
    triangle_of,
    with_holes,
)
from pinnsolve.checks.reaching import reaching
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem

Array = np.ndarray
Functions = Callable[[Problem, Degrees, Points, Alpha], Array]
VARIES = "something that varies"


@dataclass(frozen=True)
class Posing:
    """The numbers of this check. Chosen on the gallery and on problems that are known to be posed well or badly.

    Parameters
    ----------
    columns : int
        Polynomials at most. More: finer directions are seen, and the check takes longer.
    degree : int
        Of these at most: beyond, second derivatives weigh so much that rounding hides what is open.
    points : int
        For each polynomial, so that they cannot hide between points.
    fewer : int
        Degrees, where it is looked whether what is left falls with these.
    nothing : float
        Relative to the largest: what is answered by less is not answered. Larger: what is answered weakly is called
        open. Smaller: rounding on curved shapes hides what is open.
    left : float
        Of what is prescribed: less than this may be rounding in the user's constants, written with eight digits.
    much : float
        The same, or a third of the tolerance if that is less: more, and no solution is what is wanted. Larger: data
        that do not balance are solved for what comes closest. Smaller: measured fluxes are contradictions.
    still : float
        Of what is left at a lower degree: what falls below this goes on falling.
    seen : float
        Of what is left: where the degrees do not hold what is prescribed to this, nothing is said.
    beyond : float
        Times what is left without a condition: with it more, and it is too much (`checks.superfluous`). Larger: less is
        told where solutions are rough.
    """

    columns: int = 140
    degree: int = 14
    points: int = 3
    fewer: int = 3
    nothing: float = 1e-7
    left: float = 1e-7
    much: float = 1e-3
    still: float = 0.9
    seen: float = 0.1
    beyond: float = 10.0


POSING = Posing()


def settles(problem: Problem, condition: Equation) -> bool:
    """Whether it says one number, as a mean or a value at a single place."""
    axes, several = set(problem.coordinates), len(problem.coordinates) > 1
    pieces = problem.pieces(condition)
    alone = all(axes <= set(p.fixed) and (several or not p.on_boundary) and p.moment is None for p in pieces)
    return condition.integrates == "alone" or alone


@dataclass(frozen=True)
class System:
    """Equations and conditions on polynomials, row by row.

    Parameters
    ----------
    problem : Problem
    low : list of int
        Those among them that are left when all are of lower degree.
    values : array (points, polynomials)
        Of the polynomials inside, for one unknown.
    to_orthonormal : array (polynomials, kept)
        What makes them orthonormal inside.
    matrix : array (rows, unknowns x kept)
    right : array (rows,)
    blocks : list of (slice, Points)
        The rows of each equation and condition, and where they are.
    table : callable
        The polynomials there.
    linear : bool
        Otherwise it is linearised at two states, and what neither notices is open.
    """

    problem: Problem
    low: list[int]
    values: Array
    to_orthonormal: Array
    matrix: Array
    right: Array
    blocks: list[tuple[slice, Points]]
    table: Callable[[Points], Array]
    linear: bool

    @classmethod
    def of(
        cls, problem: Problem, without: Sequence[Equation] = (), functions: Functions = polynomials
    ) -> System | None:  # fmt: skip
        """The system of a problem, without some conditions; None where its numbers are not finite."""
        names = problem.coordinates
        degrees = degrees_of(len(names), POSING.columns // len(problem.unknowns), POSING.degree)
        nothing, table = (0,) * len(names), partial(functions, problem, degrees)
        count = table(problem.domain.interior.scattered(1, 3), nothing).shape[1]
        points = problem.domain.interior.draw(POSING.points * count, "sobol", torch.Generator().manual_seed(3))
        values = table(points, nothing)
        kept = orthonormal(values)
        everything = [(e, on) for e, on in _everything(problem, points, count) if e not in without]
        answers = [[problem.prober.answer(equation, on, shift) for shift in SHIFTS] for equation, on in everything]
        affine = all(map(alike, answers))
        asked = [
            (equation, on, shift, answer)
            for (equation, on), pair in zip(everything, answers, strict=True)
            for shift, answer in zip(SHIFTS[: 1 if affine else 2], pair, strict=False)
        ]
        weights, scales = balanced(np.array([strengths(problem, answer) for *_, answer in asked]))
        blocks, rights, parts, row = [], [], [], 0
        lengths = np.sqrt([len(on) for _, on, *_ in asked])
        for (equation, on, shift, answer), weight in zip(asked, weights / lengths, strict=True):
            block, right = rows_of(problem, answer, table, kept, on)
            if equation.integrates:
                block, right = reaching(problem, equation, on, partial(kept_of, table, kept), None if affine else shift)
            blocks.append(weight * block * np.repeat(scales, kept.shape[1]))
            rights.append(weight * right)
            parts.append((slice(row, row + len(on)), on))
            row += len(on)
        blocks += [periodic(problem, table, kept, c) for c in (p.coordinate for p in problem.periodic)]
        matrix = np.concatenate(blocks)
        right = np.concatenate([*rights, np.zeros(len(matrix) - row)])
        if not (np.isfinite(matrix).all() and np.isfinite(right).all()):
            return None
        low = lower(problem, degrees, count, POSING.fewer)
        return cls(problem, low, values, kept, matrix, right, parts, partial(table, alpha=nothing), affine)

    @cached_property
    def open(self) -> Array:
        """The directions (columns, k) that no row notices."""
        triangle = triangle_of(self.matrix)
        singular = np.linalg.svd(triangle, compute_uv=False)
        singular = np.pad(singular, (0, triangle.shape[1] - len(singular)))
        open_ = singular < POSING.nothing * (median(singular.tolist()) or 1.0)  # NumPy's own imports its masked arrays
        return np.asarray(right_of(triangle)[1][open_].T) if open_.any() else np.zeros((len(open_), 0))

    def described(self, directions: Array) -> Iterator[str]:
        """What of each unknown is open; nothing where no direction is."""
        if not directions.shape[1]:
            return
        count, kept = len(self.problem.unknowns), self.to_orthonormal.shape[1]
        basis = self.values @ self.to_orthonormal
        fields = np.einsum("pk,ukd->upd", basis, directions.reshape(count, kept, -1))
        if directions.shape[1] > 1:
            moved = [u for u, f in zip(self.problem.unknowns, fields, strict=True) if np.abs(f).max() > 1e-5]
            few = directions.shape[1] <= 6  # rigid motions are as many; more is a function, which lacks a condition
            how = f"in {directions.shape[1]} independent ways" if few else "on a part of its boundary"
            yield f"{' and '.join(moved)} {how}: so much may be added without any equation or condition noticing"
            return
        for unknown, field in zip(self.problem.unknowns, fields[:, :, 0], strict=True):
            size = float(np.abs(field).max())
            if size > 1e-5 * float(np.abs(fields).max()):
                level = float(np.ptp(field)) < 1e-4 * size
                what = "a constant" if level else VARIES
                fix = f"dirichlet({unknown}=0, on=point(...))" if level else "a condition"
                yield f"{unknown}: {what} may be added to it; {fix} would fix it"

    @property
    def unmet(self) -> float:
        """The share of what is prescribed that is left whatever the solution, zero where it falls with the degree."""
        size = float(np.linalg.norm(self.right))
        if size == 0:
            return 0.0
        left = self.left
        lifted = [self._lifted(unknown) for unknown in range(len(self.problem.unknowns))]
        fewer = self.matrix @ np.concatenate(lifted, axis=1)
        share = float(np.linalg.norm(left)) / size
        before = float(np.linalg.norm(self._left(fewer))) / size
        if share < POSING.left or share < POSING.still * before:
            return 0.0
        held = sum(rest(self.right[rows], self.table(on)[:, self.low]) for rows, on in self.blocks) ** 0.5 / size
        return share if held <= POSING.seen * share else 0.0

    @property
    def left(self) -> Array:
        """What of the right side (rows,) is left by whatever comes closest."""
        return self._left(self.matrix)

    def _left(self, matrix: Array) -> Array:
        return np.asarray(self.right - matrix @ np.linalg.lstsq(matrix, self.right, rcond=1e-10)[0])

    def _lifted(self, unknown: int) -> Array:
        """The functions of low degree of one unknown by the orthonormal ones."""
        kept = self.to_orthonormal.shape[1]
        basis = self.values @ self.to_orthonormal
        found = np.zeros((kept * len(self.problem.unknowns), len(self.low)))
        low = np.linalg.lstsq(basis, self.values[:, self.low], rcond=None)[0]
        found[unknown * kept : (unknown + 1) * kept] = low
        return found


class Systems:
    """Those of one problem. Each is assembled when it is first asked for, and once.

    Parameters
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @cached_property
    def settling(self) -> list[Equation]:
        """The conditions that say one number each."""
        return [c for c in self.problem.conditions if settles(self.problem, c)]

    @property
    def asked(self) -> bool:
        """Whether polynomials say something of the problem: nothing is sought from data, and there is an equation."""
        p = self.problem
        return bool(p.equations) and not (p.constants or p.functions or p.observations or p.solenoidal)

    @cached_property
    def whole(self) -> System | None:
        """With all conditions."""
        return System.of(self.problem)

    @cached_property
    def unsettled(self) -> System | None:
        """Without those that say one number each."""
        return System.of(self.problem, self.settling)

    def around_holes(self, settled: bool) -> System | None:
        """With functions that are singular in holes, and with those conditions or without."""
        return System.of(self.problem, () if settled else self.settling, with_holes)


def _everything(problem: Problem, points: Points, count: int) -> Iterator[tuple[Equation, Points]]:
    """Each equation and condition with points on which it is asked for."""
    for equation in problem.equations:
        yield equation, points
    for condition in problem.conditions:
        for piece in problem.pieces(condition):
            few = 1 if not piece.free else max(24, POSING.points * round(count ** (1 - 1 / len(problem.coordinates))))
            yield condition, piece.draw(few, "sobol", torch.Generator().manual_seed(5)) if piece.free else piece.grid()
