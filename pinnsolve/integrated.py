"""Integrals of a solution over parts of its domain, each with the error of its quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from pinnsolve.checks.hidden import Hidden, hidden_on, many_along, missed_on
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.across import divided
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.quadrature import FINENESS, rules
from pinnsolve.geometry.regions import interior
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.quantities import Quantity
from pinnsolve.residuals.handed_out import broken_at, of_quantity, part_of
from pinnsolve.trial.trial import Trial

Seen = tuple[Points, np.ndarray]
Breaks = Mapping[str, Sequence[float]]  # by coordinate


class Integral(float):
    """A number with the error of the quadrature that it was found by; it is used like any float.

    Parameters
    ----------
    value : float
        In the units of what was integrated times those of length, area or volume.
    error : float
        How far it may be off because finitely many points were summed: what two rules differ by, what their weights
        miss of the region's size, and along a curve what many more points see; infinite where that are too few. It
        knows nothing of the error of the solution.

    Examples
    --------
    >>> force = Integral(2.5, 1e-9)
    >>> force, 2 * force, force.error
    (2.5 +- 1e-09, 5.0, 1e-09)
    """

    error: float

    def __new__(cls, value: float, error: float = 0.0) -> Integral:
        made = super().__new__(cls, value)
        made.error = float(error)
        return made

    @property
    def value(self) -> float:
        return float(self)

    def __getnewargs__(self) -> tuple[float, float]:  # type: ignore[override]
        return self.value, self.error

    def __repr__(self) -> str:
        return f"{self.value:.12g} +- {self.error:.1g}"

    __str__ = __repr__


def integral(
    trial: Trial, problem: Problem, function: Any, over: Any = interior, moment: float | None = None
) -> Integral:
    """The integral of a function over a part of the domain: a flux, a force, an energy, a mean.

        integral = sum of w_i f(x_i),     error = |this rule - the one before| + what the weights miss of the size

    Parameters
    ----------
    trial : Trial
    problem : Problem
        That of the trial function, inputs beside its coordinates fixed.
    function : callable
        Of unknowns, coordinates, parameters and, on a boundary, normals `nx`, `ny`, `nz` by name, with derivatives by
        `d`; written with torch's functions.
    over : Region
        `interior`, `boundary`, `side("hole")`, `face(x=0)`, `face(x=0).where(...)`, unions of these.
    moment : float, optional
        The time, in an evolution; a region that stands at one moment (`face(t=1)`) needs none.

    Returns
    -------
    Integral
        A float with its `error`, that of the quadrature alone.

    Raises
    ------
    ProblemError
        If a name or a place does not exist, the time is missing, or values are complex or not finite.
    """
    name = getattr(function, "__name__", "function").replace("<lambda>", "function")
    asked = Quantity(f"integral of {name}", function, over, moment)
    asked.check(problem.domain, problem.names)
    return integrated(trial, problem, asked)


def integrated(trial: Trial, problem: Problem, quantity: Quantity) -> Integral:
    """The integral of a quantity, in the problem's own units.

    Parameters
    ----------
    problem : Problem
        That of the trial function, every input beside its coordinates fixed.

    Raises
    ------
    ProblemError
        If the function returns anything but real numbers, or they are not finite, or nothing is solved there, or a
        parameter that is an input has no value.
    """
    if problem.ranges:
        values_of = ", ".join(f"{name}={sum(ends) / 2:g}" for name, ends in problem.ranges.items())
        raise ProblemError(
            f"{quantity.name}: {', '.join(problem.ranges)} may be anything in a range",
            f"Choose: solution.at({values_of}).integral(...).",
        )
    beside = {c: problem.parameters[c] for c in trial.problem.ranges}
    part = part_of(problem, quantity)

    def values(points: Points) -> np.ndarray:
        every = {c: torch.full_like(points.weights, v) for c, v in beside.items()} | dict(points.coordinates)
        placed = replace(points, coordinates={c: every[c] for c in trial.problem.coordinates})
        reached = trial.reached(placed.coordinates)
        if reached is not None and not bool(reached.all()):
            raise ProblemError(
                f"{quantity.name}: {trial.missing}", "Give it more time, or integrate at an earlier one."
            )
        return of_quantity(problem, trial, placed, quantity, part)

    places = broken_at(trial, part)

    def seen(piece: Piece, narrow: Breaks) -> Iterator[Seen]:
        return ((p, values(p)) for p in rules(piece, joined(places, narrow)))

    pieces, settled = pieces_of(problem, quantity, trial.plan.sizes), FINENESS.settled * problem.tolerance
    found = summed([(p, seen(p, narrow)) for p, narrow in pieces], quantity.name, settled)
    passed = [p for p, _ in pieces if missed_on(problem, as_equation(quantity), p, trial.plan.sizes)]
    missed = [_missed(summed([(p, seen(p, {}))], quantity.name, settled), p, values) for p in passed]
    return Integral(found.value, found.error + sum(missed))


def _missed(rule: Integral, piece: Piece, values: Callable[[Points], np.ndarray]) -> float:
    """What a rule may have missed along a curve, on which a function varies on a short length, as many places tell it:
    to one of their distances times its height there. Where most of the integral is missed, and few of them see it,
    nobody knows."""
    many = many_along(piece)
    f, share = values(many), float(many.weights.sum()) / len(many)
    whole, height = float(many.weights.numpy() @ f), share * float(np.abs(f - np.median(f)).max())
    told = abs(whole - rule)
    return math.inf if 2 * told > abs(whole) and told < 10 * height else told + height


def pieces_of(problem: Problem, quantity: Quantity, sizes: Mapping[str, Size]) -> list[tuple[Piece, Breaks]]:
    """The pieces over which a quantity is integrated, cut where coefficients jump and slopes with them, and around
    places where it varies so narrowly that rules would pass them by; and where intervals end for these. The unknowns
    are taken to be of these sizes."""
    materials, domain = list(problem.materials.values()), problem.domain
    found = list[tuple[Piece, Breaks]]()
    for piece in quantity.pieces(domain):
        narrow = [span for h in hidden_on(problem, as_equation(quantity), piece, sizes) for span in _around(domain, h)]
        around = [Piecewise(0.0, (Box(**span), 1.0)) for span in narrow if set(span) <= set(domain.space_coordinates)]
        parts = divided(piece, domain, [*materials, *around])
        breaks = dict[str, list[float]]()
        for span in narrow if len(parts) == 1 else ():
            for c, ends in span.items():
                breaks[c] = [*breaks.get(c, []), *ends]
        found += [(part, breaks) for part in parts]
    return found


def as_equation(quantity: Quantity) -> Equation:
    """What is integrated, as what may vary narrowly."""
    return Equation(quantity.name, quantity.over, quantity.value, function=quantity.function)


def _around(domain: Domain, place: Hidden) -> Iterator[dict[str, tuple[float, float]]]:
    """Where a hidden place begins and ends, by the coordinates along which it is narrow, and stretches around it, each
    sixteen times as long, until one is no shorter than the domain: what is narrow may fall off slowly."""
    longer = 1.0
    while longer * min(place.width.values()) < 0.5:
        span = dict[str, tuple[float, float]]()
        for c, middle in place.middle.items():
            (low, high), half = domain.ends(c), longer * place.width[c] / 2
            span[c] = max(low, domain.place(c, middle - half)), min(high, domain.place(c, middle + half))
        yield span
        longer *= 16.0


def joined(some: Breaks, others: Breaks) -> Breaks:
    """Breaks of both."""
    return {c: [*some.get(c, []), *others.get(c, [])] for c in (*some, *others)}


def summed(seen: Sequence[tuple[Piece, Iterator[Seen]]], name: str, settled: float) -> Integral:
    """The sum over pieces: of each one rule after the other, until two agree to a part of the whole integral of the
    magnitude, or there are no more."""
    known = [Sum(piece, name, rules_of) for piece, rules_of in seen]
    while True:
        size = sum(one.size for one in known)
        open_ones = [one for one in known if one.change > settled * size / len(known)]
        if not [one for one in open_ones if one.further()]:
            break
    return Integral(math.fsum(one.total for one in known), math.fsum(one.error for one in known))


class Sum:
    """An integral over one piece by the last two rules.

    Parameters
    ----------
    piece : Piece
    name : str
        Of what is integrated, for messages.
    seen : iterator of (Points, array (N,))
    """

    def __init__(self, piece: Piece, name: str, seen: Iterator[Seen]) -> None:
        self.piece, self.name, self.seen = piece, name, seen
        self.total, self.size, self.change, self.error = math.nan, 0.0, math.inf, math.inf
        self.further()
        self.further()

    def further(self) -> bool:
        """Take the next rule, if there is one."""
        found = next(self.seen, None)
        if found is None:
            return False
        points, values = found
        weights, last = points.weights.numpy(), self.total
        if not np.isfinite(values).all():
            k = int(np.flatnonzero(~np.isfinite(values))[0])
            where = ", ".join(f"{c}={float(v[k]):.4g}" for c, v in points.coordinates.items())
            raise ProblemError(f"{self.name} is {values[k]} at {where}", "What is integrated must be finite.")
        self.total, self.size = float(weights @ values), float(np.abs(weights) @ np.abs(values))
        if math.isfinite(last):
            self.change = abs(self.total - last)
            missed = self._missed(weights) * float(np.abs(values).max())
            self.error = self.change + float(np.finfo(np.float64).eps) * self.size + missed
        return True

    def _missed(self, weights: np.ndarray) -> float:
        """By how much the weights of a shape's inside miss its area or volume, which its sides tell."""
        if self.piece.shape is None or self.piece.side is not None or self.piece.kept:
            return 0.0
        if any(c in self.piece.fixed for c in self.piece.space):
            return 0.0
        return abs(float(weights.sum()) - self.piece.shape.measure)
