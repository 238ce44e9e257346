"""How parts of space beside each other lie in one box: space is folded where they meet,

    x = m_k(xi) on part k, linear, and mirrored from one part to the next,

so that what two neighbours say to each other where they meet is said at one end of xi. D_x is D_xi / m_k'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.jets.differences import Shifted, Stencil
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.spans import Span

Array = np.ndarray


@dataclass(frozen=True)
class Sheet:
    """A part of space as it lies in the fold: x = place + slope (xi - begin)."""

    span: Span
    place: float
    slope: float
    begin: float

    def folded(self, x: Any) -> Any:
        """xi for x: a number, an array or a tensor."""
        return self.begin + (x - self.place) / self.slope

    def unfolded(self, xi: Any) -> Any:
        """x for xi: a number, an array, a tensor or a field."""
        return (xi - self.begin) * self.slope + self.place

    def inside(self, x: Any) -> Any:
        """Which places (N,) lie in it: an array or a tensor."""
        return (x >= self.span.low) & (x <= self.span.high)

    def jet(self, field: Jet, name: str | None = None) -> Jet:
        """A field by xi as one by x."""
        axis = field.chart.axis(self.span.coordinate)
        chart = field.chart
        if isinstance(chart, Stencil):
            widths = {
                n: w * (self.slope if k == axis else 1.0)
                for k, (n, w) in enumerate(zip(chart.names, chart.widths, strict=True))
            }
            there = once(
                chart, ("stretched", self.slope), lambda: Stencil(widths, chart.size, chart.dtype, chart.device)
            )
            return Shifted(there, field.dense, tuple(field.shape), field.depends, name)

        def rule(alpha: Alpha) -> Tensor | None:
            part = field.partial(alpha)
            return part if part is None or not alpha[axis] else part * self.slope ** -alpha[axis]

        return Jet(chart, rule, tuple(field.shape), field.depends, name)


@dataclass(frozen=True)
class Fold:
    """How the parts of a problem are folded onto each other.

    Parameters
    ----------
    problem : Problem
        As it was written.
    base : Span
        The part as which all of them lie.
    sheets : mapping from unknown to Sheet
    """

    problem: Problem
    base: Span
    sheets: Mapping[str, Sheet]

    @property
    def coordinate(self) -> str:
        return self.base.coordinate

    def asked(self, names: Set[str]) -> list[Sheet]:
        """The parts of the unknowns among some names, each once; any, where these are the same on all."""
        found = dict.fromkeys(self.sheets[u] for u in self.problem.unknowns if u in names and u in self.sheets)
        anywhere = [] if found or names.isdisjoint(self.problem.unknowns) else [next(iter(self.sheets.values()))]
        return [*found] or anywhere

    def sheet_of(self, name: str) -> Sheet:
        """The part of an unknown, or that on which an equation holds; any, of what is the same on all."""
        if name in self.sheets:
            return self.sheets[name]
        asks = next((e.asks for e in self.problem.equations if e.name == name), frozenset[str]())
        return next(iter(self.asked(asks) or self.sheets.values()))

    def everywhere(self, name: str) -> bool:
        """Whether an unknown is the same on all parts."""
        return name in self.problem.unknowns and name not in self.sheets

    def seen(self, at: Fields, sheet: Sheet) -> dict[str, Any]:
        """What a user's function sees on a part, by name: unknowns each on its own."""
        found = {n: self.sheets.get(n, sheet).jet(v, v.name) for n, v in at.items() if isinstance(v, Jet)}
        x, normal = at[self.coordinate], f"n{self.coordinate}"
        found[self.coordinate] = sheet.jet(sheet.unfolded(x), x.name)
        if normal in at:
            found[normal] = found[normal] * float(np.sign(sheet.slope))
        moved = {n: t for n, t in self.problem.tables.items() if self.coordinate in t.of and all(c in at for c in t.of)}
        return {**found, **{n: t(**{c: found[c] for c in t.of}) for n, t in moved.items()}}


def fold_of(problem: Problem) -> Fold | None:
    """How the parts of space of unknowns lie in one box; None where all live on the whole of it."""
    return once(problem, ("fold",), lambda: _fold(problem) if problem.spans else None)


def _fold(problem: Problem) -> Fold:
    spans = sorted({(s.low, s.high): s for s in problem.spans.values()}.values(), key=lambda s: s.low)
    coordinate, first = spans[0].coordinate, spans[0]
    length, found, turned = problem.domain.length(coordinate), dict[tuple[float, float], Sheet](), False
    for k, span in enumerate(spans):
        turned = k > 0 and span.holds(spans[k - 1].high, length) and not turned
        slope = (span.high - span.low) / (first.high - first.low)
        place = span.high if turned else span.low
        found[span.low, span.high] = Sheet(span, place, -slope if turned else slope, first.low)
    return Fold(problem, first, {u: found[s.low, s.high] for u, s in problem.spans.items()})


def on_sheet(points: Points, fold: Fold, sheet: Sheet) -> Points:
    """Points of a part, in the fold; those outside of it at its ends."""
    x = points.coordinates[fold.coordinate].clamp(sheet.span.low, sheet.span.high)
    moved = {**points.coordinates, fold.coordinate: torch.as_tensor(sheet.folded(x))}
    return replace(points, coordinates={c: moved[c] for c in points.coordinates})


def seen_on(fold: Fold, sheet: Sheet) -> Callable[[Fields], Fields]:
    """From the fields of what is solved for to those of a part."""
    return lambda at: at.replaced(fold.seen(at, sheet))


def lives(problem: Problem, name: str, places: Mapping[str, Array]) -> Any:
    """Which places (N,) lie in the part of space of an unknown, or of an equation; None where that is all of it."""
    fold = fold_of(problem)
    known = fold is not None and (name in fold.sheets or any(e.name == name for e in problem.equations))
    return fold.sheet_of(name).inside(places[fold.coordinate]) if fold is not None and known else None


def lived(problem: Problem, unknown: str, places: Mapping[str, Array]) -> Mapping[str, Array]:
    """Those places."""
    mine = lives(problem, unknown, places)
    return places if mine is None else {c: v[mine] for c, v in places.items()}
