"""The factorised system of one stage of a step over joined cells, or of one that serves for all stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.algebra.fronts import Factors
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

    def taken(self, x: Tensor) -> Tensor:
        """What belongs to it of all stages' (S, ...)."""
        return x[self.numbers].real if self.shared is None and not self.inverse.is_complex() else x[self.numbers]

    def gaps(self, known: Tensor, given: Tensor | None) -> list[Tensor]:
        """What traces of coefficients (S, n, F M, K) lack, in its numbers, with what is given (S, N, K)."""
        faces, told = self.joins.faces, None if given is None else self.taken(given)
        mine = self.taken(known)
        if self.shared is not None:
            told = None if told is None else self.shared.given(told, faces.kinds[:, 0])
            mine = self.shared.columns(mine)
        return gaps(faces, self.joins.groups, mine, told, self.joins.own.beside)

    def solved(self, right: Tensor, lacks: Sequence[Tensor]) -> Tensor:
        """The coefficients (s, n, F M, K), of all stages that share its factors, for right sides in cells and gaps."""
        if (shared := self.shared) is None:
            return self._through(right, lacks)
        ranks, shares = self.joins.own.shares.ranks, self.joins.shares[:, None, None]

        def inner(x: Tensor, y: Tensor) -> Tensor:
            return ranks.sum((shares * (x.conj() * y).real).sum((1, 2), keepdim=True))

        def solved(s: Tensor, lacks: Sequence[Tensor] = ()) -> Tensor:
            return shared.back(self._through(shared.columns(s), lacks))

        c, self.iterations = conjugate(solved(right, lacks), solved, shared.apart, inner)
        return c

    def _through(self, right: Tensor, lacks: Sequence[Tensor]) -> Tensor:
        """The same by its factors alone, in its numbers."""
        own, groups, shares, faces = self.joins.own, self.joins.groups, self.joins.shares, self.joins.faces
        right = right.clone()
        for group, gap in zip(groups, lacks, strict=False):
            right[:, group.cells] += self.square * group.back(gap)
        alone = own.alone(self.inverse, right)
        told_there = alone.new_zeros(len(alone), faces.order.size, alone.shape[-1])
        for j, group in enumerate(groups):
            told = group.traces(alone[:, group.cells])
            told = told - lacks[j] if lacks else told
            told = self.square * shares[group.cells, None, None] * told
            told_there.index_add_(1, group.unknowns.flatten(), told.flatten(1, 2))
        g = self.factors.solve(told_there) if faces.order.size else told_there
        for group in groups:
            right[:, group.cells] += self.square * group.back(g[:, group.unknowns])
        return own.alone(self.inverse, right)

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
