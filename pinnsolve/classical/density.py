"""How close together nodes are wanted along each coordinate: where something is narrow, and where things curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pinnsolve.classical.cloud import Cloud
from pinnsolve.classical.grid import Grid
from pinnsolve.classical.marched import Marched
from pinnsolve.classical.reading import Read
from pinnsolve.classical.rows import Rows
from pinnsolve.classical.start import start_of
from pinnsolve.classical.steady import Steady
from pinnsolve.classical.stencils import Array, Line

Density = dict[str, tuple[Array, Array]]  # places along a coordinate, and nodes wanted there, over a length


def beforehand(given: Read) -> Density:
    """From where a start curves, on many samples."""
    if not (given.marched and given.coordinates) or given.problem.domain.shape is not None:
        return {}
    many = (1, 4001, 201, 41)[len(given.coordinates)]
    lines = {c: Line(np.linspace(*given.problem.domain.ends(c), many), 3) for c in given.coordinates}
    rows = Rows(given.problem, Grid(lines), [], given.orders)
    begin = start_of(given, rows)
    return _curved(rows, [begin[v : v + 1] for v, (_, k) in enumerate(rows.variables) if k == 0])


def afterwards(found: Steady | Marched, given: Read) -> Density:
    """From where a solution curves, at any time.

    Not where some unknowns have second derivatives and others first ones: the level of a pressure answers to nodes that
    stand anew on each grid by more than they better."""
    rows = found.rows
    if isinstance(rows.grid, Cloud):
        return {}
    if isinstance(found, Marched):
        nothing = [np.zeros((len(rows.orders), len(rows.grid)))]
        values = np.stack([v[-1] for v in found.values] or nothing)
        return _curved(rows, list(values.swapaxes(0, 1)))
    orders = {max(given.order(f, c) for c in given.coordinates) for f in range(len(found.values))}
    if len(given.coordinates) > 1 and {1, 2} <= orders:
        return {}
    return _curved(rows, [found.values[f : f + 1] for f in range(len(found.values))])


def combined(first: Density, second: Density) -> Density:
    """Wherever one of two asks for more."""
    made = {**first, **second}
    for c in first.keys() & second.keys():
        x = np.union1d(first[c][0], second[c][0])
        made[c] = (x, np.maximum(np.interp(x, *first[c]), np.interp(x, *second[c])))
    return made


def _curved(rows: Rows, fields: Sequence[Array]) -> Density:
    assert isinstance(rows.grid, Grid)
    lines: Mapping[str, Line] = rows.grid.lines
    return {
        c: (line.nodes, np.max([_curving(f.reshape(-1, *rows.grid.shape), line, axis + 1) for f in fields], 0))
        for axis, (c, line) in enumerate(lines.items())
    }


def _curving(values: Array, line: Line, axis: int) -> Array:
    """sqrt(|D D u| / range) along a line, the largest over everything else: what the density of nodes follows."""
    size = float(np.ptp(values))
    if not size > 0:
        return np.zeros(len(line))
    second = line.matrix(line.nodes, 2) @ np.moveaxis(values, axis, 0).reshape(len(line), -1)
    found: Array = np.sqrt(np.abs(second).max(1) / size)
    return found
