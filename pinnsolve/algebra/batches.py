"""Parts of a dissection whose fronts are of one size, eliminated side by side.

Most fronts are small: each of their operations takes as long as one of ten thousand numbers does. So subtrees of small
fronts are eliminated from their leaves up, all at once, those of one height and size as one array; large fronts follow
one after the other as soon as all below them is eliminated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.algebra.dissection import Dissection, Part


@dataclass(frozen=True)
class Piece:
    """What is added to fronts of a batch, to each once.

    Parameters
    ----------
    numbers : tuple of int
        Of cells, or of parts below.
    fronts : tensor (c,)
        To which fronts.
    at : tensor (c, s)
        Where their rows stand there.
    """

    numbers: tuple[int, ...]
    fronts: Tensor
    at: Tensor


@dataclass(frozen=True)
class Batch:
    """Parts whose fronts are of one size, none of which belongs to another's subtree.

    Parameters
    ----------
    numbers : tuple of int
    inner, border : tensor (p, k), (p, m)
        What each eliminates, and what is left at its border.
    within, below : list of Piece
        What cells add, and what is left of parts below.

    Attributes
    ----------
    small : int
        Unknowns of a front that is eliminated beside others. Larger: memory. Smaller: more operations one by one.
    most : int
        Numbers of all fronts of the subtrees that are eliminated at once. Larger: memory. Smaller: fewer fronts are of
        one size.
    """

    numbers: tuple[int, ...]
    inner: Tensor
    border: Tensor
    within: list[Piece]
    below: list[Piece]

    small: ClassVar[int] = 256
    most: ClassVar[int] = 1 << 21

    @classmethod
    def of(cls, order: Dissection, numbers: Sequence[int]) -> Batch:
        """Some parts with as many unknowns inside and at their borders."""
        parts = [order.parts[k] for k in numbers]
        inner, border = (torch.stack(x) for x in ([p.inner for p in parts], [p.border for p in parts]))
        added = [_pieces(x, order.device) for x in ([p.within for p in parts], [p.below for p in parts])]
        return cls(tuple(numbers), inner, border, *added)


def batched(order: Dissection, numbers: Sequence[int]) -> list[Batch]:
    """Some parts, in an order in which each comes after those below it; looked for once."""
    key = "batches", tuple(numbers)
    if key not in order.shares:
        order.shares[key] = [Batch.of(order, some) for some in _rounds(order, numbers)]
    found: list[Batch] = order.shares[key]
    return found


def _pieces(added: Sequence[Sequence[tuple[int, Tensor]]], device: torch.device) -> list[Piece]:
    """What is added first, second, ... to each front; of one size each."""
    found: dict[tuple[int, int], list[tuple[int, int, Tensor]]] = {}
    for front, mine in enumerate(added):
        for turn, (number, at) in enumerate(mine):
            found.setdefault((turn, len(at)), []).append((number, front, at))
    return [
        Piece(tuple(number for number, *_ in some), torch.tensor([k for _, k, _ in some], device=device),
              torch.stack([at for *_, at in some]))
        for some in found.values()
    ]  # fmt: skip


def _rounds(order: Dissection, numbers: Sequence[int]) -> Iterator[list[int]]:
    """The parts of each batch."""
    parts, mine = order.parts, set(numbers)
    below = {k: [b for b, _ in parts[k].below if b in mine] for k in numbers}
    whole, height, tree = dict[int, int](), dict[int, int](), set[int]()
    for k in sorted(numbers):  # those below come before
        whole[k] = _size(parts[k]) ** 2 + sum(whole[b] for b in below[k])
        height[k] = 1 + max((height[b] for b in below[k]), default=-1)
        if _size(parts[k]) <= Batch.small and whole[k] <= Batch.most and tree.issuperset(below[k]):
            tree.add(k)
    roots = sorted(tree - {b for k in tree for b in below[k]})
    alone, done = [k for k in numbers if k not in tree], set[int]()
    while roots or alone:
        some, count = list[int](), 0
        while roots and (not some or count + whole[roots[0]] <= Batch.most):
            count += whole[roots[0]]
            some += _subtree(roots.pop(0), below)
        together: dict[tuple[int, int, int], list[int]] = {}
        for k in sorted(some, key=lambda k: (height[k], k)):
            together.setdefault((height[k], len(parts[k].inner), len(parts[k].border)), []).append(k)
        yield from together.values()
        done.update(some)
        for k in alone:
            if all(b in done for b in below[k]):
                yield [k]
                done.add(k)
        alone = [k for k in alone if k not in done]


def _size(part: Part) -> int:
    return len(part.inner) + len(part.border)


def _subtree(root: int, below: dict[int, list[int]]) -> list[int]:
    """A part and all below it."""
    found = [root]
    for k in found:
        found += below[k]
    return found
