"""Whose part of an elimination is whose: subtrees of a dissection, shared among ranks by their work."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from pinnsolve.algebra.dissection import Dissection

T = TypeVar("T")


class Ranks(Protocol):
    """The processes that share an elimination (`pinnsolve.machine.world.World`)."""

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def sum(self, tensor: Tensor, /) -> Tensor: ...

    def to(self, rank: int, mine: Tensor, sizes: Sequence[int]) -> Callable[[], list[Tensor]]: ...


class One:
    """One process alone."""

    rank, size = 0, 1

    def sum(self, tensor: Tensor, /) -> Tensor:
        return tensor

    def to(self, rank: int, mine: Tensor, sizes: Sequence[int]) -> Callable[[], list[Tensor]]:
        return lambda: [mine]


def together(ranks: Ranks, work: Callable[[], T]) -> T:
    """What each rank computes of its own; where a matrix is singular on one of them, that is raised on all."""
    found: list[T] = []
    failed = attempted(ranks, lambda: found.append(work()))
    if ranks.size > 1 and float(ranks.sum(torch.tensor(float(failed is not None)))):
        raise failed or singular_elsewhere()
    return found[0]


def attempted(ranks: Ranks, work: Callable[[], None]) -> Exception | None:
    """What each rank computes of its own, and how it failed: that a matrix is singular is told to all at the next
    meeting, where there are others."""
    try:
        work()
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        if ranks.size == 1:
            raise
        return error
    return None


def singular_elsewhere() -> Exception:
    """What is raised where another rank failed."""
    return torch.linalg.LinAlgError("a matrix of another rank is singular")  # type: ignore[attr-defined]


def summed(ranks: Ranks, several: Sequence[Tensor]) -> list[Tensor]:
    """The sums over the ranks of some tensors, real or complex, at once."""
    if ranks.size == 1:
        return list(several)
    plain = [torch.view_as_real(x.resolve_conj()) if x.is_complex() else x for x in several]
    parts = ranks.sum(torch.cat([x.flatten() for x in plain])).split([x.numel() for x in plain])
    found = [part.view(x.shape) for part, x in zip(parts, plain, strict=True)]
    return [torch.complex(*x.unbind(-1)) if own.is_complex() else x for x, own in zip(found, several, strict=True)]


@dataclass(frozen=True)
class Subtrees:
    """The parts of a dissection as one rank sees them.

    Parameters
    ----------
    ranks : Ranks
    own : tuple of int
        The parts that this rank alone eliminates, in order.
    top : tuple of int
        Those that all ranks eliminate alike, in order.
    roots : mapping from part to rank
        The last parts of subtrees, and whose they are.
    cells : tuple of int
        This rank's, in the order in which they are eliminated.
    """

    ranks: Ranks
    own: tuple[int, ...]
    top: tuple[int, ...]
    roots: dict[int, int]
    cells: tuple[int, ...]


def tell(
    shares: Subtrees, left: dict[int, Tensor], shapes: Mapping[int, tuple[int, ...]], like: Tensor,
    failed: Exception | None,
) -> None:  # fmt: skip
    """What is left of its subtrees, by their last parts, each rank tells all others, and whether one was singular, at
    once; which is raised.

    Parameters
    ----------
    shares : Subtrees
    left : dict from part to tensor
        To which what others tell is added.
    shapes : mapping from part to tuple of int
        Of what is left of all ranks' subtrees.
    like : tensor
        Numbers of their kind.
    failed : Exception, optional
        Why this rank has nothing to tell.
    """
    nothing = failed is not None
    mine = [like.new_zeros(s) if nothing or root not in left else left[root] for root, s in shapes.items()]
    told = shares.ranks.sum(torch.cat([*(part.flatten() for part in mine), like.new_full((1,), float(nothing))]))
    if bool(told[-1].abs() > 0):
        raise failed or singular_elsewhere()
    parts = told[:-1].split([part.numel() for part in mine])
    left |= {root: part.view(shapes[root]) for root, part in zip(shapes, parts, strict=True)}


def tell_one(
    shares: Subtrees, left: dict[int, Tensor], shapes: Mapping[int, tuple[int, ...]], like: Tensor, rank: int
) -> Callable[[], None]:  # fmt: skip
    """The same told to one rank alone, while all go on: what is returned waits until that has it. Where a matrix was
    singular zeros are told, and whoever was told waits to hear it."""
    mine = [[root for root, own in shares.roots.items() if own == k] for k in range(shares.ranks.size)]
    counts = {root: math.prod(shape) for root, shape in shapes.items()}
    own = [left[root].flatten() if root in left else like.new_zeros(counts[root]) for root in mine[shares.ranks.rank]]
    sizes = [sum(counts[root] for root in roots) for roots in mine]
    arrived = shares.ranks.to(rank, torch.cat([like.new_zeros(0), *own]), sizes)

    def arrive() -> None:
        for roots, told in zip(mine, arrived(), strict=False):  # nothing arrives at others
            parts = told.split([counts[root] for root in roots])
            left.update({root: part.view(shapes[root]) for root, part in zip(roots, parts, strict=True)})

    return arrive


@dataclass(frozen=True)
class Plan:
    """Whose is which subtree (by its last part), and the operations of each rank alone and of all alike."""

    owners: dict[int, int]
    loads: list[float]
    top: float


def owners(costs: Sequence[float], ranks: Ranks) -> list[int | None]:
    """Of systems of one structure the rank that eliminates what joins subtrees of each, the dearest first, each by the
    rank with the least work; of a single one nobody alone.

    >>> owners([1.0, 4.0, 4.0], One())
    [None, None, None]
    """
    if ranks.size == 1 or len(costs) < 2:
        return [None] * len(costs)
    found: list[int | None] = [None] * len(costs)
    shares, _ = _assigned(range(len(costs)), costs, ranks.size)
    for k, rank in shares.items():
        found[k] = rank
    return found


def shared_out(order: Dissection, ranks: Ranks | None = None, each: float = 0.0) -> Subtrees:
    """What a rank has of an elimination; among several looked for once.

    Parameters
    ----------
    order : Dissection
    ranks : Ranks, optional
        One process without. Where there are not as many subtrees as ranks, each is alone, and all do everything alike.
    each : float
        Operations of a cell, before it is eliminated.
    """
    if ranks is None or ranks.size == 1:
        return _all_of(order)
    if (ranks, each) not in order.shares:
        plan = planned(order, ranks.size, each)
        order.shares[ranks, each] = _all_of(order) if plan is None else _of(order, ranks, plan.owners)
    found: Subtrees = order.shares[ranks, each]
    return found


def _all_of(order: Dissection) -> Subtrees:
    """What one process alone has of it."""
    return Subtrees(One(), tuple(range(len(order.parts))), (), {}, tuple(order.cells))


def planned(order: Dissection, size: int, each: float = 0.0, tries: int = 8) -> Plan | None:
    """Cut the tree of parts from the top until its subtrees can be shared evenly, each to the rank that has least.

    Parameters
    ----------
    order : Dissection
    size : int
        Ranks.
    each : float
        Operations of a cell, before it is eliminated.
    tries : int
        Cuts that are tried, for each rank. More: what all ranks do alike grows. Fewer: ranks wait for each other.
        Chosen, not measured.
    """
    work = [p.operations[0] + each * len(p.within) for p in order.parts]
    whole = list(work)
    for k, part in enumerate(order.parts):
        whole[k] += sum(whole[below] for below, _ in part.below)
    roots, top, plans = [len(order.parts) - 1] if order.parts else [], 0.0, list[Plan]()
    for _ in range(tries * size):
        plans.append(Plan(*_assigned(roots, whole, size), top))
        cut = max((k for k in roots if order.parts[k].below), key=lambda k: whole[k], default=None)
        if cut is None:
            break
        roots = [k for k in roots if k != cut] + [below for below, _ in order.parts[cut].below]
        top += work[cut]
    plans = [plan for plan in plans if all(plan.loads)]
    return min(plans, key=lambda plan: plan.top + max(plan.loads), default=None)


def _assigned(roots: Sequence[int], whole: Sequence[float], size: int) -> tuple[dict[int, int], list[float]]:
    """The largest subtrees first, each to the rank with the least work; and the work of each."""
    loads, shares = [0.0] * size, {}
    for k in sorted(roots, key=lambda k: (-whole[k], k)):
        rank = min(range(size), key=lambda r: loads[r])
        shares[k] = rank
        loads[rank] += whole[k]
    return shares, loads


def _of(order: Dissection, ranks: Ranks, owners: dict[int, int]) -> Subtrees:
    """What one rank has of it."""
    owner = dict(owners)
    for k in reversed(range(len(order.parts))):  # those below come before
        if k in owner:
            owner.update({below: owner[k] for below, _ in order.parts[k].below})
    own = tuple(k for k in range(len(order.parts)) if owner.get(k) == ranks.rank)
    top = tuple(k for k in range(len(order.parts)) if k not in owner)
    cells = tuple(cell for k in own for cell, _ in order.parts[k].within)
    return Subtrees(ranks, own, top, dict(sorted(owners.items())), cells)
