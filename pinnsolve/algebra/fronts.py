"""Systems over what neighbouring cells share, eliminated in the order of a dissection with dense fronts.

Fronts of one size are eliminated side by side (`pinnsolve.algebra.batches`). Of a large Hermitian front what is left is
computed by blocks of columns, from the diagonal down: half of it. Several ranks eliminate a part of the cells each, and
tell the others what is left at its border; what joins these parts is eliminated by all of them alike, or, of each of
several systems, by the one to which alone it is told, while all go on with the next.

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

from pinnsolve.algebra.batches import Batch, batched
from pinnsolve.algebra.dissection import Dissection
from pinnsolve.algebra.front_sums import add, beside_of, left_of, take
from pinnsolve.algebra.settled import inverted, solver
from pinnsolve.algebra.subtrees import Subtrees, attempted, shared_out, summed, tell, tell_one, together


class Blocks(Protocol):
    """By cell what each adds, (S, k, k), over the unknowns of its sides."""

    @property
    def like(self) -> Tensor:
        """Numbers of their kind, (S,)."""
        ...

    def __getitem__(self, cell: int, /) -> Tensor: ...

    def make(self, cells: Sequence[int], /) -> None:
        """Those of cells with as many, which are asked for soon."""
        ...

    def several(self, cells: Sequence[int], /) -> Tensor:
        """The same of cells with as many, (S, c, k, k), for the last time."""
        ...


@dataclass(frozen=True)
class Eliminated:
    """What is kept of parts: what solves their inner matrices A for right sides, and B* A^-1 and A^-1 B, of the
    matrices B beside them. The last part has neither, and where all is Hermitian the second follows from the first."""

    batch: Batch
    alone: Callable[[Tensor], Tensor]
    lower: Tensor | None
    upper: Tensor | None

    def told(self, known: Tensor) -> Tensor:
        """A^-1 B x, of what is known at their borders."""
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
    before : callable () -> None, optional
        What is done before each front that is eliminated alone, as giving back what smaller ones have left free.
    first : callable () -> None, optional
        What is done before, and may fail as an elimination does: where it does so on one rank, that is raised on all.
    owner : int, optional
        The rank that alone eliminates what joins subtrees, once it is told to `finish`. Without it all do so alike.

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
    first: InitVar[Callable[[], None] | None] = None
    owner: int | None = None
    before: Callable[[], None] | None = None
    error: float = field(init=False, default=0.0)

    def __post_init__(self, blocks: Blocks, first: Callable[[], None] | None) -> None:
        self.mine = shared_out(self.order) if self.shares is None else self.shares
        self.eliminated: list[Eliminated] = []
        probe = self._probe(blocks) if self.brief and self.probed and self.order.size else None
        left: dict[int, Tensor] = {}

        def eliminate(numbers: Sequence[int]) -> None:
            for batch in batched(self.order, numbers):
                if self.before is not None and len(batch.numbers) == 1:
                    self.before()
                left.update(zip(batch.numbers, self._eliminated(batch, left, blocks).unbind(1), strict=True))

        def begin() -> None:
            if first is not None:
                first()
            eliminate(self.mine.own)

        self.failed = attempted(self.mine.ranks, begin)
        self.count = len(self.eliminated)
        self.owner = self.owner if self.mine.top else None
        self._arrive: Callable[[], None] | None = None  # waits for what is told meanwhile
        if self.mine.ranks.size > 1:
            shapes = {root: (len(blocks.like), *[len(self.order.parts[root].border)] * 2) for root in self.mine.roots}
            if self.owner is None:
                tell(self.mine, left, shapes, blocks.like, self.failed)
            else:
                self._arrive = tell_one(self.mine, left, shapes, blocks.like, self.owner)
        self._top = partial(eliminate, self.mine.top) if self.owner in (None, self.mine.ranks.rank) else None
        if self.owner is None:
            self.finish()
        if probe is not None:
            units, known, told = probe
            self.error = self.off(units * self.solve(told), units * known)

    def arrive(self) -> None:
        """Wait for what is told to one rank alone: on that one until it has it."""
        if self._arrive is not None:
            self._arrive()
        self._arrive = None

    def finish(self) -> None:
        """Eliminate what joins subtrees, where that is for this rank to do, once it was told what is left of them."""
        if self.failed is not None:
            raise self.failed
        if self._top is not None:
            self._top()
        self._top = None

    def _eliminated(self, batch: Batch, left: dict[int, Tensor], blocks: Blocks) -> Tensor:
        """What is left of parts, (S, p, m, m), from what is left of those within them; fronts go with each."""
        (count, k), size = batch.inner.shape, batch.inner.shape[1] + batch.border.shape[1]
        front, kinds = None, [(piece, True) for piece in batch.within] + [(piece, False) for piece in batch.below]
        for piece, of_cells in kinds:
            # and let go: together they take as much memory as the fronts
            added = blocks.several(piece.numbers) if of_cells else beside_of(map(left.pop, piece.numbers))
            front = added.new_zeros(len(added), count, size, size) if front is None else front
            add(front, added, piece)
        assert front is not None
        if not k:
            return front
        kept = self._kept(front)
        if k == size:  # the last one: its inverse would take three times as long as its factors
            self.eliminated.append(Eliminated(batch, solver(front, self.positive, kept), None, None))
            return front[..., k:, k:]
        inverse = inverted(front[..., :k, :k], self.positive)
        lower, beside = front[..., k:, :k] @ inverse, front[..., :k, k:]
        upper = None if self.positive else (inverse @ beside).to(kept)
        self.eliminated.append(Eliminated(batch, inverse.to(kept).__matmul__, lower.to(kept), upper))
        return left_of(front[..., k:, k:], lower, beside, self.positive)

    def _kept(self, like: Tensor) -> torch.dtype:
        """What factors of such numbers are kept as."""
        few = torch.complex64 if like.is_complex() else torch.float32
        return few if self.brief else like.dtype

    def _probe(self, blocks: Blocks) -> tuple[Tensor, Tensor, Tensor]:
        """Units of the unknowns, a solution that is known, and this rank's part of its right side, each (S, N, 1)."""
        for batch in batched(self.order, self.mine.own):  # as many at once as when they are eliminated: the same bits
            for piece in batch.within:
                blocks.make(piece.numbers)
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

    def _back(self, eliminated: Sequence[Eliminated], b: Tensor, x: Tensor) -> None:
        """x from right sides that are eliminated, and from what is known of it."""
        for gone in reversed(eliminated):
            inner = gone.alone(b[:, gone.batch.inner].to(x.dtype))
            x[:, gone.batch.inner] = inner if gone.lower is None else inner - gone.told(x[:, gone.batch.border])

    def _forward(self, eliminated: Sequence[Eliminated], b: Tensor) -> None:
        for gone in eliminated:
            if gone.lower is not None:
                take(b, gone.batch.border, gone.lower @ b[:, gone.batch.inner].to(gone.lower.dtype))


def finish(several: Sequence[Factors]) -> None:
    """Eliminate what joins subtrees, of each system by the rank whose that is; what is singular on one is raised on
    all."""

    for factors in several:
        factors.arrive()

    def top() -> None:
        for factors in several:
            factors.finish()

    if any(factors.owner is not None for factors in several):
        together(several[0].mine.ranks, top)


def solved(several: Sequence[Factors], sides: Sequence[Tensor]) -> list[Tensor]:
    """The same of several systems of one structure, each with its right sides; ranks meet once for all, and again where
    what joins subtrees of each is one rank's.

    Right sides are summed with all digits, whatever factors have: so the order of sums, another one for each number of
    ranks, is not seen in the solution, and whoever iterates upon it does as many iterations.
    """
    mine, systems = several[0].mine, list(zip(several, sides, strict=True))
    found = [torch.zeros_like(b, dtype=factors._kept(b)) for factors, b in systems]
    for factors, b in systems:
        factors._forward(factors.eliminated[: factors.count], b)
    if mine.top:
        top = several[0]._inner(mine.top)
        told = summed(mine.ranks, [b[:, top] for b in sides])
        for (factors, b), x, there in zip(systems, found, told, strict=True):
            b[:, top] = there
            factors._forward(factors.eliminated[factors.count :], b)
            factors._back(factors.eliminated[factors.count :], b, x)
        owned = [x for factors, x in zip(several, found, strict=True) if factors.owner is not None]
        for x, there in zip(owned, summed(mine.ranks, [x[:, top] for x in owned]) if owned else [], strict=True):
            x[:, top] = there  # nothing but zeros are added to what one rank knows
    for (factors, b), x in zip(systems, found, strict=True):
        factors._back(factors.eliminated[: factors.count], b, x)
    return [x.to(b.dtype) for x, b in zip(found, sides, strict=True)]
