"""Trial functions over several parts of space: an output layer for each, all over one hidden layer.

    u(x) = u_k(x) in part k,     u_k = scale * (network's column k) + offset,

smooth in each part, and joined across the interfaces by rows of their own (`pinnsolve.checks.joins`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.geometry.across import ACROSS, both_sides
from pinnsolve.geometry.materials import Parts
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet, on_jets


def labels(parts: Parts | None, points: Points) -> tuple[Tensor | None, Tensor | None]:
    """In which part of space points lie, (N,); on an interface on one side and on the other."""
    if parts is None:
        return None, None
    if ACROSS not in points.measured:
        return parts.label(points.coordinates), None
    here, beyond = both_sides(points)
    return parts.label(here), parts.label(beyond)


def chosen(columns: Sequence[Jet], outputs: int, label: Tensor | None) -> list[Jet]:
    """Of the columns for each part of space, so many each, those of the part in which a point lies."""
    found = list(columns[:outputs])
    if label is None:
        return found
    for k in range(1, len(columns) // outputs if outputs else 0):
        mine = columns[k * outputs : (k + 1) * outputs]
        found = [on_jets.where(torch.eq(label, k), own, other) for own, other in zip(mine, found, strict=True)]
    return found
