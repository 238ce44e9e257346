"""The factorised system of one stage of a step over joined cells, or of one that serves for all stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.algebra.fronts import Factors, solved
from pinnsolve.cells.conjugate import Shared, conjugate
from pinnsolve.cells.faces import Faces, gaps
from pinnsolve.cells.own_cells import OwnCells
from pinnsolve.cells.sides import Sides


@dataclass(frozen=True)
class Joins:
    """What joins this rank's cells.

    Parameters
    ----------
    faces : Faces
    groups : sequence of Sides
    own : OwnCells
    shares : tensor (n,)
        By what cells are weighed.
    """

    faces: Faces
    groups: Sequence[Sides]
    own: OwnCells
    shares: Tensor


@dataclass
class JoinedStage:
    """The system of one stage, whose numbers are real or complex, or a real one for all; s = 1.

    Parameters
    ----------
    joins : Joins
    numbers : tensor (s,) or (S,)
        Which of the stages.
    square : tensor (s, 1, 1, 1)
        W^2.
    inverse : tensor (s, C, F M, F M)
        H^-1, of cells that stand for all alike.
    factors : Factors
    shared : Shared, optional
        How the others differ from one that is factorised for all.

    Attributes
    ----------
    iterations : int
        Of conjugate gradients in the last solution.
    """

    joins: Joins
    numbers: Tensor
    square: Tensor
    inverse: Tensor
    factors: Factors
    shared: Shared | None = None
    iterations: int = field(init=False, default=0)

    def solved(self, right: Tensor, lacks: Sequence[Tensor]) -> Tensor:
        """The coefficients (S, n, F M, K) of all stages, which share its factors, for right sides in cells and gaps."""
        shared = self.shared
        assert shared is not None
        ranks, shares = self.joins.own.shares.ranks, self.joins.shares[:, None, None]

        def inner(x: Tensor, y: Tensor) -> Tensor:
            return ranks.sum((shares * (x.conj() * y).real).sum((1, 2), keepdim=True))

        def solved(s: Tensor, lacks: Sequence[Tensor] = ()) -> Tensor:
            return shared.back(through([self], shared.columns(s), lacks))

        c, self.iterations = conjugate(solved(right, lacks), solved, shared.apart, inner)
        return c

    def of(self, x: Tensor) -> Tensor:
        """Numbers of this stage, real where its system is."""
        return x.real if x.is_complex() and not self.inverse.is_complex() else x

    def missed(self) -> float:
        """The error of a solution over the faces that is known, relative: of factors with half of the digits."""
        own, faces = self.joins.own, self.joins.faces
        known = torch.ones(1, faces.order.size, 1, dtype=self.inverse.dtype, device=self.inverse.device)
        known[:, ::2] = -1.0
        told = torch.zeros_like(known)
        for group in self.joins.groups:
            here = known[:, group.unknowns]
            mine = group.back(here)
            right = mine.new_zeros(len(mine), len(self.joins.shares), *mine.shape[2:])
            right[:, group.cells] = mine
            inner = own.alone(self.inverse, right)[:, group.cells]
            left = self.square * self.joins.shares[group.cells, None, None] * (here - self.square * group.traces(inner))
            told.index_add_(1, group.unknowns.flatten(), left.flatten(1, 2))
        return self.factors.off(self.factors.solve(told), known)


def gaps_of(stages: Sequence[JoinedStage], known: Tensor, given: Tensor | None) -> list[Tensor]:
    """What traces of coefficients (S, n, F M, K) lack, with what is given (S, N, K); as right sides of the one system
    that stages share."""
    joins, shared = stages[0].joins, stages[0].shared
    if shared is not None:
        given = None if given is None else shared.given(given, joins.faces.kinds[:, 0])
        known = shared.columns(known)
    return gaps(joins.faces, joins.groups, known, given, joins.own.beside)


def coefficients(stages: Sequence[JoinedStage], right: Tensor, lacks: Sequence[Tensor]) -> Tensor:
    """Those of all stages (S, n, F M, K) for right sides in cells and gaps."""
    return through(stages, right, lacks) if stages[0].shared is None else stages[0].solved(right, lacks)


def through(stages: Sequence[JoinedStage], right: Tensor, lacks: Sequence[Tensor]) -> Tensor:
    """The same by their factors alone, of systems with right sides (s, n, F M, K) each: side by side, since in a plane
    products with traces take no longer for all."""
    joins, square = stages[0].joins, torch.cat([stage.square for stage in stages])
    groups, shares, size = joins.groups, joins.shares, joins.faces.order.size
    right = right.clone()
    for group, gap in zip(groups, lacks, strict=False):
        right[:, group.cells] += square * group.back(gap)
    alone = _alone(stages, right)
    told_there = alone.new_zeros(len(alone), size, alone.shape[-1])
    for j, group in enumerate(groups):
        told = group.traces(alone[:, group.cells])
        told = told - lacks[j] if lacks else told
        told = square * shares[group.cells, None, None] * told
        told_there.index_add_(1, group.unknowns.flatten(), told.flatten(1, 2))
    g = told_there
    if size:
        sides = [stage.of(told_there[k : k + 1]).clone() for k, stage in enumerate(stages)]
        g = torch.cat([x.to(right.dtype) for x in solved([stage.factors for stage in stages], sides)])
    for group in groups:
        right[:, group.cells] += square * group.back(g[:, group.unknowns])
    return _alone(stages, right)


def _alone(stages: Sequence[JoinedStage], right: Tensor) -> Tensor:
    """H^-1 of each times its right sides."""
    own, found = stages[0].joins.own, torch.empty_like(right)
    for k, stage in enumerate(stages):
        found[k : k + 1] = own.alone(stage.inverse, stage.of(right[k : k + 1]))
    return found
