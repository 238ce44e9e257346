"""How much rows count that are met in the sense of least squares, in a march and on a shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from pinnsolve.classical.cloud import Cloud, Spots
from pinnsolve.classical.rows import Rows
from pinnsolve.classical.stencils import Array


def in_a_march(rows: Rows, matrix: Any, strict: float) -> Array:
    """The weights (R,) of rows of a matrix, that of a step in time: each equation by the size of its terms, conditions
    by `strict` times as much."""
    if isinstance(rows.grid, Cloud):
        return on_shape(rows, matrix, strict)
    weights = np.ones(rows.count)
    squares = matrix.power(2) if rows.grid.coordinates else matrix**2
    for part in rows.parts:
        size = np.sqrt(np.mean(np.asarray(squares[part].sum(1))))
        weights[part] = 1 / size if size > 0 else 1.0
    weights *= np.sqrt(rows.shares * rows.fades)  # the true integral: with any other, waves grow on uneven nodes
    return weights * np.where(rows.of_conditions, strict, 1.0)


def on_shape(rows: Rows, matrix: Any, strict: float, values: Array | None = None) -> Array:
    """The weights (R,) of rows of a matrix; conditions count `strict` times what balances them with the equations.

    Residuals r inside and misfits g of conditions together are int |r|^2 + a^2 int |g|^2 / h^3, with h the distance of
    nodes around each and g divided by the size of its row, for equations of second order: a row of a condition counts
    `strict` times as much as one of an equation beside it, wherever nodes are how close. More than that grows without
    bound where nodes close up, and asks for values on the boundary of functions that are smooth across what it does:
    u = 0 on both sides of a place at which its curvature jumps lets such functions have no slope there. So values count
    less towards singular places than what else is said there: with the powers 1 and 2 of the factor by which all rows
    are weighed down there, an L has seven and four times the error.

    In materials of a large ratio equations count by what flows in each, where values (V N,) tell it. As the terms of
    rows alone have it, a core of a millionth of the conductivity makes good what differences leave of the fluxes around
    it, by a million times as much; with terms divided by the conductivity, one of a million times that takes up any
    flux, and nothing tells its level.
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
            if spacing.parting.pieces and values is not None:
                shares = shares / _carried(places, matrix[part], values)
            weights[part] = shares / ((float(np.sqrt(np.mean((size * shares) ** 2))) or 1.0) * np.sqrt(len(places)))
    if spacing.parting.pieces:
        weights *= _beside(rows, matrix, weights, spacing.fading(inner.at) / inner.spacing)
    return weights * np.sqrt(rows.fades)


def _beside(rows: Rows, matrix: Any, weights: Array, close: Array) -> Array:
    """By how much more each row (R,) of a condition counts where materials differ: as equations do in the material
    beside it, and not in all of them together.

    From material to material equations change with a coefficient k, and so does a flux in a condition, which a value
    does not. A row that has the part s_m of its size s in material m, where equations have e_m times the size that they
    have all over, counts min e_m s / s_m times as much: a value as in that of two materials which has less k, a flux as
    in both. Where each counted alike, some were a million times as strict as the equations beside them in a core of a
    millionth of the conductivity, or around one of a million times that.
    """
    cloud, inner = rows.grid, rows.blocks[0].places
    assert isinstance(cloud, Cloud)
    assert isinstance(inner, Spots)
    materials, which = np.unique(cloud.scatter.labels, return_inverse=True)
    several, many = matrix.shape[1] // len(which), len(materials)
    columns = (np.arange(several)[:, None] * many + which).ravel()  # by the unknown and the material of each
    ones = csr_matrix((np.ones(len(columns)), (np.arange(len(columns)), columns)), (len(columns), several * many))
    squares = np.asarray((abs(matrix).power(2) @ ones).todense()).reshape(-1, several, many)
    inside = np.zeros((several, many))
    of_equations = np.zeros(len(weights), dtype=bool)
    for part, block in zip(rows.parts, (b for b in rows.blocks for _ in b.equations), strict=False):
        if not block.condition:
            of_equations[part] = True
            inside += (weights[part, None, None] ** 2 * squares[part]).sum(0)
    wanted = np.bincount(np.searchsorted(materials, inner.material), close**2, many)
    sizes = inside / wanted * (wanted.sum() / np.maximum(inside.sum(1, keepdims=True), 1e-300))
    parts = squares / np.maximum(squares.sum(2, keepdims=True), 1e-300)
    with np.errstate(divide="ignore"):
        found: Array = np.sqrt(np.where(parts > 0, sizes / parts, np.inf).min((1, 2)))
    return np.where(of_equations | ~np.isfinite(found), 1.0, found)


def _carried(places: Spots, matrix: Any, values: Array) -> Array:
    """The size (P,) of the terms of rows with values (V N,), less those of a constant, in the material of each, over
    that where it is largest."""
    least, squares = 1e-8, abs(matrix).power(2)
    whole = np.maximum(np.asarray(squares.sum(1)).ravel(), 1e-300)
    terms = np.maximum(squares @ values**2 - (squares @ values) ** 2 / whole, 0.0)
    _, which = np.unique(places.material, return_inverse=True)
    found: Array = np.sqrt(np.bincount(which, terms) / np.bincount(which))
    return np.maximum(found / (found.max() or 1.0), least if found.any() else 1.0)[which]
