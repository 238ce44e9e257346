"""How values go on across the planes of a box at which the equations jump or conditions stand, as rows.

Differences end there, with nodes on either side. The traces (u, u_x, ...) on the right are a matrix times those on the
left, which the fluxes that the equations differentiate say (`pinnsolve.checks.fluxes`). Each condition stands in place
of one of these rows (`pinnsolve.checks.inner_joins`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix, hstack

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.fluxes import bend
from pinnsolve.checks.inner_joins import InnerJoins, inner_places
from pinnsolve.classical.grid import Grid, Paired, Places
from pinnsolve.classical.reading import NoReferenceError, Read
from pinnsolve.classical.rows import Block
from pinnsolve.classical.stencils import Array
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.points import SIDES
from pinnsolve.geometry.rules import RULES
from pinnsolve.problem.equation import Equation


def joints_of(
    given: Read, grid: Grid, positions: Sequence[Array] | None = None, free: Array | None = None
) -> tuple[list[csr_matrix], list[Block]]:
    """For each break and trace the rows (P, V N) of what vanishes, and the conditions in place of some of them.

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
    made: list[csr_matrix] = []
    blocks: list[Block] = []
    for axis, (c, line) in enumerate(grid.lines.items()):
        inner = inner_places(given.problem, c)
        for place in [*line.breaks, *[line.nodes[-1]] * line.seam]:
            joins = {u: given.order(f, c) for f, u in enumerate(given.problem.unknowns)}
            matrix = bend(given.problem, c, place, joins)
            told = next((t for p, t in inner.items() if _same(given, c, p, place)), [])
            if matrix is None and not told:
                at = f"{c}={place:g}"
                raise NoReferenceError(f"the equations tell no flux, linear in the unknowns, that goes on across {at}")
            first = int(np.searchsorted(line.nodes, place, side="right")) % len(line)
            beyond = float(np.nextafter(place, np.inf)) if first else line.nodes[0]  # around a period
            below = _at(grid, axis, place, first - 1, positions, free)
            above = _at(grid, axis, beyond, first, positions, free)
            taken = _taken(given, InnerJoins(c, joins, told), matrix is not None) if told else []
            onward = np.eye(sum(joins.values())) if matrix is None else matrix.numpy()
            rows = _rows(given, list(joins.values()), axis, below, above, onward)
            made += [row for k, row in enumerate(rows) if k not in taken]
            blocks += [_standing(given, condition, below, above, c) for condition, _ in told]
    return made, blocks


def _same(given: Read, coordinate: str, p: float, q: float) -> bool:
    return abs(p - q) <= SAME * given.problem.domain.length(coordinate)


def _taken(given: Read, at: InnerJoins, told_by_flux: bool) -> list[int]:
    """The joints that conditions at an inner place replace.

    Raises
    ------
    NoReferenceError
        If that is not clear.
    """
    axis, prober = given.problem.coordinates.index(at.coordinate), given.problem.prober
    length, small, rows = given.problem.domain.length(at.coordinate), 1e-12, []
    for condition, piece in at.told:
        row = torch.zeros(2, len(at.traces), dtype=torch.float64)
        for u, alpha, slope in prober.answer(condition, piece.grid()).slopes:
            trace = (u, alpha[axis])
            if trace in at.traces and sum(alpha) == alpha[axis]:
                pairs = slope.view(-1, 2)
                row[:, at.traces.index(trace)] = pairs[int(pairs.abs().sum(1).argmax())]
        scaled = (row / torch.tensor([length**k for _, k in at.traces])).abs()
        rows.append(torch.where(scaled > small * scaled.max(), row, 0.0).flatten())
    try:
        return at.taken(rows, told_by_flux)
    except ProblemError as error:
        raise NoReferenceError(error.fault) from None


def _standing(given: Read, condition: Equation, below: Places, above: Places, coordinate: str) -> Block:
    """A condition at an inner place."""
    pairs = Paired(below, above, coordinate, RULES.apart * given.problem.domain.length(coordinate))
    return Block([condition], pairs, condition=True, measured={SIDES: torch.from_numpy(pairs.sides)})


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
