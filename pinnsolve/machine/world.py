"""The processes that share a run (`torchrun`): shares of its points, sums, triangles, and the one that decides.

Underneath is torch.distributed: gloo between CPUs, NCCL between GPUs. All processes (ranks) do the same in the same
order, and keep the same state; what is summed, joined or told is the same on all of them, to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from pinnsolve.algebra.least_squares import Triangle
from pinnsolve.errors import ProblemError

T = TypeVar("T")


@dataclass(frozen=True)
class Rules:
    """How long ranks wait for each other. Chosen, not measured.

    Parameters
    ----------
    pause : float
        Seconds between two looks for what the first rank does alone, however long it takes.
    words : float
        Seconds in which the first rank has to say why a run ended. Longer: the others wait for nothing where it is the
        first that was lost.
    """

    pause: float = 0.05
    words: float = 5.0


RULES = Rules()


class LostError(Exception):
    """Another rank is gone, or does not answer."""


class EndedError(LostError):
    """This process was told to end, and its step takes longer than whoever told it waits."""


class World:
    """What a run needs of other processes. One process is a world of size one.

    Parameters
    ----------
    rank : int
        Of this process, from zero.
    size : int
        How many there are.
    store : torch.distributed.Store, optional
        Where ranks leave words for each other.
    """

    def __init__(self, rank: int = 0, size: int = 1, store: Any = None) -> None:
        self.rank, self.size, self._store = rank, size, store
        self.ended = False  # whether somebody wants this process to end
        self.breaks = False  # whether a step may be broken off then

    @property
    def first(self) -> bool:
        """Whether this is the rank that decides, writes and prints."""
        return self.rank == 0

    # ------------------------------------------------------------ shares

    def part(self, count: int, rank: int | None = None) -> slice:
        """Which of so many are a rank's (this one's): as many each, one after the other. Pairs stay together.

        >>> World(1, 3).part(10), World(2, 3).part(10)
        (slice(2, 6, None), slice(6, 10, None))
        """
        k = self.rank if rank is None else rank
        ends = [count if j == self.size else count * j // self.size // 2 * 2 for j in (k, k + 1)]
        return slice(*ends)

    def share(self, points: Any) -> Any:
        """This rank's part of some points."""
        return points if self.size == 1 else points[self.part(len(points))]

    # ------------------------------------------------------------ numbers of all ranks

    def sum(self, tensor: Tensor, /) -> Tensor:
        """The sum over all ranks."""
        return tensor if self.size == 1 else self._reduced(tensor, "SUM")

    def largest(self, tensor: Tensor) -> Tensor:
        """The largest over all ranks, entry by entry."""
        return tensor if self.size == 1 else self._reduced(tensor, "MAX")

    def _reduced(self, tensor: Tensor, how: str) -> Tensor:
        from torch import distributed

        found = tensor.clone(memory_format=torch.contiguous_format)
        with _heard():
            distributed.all_reduce(_plain(found), getattr(distributed.ReduceOp, how))
        return found

    def whole(self, mine: Tensor, begin: int, count: int) -> Tensor:
        """All ranks' entries (count, ...), of which this one has `mine`, from `begin` on."""
        if self.size == 1:
            return mine
        found = mine.new_zeros(count, *mine.shape[1:])
        found[begin : begin + len(mine)] = mine
        return self._reduced(found, "SUM")

    def to(self, rank: int, mine: Tensor, sizes: Sequence[int]) -> Callable[[], list[Tensor]]:
        """Tell one rank some numbers, of which each has so many, (sizes[own],), while all go on.

        Returns
        -------
        callable
            Waits until they have arrived: to be called by all, and on that rank it gives the numbers of each, in order.
        """
        from torch import distributed

        mine = mine.resolve_conj().contiguous()  # it has to live until it has arrived
        found = [mine if k == self.rank else mine.new_empty(size) for k, size in enumerate(sizes)]
        under_way = list[Any]()
        with _heard():
            for k in (k for k, size in enumerate(sizes) if size and k != rank):
                if self.rank == rank:
                    under_way.append(distributed.irecv(_plain(found[k]), k))
                elif self.rank == k:
                    under_way.append(distributed.isend(_plain(mine), rank))

        def arrived() -> list[Tensor]:
            with _heard():
                for each in under_way:
                    each.wait()
            return found if self.rank == rank else []

        return arrived

    def solved(self, triangle: Triangle, ridge: float) -> tuple[Tensor, float] | None:
        """The least squares of all ranks' rows, as `Triangle.solved`: the first rank solves them, and tells."""
        if self.size == 1:
            return triangle.solved(ridge)
        self.triangle(triangle)
        found = self.told(lambda: _away(triangle.solved(ridge)))
        return None if found is None else (found[0].to(triangle.front.device), found[1])

    def triangle(self, mine: Triangle) -> None:
        """Fold the rows of all ranks into the first one's triangle: QR by reduction, in pairs along a binary tree.

        Source: Demmel, Grigori, Hoemmen & Langou, SIAM J. Sci. Comput. 34 (2012) A206, section 3 (TSQR).
        """
        from torch import distributed

        mine.squares = self.sum(mine.squares)
        stride = 1
        while stride < self.size:
            if self.rank % (2 * stride):
                with _heard():
                    distributed.send(mine.folded(), self.rank - stride)
                return
            if self.rank + stride < self.size:
                theirs = mine.front.new_empty(mine.front.shape[1], mine.front.shape[1])
                with _heard():
                    distributed.recv(theirs, self.rank + stride)
                mine.take(theirs)
            stride *= 2

    # ------------------------------------------------------------ what one rank does for all

    def told(self, work: Callable[[], T]) -> T:
        """What the first rank finds, told to all; an error in words is raised on all of them."""
        if self.size == 1:
            return work()
        from torch import distributed

        box: list[Any] = [None]
        if self.first:
            try:
                box = [(True, work())]
            except ProblemError as error:
                box = [(False, error)]
        with _heard():
            distributed.broadcast_object_list(box)
        made, found = box[0]
        if not made:
            raise found
        return found

    def waited(self, name: str) -> None:
        """Go on when the first rank has come here, however long that takes: what it does alone may take minutes."""
        if self.size == 1:
            return
        with _heard():
            if self.first:
                self._store.set(name, "done")
            while not self._store.check([name]):
                if self.ended:
                    raise EndedError("this process was told to end")
                time.sleep(RULES.pause)

    # ------------------------------------------------------------ how it ends

    def say(self, words: str) -> None:
        """Leave words for the first rank, which prints them when it misses this one."""
        if self.size > 1:
            with suppress(RuntimeError):
                self._store.set(f"words of {self.rank}", words)

    def end(self) -> None:
        """Ask the first rank to end the run."""
        if self.size > 1 and not self.first:
            with suppress(RuntimeError):
                self._store.set("somebody ends", "")

    @property
    def somebody_ends(self) -> bool:
        """Whether another rank has asked for that."""
        with _heard():
            return self.size > 1 and bool(self._store.check(["somebody ends"]))

    def words(self) -> str:
        """What other ranks left before they ended."""
        found = []
        for rank in (r for r in range(self.size) if r != self.rank):
            with suppress(RuntimeError):
                if self._store.check([f"words of {rank}"]):
                    found.append(f"rank {rank}: {self._store.get(f'words of {rank}').decode()}")
        return "; ".join(found)

    def speaks(self) -> bool:
        """Whether it is for this rank to say why a run ended: for the first, unless it is the one that was lost."""
        if self.first:
            self.say("it says why")
            return True
        until = time.monotonic() + RULES.words
        with suppress(RuntimeError):
            while time.monotonic() < until:
                if self._store.check(["words of 0"]):
                    return False
                time.sleep(RULES.pause)
        return True


ALONE = World()


def _plain(numbers: Tensor) -> Tensor:
    """The same numbers as real ones, of complex ones two each."""
    return torch.view_as_real(numbers) if numbers.is_complex() else numbers


def _away(found: tuple[Tensor, float] | None) -> tuple[Tensor, float] | None:
    """A solution as it is told: from the CPU."""
    return None if found is None else (found[0].cpu(), found[1])


@contextmanager
def _heard() -> Iterator[None]:
    """What torch.distributed raises where a rank does not answer, said as that."""
    try:
        yield
    except RuntimeError as error:
        raise LostError(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
