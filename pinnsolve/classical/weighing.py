"""How much rows on a shape count, where all are met in the sense of least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from pinnsolve.classical.cloud import Cloud, Spots
from pinnsolve.classical.rows import Rows
from pinnsolve.classical.stencils import Array


def on_shape(rows: Rows, matrix: Any, strict: float) -> Array:
    """The weights (R,) of rows of a matrix; conditions count `strict` times what balances them with the equations.

    Residuals r inside and misfits g of conditions together are int |r|^2 + a^2 int |g|^2 / h^3, with h the distance of
    nodes around each and g divided by the size of its row, for equations of second order: a row of a condition counts
    `strict` times as much as one of an equation beside it, wherever nodes are how close. More than that grows without
    bound where nodes close up, and asks for values on the boundary of functions that are smooth across what it does:
    u = 0 on both sides of a place at which its curvature jumps lets such functions have no slope there. So values count
    less towards singular places than what else is said there: with the powers 1 and 2 of the factor by which all rows
    are weighed down there, an L has seven and four times the error.
    """
    closing = 1.5
    sizes = np.sqrt(np.asarray(abs(matrix).power(2).sum(1)).ravel())
    weights = np.ones(rows.count)
    spots = [b.places for b in rows.blocks for _ in b.equations] + [rows.grid.nodes] * len(rows.chained)
    of_conditions = [b.condition for b in rows.blocks for _ in b.equations] + [False] * len(rows.chained)
    inner = rows.blocks[0].places
    assert isinstance(inner, Spots)
    assert isinstance(rows.grid, Cloud)
    spacing = rows.grid.scatter.spacing
    closeness = np.sqrt(np.mean((spacing.fading(inner.at) / inner.spacing) ** 2))  # as equations are weighed
    said = [e.says("value") for b in rows.blocks for e in b.equations] + [False] * len(rows.chained)
    for part, places, condition, value in zip(rows.parts, spots, of_conditions, said, strict=True):
        assert isinstance(places, Spots)
        fades = spacing.fading(places.at)
        size = sizes[part]
        usual = float(np.sqrt(np.mean(size**2))) or 1.0
        if condition:
            fades = fades**closing if value else fades
            each = np.maximum(size, 1e-6 * usual) * places.spacing * closeness
            weights[part] = fades * strict / (each * np.sqrt(len(inner)))
        else:
            shares = np.sqrt(places.shares) * fades
            weights[part] = shares / ((float(np.sqrt(np.mean((size * shares) ** 2))) or 1.0) * np.sqrt(len(places)))
    return weights * np.sqrt(rows.fades)
