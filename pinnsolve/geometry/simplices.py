"""Where a surface cuts simplices, and in which directions it lies from the chords and triangles in them."""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.geometry.rules import RULES


def ways(normals: Tensor, slopes: Tensor) -> Tensor:
    """From the corners of triangles, whose normals are (K, 3), the unit ways (K, 3, 3) to a surface of which these are
    the slopes.

    Neighbours share those of their common corners, and go from their common edge to the same places: nothing is left
    out between them, and nothing is taken twice. Where a slope does not show the way all corners have the normal.
    """
    units = slopes / slopes.norm(dim=2, keepdim=True)
    towards = torch.where((units.sum(1) * normals).sum(1) < 0, -1.0, 1.0)[:, None, None] * normals[:, None]
    straight = ~((units * towards).sum(2) > RULES.bent).all(1)  # where there is no slope, too
    return torch.where(straight[:, None, None], towards, units)


def cut(vertices: Tensor, values: Tensor, places: Tensor) -> Tensor:
    """The chords or triangles (K, d, d) in which the surface cuts simplices, by the numbers of their corners
    (S, d + 1)."""
    axes = vertices.shape[1] - 1
    inside = values[vertices] > 0
    count = inside.sum(1)
    found = []
    for few, swap in ((1, False), (axes, True)):  # one corner on its own side
        mine = count == few
        found.append(_around_one(vertices[mine], inside[mine] ^ swap, values, places))
    if axes == 3:  # two and two: a quadrangle
        mine = count == 2
        order = inside[mine].int().argsort(dim=1, descending=True, stable=True)
        a, b, c, e = vertices[mine].gather(1, order).unbind(1)
        corners = [_between(p, q, values, places) for p, q in ((a, c), (a, e), (b, e), (b, c))]
        found.append(torch.stack([corners[0], corners[1], corners[2]], 1))
        found.append(torch.stack([corners[0], corners[2], corners[3]], 1))
    return torch.cat(found)


def _around_one(vertices: Tensor, alone: Tensor, values: Tensor, places: Tensor) -> Tensor:
    order = alone.int().argsort(dim=1, descending=True, stable=True)
    first, *others = vertices.gather(1, order).unbind(1)
    return torch.stack([_between(first, other, values, places) for other in others], 1)


def _between(a: Tensor, b: Tensor, values: Tensor, places: Tensor) -> Tensor:
    """Where the function vanishes between two corners, to first order."""
    part = (values[a] / (values[a] - values[b]))[:, None]
    return places[a] + part * (places[b] - places[a])
