"""Quadrature by Gauss and Legendre on intervals of a parameter."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.rules import RULES


def gauss(intervals: Tensor, stretches: int, count: int = RULES.nodes) -> tuple[Tensor, Tensor]:
    """The same without whose they are."""
    parts, weights, _ = gauss_of(intervals, stretches, count)
    return parts, weights


def gauss_of(intervals: Tensor, stretches: int, count: int = RULES.nodes) -> tuple[Tensor, Tensor, Tensor]:
    """Gauss-Legendre nodes on intervals (K, 2) of (0, 1), cut where stretches end: nodes, weights, and whose they are
    (N,)."""
    low, high, owner = [], [], []
    for k, (begin, end) in enumerate(intervals.tolist()):
        inner = torch.arange(math.floor(begin * stretches) + 1, math.ceil(end * stretches), dtype=torch.float64)
        ends = torch.tensor([begin, end], dtype=torch.float64)
        cuts = torch.cat([ends[:1], inner / stretches, ends[1:]])
        low.append(cuts[:-1])
        high.append(cuts[1:])
        owner.append(torch.full((len(cuts) - 1,), k))
    if not low:
        nothing = torch.zeros(0, dtype=torch.float64)
        return nothing, nothing, nothing.long()
    x, w = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(count))
    first, last, whose = torch.cat(low), torch.cat(high), torch.cat(owner)
    half = (last - first)[:, None] / 2
    nodes = (first + last)[:, None] / 2 + half * x
    return nodes.reshape(-1), (half * w).reshape(-1), whose.repeat_interleave(count)
