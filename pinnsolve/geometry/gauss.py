"""Quadrature by Gauss and Legendre on intervals of a parameter."""

from __future__ import annotations

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
    begin, end = intervals.unbind(1)
    inner = (begin * stretches).floor() + 1  # the first end of a stretch within each
    pieces = ((end * stretches).ceil() - inner).clamp(min=0).long() + 1
    whose = torch.arange(len(intervals)).repeat_interleave(pieces)
    at = torch.arange(len(whose)) - (pieces.cumsum(0) - pieces)[whose]
    first = torch.where(at == 0, begin[whose], (inner[whose] + at - 1) / stretches)
    last = torch.where(at == pieces[whose] - 1, end[whose], (inner[whose] + at) / stretches)
    x, w = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(count))
    half = (last - first)[:, None] / 2
    nodes = (first + last)[:, None] / 2 + half * x
    return nodes.reshape(-1), (half * w).reshape(-1), whose.repeat_interleave(count)
