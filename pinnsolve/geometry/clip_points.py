"""Points inside of what boxes hold of something: Gauss' nodes on lines that are cut where they enter and leave."""

from __future__ import annotations

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
    outline : tuple of int
        Samples and halvings where it is known only what lies inside wherever along further coordinates. More: time.
        Fewer: no points at the edges of what is seen along these.
    beside : float
        Of its length: so far from its ends the first and last of them lie. Smaller: rounding decides.
    lines : tuple of int
        By dimension, along each other coordinate, by which the part of a box that lies inside is known. Fewer: shares
        of cells that sum to one only roughly.
    """

    samples: int = 24
    halvings: int = 16
    outline: tuple[int, int] = (16, 8)
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
        Of lines in each box along each other coordinate, and of points on each line. No line is spent where nothing
        lies inside: so many points tell a polynomial of a degree below `count` whatever the outline of what lies inside
        is along the lines.
    """
    lines = _Lines(contains, frames, along)
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(count))
    nodes, weights = (nodes + 1) / 2, weights / 2
    shares, w = frames.new_zeros(len(frames), 1, 0), frames.new_ones(len(frames), 1)
    for _ in range(lines.dims):  # along one coordinate after the other, as far as something lies inside
        begin, end = lines.cut(shares)
        lengths = (end - begin).cumsum(-1)
        whole = lengths[..., -1]
        wanted = whole[..., None] * nodes
        at = torch.searchsorted(lengths.contiguous(), wanted.contiguous()).clamp(max=lengths.shape[-1] - 1)
        s = begin.gather(-1, at) + (wanted - (lengths - (end - begin)).gather(-1, at))
        shares = torch.cat([shares[:, :, None].expand(-1, -1, count, -1), s[..., None]], -1).flatten(1, 2)
        w = ((w * whole)[..., None] * weights).flatten(1)
    x, number = lines.placed(shares, torch.arange(len(frames))[:, None]), torch.arange(len(frames))
    # lines on which nothing lies inside take a place where something does, and count for nothing
    x = torch.where((w > 0)[..., None], x, x[number, w.argmax(1)][:, None])
    inside = w.sum(1)
    return x, w / inside.clamp(min=1e-300)[:, None], inside


class _Lines:
    """Lines in boxes, as `points_inside` takes these."""

    def __init__(self, contains: Inside, frames: Tensor, along: Tensor) -> None:
        self.contains, self.along, self.dims = contains, along, frames.shape[2]
        self.low, self.size = frames[:, 0], frames[:, 1] - frames[:, 0]
        # by the coordinate along lines: where each coordinate stands among those across and, at last, that along them
        order = [[*(k for k in range(self.dims) if k != a), a] for a in range(self.dims)]
        self.columns = torch.tensor([np.argsort(o).tolist() for o in order])

    def placed(self, shares: Tensor, box: Tensor) -> Tensor:
        """Points (..., d) at shares (..., d) of boxes (...), those along lines last."""
        box = box.expand(shares.shape[:-1])
        return self.low[box] + self.size[box] * shares.gather(-1, self.columns[self.along[box]])

    def cut(self, shares: Tensor) -> tuple[Tensor, Tensor]:
        """From where to where something lies inside along the next coordinate, (K, L, S) each, at shares (K, L, j) of
        those before it; all along the first one, since boxes are the smallest around what lies inside."""
        if not shares.shape[-1]:
            return shares.new_zeros(len(shares), 1, 1), shares.new_ones(len(shares), 1, 1)
        count, lines, known = shares.shape
        samples, halvings = (RULES.samples, RULES.halvings) if known + 1 == self.dims else RULES.outline
        ticks = torch.linspace(RULES.beside, 1 - RULES.beside, samples, dtype=torch.float64)
        box = torch.arange(count)[:, None, None].expand(-1, lines, samples)
        within = self._inside(shares[:, :, None], ticks.expand(count, lines, -1), box)
        begin, end = (v.expand(count, lines, -1).clone() for v in (ticks[:-1], ticks[1:]))
        both, one = within[..., 1:] & within[..., :-1], within[..., 1:] != within[..., :-1]
        end = torch.where(both | one, end, begin)
        k, line, part = one.nonzero(as_tuple=True)
        a, b, before = begin[k, line, part], end[k, line, part], within[k, line, part]
        for _ in range(halvings if len(k) else 0):
            middle = (a + b) / 2
            same = self._inside(shares[k, line], middle, k) == before
            a, b = torch.where(same, middle, a), torch.where(same, b, middle)
        begin[k, line, part] = torch.where(before, begin[k, line, part], b)
        end[k, line, part] = torch.where(before, a, end[k, line, part])
        return begin, end

    def _inside(self, before: Tensor, s: Tensor, box: Tensor) -> Tensor:
        """Whether something lies inside at shares s (...) of one coordinate and those of the ones `before` it,
        (..., j), wherever along the others."""
        at = torch.cat([before.expand(*s.shape, -1), s[..., None]], -1)
        others = torch.zeros(1, 0, dtype=torch.float64)
        if more := self.dims - at.shape[-1]:
            ticks = torch.linspace(RULES.beside, 1 - RULES.beside, RULES.samples, dtype=torch.float64)
            others = torch.cartesian_prod(*[ticks] * more).view(-1, more)
        at, box = at[..., None, :].expand(*s.shape, len(others), -1), box[..., None].expand(*s.shape, len(others))
        at = torch.cat([at, others.expand(*s.shape, -1, -1)], -1)
        found = self.contains(self.placed(at, box).reshape(-1, self.dims), box.reshape(-1))
        return found.view(*s.shape, len(others)).any(-1)
