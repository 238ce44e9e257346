"""A trial function over ranges of parameters: polynomials in these through solutions over cells at nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.lower_set import Axis, Index, derived, to_surpluses
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.of_cells import InCells, OfCells
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.range_node import Growth, Node, Seen, seen_at


def over_cells(problem: Problem) -> type[OfCells]:
    """What stands for the solution of a problem over cells."""
    if problem.ranges:
        return OverRanges
    return Lined if len(problem.coordinates) == 1 else Planar if problem.domain.time is None else Marched


def axes_of(problem: Problem) -> tuple[Axis, ...]:
    """The ranges of a problem, none of their nodes chosen yet."""
    return tuple(Axis.begun(name, low, high) for name, (low, high) in problem.ranges.items())


def richer(layer: LocalFeatures) -> LocalFeatures:
    """That of the cells which tell the error of others."""
    return replace(layer, degree=min(layer.degree + 2, 20), stages=min(layer.stages + 2, 9))


@dataclass
class InRanges(InCells):
    """Points, and where they are in space and time."""

    of_nodes: Points | None = None


class OverRanges(OfCells):
    """The nodes that are solved so far.

    Parameters
    ----------
    problem : Problem
        With ranges.
    layer : LocalFeatures
    made : Plan

    Attributes
    ----------
    axes : tuple of Axis
    nodes : list of Node
        Each comes after those that it stands on.
    current : Node, optional
        The one that is being solved.
    growth : Growth
    error : float
        Of the polynomial and of its nodes, relative, the worst over the ranges, as far as that is told.
    """

    frozen = 0

    def __init__(
        self, problem: Problem, layer: LocalFeatures, made: Plan, dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        super().__init__(problem, layer, made, dtype, device)
        self.axes = axes_of(problem)
        self.nodes: list[Node] = []
        self.current: Node | None = None
        self.growth, self.error, self.why = Growth.ON, math.inf, ""
        self.pattern = self.solved_for({a.name: a.value(0.0) for a in self.axes}, layer)

    def solved_for(self, values: Mapping[str, float], layer: LocalFeatures) -> OfCells:
        """A trial function of the problem at such values, of which nothing is solved yet."""
        known = self.problem.with_parameters(values)
        return over_cells(known)(known, layer, Plan({}, sizes=self.plan.sizes), self.dtype, self.device)

    def again(self, node: Node) -> OfCells:
        """A trial function of a node's problem with richer features."""
        known = node.trial
        made = type(known)(known.problem, richer(self.layer), known.plan, self.dtype, self.device)
        made.read = known.read
        return made

    def begin(self, index: Index) -> None:
        """Another node, to be solved."""
        self.axes = tuple(a if i < len(a.places) else a.grown() for a, i in zip(self.axes, index, strict=True))
        values = {a.name: a.places[i] for a, i in zip(self.axes, index, strict=True)}
        self.current = Node(index, values, self.solved_for(values, self.layer))

    def take(self, node: Node) -> None:
        """A node that is solved."""
        self.nodes.append(node)
        self.current = None

    def fail(self, why: str) -> None:
        """The node in hand cannot be solved."""
        self.growth, self.why = Growth.FAILED, why

    @property
    def points(self) -> dict[str, int]:
        """At how many its equations were solved, at all nodes together."""
        return {"interior": sum(n.points for n in self.nodes)}

    @property
    def indices(self) -> list[Index]:
        return [n.index for n in self.nodes]

    def seen(self, node: Node) -> Seen:
        """The unknowns at places of space and time, the same for all nodes."""
        if node.seen is None:
            node.seen = seen_at(node, [self.plan.size(u).scale for u in self.problem.unknowns])
        return node.seen

    def distance(self, node: Node) -> float:
        """How far the first solution at a node is from the richer one, relative."""
        seen = self.seen(node)
        return seen.off(seen.first)

    @property
    def known_error(self) -> float | None:
        """Of all of it, relative, the worst over the ranges, where that is known before it is compared with another."""
        own = max((self.distance(n) for n in self.nodes), default=math.inf)
        return self.error + own if self.complete else None

    # ------------------------------------------------------------ how far it goes

    @property
    def complete(self) -> bool:  # type: ignore[override]
        """Whether the nodes say how far it is from the solution."""
        return math.isfinite(self.error) and self.growth is not Growth.FAILED

    @property
    def missing(self) -> str:  # type: ignore[override]
        if self.growth is Growth.FAILED and self.current is not None:
            where = " and ".join(f"{name} = {v:.4g}" for name, v in self.current.values.items())
            return f"at {where} {self.why or self.current.trial.missing}"
        return f"it is solved for {len(self.nodes)} values of {self._names} alone"

    @property
    def _names(self) -> str:
        return " and ".join(self.problem.ranges)

    @property
    def fluxes(self) -> Mapping[str, Sequence[float]]:  # type: ignore[override]
        self.pattern.read = self.read
        return self.pattern.fluxes

    # ------------------------------------------------------------ what it is made of

    @property
    def parameters_count(self) -> int:
        return sum(n.trial.parameters_count for n in self.nodes)

    @property
    def width(self) -> int:
        return max(len(self.nodes), 1) * self.pattern.width

    def layers(self) -> list[tuple[str, str, int]]:
        found = []
        for n in self.nodes:
            name = ", ".join(f"{k} = {v:.4g}" for k, v in n.values.items())
            kinds = [kind for _, kind, _ in n.trial.layers()]
            kind = kinds[0] if len(kinds) == 1 else f"{len(kinds)} steps over cells"
            found.append((name, kind, n.trial.parameters_count))
        return found

    def told(self, words: str) -> str:
        how = [f"log {a.name}" if a.logarithmic else a.name for a in self.axes]
        count = f"{len(self.nodes)} values" if self.nodes else "values"
        return f"{self.pattern.told(words)} for {count} of {self._names}, polynomials in {' and '.join(how)} between"

    def held(self) -> dict[str, str]:
        return {name: f"{how}, at some values of {self._names}" for name, how in self.pattern.held().items()}

    # ------------------------------------------------------------ evaluation

    @property
    def begun(self) -> bool:
        return bool(self.nodes)

    def prepare(self, points: Points) -> InRanges:  # type: ignore[override]
        points = points.to(self.dtype, self.device)
        here = {c: v for c, v in points.coordinates.items() if c not in self.problem.ranges}
        return InRanges(points, *points.chart(), of_nodes=replace(points, coordinates=here))

    def unknowns(self, prepared: InRanges) -> dict[str, Jet]:  # type: ignore[override]
        """D^alpha u = sum over nodes of (D^alpha W) u_node where alpha is along parameters, W (D^alpha u_node) where it
        is along space and time."""
        if not self.begun:
            return self.guessed(prepared)
        assert prepared.of_nodes is not None
        names, ranges, axes = prepared.chart.names, list(self.problem.ranges), tuple(self.axes)
        mine = [k for k, name in enumerate(names) if name not in ranges]
        theirs = [[k == names.index(r) for k in range(len(names))] for r in ranges]
        indices, change = self.indices, to_surpluses(axes, self.indices).to(self.device)
        of_nodes = [n.trial.unknowns(n.trial.prepare(prepared.of_nodes)) for n in self.nodes]
        fields, weighed = [prepared.at[r] for r in ranges], dict[Alpha, Tensor]()

        def weights(alpha: Alpha) -> Tensor:
            along = tuple(0 if k in mine else a for k, a in enumerate(alpha))
            if along not in weighed:
                orders = [tuple(a * own for a, own in zip(along, which, strict=True)) for which in theirs]
                weighed[along] = derived(axes, indices, fields, orders) @ change
            return weighed[along]

        def field_of(u: str) -> Jet:
            def rule(alpha: Alpha) -> Tensor:
                if self.noted:
                    prepared.chart.asked.add(alpha)
                inner = tuple(alpha[k] for k in mine)
                parts = torch.stack([there[u].dense(inner) for there in of_nodes], 1)
                return (weights(alpha) * parts).sum(1).to(self.dtype)

            return Jet(prepared.chart, rule, (prepared.chart.size,), frozenset(names))

        return {u: field_of(u) for u in self.problem.unknowns}

    # ------------------------------------------------------------ as one vector

    def vector(self) -> Tensor:
        """All nodes, (L,): everything that `assign` needs."""
        every = [*self.nodes, *([self.current] if self.current is not None else [])]
        head = [float(len(self.nodes)), float(len(every)), float(self.growth.value), self.error]
        found = [torch.tensor([*head, *(float(a.logarithmic) for a in self.axes)], dtype=torch.float64)]
        for n in every:
            both = [t.vector().cpu() for t in (n.trial, n.richer) if t is not None]
            sizes = [float(len(v)) for v in both]
            about = [*map(float, n.index), *n.values.values(), n.noise, float(n.points), float(len(both)), *sizes]
            found += [torch.tensor(about, dtype=torch.float64), *both]
        return torch.cat(found)

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        vector, at, dims = vector.to("cpu", torch.float64), 0, len(self.axes)

        def taken(count: int) -> Tensor:
            nonlocal at
            at += count
            return vector[at - count : at]

        solved, every, growth, self.error = taken(4).tolist()
        kinds, found = taken(dims).tolist(), list[Node]()
        for _ in range(int(every)):
            index = tuple(int(i) for i in taken(dims))
            values = dict(zip(self.problem.ranges, taken(dims).tolist(), strict=True))
            noise, points, count = taken(3).tolist()
            sizes = [int(size) for size in taken(int(count))]
            trials = [
                self.solved_for(values, layer)
                for layer, _ in zip((self.layer, richer(self.layer)), sizes, strict=False)
            ]
            for trial, size in zip(trials, sizes, strict=True):
                trial.assign(taken(size))
            found.append(Node(index, values, trials[0], trials[1] if len(sizes) > 1 else None, noise, int(points)))
        self.growth, self.nodes = Growth(int(growth)), found[: int(solved)]
        self.current = found[-1] if every > solved else None
        self.axes = tuple(self._placed(k, bool(kind), found) for k, kind in enumerate(kinds))

    def _placed(self, k: int, logarithmic: bool, nodes: Sequence[Node]) -> Axis:
        """The nodes of a parameter, of those that lie on its axis."""
        axis = self.axes[k]
        own = {n.index[k]: n.values[axis.name] for n in nodes}
        return replace(axis, places=tuple(own[i] for i in sorted(own)), logarithmic=logarithmic)

    def tensors(self) -> dict[str, Tensor]:
        return {"nodes": self.vector()}

    def restore(self, tensors: Mapping[str, Any]) -> None:
        self.assign(tensors["nodes"])
