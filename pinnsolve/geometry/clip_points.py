"""Points inside of what boxes hold of a plane shape: Gauss' nodes on lines that are cut where they enter and leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.shape import Shape


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
    lines : int
        By which the part of a box that lies inside is known. Fewer: shares of cells that sum to one only roughly.
    """

    samples: int = 24
    halvings: int = 16
    beside: float = 1e-7
    lines: int = 12


RULES = Rules()


def points_inside(shape: Shape, frames: Tensor, along: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points (K, count^2, 2) inside of a shape and of boxes (K, 2, 2), with weights that sum to one; and what part of
    each box lies inside, (K,).

    Parameters
    ----------
    shape : Shape
    frames : tensor (K, 2, 2)
        The lower and upper corner of each box.
    along : tensor (K,)
        The coordinate along which lines run.
    count : int
        Of lines in each box, and of points on each line.
    """
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(count))
    nodes, weights = (nodes + 1) / 2, weights / 2
    boxes, low, size = torch.arange(len(frames)), frames[:, 0], frames[:, 1] - frames[:, 0]

    def placed(s: Tensor, t: Tensor, box: Tensor) -> Tensor:
        """Points (..., 2) at shares s along the lines and t across them."""
        first = along[box] == 0
        shares = torch.stack([torch.where(first, s, t), torch.where(first, t, s)], -1)
        return low[box] + size[box] * shares

    ticks = torch.linspace(RULES.beside, 1 - RULES.beside, RULES.samples, dtype=torch.float64)
    box = boxes[:, None, None].expand(-1, count, RULES.samples)
    s, t = ticks.expand(len(frames), count, -1), nodes[:, None].expand(len(frames), -1, RULES.samples)
    within = shape.contains(placed(s, t, box).reshape(-1, 2)).view(len(frames), count, -1)
    # the line in parts between samples: of each what lies inside
    begin, end = (v.expand(len(frames), count, -1).clone() for v in (ticks[:-1], ticks[1:]))
    both, one = within[..., 1:] & within[..., :-1], within[..., 1:] != within[..., :-1]
    end = torch.where(both | one, end, begin)
    k, line, part = one.nonzero(as_tuple=True)
    a, b, before = begin[k, line, part], end[k, line, part], within[k, line, part]
    for _ in range(RULES.halvings if len(k) else 0):
        middle = (a + b) / 2
        same = shape.contains(placed(middle, nodes[line], k)) == before
        a, b = torch.where(same, middle, a), torch.where(same, b, middle)
    begin[k, line, part] = torch.where(before, begin[k, line, part], b)
    end[k, line, part] = torch.where(before, a, end[k, line, part])
    lengths = (end - begin).cumsum(-1)
    whole = lengths[..., -1]
    wanted = whole[..., None] * nodes
    at = torch.searchsorted(lengths.contiguous(), wanted.contiguous()).clamp(max=lengths.shape[-1] - 1)
    rest = wanted - (lengths - (end - begin)).gather(-1, at)
    share = begin.gather(-1, at) + rest
    x = placed(share, nodes[:, None].expand(-1, count).expand_as(share), boxes[:, None, None].expand_as(share))
    w = (whole * weights)[..., None] * weights
    # lines on which nothing lies inside take a place where something does, and count for nothing
    fullest = whole.argmax(1)
    x = torch.where((whole > 0)[..., None, None], x, x[boxes, fullest][:, None])
    inside = w.sum((1, 2))
    return x.flatten(1, 2), (w / inside.clamp(min=1e-300)[:, None, None]).flatten(1), inside
