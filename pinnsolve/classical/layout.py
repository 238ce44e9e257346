"""From a problem to its rows on a grid: which equation or condition holds at which places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinnsolve.classical.grid import Grid, Places, Scattered
from pinnsolve.classical.reading import Read
from pinnsolve.classical.rows import Block, Rows
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.places import Corner
from pinnsolve.problem.equation import Equation


def laid_out(given: Read, grid: Grid, corners: Sequence[Corner] = ()) -> Rows:
    """The rows: as many as there are values where each end has its condition, least squares elsewhere."""
    blocks = _square(given, grid) if given.one_each else _least_squares(given, grid)
    return Rows(given.problem, grid, blocks, given.orders, corners)


def _least_squares(given: Read, grid: Grid) -> list[Block]:
    """All equations everywhere, beside the conditions: between the nodes, where no wave from node to node is hidden."""
    inside = grid.between() if len(grid.lines) == 1 else grid.nodes
    blocks = [Block(given.equations, inside)]
    for piece, equations in _by_piece(given):
        fixed = {c: v for c, v in piece.fixed.items() if c in grid.lines}
        blocks.append(Block(equations, grid.fixed(fixed, inside.positions), piece.outward, condition=True))
    for seen in given.problem.observations:
        at = {c: seen.points.coordinates[c].numpy() for c in grid.lines}
        places = Scattered(grid, at)
        blocks.append(Block(seen.equations, places, condition=True, measured=seen.points.measured))
    return blocks


def _square(given: Read, grid: Grid) -> list[Block]:
    """Conditions at the nodes on the faces, in place of the equations; where faces meet, those of the one that
    prescribes more values."""
    numbers = np.arange(len(grid)).reshape(grid.shape)
    taken, blocks = np.zeros(grid.shape, dtype=bool), []
    faces = sorted(_by_piece(given), key=lambda pair: -sum(e.says("value") for e in pair[1]))
    for piece, equations in faces:
        assert piece.face is not None
        coordinate, end = piece.face
        axis, line = list(grid.lines).index(coordinate), grid.lines[coordinate]
        at = (slice(None),) * axis + (0 if end == line.nodes[0] else -1,)
        free = np.flatnonzero(~taken[at].ravel())
        blocks.append(Block(equations, _chosen(grid.fixed({coordinate: end}), free), piece.outward, condition=True))
        taken[at] = True
    return [Block(given.equations, _chosen(grid.nodes, numbers[~taken])), *blocks]


def _chosen(places: Places, chosen: Array) -> Places:
    return Places(places.grid, places.positions, chosen)


def _by_piece(given: Read) -> list[tuple[Piece, list[Equation]]]:
    """The conditions that hold on the same piece, together."""
    found: dict[tuple[tuple[str, float], ...], tuple[Piece, list[Equation]]] = {}
    for equation, piece in given.walls:
        found.setdefault(tuple(sorted(piece.fixed.items())), (piece, []))[1].append(equation)
    return list(found.values())
