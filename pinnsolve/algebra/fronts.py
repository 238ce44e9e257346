"""Systems over what neighbouring cells share, eliminated in the order of a dissection with dense fronts.

Of a Hermitian front what is left is computed by blocks of columns, from the diagonal down: half of it. Several ranks
eliminate a part of the cells each, and tell the others what is left at its border; what joins these parts is eliminated
by all of them alike.

Source: Duff & Reid, ACM Trans. Math. Software 9 (1983) 302 (fronts); Gupta, Karypis & Kumar, IEEE Trans. Parallel
Distrib. Syst. 8 (1997) 502 (subtrees to processors).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from pinnsolve.algebra.dissection import Dissection
from pinnsolve.algebra.subtrees import Subtrees, shared_out, summed, together


class Blocks(Protocol):
    """By cell what each adds, (S, k, k), over the unknowns of its sides."""

    def __getitem__(self, cell: int, /) -> Tensor: ...

    def pop(self, cell: int, /) -> Tensor:
        """The same, for the last time."""
        ...


@dataclass(frozen=True)
class Eliminated:
    """What is kept of a part: what solves its inner matrix A for right sides, and B* A^-1 and A^-1 B, of the matrix B
    beside it. The last part has neither, and where all is Hermitian the second follows from the first."""

    alone: Callable[[Tensor], Tensor]
    lower: Tensor | None
    upper: Tensor | None

    def told(self, known: Tensor) -> Tensor:
        """A^-1 B x, of what is known at its border."""
        if self.upper is not None:
            return self.upper @ known
        assert self.lower is not None
        return (self.lower.mT @ known.conj().resolve_conj()).conj()


@dataclass
class Factors:
    """The factorised matrices of S systems of one structure.

    Parameters
    ----------
    order : Dissection
    blocks : Blocks
        They are used up.
    positive : bool
        Whether the matrices are Hermitian and positive; otherwise they are eliminated as they are.
    brief : bool
        Whether factors are kept with half of their digits, for what is iterated upon anyway: half of the memory, and
        solutions in two thirds of the time. They are made with all digits: otherwise a tenth of a solution is wrong.
    probed : bool
        Whether it is looked how much these are wrong then, which takes all of what cells add at once.
    shares : Subtrees, optional
        Which parts are this rank's; all of them without.

    Attributes
    ----------
    error : float
        Where digits are few and it is looked: of the solution of one system that is known, relative, unknowns in the
        units in which the matrix' diagonal is one.
    """

    order: Dissection
    blocks: InitVar[Blocks]
    positive: bool = True
    brief: bool = False
    probed: bool = True
    shares: Subtrees | None = None
    error: float = field(init=False, default=0.0)

    def __post_init__(self, blocks: Blocks) -> None:
        self.eliminated: dict[int, Eliminated] = {}
        self.mine = shared_out(self.order) if self.shares is None else self.shares
        probe = self._probe(blocks) if self.brief and self.probed and self.order.size else None
        left: dict[int, Tensor] = {}

        def eliminate(numbers: Sequence[int]) -> None:
            for number in numbers:
                left[number] = self._eliminated(number, left, blocks)

        ranks = self.mine.ranks
        together(ranks, lambda: eliminate(self.mine.own))
        if ranks.size > 1:  # what is left of its parts each tells to all, at once
            like = next(iter(left.values()))
            borders = {root: (len(like), *[len(self.order.parts[root].border)] * 2) for root in self.mine.roots}
            mine = [left[root] if root in left else like.new_zeros(shape) for root, shape in borders.items()]
            parts = ranks.sum(torch.cat([part.flatten() for part in mine])).split([part.numel() for part in mine])
            left |= {root: part.view(borders[root]) for root, part in zip(borders, parts, strict=True)}
        eliminate(self.mine.top)
        if probe is not None:
            units, known, told = probe
            self.error = self.off(units * self.solve(told), units * known)

    def _eliminated(self, number: int, left: dict[int, Tensor], blocks: Blocks) -> Tensor:
        """What is left of a part, from what is left of those within it; fronts go with each."""
        part = self.order.parts[number]
        k, size = len(part.inner), len(part.inner) + len(part.border)
        added = [(blocks.pop(cell), at) for cell, at in part.within]
        added += [(left.pop(below), at) for below, at in part.below]
        front = added[0][0].new_zeros(len(added[0][0]), size, size)
        while added:  # and let go: together they take as much memory as the front
            _add(front, *added.pop())
        kept = self._kept(front)
        if k == size:  # the last one: its inverse would take three times as long as its factors
            self.eliminated[number] = Eliminated(_solver(front, self.positive, kept), None, None)
            return front[:, k:, k:]
        inverse = _inverse(front[:, :k, :k], self.positive)
        lower, beside = front[:, k:, :k] @ inverse, front[:, :k, k:]
        upper = None if self.positive else (inverse @ beside).to(kept)
        self.eliminated[number] = Eliminated(inverse.to(kept).__matmul__, lower.to(kept), upper)
        return _left(front[:, k:, k:], lower, beside, self.positive)

    def _kept(self, like: Tensor) -> torch.dtype:
        """What factors of such numbers are kept as."""
        few = torch.complex64 if like.is_complex() else torch.float32
        return few if self.brief else like.dtype

    def _probe(self, blocks: Blocks) -> tuple[Tensor, Tensor, Tensor]:
        """Units of the unknowns, a solution that is known, and this rank's part of its right side, each (S, N, 1)."""
        like = blocks[self.mine.cells[0]]
        units = like.new_zeros(len(like), self.order.size, 1, dtype=torch.float64)
        for cell in self.mine.cells:
            units[:, self.order.of_cell(cell), 0] += blocks[cell].diagonal(dim1=-2, dim2=-1).abs()
        units = self.mine.ranks.sum(units)
        drawn = torch.randn(units.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        known = (drawn.to(units.device) * units.rsqrt()).to(like.dtype)
        told = torch.zeros_like(known)
        for cell in self.mine.cells:
            here = self.order.of_cell(cell)
            told[:, here] += blocks[cell] @ known[:, here]
        return units.sqrt(), known, told

    def off(self, found: Tensor, known: Tensor) -> float:
        """How far a solution is from one that is known, relative, over the unknowns of all ranks."""

        def square(x: Tensor) -> Tensor:
            each = x.abs().square().sum((0, 2))
            own, top = (each[self._inner(numbers)].sum() for numbers in (self.mine.own, self.mine.top))
            return self.mine.ranks.sum(own) + top

        return float((square(found - known) / square(known).clamp(min=1e-300)).sqrt())

    def _inner(self, numbers: Sequence[int]) -> Tensor:
        """The unknowns that some parts eliminate."""
        nothing = torch.zeros(0, dtype=torch.int64, device=self.order.device)
        return torch.cat([nothing, *(self.order.parts[k].inner for k in numbers)])

    def solve(self, b: Tensor) -> Tensor:
        """x (S, N, K) for right sides b, which are used up: for what this rank's cells add to them, and as far as these
        see it."""
        return solved([self], [b])[0]

    def _back(self, b: Tensor) -> Tensor:
        """x from right sides that are eliminated."""
        kept = self._kept(b)
        x = torch.zeros_like(b, dtype=kept)
        for number in (*reversed(self.mine.top), *reversed(self.mine.own)):
            part, gone = self.order.parts[number], self.eliminated[number]
            x[:, part.inner] = gone.alone(b[:, part.inner].to(kept))
            if gone.lower is not None:
                x[:, part.inner] -= gone.told(x[:, part.border])
        return x.to(b.dtype)

    def _forward(self, numbers: Sequence[int], b: Tensor) -> None:
        for number in numbers:
            part, lower = self.order.parts[number], self.eliminated[number].lower
            if lower is not None:
                b[:, part.border] -= lower @ b[:, part.inner].to(lower.dtype)


def solved(several: Sequence[Factors], sides: Sequence[Tensor]) -> list[Tensor]:
    """The same of several systems of one structure, each with its right sides; ranks meet once for all of them.

    Right sides are summed with all digits, whatever factors have: so the order of sums, another one for each number of
    ranks, is not seen in the solution, and whoever iterates upon it does as many iterations.
    """
    mine = several[0].mine
    for factors, b in zip(several, sides, strict=True):
        factors._forward(mine.own, b)
    if mine.top:
        top = several[0]._inner(mine.top)
        found = iter(summed(mine.ranks, [b[:, top] for b in sides]))
        for factors, b in zip(several, sides, strict=True):
            b[:, top] = next(found)
            factors._forward(mine.top, b)
    return [factors._back(b) for factors, b in zip(several, sides, strict=True)]


def _left(front: Tensor, lower: Tensor, beside: Tensor, hermitian: bool, columns: int = 256) -> Tensor:
    """What an elimination leaves of a front's border, front - lower beside; of a Hermitian one from the diagonal down
    by so many columns at once. Fewer: products of narrow matrices, which are slow. More: half of it is computed twice.
    """
    size = front.shape[-1]
    if not hermitian or size <= columns:
        return front - lower @ beside
    found = front.clone()
    for low in range(0, size, columns):
        high = low + columns
        found[:, low:, low:high] -= lower[:, low:] @ beside[:, :, low:high]
        found[:, low:high, high:] = found[:, high:, low:high].mH
    return found


def _add(front: Tensor, block: Tensor, at: Tensor, rows: int = 512) -> None:
    """Add a matrix to a front, by where its rows stand there; so many of them at once, since what is needed on the way
    is as large. Fewer: many small operations."""
    for low in range(0, len(at), rows):
        some = at[low : low + rows]
        front[:, some] = front[:, some].index_add_(2, at, block[:, low : low + rows])


def _inverse(matrix: Tensor, positive: bool) -> Tensor:
    """The inverse of a matrix that may be positive but for rounding, with as little added as will do."""
    if not matrix.shape[-1]:
        return matrix
    return torch.cholesky_inverse(_cholesky(matrix)) if positive else torch.linalg.inv(_settled(matrix))


def _solver(matrix: Tensor, positive: bool, kept: torch.dtype) -> Callable[[Tensor], Tensor]:
    """What solves the same for right sides, by factors that are kept as numbers of a kind."""
    if not matrix.shape[-1]:
        return torch.Tensor.clone
    if positive:
        return partial(torch.cholesky_solve, input2=_cholesky(matrix).to(kept))
    factors, turned = torch.linalg.lu_factor(_settled(matrix))
    return partial(torch.linalg.lu_solve, factors.to(kept), turned)


def _settled(matrix: Tensor) -> Tensor:
    """A matrix with as little added as is nothing beside its largest number.

    A direction that nothing determines (the mean of a pressure) stays where it is; what is added slows iterations, and
    is no error of theirs.
    """
    diagonal = matrix.diagonal(dim1=-2, dim2=-1).abs()
    return matrix + torch.diag_embed((1e-14 * diagonal.amax(-1)[:, None]).expand_as(diagonal))


def _cholesky(matrix: Tensor) -> Tensor:
    """The factor of one that may be positive but for rounding, with as little added as will do."""
    diagonal = matrix.diagonal(dim1=-2, dim2=-1).abs()
    for ridge in (1e-14, 1e-11, 1e-8, 1e-5):  # of each unknown's own, since cells differ in size
        factor, wrong = torch.linalg.cholesky_ex(matrix + torch.diag_embed(ridge * diagonal))
        if not bool(wrong.any()):
            break
    return factor
