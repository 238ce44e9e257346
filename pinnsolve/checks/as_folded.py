"""Unknowns on parts of space beside each other, told as unknowns of one box (`checks.folds`).

A user's functions see each unknown with its derivatives by x, and the coordinate as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pinnsolve.checks.folds import Fold, Sheet, fold_of
from pinnsolve.data.observed import Observed
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.once import once
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.regions import Region, moved
from pinnsolve.jets.differences import Shifted
from pinnsolve.problem.calling import innermost
from pinnsolve.problem.conditions import holding, prescribing
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.sources import met_in
from pinnsolve.reference import Exact

Array = np.ndarray


class OnPart:
    """A user's function, called with what it sees on a part of space."""

    def __init__(
        self, function: Callable[..., Any], fold: Fold, sheet: Sheet, name: str = "", factor: float = 1.0
    ) -> None:
        self.__wrapped__, self.fold, self.sheet, self.factor = function, fold, sheet, factor
        self.__name__ = name or getattr(function, "__name__", "function")
        self.__signature__ = inspect.signature(function)

    def __call__(self, **given: Any) -> Any:
        call = innermost()
        assert call is not None
        seen = self.fold.seen(call.fields, self.sheet)
        found = self.__wrapped__(**{n: seen.get(n, v) for n, v in given.items()})
        if isinstance(found, Shifted):
            found = Shifted(call.fields.chart, found.dense, tuple(found.shape), found.depends)
        return found if self.factor == 1.0 else found * self.factor


def as_folded(problem: Problem) -> Problem | None:
    """The same declaration with space folded where parts meet; None where no unknown has a part of its own.

    Raises
    ------
    ProblemError
        Where an equation or a condition cannot hold.
    """
    return once(problem, ("as folded",), lambda: _folded(problem))


def _folded(problem: Problem) -> Problem | None:
    fold = fold_of(problem)
    if fold is None:
        return None
    _refuse(problem)
    equations = [_equation(e, fold) for e in problem.declared_equations]
    conditions = [m for c in problem.declared_conditions for m in _mapped(c, fold)]
    reference = problem.reference
    told = None
    if isinstance(reference, Exact):
        told = Exact({u: _exact(u, f, fold) if u in fold.sheets else f for u, f in reference.solutions.items()})
    box = {c: problem.domain.ends(c) for c in problem.space_coordinates}
    box[fold.coordinate] = (fold.base.low, fold.base.high)
    guess = {
        u: OnPart(v, fold, fold.sheets[u]) if callable(v) else v for u, v in problem.guess.values.items()
    } or None  # fmt: skip
    return problem.replaced(
        space=Box(**box), unknowns=problem.declared_unknowns, equations=equations, conditions=conditions,
        reference=told, quantities=None, guess=guess,
    )  # fmt: skip


def _refuse(problem: Problem) -> None:
    """What is not solved there."""
    told = {
        "unknown functions": bool(problem.functions),
        "materials": bool(problem.materials),
        "modes": bool(problem.eigenvalues),
        "integrals": problem.integrals,
        "sources": any(met_in(e, problem.prober) for e in problem.equations),
        "an earlier solution as a guess": problem.guess.solved is not None,
        "functions that are series": bool(problem.expansions),
    }
    for what, so in told.items():
        if so:
            raise ProblemError(
                f"{what} and unknowns on parts of space are not solved together",
                "A material of its own is a part of its own there, with numbers in its equations.",
            )


def _equation(e: Equation, fold: Fold) -> OnPart:
    sheets = fold.asked(e.asks)
    if len(sheets) != 1 or e.function is None:
        names = " and ".join(u for u in fold.sheets if u in e.asks)
        raise ProblemError(
            f"equation '{e.name}' speaks of {names}, which live on different parts",
            "An equation holds on one part; where parts meet, join them by condition(..., on=face(...)).",
            e.place,
        )
    return OnPart(e.function, fold, sheets[0], e.name)


def _mapped(c: Any, fold: Fold) -> list[Any]:
    """What stands among the conditions, in the fold."""
    if isinstance(c, Observed):
        return _observed(c, fold)
    if not isinstance(c, Equation):
        if getattr(c, "coordinate", None) == fold.coordinate:
            raise ProblemError(
                f"{c.name}: parts of space lie along {fold.coordinate}", "It cannot repeat itself there."
            )
        return [c]
    names = [u for u in fold.sheets if u in c.asks]
    sheets, pieces = fold.asked(c.asks), fold.problem.pieces(c)
    ends, others = _at_ends(c, fold, sheets, pieces), [p for p in pieces if fold.coordinate not in p.fixed]
    if not ends and not others:
        spans = " and ".join(f"{u} lives on {fold.sheets[u].span}" for u in names)
        raise ProblemError(
            f"{c.name}: {spans}, and {c.on.name} does not touch {'it' if len(names) == 1 else 'both'}",
            "Give it a face of its part, on=face(...); where two parts meet is one of both.",
            c.place,
        )
    if len(sheets) > 1 and (others or f"n{fold.coordinate}" in c.asks):
        raise ProblemError(
            f"{c.name} speaks of {' and '.join(names)}, which meet in one place alone",
            f"Let it stand there, on=face({fold.coordinate}=...), and write d(u, {fold.coordinate}) without a normal.",
            c.place,
        )
    return [_told(c, fold, sheets[0], e, o) for e, o in ((ends, []), ([], others)) if e or o]


def _at_ends(c: Equation, fold: Fold, sheets: Sequence[Sheet], pieces: Sequence[Piece]) -> list[float]:
    """Where in the fold a condition holds that stands at places along it."""
    length, found = fold.problem.domain.length(fold.coordinate), list[float]()
    for piece in pieces:
        value = piece.fixed.get(fold.coordinate)
        if value is None or not all(s.span.holds(value, length) for s in sheets):
            continue
        if piece.kept or len(piece.fixed) > 1:
            raise ProblemError(
                f"{c.name} stands on a part of a face, or in a point", "Possible are whole faces of parts."
            )
        low, high = sheets[0].span.low, sheets[0].span.high
        at = next((end for end in (low, high) if abs(value - end) <= 1e-9 * length), None)
        if at is None:
            raise ProblemError(
                f"{c.name} stands inside the part on which {fold.coordinate} goes from {low:g} to {high:g}",
                "Cut that part in two there, each with an unknown of its own, and join them by conditions.",
                c.place,
            )
        found.append(float(sheets[0].folded(at)))
    return found


def _told(c: Equation, fold: Fold, sheet: Sheet, ends: Sequence[float], others: Sequence[Piece]) -> Equation:
    """A condition in the fold: at ends of the part, or along all of it."""
    on = Region(c.on.name, lambda domain: tuple(_pieces(fold, ends, others, domain)))
    told = c.prescribes
    if told is None:
        assert c.function is not None
        return holding(c.name, on, OnPart(c.function, fold, sheet))
    factor = abs(sheet.slope) if ends and told.what == "normal derivative" else 1.0
    name = c.name if ends or told.what != "normal derivative" else f"{c.name}, along {fold.coordinate}"
    if c.function is None:
        assert told.number is not None
        return prescribing(name, on, told.unknown, told.what, told.number * factor)
    return prescribing(name, on, told.unknown, told.what, OnPart(c.function, fold, sheet, factor=factor))


def _pieces(fold: Fold, ends: Sequence[float], others: Sequence[Piece], domain: Domain) -> list[Piece]:
    if any(piece.kept for piece in others):
        raise ProblemError("a condition stands on a part of a face", "Possible are whole faces of parts of space.")
    return [*(domain.face(fold.coordinate, end) for end in ends), *moved(others, domain)]


def _observed(c: Observed, fold: Fold) -> list[Observed]:
    """Data in the fold, those of each part by themselves."""
    made, columns = [], dict(c.table.columns)
    for sheet in fold.asked(columns.keys() & fold.sheets.keys()):
        mine = {n: v for n, v in columns.items() if n not in fold.sheets or fold.sheets[n] == sheet}
        if fold.coordinate in mine:
            x, span = np.asarray(mine[fold.coordinate]), sheet.span
            if bool(((x < span.low) | (x > span.high)).any()):
                names = ", ".join(u for u in fold.sheets if u in mine)
                raise ProblemError(
                    f"{c.name}: places lie outside of the part of {names}, {span}",
                    "Give the data of each part by themselves, one observed(...) for each.",
                )
            mine[fold.coordinate] = sheet.folded(x)
        made.append(replace(c, table=replace(c.table, columns=mine)))
    return made or [c]


def _exact(unknown: str, solution: Any, fold: Fold) -> Callable[..., Array]:
    whole = Exact({unknown: solution})(fold.problem).fields[unknown]
    sheet = fold.sheets[unknown]

    def field(**places: Any) -> Array:
        at = {c: places[c] for c in fold.problem.coordinates}
        return np.asarray(whole(**{**at, fold.coordinate: sheet.unfolded(at[fold.coordinate])}))

    return field
