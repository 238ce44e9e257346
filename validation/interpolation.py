"""Lagrange's interpolation between the nodes of uniform grids, in any number of coordinates.

Berrut & Trefethen, SIAM Review 46 (2004) 501-517: the polynomial through the nearest nodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from validation.refine import CHUNK, Array, Field

WIDTH = 8  # nodes a coordinate, an error of eighth order: it must not be seen beside the methods' own


def on_grid(values: Array, width: int = WIDTH, **axes: tuple[float, float]) -> Field:
    """A field from its values on a uniform grid, each coordinate given as (first node, step), in the array's order."""

    def evaluate(at: list[Array]) -> Array:
        found = [
            stencil((a - first) / step, n, width)
            for a, (first, step), n in zip(at, axes.values(), values.shape, strict=True)
        ]
        d = len(found)
        near = tuple(i.reshape((1,) * k + (width,) + (1,) * (d - 1 - k) + (-1,)) for k, (i, _) in enumerate(found))
        part = values[near]
        for _, weight in found:
            part = np.einsum("am,a...m->...m", weight, part)
        return part

    def field(**at: Array) -> Array:
        coordinates, shape = flat([at[name] for name in axes])
        value = np.empty(coordinates[0].size)
        for chunk in np.array_split(np.arange(value.size), max(1, value.size * width ** len(axes) // (8 * CHUNK))):
            value[chunk] = evaluate([a[chunk] for a in coordinates])
        return value.reshape(shape)

    return field


def flat(coordinates: list[Array]) -> tuple[list[Array], tuple[int, ...]]:
    """Coordinates of one shape as arrays (M,), and that shape."""
    shapes = {np.shape(a) for a in coordinates}
    if len(shapes) != 1:
        raise ValueError(f"the coordinates must be arrays of one shape, and are {sorted(shapes)}")
    return [np.ravel(a) for a in coordinates], shapes.pop()


def stencil(at: Array, count: int, width: int = WIDTH) -> tuple[NDArray[np.intp], Array]:
    """Indices (width, M) of the nodes round each point (M,), and Lagrange's weights on them.

    Points are told in steps from the first of `count` nodes; near the ends, the polynomial is that of the last nodes.
    """
    first = np.clip(np.floor(at).astype(np.intp) - (width // 2 - 1), 0, count - width)
    off = (at - first) - np.arange(width)[:, None]
    weight = np.ones((width, at.size))
    for j in range(width):
        for m in range(width):
            if m != j:
                weight[j] *= off[m] / (j - m)
    return first + np.arange(width)[:, None], weight
