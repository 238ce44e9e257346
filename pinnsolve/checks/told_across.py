"""Conditions on curves inside of a plane, and of which relations across these each takes the place.

Across a curve as many relations hold as the equations are of an order: what they differentiate goes on, values and
fluxes (`checks.joins`). With n the normal, a condition there takes the place of one of them:

    a jump of u, or of what holds its slope along n, of the relation that says that this goes on;
    a value of u alone, without a jump, of the one for its flux; a slope alone of the one for the value.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.joins import RULES, Relation, beyond, relations, rows
from pinnsolve.checks.on_both_sides import OnBothSides
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.across import ACROSS, BEYOND, Interface
from pinnsolve.geometry.embedded import Cut
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import interior
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Probes, fields_of, probes
from pinnsolve.problem.problem import Problem

Sides = tuple[dict[int, Tensor], dict[int, Tensor]]  # before a curve and beyond: by order along normals (P, unknowns)


@dataclass(frozen=True)
class Told:
    """A relation that conditions say anew on some of the interfaces.

    Parameters
    ----------
    usual : Equation
    anew : mapping from number of an interface to Equation
    """

    usual: Equation
    anew: Mapping[int, Equation]

    def __call__(self, at: Fields) -> Jet:
        found, where = self.usual.residual(at).value, at["measured " + ACROSS].value
        for condition in dict.fromkeys(self.anew.values()):
            numbers = [float(k) for k, c in self.anew.items() if c is condition]
            mine = torch.isin(where, where.new_tensor(numbers)).nonzero()[:, 0]
            if len(mine):
                found = found.index_put((mine,), OnBothSides(condition).at_some(at, mine))
        return at.chart.constant(found)


def told_relations(problem: Problem) -> tuple[Equation, ...]:
    """What holds across interfaces, each relation once, with what conditions say in place of some of them."""
    usual, taken = relations(problem), _taken(problem)
    found = list[Equation]()
    for i, relation in enumerate(usual):
        anew = {number: c for number, mine in taken.items() for k, c in mine.items() if k == i}
        e = relation.equation
        name = " / ".join([e.name, *dict.fromkeys(c.name for c in anew.values())])
        found.append(Equation(name, interior, Told(e, anew)) if anew else e)
    return tuple(found)


def rows_by_piece(problem: Problem) -> list[tuple[tuple[Interface, ...], dict[str, Equation], tuple[Equation, ...]]]:
    """The interfaces, each with what goes on there by itself, by name, and the conditions in the place of the rest."""
    every = {name: Equation(name, interior, row) for name, row in rows(problem).items()}
    found = dict[tuple[frozenset[str], tuple[Equation, ...]], list[Interface]]()
    usual, taken = relations(problem) if problem.cuts else (), _taken(problem)
    for piece in problem.interfaces:
        mine = taken.get(piece.number, {})
        gone = frozenset(name for i in mine for name in usual[i].rows)
        found.setdefault((gone, tuple(mine.values())), []).append(piece)
    return [
        (tuple(pieces), {n: e for n, e in every.items() if n not in gone}, told)
        for (gone, told), pieces in found.items()
    ]


def _taken(problem: Problem) -> dict[int, dict[int, Equation]]:
    """By number of an interface, the relations of which conditions take the place, and which."""
    if not problem.cuts:
        return {}
    usual, told = relations(problem), dict[int, list[tuple[Equation, Cut]]]()
    for condition, piece in problem.cuts:
        told.setdefault(interface_of(problem, condition, piece).number, []).append((condition, piece))
    return {number: AtCurve(problem, problem.interfaces[number], usual, mine).taken() for number, mine in told.items()}


def interface_of(problem: Problem, condition: Equation, piece: Cut) -> Interface:
    """The interface on which a condition stands.

    Raises
    ------
    ProblemError
        If a part of it belongs to another curve, on which conditions stand too.
    """
    assert piece.side is not None
    for one in problem.interfaces:
        whole = one.side
        if whole is not None and whole.patch is piece.side.patch and abs(1 - whole.size / piece.side.size) < RULES.same:
            return one
    raise ProblemError(
        f"{condition.name}: a part of this curve belongs to another one, on which conditions stand too",
        "Where two parts touch, write what holds between them once, on the side of one of them.",
    )


@dataclass(frozen=True)
class AtCurve:
    """One interface, the relations that hold there by themselves, and the conditions on it."""

    problem: Problem
    interface: Interface
    usual: Sequence[Relation]
    told: Sequence[tuple[Equation, Cut]]

    def taken(self) -> dict[int, Equation]:
        """By relation the condition in its place.

        Raises
        ------
        ProblemError
            If a condition says nothing of a relation, or there are too many.
        """
        generator = torch.Generator().manual_seed(17)
        points = self.interface.draw(RULES.points, "sobol", generator)
        usual = [self._of_relation(relation.equation, points) for relation in self.usual]
        candidates, told = list[list[int]](), list[Sides]()
        for condition, _ in self.told:
            sides = self._of_condition(condition, points)
            candidates.append(self._candidates(condition, sides, usual))
            told.append(sides)
        for chosen in itertools.product(*candidates):
            if len(set(chosen)) == len(chosen):
                self._check_apart([told[chosen.index(k)] if k in chosen else own for k, own in enumerate(usual)])
                return {k: condition for k, (condition, _) in zip(chosen, self.told, strict=True)}
        names = " and ".join(c.name for c, _ in self.told)
        raise ProblemError(
            f"{len(self.told)} conditions stand on {self._name}, at least one too many: {names}",
            "Leave one out: each takes the place of one value or flux that would go on by itself.",
        )

    @property
    def _name(self) -> str:
        return self.told[0][0].on.name

    def _check_apart(self, joined: Sequence[Sides]) -> None:
        """Refuse relations that repeat or contradict each other."""
        length = max(self.problem.domain.length(c) for c in self.problem.space_coordinates)
        orders = sorted({m for sides in joined for m in sides[0]})
        made = [
            torch.cat(
                [
                    side.get(m, torch.zeros_like(next(iter(side.values())))) / length**m
                    for side in sides
                    for m in orders
                ],
                1,
            )
            for sides in joined
        ]  # (P, traces) each
        each = torch.stack(made, 1)
        each = each / each.norm(dim=2, keepdim=True).clamp(min=1e-300)
        if float(torch.linalg.svdvals(each)[:, -1].max()) < RULES.same**2:
            names = " and ".join(c.name for c, _ in self.told)
            raise ProblemError(
                f"{names} repeat or contradict what is joined on {self._name}",
                "Each condition there must say something of its own, such as the jump of u, and the jump of its flux.",
            )

    def _candidates(self, condition: Equation, sides: Sides, usual: Sequence[Sides]) -> list[int]:
        """The relations that need not hold by themselves where a condition does, the likeliest first."""
        found, orders = list[int](), sorted(sides[0], reverse=True)
        highest = [max((m for m, v in mine[0].items() if bool(v.any())), default=0) for mine in usual]
        for order in orders:
            jumps = _jumps(sides[0][order], sides[1][order])
            if bool(jumps.any()):
                mine = [i for i, m in enumerate(highest) if m == order]
                found += _nearest(jumps, [_jumps(usual[i][0][order], usual[i][1][order]) for i in mine], mine)
        if found:
            return found
        alone = [(order, f) for order in orders for f in _columns(sides[0][order])]
        if len(alone) == 1:
            order, f = alone[0]
            rest = [i for i, m in enumerate(highest) if m == max(highest) - order]
            return [i for i in rest if f in _columns(usual[i][0][highest[i]])] or self._nothing(condition)
        return self._nothing(condition)

    def _nothing(self, condition: Equation) -> list[int]:
        x, y = self.problem.space_coordinates[:2]
        u = self.problem.unknowns[0]
        raise ProblemError(
            f"{condition.name} says nothing of a jump, and is no value or slope of one unknown",
            f"Possible on {self._name}: a jump, such as jump({u}) - 1 or jump(n{x} * d({u}, {x}) + n{y} * d({u}, {y})) "
            f"+ 1, or a value that both sides have, such as {u} - 1.",
        )

    def _of_relation(self, relation: Equation, points: Points) -> Sides:
        """How a relation that holds by itself answers to values and slopes along normals."""
        chart, at, found = probes(self.problem.domain, self.problem.unknowns, points)
        fields = self.problem.looked_at(chart, at, fields_of(found), points)
        side = relation.residual.side  # type: ignore[attr-defined]
        here, there = (self._by_order(side(f).value, found, points) for f in (fields, beyond(fields)))
        return {m: -v for m, v in there.items()}, here

    def _of_condition(self, condition: Equation, points: Points) -> Sides:
        chart, at, found = probes(self.problem.domain, self.problem.unknowns, points)
        other = probes(self.problem.domain, self.problem.unknowns, points, 1.1)[2]
        both = fields_of(found) | {BEYOND + u: field for u, field in fields_of(other).items()}
        with torch.enable_grad():
            value = OnBothSides(condition).at_some(
                self.problem.looked_at(chart, at, both, points), torch.arange(len(points))
            )
        return self._by_order(value, other, points), self._by_order(value, found, points)

    def _by_order(self, value: Tensor, found: Probes, points: Points) -> dict[int, Tensor]:
        """The slopes of a residual (P,) by derivatives of the unknowns along normals, by their order."""
        made = dict[int, Tensor]()
        asked = [(f, alpha, leaf) for f, probe in enumerate(found.values()) for alpha, leaf in probe.asked.items()]
        if not asked or not value.requires_grad:
            return made
        slopes = torch.autograd.grad(value.sum(), [leaf for *_, leaf in asked], retain_graph=True, allow_unused=True)
        for (f, alpha, _), slope in zip(asked, slopes, strict=True):
            if slope is None:
                continue
            along = slope.clone()
            for c, k in zip(self.problem.coordinates, alpha, strict=True):
                along *= points.normals[c] ** k if c in points.normals else float(k == 0)
            made.setdefault(sum(alpha), value.new_zeros(len(points), len(found)))[:, f] += along
        return made


def _jumps(before: Tensor, beyond: Tensor) -> Tensor:
    """What of slopes (P, unknowns) is that by a jump: where both sides have opposite ones, or one has none."""
    opposite = (before * beyond).sum(0) < 0
    single = before.abs().sum(0).eq(0) != beyond.abs().sum(0).eq(0)
    return (beyond - before) / 2 * (opposite | single)


def _columns(slopes: Tensor) -> list[int]:
    """The unknowns that have slopes."""
    return slopes.abs().sum(0).nonzero()[:, 0].tolist()


def _nearest(wanted: Tensor, each: Sequence[Tensor], numbers: Sequence[int]) -> list[int]:
    """The relations whose jumps make one that is wanted, (P, unknowns) each, those with the largest part first."""
    if not each:
        return []
    made = torch.stack([e.flatten() for e in each], 1)
    parts = torch.linalg.lstsq(made, wanted.flatten()[:, None]).solution[:, 0].abs() * made.norm(dim=0)
    return [numbers[k] for k in parts.argsort(descending=True).tolist() if parts[k] > RULES.same * parts.max()]
