"""One place across a coordinate at which something else is joined than the traces themselves, and how that answers to
numbers in the equations and conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.fluxes import bend
from pinnsolve.checks.inner_joins import inner_places
from pinnsolve.checks.resolution import Resolution
from pinnsolve.geometry.inner import Inner
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.inner_place import Given, InnerPlace


class Relations(NamedTuple):
    """left @ (traces on the left) + right @ (traces on the right) = given, (D, D) each."""

    left: Tensor
    right: Tensor
    given: Given | None = None


@dataclass(frozen=True)
class PlaceAcross:
    """A place at which equations jump, or conditions stand.

    Parameters
    ----------
    problem : Problem
    coordinate : str
    place : float
    joins : mapping from unknown to int
        So many traces each: the value and the derivatives below that order.
    told : sequence of (condition, Inner)
    jumps : bool
        Whether equations jump.
    """

    problem: Problem
    coordinate: str
    place: float
    joins: Mapping[str, int]
    told: Sequence[tuple[Equation, Inner]] = ()
    jumps: bool = True

    def relations(self, numbers: Mapping[str, Tensor] | None = None) -> Relations | None:
        """What is joined, with numbers in the place of parameters; nothing where no flux says it."""
        same = torch.eye(sum(self.joins.values()), dtype=torch.float64)
        matrix: Tensor | None = same
        if self.jumps:
            matrix = bend(self.problem, self.coordinate, self.place, self.joins, numbers)
        if self.told:
            inside = InnerPlace(self.problem, self.coordinate, self.joins, self.told, matrix, numbers or {})
            return Relations(*inside.relations())
        return None if matrix is None else Relations(-matrix, same)

    @property
    def same(self) -> bool:
        """Whether each trace goes on by itself, whatever numbers are sought."""
        found = self.relations()
        if self.told or found is None or not torch.equal(found.left, -found.right):
            return False
        return not any(
            bool(left.any()) or bool(right.any()) for left, right, _ in self.by(self.problem.sought).values()
        )

    def by(self, constants: Mapping[str, float]) -> dict[str, Relations]:
        """The derivatives of the relations by constants that stand at some values; of what is given the same function,
        which derives by each."""
        if not constants:
            return {}
        values = torch.tensor(list(constants.values()), dtype=torch.float64)

        def both(numbers: Tensor) -> Tensor:
            found = self.relations(dict(zip(constants, numbers.unbind(), strict=True)))
            return 0 * numbers.sum() if found is None else torch.cat([found.left, found.right], 1)

        slopes = torch.autograd.functional.jacobian(both, values)
        if slopes.dim() < 3:
            return {}
        d = len(slopes)
        known = self.relations() if self.told else None
        given = None if known is None else known.given
        return {n: Relations(slopes[:, :d, k], slopes[:, d:, k], given) for k, n in enumerate(constants)}


def places_across(
    problem: Problem, coordinate: str, joins: Mapping[str, int], along: Resolution, fluxes: bool = True
) -> list[PlaceAcross]:  # fmt: skip
    """Where equations jump, if these are looked at, and where conditions stand inside.

    Parameters
    ----------
    joins : mapping from unknown to int
    along : Resolution
        Where equations jump.
    """
    near, inside = 100 * SAME * problem.domain.length(coordinate), inner_places(problem, coordinate)
    breaks = along.breaks if fluxes else ()
    alone = [b for b in breaks if all(abs(b - v) > near for v in inside)]
    found = [PlaceAcross(problem, coordinate, b, joins) for b in alone]
    for place, told in inside.items():
        jumps = any(abs(b - place) <= near for b in breaks)
        found.append(PlaceAcross(problem, coordinate, place, joins, told, jumps))
    return found
