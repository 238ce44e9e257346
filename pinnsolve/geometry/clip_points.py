"""Points inside of what boxes hold of something: Gauss' nodes on lines that are cut where they enter and leave."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Rules:
    """Chosen, not measured.

    Parameters
    ----------
    samples : int
        Of a line, between which it enters or leaves at most once. More: narrower parts are seen; more time.
    halvings : int
        Of the distance between two of them: points need not come as close to the boundary as rounding lets them.
    beside : float
        Of its length: so far from its ends the first and last of them lie. Smaller: rounding decides.
    lines : tuple of int
        By dimension, along each other coordinate, by which the part of a box that lies inside is known. Fewer: shares
        of cells that sum to one only roughly.
    """

    samples: int = 24
    halvings: int = 16
    beside: float = 1e-7
    lines: tuple[int, ...] = (12, 12, 8)


RULES = Rules()
Inside = Callable[[Tensor, Tensor], Tensor]


def points_inside(contains: Inside, frames: Tensor, along: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points (K, count^d, d) inside of something and of boxes (K, 2, d), with weights that sum to one; and what part of
    each box lies inside, (K,).

    Parameters
    ----------
    contains : callable tensor (N, d), tensor (N,) -> tensor (N,)
        Whether points lie inside, each with the number of its box.
    frames : tensor (K, 2, d)
        The lower and upper corner of each box.
    along : tensor (K,)
        The coordinate along which lines run.
    count : int
        Of lines in each box along each other coordinate, and of points on each line.
    """
    lines = _Lines(contains, frames, along)
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(count))
    nodes, weights = (nodes + 1) / 2, weights / 2
    across = torch.tensor(list(itertools.product(nodes.tolist(), repeat=lines.dims - 1)), dtype=torch.float64)
    each = torch.tensor(list(itertools.product(weights.tolist(), repeat=lines.dims - 1)), dtype=torch.float64).prod(1)
    begin, end = lines.cut(across)
    lengths = (end - begin).cumsum(-1)
    whole = lengths[..., -1]
    wanted = whole[..., None] * nodes
    at = torch.searchsorted(lengths.contiguous(), wanted.contiguous()).clamp(max=lengths.shape[-1] - 1)
    rest = wanted - (lengths - (end - begin)).gather(-1, at)
    boxes = torch.arange(len(frames))
    x = lines.placed(begin.gather(-1, at) + rest, across[:, None], boxes[:, None, None])
    w = (whole * each)[..., None] * weights
    # lines on which nothing lies inside take a place where something does, and count for nothing
    fullest = whole.argmax(1)
    x = torch.where((whole > 0)[..., None, None], x, x[boxes, fullest][:, None])
    inside = w.sum((1, 2))
    return x.flatten(1, 2), (w / inside.clamp(min=1e-300)[:, None, None]).flatten(1), inside


class _Lines:
    """Lines in boxes, as `points_inside` takes these."""

    def __init__(self, contains: Inside, frames: Tensor, along: Tensor) -> None:
        self.contains, self.along, self.dims = contains, along, frames.shape[2]
        self.low, self.size = frames[:, 0], frames[:, 1] - frames[:, 0]
        # by the coordinate along lines: where each coordinate stands among (that along them, those across)
        order = [[a, *(k for k in range(self.dims) if k != a)] for a in range(self.dims)]
        self.columns = torch.tensor([np.argsort(o).tolist() for o in order])

    def placed(self, s: Tensor, t: Tensor, box: Tensor) -> Tensor:
        """Points (..., d) at shares s (...) along lines and t (..., d - 1) across them, in boxes (...)."""
        box = box.expand(s.shape)
        shares = torch.cat([s[..., None], t.expand(*s.shape, self.dims - 1)], -1)
        return self.low[box] + self.size[box] * shares.gather(-1, self.columns[self.along[box]])

    def cut(self, across: Tensor) -> tuple[Tensor, Tensor]:
        """Lines at shares (L, d - 1) across each box in parts: from where to where something lies inside, (K, L,
        samples - 1) each, as shares along them."""
        count, lines = len(self.low), len(across)
        ticks = torch.linspace(RULES.beside, 1 - RULES.beside, RULES.samples, dtype=torch.float64)
        s, box = ticks.expand(count, lines, -1), torch.arange(count)[:, None, None].expand(-1, lines, RULES.samples)
        within = self._inside(s, across[:, None], box)
        begin, end = (v.expand(count, lines, -1).clone() for v in (ticks[:-1], ticks[1:]))
        both, one = within[..., 1:] & within[..., :-1], within[..., 1:] != within[..., :-1]
        end = torch.where(both | one, end, begin)
        k, line, part = one.nonzero(as_tuple=True)
        a, b, before = begin[k, line, part], end[k, line, part], within[k, line, part]
        for _ in range(RULES.halvings if len(k) else 0):
            middle = (a + b) / 2
            same = self._inside(middle, across[line], k) == before
            a, b = torch.where(same, middle, a), torch.where(same, b, middle)
        begin[k, line, part] = torch.where(before, begin[k, line, part], b)
        end[k, line, part] = torch.where(before, a, end[k, line, part])
        return begin, end

    def _inside(self, s: Tensor, t: Tensor, box: Tensor) -> Tensor:
        return self.contains(self.placed(s, t, box).reshape(-1, self.dims), box.reshape(-1)).view(s.shape)
