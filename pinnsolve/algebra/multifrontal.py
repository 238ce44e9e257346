"""Least squares with a block structure: a multifrontal orthogonal factorisation.

The unknowns come in blocks of one width, and every row involves a few blocks alone. Blocks are eliminated one after the
other: all rows that involve the next one form a dense front, whose QR gives that block's rows of R; what is left of the
front goes on to the blocks after it. On a chain of cells the work grows with their number, not with its cube.

Source: Duff & Reid, ACM Trans. Math. Software 9 (1983) 302; Bjorck, Numerical Methods for Least Squares Problems (SIAM
1996), section 6.6; the order is that of minimum degree, Tinney & Walker, Proc. IEEE 55 (1967) 1801.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.least_squares import in_place
from pinnsolve.algebra.operations import Work, qr


@dataclass(frozen=True)
class Rows:
    """Equations A c = b that involve a few blocks.

    Parameters
    ----------
    blocks : tuple of int
    matrix : tensor (n, len(blocks) * width)
    right : tensor (n,)
    """

    blocks: tuple[int, ...]
    matrix: Tensor
    right: Tensor

    def misfit(self, solution: Tensor) -> Tensor:
        """A c - b for all blocks (S, width)."""
        return self.matrix @ solution[list(self.blocks)].flatten() - self.right


def solved(rows: Sequence[Rows], count: int, width: int, ridge: float, work: Work | None = None) -> Tensor:
    """min over c of sum ||A c - b||^2 + ridge^2 ||D c||^2, D the norms of the columns: c (count, width).

    The operations of all fronts are added to `work`."""
    like = rows[0].matrix
    squares = like.new_zeros(count, width)
    for r in rows:
        squares[list(r.blocks)] += r.matrix.square().sum(0).view(-1, width)
    scale = torch.where(squares > 0, squares.sqrt(), torch.ones_like(squares))
    order = eliminated([r.blocks for r in rows], count)
    rank = {s: k for k, s in enumerate(order)}
    given: list[list[Rows]] = [[] for _ in range(count)]
    left: list[list[Rows]] = [[] for _ in range(count)]
    for r in rows:
        if len(r.right):
            given[min(r.blocks, key=rank.__getitem__)].append(r)
    factors: dict[int, Tensor] = {}
    met: dict[int, list[int]] = {}
    for s in order:
        blocks = sorted({s}.union(*(r.blocks for r in given[s] + left[s])), key=rank.__getitem__)
        factors[s], rest = _eliminated(_front(given[s], left[s], blocks, scale, ridge), width, work)
        given[s], left[s] = [], []
        if len(blocks) > 1 and len(rest):
            left[blocks[1]].append(Rows(tuple(blocks[1:]), rest[:, :-1], rest[:, -1]))
        met[s] = blocks
    found = like.new_zeros(count, width)
    for s in reversed(order):
        factor = factors[s]
        right = factor[:, -1] - factor[:, width:-1] @ found[met[s][1:]].flatten()
        found[s] = torch.linalg.solve_triangular(factor[:, :width], right[:, None], upper=True)[:, 0]
    return found / scale


def _eliminated(front: Tensor, width: int, work: Work | None) -> tuple[Tensor, Tensor]:
    """The first block's rows of R, and what is left of the front; its rows are used up."""
    if work is not None:
        work.add(qr(*front.shape))
    factor = in_place(front)
    return factor[:width].clone(), factor[width:, width:].clone()  # views would keep all of the front


def _front(given: Sequence[Rows], left: Sequence[Rows], blocks: Sequence[int], scale: Tensor, ridge: float) -> Tensor:
    """All rows that involve the first block, over the columns of all blocks and the right side, with its ridge.

    Columns of the given rows are divided by their scale; those of what other fronts left are already."""
    width = scale.shape[1]
    place = {s: k * width for k, s in enumerate(blocks)}
    heights = [sum(len(r.right) for r in rows) for rows in (given, left)]
    front = scale.new_zeros(len(blocks) * width + 1, sum(heights) + width).T
    at = 0
    for r in [*given, *left]:
        here = slice(at, at + len(r.right))
        for k, s in enumerate(r.blocks):
            front[here, place[s] : place[s] + width] = r.matrix[:, k * width : (k + 1) * width]
        front[here, -1] = r.right
        at += len(r.right)
    front[: heights[0], :-1] /= scale[list(blocks)].flatten()
    front[at:, :width].diagonal().fill_(max(ridge, torch.finfo(scale.dtype).eps))
    return front


def eliminated(cliques: Sequence[Sequence[int]], count: int) -> list[int]:
    """An order of elimination: always the block that meets the fewest others."""
    beside: list[set[int]] = [set() for _ in range(count)]
    for clique in cliques:
        for s in clique:
            beside[s].update(clique)
    for s in range(count):
        beside[s].discard(s)
    left, order = set(range(count)), []
    while left:
        s = min(left, key=lambda k: (len(beside[k]), k))
        left.discard(s)
        order.append(s)
        for k in beside[s]:
            beside[k] |= beside[s]
            beside[k] -= {s, k}
    return order
