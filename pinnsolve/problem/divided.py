"""What cuts the space of a problem into parts: materials, and curves on which conditions stand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pinnsolve.geometry.across import Interface, interfaces_of
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.embedded import Cut
from pinnsolve.geometry.inner import Inner
from pinnsolve.geometry.materials import Parts, Piecewise, layered
from pinnsolve.geometry.once import once
from pinnsolve.geometry.piece import Piece
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Prober


class Divided:
    """The parts of a problem's space, and where they meet."""

    domain: Domain
    equations: tuple[Equation, ...]
    inner: tuple[Equation, ...]
    materials: Mapping[str, Piecewise]
    prober: Prober
    declared_conditions: Any
    replaced: Any
    _parameters: Mapping[str, Any]

    def pieces(self, condition: Equation) -> tuple[Piece, ...]:
        """The faces, points or moments on which a condition holds; found once, as what is found of them is."""
        key, domain = ("pieces", id(condition), id(self.domain)), self.domain
        found: tuple[Piece, ...] = once(self, key, lambda: (condition, domain, condition.on.resolve(domain)))[2]
        return found

    @cached_property
    def cuts(self) -> tuple[tuple[Equation, Cut], ...]:
        """The conditions that stand on curves inside of a plane, piece by piece."""
        return tuple((c, p) for c in self.inner for p in self.pieces(c) if isinstance(p, Cut))

    @property
    def lines(self) -> tuple[Equation, ...]:
        """The conditions that stand on planes inside at which cells end."""
        return tuple(c for c in self.inner if isinstance(self.pieces(c)[0], Inner))

    @cached_property
    def parts(self) -> Parts | None:
        """What materials, and curves on which conditions stand, cut space into, where each part has an output of its
        own, joined by rows; None without these, and where cells end at the interfaces: along a line, and at layers
        where conditions stand inside or in first-order evolutions."""
        layers = layered(self.materials.values())
        if self.cuts:  # each of their shapes makes parts, whatever the materials are
            marks = [Piecewise(0.0, (shape, 1.0)) for shape in dict.fromkeys(p.of for _, p in self.cuts) if shape]
            return Parts(self.domain, [*marks, *self.materials.values()])
        if not self.materials or len(self.domain.space_coordinates) < 2:
            return None
        axes = [self.domain.coordinates.index(c) for c in self.domain.space_coordinates]
        answers = [self.prober.inside(e) for e in self.equations]
        second = any(alpha[k] > 1 for a in answers for p in a.probes.values() for alpha in p.asked for k in axes)
        if layers and (self.lines or (not second and self.domain.time is not None)):
            return None
        found = Parts(self.domain, self.materials.values())
        return found if found.count > 1 else None

    @cached_property
    def interfaces(self) -> tuple[Interface, ...]:
        """Where these parts meet."""
        return () if self.parts is None else interfaces_of(self.domain, self.parts)

    def of_one_material(self) -> Self:
        """The same problem with the materials elsewhere everywhere, and nothing said on curves inside."""
        cut = {c.on.name for c, _ in self.cuts}
        left = [c for c in self.declared_conditions if not (isinstance(c, Equation) and c.on.name in cut)]
        numbers = {n: m.elsewhere for n, m in self.materials.items()}
        made: Self = self.replaced(conditions=left, parameters={**self._parameters, **numbers}, reference=None)
        return made
