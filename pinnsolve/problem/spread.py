"""The points of an integral around those where an equation stands, and how many of them it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.panels import REFINING, Nodes, on_panels
from pinnsolve.problem.binding import Elsewhere, Fields
from pinnsolve.problem.limits import Limits, crossed

Columns = Callable[[Nodes, Tensor], Tensor]  # what is integrated around some places, by columns (M, C)


class Spread:
    """The quadrature of one integral: panels along a line, or one of several rules over anything else.

    Parameters
    ----------
    outer : Fields
        Where the equation stands.
    limits : Limits
    elsewhere : Elsewhere
    materials : sequence of Piecewise
    key : hashable
        Which integral it is.
    """

    def __init__(
        self, outer: Fields, limits: Limits, elsewhere: Elsewhere, materials: Sequence[Any], key: Any
    ) -> None:  # fmt: skip
        self.outer, self.limits, self.elsewhere, self.materials = outer, limits, elsewhere, materials
        self.key, self.panels = key, elsewhere.panels
        self.split = False  # whether the integrand may have a kink where the equation stands
        self.offset: tuple[int, ...] | None = None  # of a stencil

    def coordinate(self, c: str) -> Tensor:
        """A coordinate where the equation stands (N,)."""
        field = self.outer[c]
        found: Tensor = field.value if self.offset is None else field.dense(self.offset)
        return found.detach()

    def nodes(self, places: Tensor) -> Nodes:
        """The points around some of those where the equation stands, by their numbers (n,)."""
        return self._on_line(places, self._edges) if self.limits.line else self._by_rule(places, self._level)

    def fewest(self, places: Tensor) -> Nodes:
        """The least that there is."""
        return self._on_line(places, self._first_edges) if self.limits.line else self._by_rule(places, 0)

    def settle(self, places: Tensor, columns: Columns) -> None:
        """Refine it until it holds what is integrated, at a few places, as the trial function is now."""
        if self.key in self.panels.looked:
            return
        self.panels.looked.add(self.key)
        few = places[torch.linspace(0, len(places) - 1, min(len(places), REFINING.few)).round().long()]
        with torch.enable_grad():  # slopes are taken by gradients
            self._halve(few, columns) if self.limits.line else self._climb(few, columns)

    def _on_line(self, places: Tensor, edges: Tensor) -> Nodes:
        (c,) = self.limits.over
        outer = {name: self.coordinate(name)[places] for name in self.outer.chart.names}
        here = outer[c].to("cpu", torch.float64)
        upper = here if self.limits.upto else None
        along, weights, owner = on_panels(edges, len(places), upper, here if self.split else None)
        others = {name: v[owner] for name, v in outer.items() if name != c}
        return Nodes({**others, c: along.to(outer[c])}, weights.to(outer[c]), owner)

    def _by_rule(self, places: Tensor, level: int) -> Nodes:
        chart = self.outer.chart
        rule = self.limits.rule(level, self.materials, self.elsewhere.breaks).to(chart.dtype, chart.device)
        outer = {c: self.coordinate(c)[places] for c in chart.names if c not in self.limits.over}
        return crossed(self.limits, rule, outer, len(places))

    @property
    def _first_edges(self) -> Tensor:
        (c,) = self.limits.over
        low, high = self.limits.domain.ends(c)
        inside = sorted({float(b) for b in self.elsewhere.breaks.get(c, ()) if low < b < high})
        return torch.tensor([low, *inside, high], dtype=torch.float64)

    @property
    def _edges(self) -> Tensor:
        return self.panels.edges.setdefault(self.key, self._first_edges)

    @property
    def _level(self) -> int:
        return self.panels.levels.setdefault(self.key, 1)

    def _halve(self, few: Tensor, columns: Columns) -> None:
        (c,) = self.limits.over
        while True:
            nodes = self._on_line(few, self._edges)
            if not len(nodes.weights):
                return
            values = columns(nodes, few).to("cpu", torch.float64)
            along = nodes.coordinates[c].to("cpu", torch.float64)
            if not bool(torch.isfinite(values).all()) or not self.panels.halved(self.key, along, values):
                return

    def _climb(self, few: Tensor, columns: Columns) -> None:
        level = self._level
        before, _ = self._sums(few, level - 1, columns)
        while True:
            now, size = self._sums(few, level, columns)
            change = float(((now - before).abs() / size.amax(0).clamp(min=1e-300)).max())
            self.panels.levels[self.key] = level
            self.panels.note(self.key, change)
            if not change > REFINING.same or level + 1 == len(REFINING.levels):
                return
            level, before = level + 1, now

    def _sums(self, few: Tensor, level: int, columns: Columns) -> tuple[Tensor, Tensor]:
        """The integral of each column around a few places, and that of its magnitude."""
        nodes = self._by_rule(few, level)
        weighted = columns(nodes, few) * nodes.weights[:, None]
        nothing = weighted.new_zeros(len(few), weighted.shape[1])
        return nothing.index_add(0, nodes.owner, weighted), nothing.index_add(0, nodes.owner, weighted.abs())
