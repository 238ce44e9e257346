"""The points of an integral around those where an equation stands, and how many of them it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.panels import REFINING, Nodes, beyond, on_panels, rough
from pinnsolve.problem.around import Places
from pinnsolve.problem.binding import Elsewhere
from pinnsolve.problem.limits import Limits, crossed

Columns = Callable[[Nodes, Places], Tensor]  # what is integrated around some places, by columns (M, C)


@dataclass(frozen=True)
class Seen:
    """What is integrated at nodes around a few places: where along the coordinate (M,), weights (M,), whose they are
    (M,), columns (M, C), and their integrals over each panel (places, panels, C)."""

    along: Tensor
    weights: Tensor
    owner: Tensor
    values: Tensor
    sums: Tensor

    @property
    def weighted(self) -> Tensor:
        return self.values * self.weights[:, None]


class Spread:
    """The quadrature of one integral: panels along a line, or one of several rules over anything else.

    Parameters
    ----------
    limits : Limits
    elsewhere : Elsewhere
    materials : sequence of Piecewise
    key : hashable
        Which integral it is.
    """

    def __init__(
        self, limits: Limits, elsewhere: Elsewhere, materials: Sequence[Any], key: Any
    ) -> None:  # fmt: skip
        self.limits, self.elsewhere, self.materials = limits, elsewhere, materials
        self.key, self.panels = key, elsewhere.panels
        self.kernel = False  # whether the integrand is another function for each place, and may have a kink there

    def nodes(self, places: Places) -> Nodes:
        """The points around some places."""
        return self._on_line(places, self._edges) if self.limits.line else self._by_rule(places, self._level)

    def fewest(self, places: Places) -> Nodes:
        """The least that there is."""
        return self._on_line(places, self.ends) if self.limits.line else self._by_rule(places, 0)

    def settle(self, places: Places, columns: Columns) -> None:
        """Refine it until it holds what is integrated, at a few places, as the trial function is now."""
        if self.key in self.panels.looked:
            return
        self.panels.looked.add(self.key)
        some = torch.linspace(0, len(places) - 1, min(len(places), REFINING.few), device=places.numbers.device)
        few = places[some.round().long()]
        with torch.enable_grad():  # slopes are taken by gradients
            self._halve(few, columns) if self.limits.line else self._climb(few, columns)

    def _on_line(self, places: Places, edges: Tensor) -> Nodes:
        (c,) = self.limits.over
        like = places.where[c]
        here = like.to("cpu", torch.float64)
        upper, split = (here, None) if self.limits.upto else (None, here if self.kernel else None)
        along, weights, owner = on_panels(edges, len(places), upper, split, self.key in self.panels.deep)
        owner = owner.to(like.device)
        others = {name: v[owner] for name, v in places.where.items() if name != c}
        return Nodes({**others, c: along.to(like)}, weights.to(like), owner)

    def _by_rule(self, places: Places, level: int) -> Nodes:
        like = next(iter(places.where.values()))
        rule = self.limits.rule(level, self.materials, self.elsewhere.breaks).to(like.dtype, like.device)
        outer = {c: v for c, v in places.where.items() if c not in self.limits.over}
        return crossed(self.limits, rule, outer, len(places))

    @property
    def ends(self) -> Tensor:
        """Both ends of the one coordinate, and the breaks between."""
        return self.ends_of(self.limits.over[0])

    def ends_of(self, c: str) -> Tensor:
        """Both ends of a coordinate, and the places between where slopes may jump."""
        low, high = self.limits.domain.ends(c)
        inside = sorted({float(b) for b in self.elsewhere.breaks.get(c, ()) if low < b < high})
        return torch.tensor([low, *inside, high], dtype=torch.float64)

    @property
    def _edges(self) -> Tensor:
        return self.panels.edges.setdefault(self.key, self.ends)

    @property
    def _level(self) -> int:
        return self.panels.levels.setdefault(self.key, 1)

    def _halve(self, few: Places, columns: Columns) -> None:
        while True:
            nodes = self._on_line(few, self._edges)
            if not len(nodes.weights):
                return
            seen = self._looked_at(nodes, few, columns)
            if not bool(torch.isfinite(seen.values).all()):
                self.panels.note(self.key, math.inf)
                return
            if self.kernel and self.key not in self.panels.deep and self._grows(seen, few, columns):
                self.panels.deep.add(self.key)
                self.panels.edges[self.key] = self.ends
                continue
            at, left, apart, deep = (seen.along, seen.weights), None, None, 0
            if self.key in self.panels.deep:  # around each place panels end elsewhere
                deep = self._deep_ones(few)
                left = beyond(seen.weighted, deep)
            else:
                apart = self._looked_at(self._on_line(few, self.panels.finer(self.key)), few, columns).sums - seen.sums
            if not self.panels.halved(self.key, at, seen.values, len(few), apart, left=left, deep=deep):
                return

    def _deep_ones(self, few: Places) -> int:
        """How many panels lie beside the places."""
        low, high = self._edges[0], self._edges[-1]
        here = self._along(few)
        return int((here > low).sum()) + (0 if self.limits.upto else int((here < high).sum()))

    def _grows(self, seen: Seen, few: Places, columns: Columns) -> bool:
        """Whether what is integrated is rough beside the places, where panels are as short as any can be everywhere: a
        narrow feature that some place lies in is smooth there."""
        if len(self._edges) <= REFINING.parts or not self._rough_beside(seen, few):
            return False
        low, high = self._edges[0], self._edges[-1]
        here, short = self._along(few), (high - low) / REFINING.panels
        shorter = torch.cat([self._edges, here - short, here + short]).clamp(low, high).unique()
        return self._rough_beside(self._looked_at(self._on_line(few, shorter), few, columns), few)

    def _rough_beside(self, seen: Seen, few: Places) -> bool:
        """Whether it is no smooth function on some panel beside its place."""
        ends = seen.along.reshape(-1, REFINING.nodes)[:, [0, -1]]
        away = (ends - self._along(few)[seen.owner.reshape(-1, REFINING.nodes)[:, 0]][:, None]).abs().amin(1)
        beside = away < 0.02 * (ends[:, 1] - ends[:, 0])  # the first of Gauss' nodes lies at 0.005 of a panel
        return bool((rough(seen.values) & beside).any())

    def _along(self, few: Places) -> Tensor:
        """Where the places are along the one coordinate."""
        return few.where[self.limits.over[0]].to("cpu", torch.float64)

    def _looked_at(self, nodes: Nodes, few: Places, columns: Columns) -> Seen:
        (c,) = self.limits.over
        along, weights = (v.to("cpu", torch.float64) for v in (nodes.coordinates[c], nodes.weights))
        values, owner = columns(nodes, few).to("cpu", torch.float64), nodes.owner.cpu()
        weighted = values * weights[:, None]
        return Seen(along, weights, owner, values, self.panels.sums(self.key, along, owner, weighted, len(few)))

    def _climb(self, few: Places, columns: Columns) -> None:
        level = self._level
        before, _ = self._sums(few, level - 1, columns)
        while True:
            now, size = self._sums(few, level, columns)
            change = float(((now - before).abs() / size.amax(0).clamp(min=1e-300)).max())
            self.panels.levels[self.key] = level
            self.panels.note(self.key, change)
            if not change > max(REFINING.same, 100 * torch.finfo(now.dtype).eps) or level + 1 == len(REFINING.levels):
                return
            level, before = level + 1, now

    def _sums(self, few: Places, level: int, columns: Columns) -> tuple[Tensor, Tensor]:
        """The integral of each column around a few places, and that of its magnitude."""
        nodes = self._by_rule(few, level)
        weighted = columns(nodes, few) * nodes.weights[:, None]
        nothing = weighted.new_zeros(len(few), weighted.shape[1])
        return nothing.index_add(0, nodes.owner, weighted), nothing.index_add(0, nodes.owner, weighted.abs())
