"""How values go on across the planes of a box at which the equations jump, as rows.

Differences end there, with nodes on either side. The traces (u, u_x, ...) on the right are a matrix times those on the
left, which the fluxes that the equations differentiate say (`pinnsolve.checks.fluxes`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack

from pinnsolve.checks.fluxes import bend
from pinnsolve.classical.grid import Grid, Places
from pinnsolve.classical.reading import NoReferenceError, Read
from pinnsolve.classical.stencils import Array


def joints_of(
    given: Read, grid: Grid, positions: Sequence[Array] | None = None, free: Array | None = None
) -> list[csr_matrix]:
    """For each break and trace the rows (P, V N) of what vanishes.

    Parameters
    ----------
    positions : sequence of arrays, optional
        Along each coordinate, where they hold; without it at the nodes.
    free : array of bool, of the grid's shape, optional
        At which of the nodes.

    Raises
    ------
    NoReferenceError
        If the equations do not say how slopes go on.
    """
    made = []
    for axis, (c, line) in enumerate(grid.lines.items()):
        for place in line.breaks:
            joins = {u: given.order(f, c) for f, u in enumerate(given.problem.unknowns)}
            matrix = bend(given.problem, c, place, joins)
            if matrix is None:
                at = f"{c}={place:g}"
                raise NoReferenceError(f"the equations tell no flux, linear in the unknowns, that goes on across {at}")
            first = int(np.searchsorted(line.nodes, place))
            below = _at(grid, axis, place, first - 1, positions, free)
            above = _at(grid, axis, float(np.nextafter(place, np.inf)), first, positions, free)
            made += _rows(given, list(joins.values()), axis, below, above, matrix.numpy())
    return made


def _at(
    grid: Grid, axis: int, place: float, node: int, positions: Sequence[Array] | None, free: Array | None
) -> Places:  # fmt: skip
    """The places on one side of a break, beside whose nodes some are free."""
    places = grid.fixed({list(grid.lines)[axis]: place}, positions)
    if free is None:
        return places
    return Places(grid, places.positions, np.flatnonzero(free.take(node, axis).ravel()))


def _rows(
    given: Read, orders: Sequence[int], axis: int, below: Places, above: Places, matrix: Array
) -> list[csr_matrix]:  # fmt: skip
    """One for each trace: what is above, less what that below becomes."""
    traces = [(f, k) for f, order in enumerate(orders) for k in range(order)]
    firsts = np.concatenate([[0], np.cumsum([max(order, 1) for order in given.orders])])

    def of(places: Places, weights: Array) -> csr_matrix:
        found = [csr_matrix((len(places), len(places.grid)))] * int(firsts[-1])
        for (f, k), weight in zip(traces, weights, strict=True):
            if weight:
                alpha = tuple(k * (j == axis) for j in range(places.grid.dimension))
                found[firsts[f]] = found[firsts[f]] + weight * places.matrix(alpha)
        return hstack(found, format="csr")

    return [of(above, row) - of(below, told) for row, told in zip(np.eye(len(traces)), matrix, strict=True)]
