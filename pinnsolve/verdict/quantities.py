"""The quantities that a problem asks for, of a solution and of its reference.

A reference is known by its values alone: derivatives are differences, of two widths, that stay inside the domain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from pinnsolve.checks.differences import Differenced, Values
from pinnsolve.checks.references import judged, reference_values
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.materials import Parts
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.quadrature import FINENESS, rules
from pinnsolve.integrated import Breaks, Integral, integrated, joined, pieces_of, summed
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.quantities import Quantity
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution
from pinnsolve.trial.elsewhere import breaks


@dataclass(frozen=True)
class Widths:
    """The differences that stand for derivatives of a reference. Chosen, not measured.

    Parameters
    ----------
    each : tuple of float
        Of the domain's lengths; what they differ by is the error. Larger: the formula's own error. Smaller: rounding.
    reach : int
        Steps to either side that must lie inside; where they do not, the stencil lies on the other side.
    slack : float
        Of a shape's size, outside of it: so far a line along a curved side may leave it.
    """

    each: tuple[float, float] = (3e-3, 1e-3)
    reach: int = 4
    slack: float = 2e-5


WIDTHS = Widths()


@dataclass(frozen=True)
class Told:
    """A quantity as it was found.

    Parameters
    ----------
    value : float
        In the units of what is integrated times length, area or volume.
    error : float
        Of the quadrature.
    reference : float or None
        The same of the reference, where it knows it.
    reference_error : float or None
        Of its quadrature and its differences.
    why : str
        Why there is no value, where there is none.
    """

    value: float
    error: float
    reference: float | None = None
    reference_error: float | None = None
    why: str = ""

    @property
    def relative(self) -> float | None:
        """|value - reference| / |reference|; None where the reference is zero as far as it is known."""
        if self.reference is None or abs(self.reference) <= 10 * (self.reference_error or 0.0):
            return None
        return abs(self.value - self.reference) / abs(self.reference)


def quantities_told(solution: Solution, reference: Reference | None) -> dict[str, Told]:
    """Every quantity of a solution's problem, beside the reference's."""
    return {name: _told(solution, reference, q) for name, q in solution.problem.quantities.items()}


def _told(solution: Solution, reference: Reference | None, quantity: Quantity) -> Told:
    try:
        own = integrated(solution.trial, solution.problem, quantity)
    except ProblemError as error:
        return Told(math.nan, math.nan, why=error.fault)
    true = None if reference is None else of_reference(solution, reference, quantity)
    return Told(own.value, own.error, *((None, None) if true is None else (true.value, true.error)))


def of_reference(solution: Solution, reference: Reference, quantity: Quantity) -> Integral | None:
    """The quantity of a reference; None where its fields do not tell it."""
    problem = solution.problem
    if problem.spans:  # the fields of a reference go on where unknowns do not live
        return None
    if quantity.asks & ({*problem.constants, *problem.functions} - set(reference.fields)):
        return None
    places, pieces = breaks(solution.trial), pieces_of(problem, quantity, solution.trial.plan.sizes)
    settled = FINENESS.settled * problem.tolerance

    def seen(piece: Piece, narrow: Breaks, width: float) -> Iterator[tuple[Points, np.ndarray]]:
        return ((p, _values(problem, reference, quantity, p, width)) for p in rules(piece, joined(places, narrow)))

    try:
        with np.errstate(all="ignore"):
            wide, fine = (summed([(p, seen(p, b, w)) for p, b in pieces], quantity.name, settled) for w in WIDTHS.each)
    except ProblemError:  # of a formula that is not defined on a side
        return None
    return Integral(fine.value, fine.error + abs(wide - fine))


def _values(
    problem: Problem, reference: Reference, quantity: Quantity, points: Points, width: float
) -> np.ndarray:  # fmt: skip
    """What is integrated, of the reference, (N,): points whose stencils lie on the same side go together."""
    found = np.empty(len(points))
    parts = Parts(problem.domain, problem.materials.values()) if problem.materials else None
    sides = torch.stack([_side(problem, points, c, width, parts) for c in problem.coordinates], 1)
    for chosen in product((-1, 0, 1), repeat=len(problem.coordinates)):
        mine = (sides == torch.tensor(chosen)).all(1)
        if bool(mine.any()):
            sided = dict(zip(problem.coordinates, chosen, strict=True))
            found[mine.numpy()] = _grouped(problem, reference, quantity, points[mine], width, sided)
    return found


def _side(problem: Problem, points: Points, coordinate: str, width: float, parts: Parts | None) -> Tensor:
    """Where (N,) stencils along a coordinate lie: minus one below the point, one above, zero around it; none reaches
    across an interface of materials."""
    step = WIDTHS.reach * width * problem.domain.length(coordinate)

    def inside(by: float) -> Tensor:
        moved = {**points.coordinates, coordinate: points.coordinates[coordinate] + by}
        low, high = problem.domain.ends(coordinate)
        within = (moved[coordinate] >= low) & (moved[coordinate] <= high)
        out = problem.domain.beside(moved, WIDTHS.slack)
        within = within if out is None else within & ~out
        return within if parts is None else within & (parts.label(moved) == parts.label(points.coordinates))

    above, below = inside(step), inside(-step)
    return torch.where(above == below, 0, torch.where(above, 1, -1))


def _grouped(
    problem: Problem, reference: Reference, quantity: Quantity, points: Points, width: float, sided: Mapping[str, int]
) -> np.ndarray:
    chart, at = points.chart()

    def values(name: str) -> Values:
        return lambda places: reference_values(reference, name, places)

    names = {*judged(problem, reference), *(c for c in problem.constants if c in reference.fields)}
    fields = {n: Differenced(values(n), problem.domain, points, {}, width, chart, sided).jet for n in sorted(names)}
    unknowns = {u: fields[u] for u in problem.unknowns}
    others = {n: jet for n, jet in fields.items() if n not in unknowns}
    return quantity.value(problem.fields(chart, at, unknowns, points, others)).value.detach().numpy()
