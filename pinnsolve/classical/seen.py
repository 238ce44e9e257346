"""Stencils beside corners that turn inwards take what is seen from their middle: on both sides of a crack there are two
functions."""

from __future__ import annotations

import numpy as np
import torch

from pinnsolve.classical.ring import Ring
from pinnsolve.classical.spread import Spacing
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.shape import Shape


def see_around(nodes: Array, own: Array, numbers: Array, reach: Array, spacing: Spacing) -> None:
    """Change stencils (N, n) of nodes (N, d), and how far they reach (N,), so that none holds what stands behind one,
    as far as there are as many others among its `own` (K,), the nodes of a part."""
    corners, around = spacing.singular.inward, 4  # times as far: a stencil reaches around the tip of a narrow notch
    if not len(corners):
        return
    ring = spacing.ring
    close = own[ring.tree(corners).query(nodes[own])[0] < around * reach[own]]
    close = close[~seen(spacing.shape, nodes[close], nodes[numbers[close]], ring).all(1)]
    if not len(close):
        return
    count = numbers.shape[1]
    distances, near = ring.tree(nodes[own]).query(nodes[close], min(around * count, len(own)))
    behind = ~seen(spacing.shape, nodes[close], nodes[own[near]], ring)
    chosen = np.argsort(behind, axis=1, kind="stable")[:, :count]  # those that are seen first, near ones first
    numbers[close] = np.sort(np.take_along_axis(own[near], chosen, 1), 1)
    reach[close] = np.take_along_axis(distances, chosen, 1).max(1)


def seen(shape: Shape, places: Array, others: Array, ring: Ring) -> Array:
    """Which of others (P, n, d) are seen from places (P, d) of a shape: nothing outside lies between."""
    way, shares = ring.way(others - places[:, None]), np.array([0.25, 0.5, 0.75])[:, None, None, None]
    between = torch.from_numpy(ring.within((places[:, None] + shares * way).reshape(-1, places.shape[1])))
    away = 1e-6 * np.linalg.norm(way, axis=2)  # along a side both are on it
    found: Array = (shape.signed(between).numpy().reshape(3, *away.shape) > -away).all(0)
    return found
