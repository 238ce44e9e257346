"""Nodes on a box, and the matrices that differentiate fields over them: products of those of the lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from scipy.sparse import csr_matrix, kron, vstack

from pinnsolve.classical.stencils import Array, Line
from pinnsolve.jets.multi_index import Alpha


@dataclass(frozen=True)
class Places:
    """Places of a box: all combinations of positions along its coordinates, or some of them.

    Parameters
    ----------
    grid : Grid
    positions : tuple of arrays
        Along each coordinate.
    chosen : array of int, optional
        Which of the combinations, the last coordinate running fastest; without it all of them.
    measures : tuple of arrays, optional
        What each position stands for in an integral along its coordinate.
    """

    grid: Grid
    positions: tuple[Array, ...]
    chosen: Array | None = None
    measures: tuple[Array, ...] = ()
    made: dict[Alpha, csr_matrix] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return int(np.prod([len(p) for p in self.positions])) if self.chosen is None else len(self.chosen)

    @property
    def coordinates(self) -> dict[str, Array]:
        """The coordinates (P,) by name."""
        crossed = np.meshgrid(*self.positions, indexing="ij") if self.positions else []
        pick = slice(None) if self.chosen is None else self.chosen
        return {c: x.ravel()[pick] for c, x in zip(self.grid.lines, crossed, strict=True)}

    @property
    def shares(self) -> Array:
        """How much of an integral each place stands for, over the mean of all (P,)."""
        if not self.measures:
            return np.ones(len(self))
        whole = reduce(np.multiply.outer, self.measures).ravel()
        found: Array = whole / whole.mean()
        return found

    def matrix(self, alpha: Alpha) -> csr_matrix:
        """The matrix (P, N) from values at the nodes to D^alpha at these places."""
        if alpha not in self.made:
            parts = [
                line.matrix(at, k) for line, at, k in zip(self.grid.lines.values(), self.positions, alpha, strict=True)
            ]
            whole = reduce(lambda a, b: kron(a, b, format="csr"), parts, csr_matrix(np.ones((1, 1))))
            self.made[alpha] = whole if self.chosen is None else whole[self.chosen]
        return self.made[alpha]


@dataclass(frozen=True)
class Paired:
    """Places on both sides of a plane at which differences end, in turns: one just below it, one just above it.

    Parameters
    ----------
    below, above : Places
    across : str
        The coordinate along which they are apart.
    apart : float
        How far from the plane each is told to stand.
    """

    below: Places
    above: Places
    across: str
    apart: float
    made: dict[Alpha, csr_matrix] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return 2 * len(self.below)

    @property
    def coordinates(self) -> dict[str, Array]:
        """The coordinates (P,) by name."""
        found = {c: np.repeat(x, 2) for c, x in self.below.coordinates.items()}
        found[self.across] = found[self.across] + self.apart * self.sides
        return found

    @property
    def sides(self) -> Array:
        """-1 and 1 in turns (P,)."""
        return np.tile([-1.0, 1.0], len(self.below))

    @property
    def shares(self) -> Array:
        return np.repeat(self.below.shares, 2)

    def matrix(self, alpha: Alpha) -> csr_matrix:
        """The matrix (P, N) from values at the nodes to D^alpha at these places."""
        if alpha not in self.made:
            turns = np.arange(len(self)).reshape(2, -1).T.ravel()
            self.made[alpha] = vstack([self.below.matrix(alpha), self.above.matrix(alpha)], format="csr")[turns]
        return self.made[alpha]


@dataclass(frozen=True)
class Scattered:
    """Places of a box that are given one by one.

    Parameters
    ----------
    grid : Grid
    coordinates : mapping from coordinate to array (P,)
    """

    grid: Grid
    coordinates: Mapping[str, Array]

    def __len__(self) -> int:
        return len(next(iter(self.coordinates.values())))

    @property
    def shares(self) -> Array:
        """Each place counts as much as any other."""
        return np.ones(len(self))

    def matrix(self, alpha: Alpha) -> csr_matrix:
        """The matrix (P, N) from values at the nodes to D^alpha at these places."""
        columns, values = self.grid.interpolation(self.coordinates, len(self), alpha)
        rows = np.repeat(np.arange(len(self)), columns.shape[1])
        return csr_matrix((values.ravel(), (rows, columns.ravel())), shape=(len(self), len(self.grid)))


@dataclass(frozen=True)
class Grid:
    """The nodes of a box, those of its lines in all combinations; a single one where there is no coordinate.

    Parameters
    ----------
    lines : mapping from coordinate to Line
    """

    lines: Mapping[str, Line]

    @property
    def coordinates(self) -> tuple[str, ...]:
        return tuple(self.lines)

    @property
    def dimension(self) -> int:
        return len(self.lines)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(line) for line in self.lines.values())

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    @property
    def nodes(self) -> Places:
        return Places(self, tuple(line.nodes for line in self.lines.values()))

    @property
    def order(self) -> Array:
        """The nodes in an order in which neighbours stand close together: the longest line runs slowest, and a period
        is folded, 0, n - 1, 1, n - 2, ..."""
        runs = [
            _folded(len(line)) if line.period or line.seam else np.arange(len(line)) for line in self.lines.values()
        ]
        slowest = np.argsort([-len(r) for r in runs], kind="stable")
        numbers = np.arange(len(self)).reshape(self.shape)[np.ix_(*runs)]
        found: Array = numbers.transpose(slowest).ravel()
        return found

    def between(self) -> Places:
        """Two places within each interval of each line, where a polynomial of third degree is integrated exactly."""
        found = [_gauss(line) for line in self.lines.values()]
        return Places(self, tuple(at for at, _ in found), measures=tuple(measure for _, measure in found))

    def fixed(self, at: Mapping[str, float], places: Sequence[Array] | None = None) -> Places:
        """The part on which some coordinates are fixed: nodes along the others, or the given positions."""
        along = places or [line.nodes for line in self.lines.values()]
        return Places(self, tuple(np.array([at[c]]) if c in at else p for c, p in zip(self.lines, along, strict=True)))

    def interpolation(self, at: Mapping[str, Array], count: int, alpha: Alpha = ()) -> tuple[Array, Array]:
        """The numbers (P, w) of the nodes around each of `count` places, and their weights (P, w) in D^alpha there."""
        numbers, factor = np.zeros((count, 1), dtype=int), np.ones((count, 1))
        for (c, line), order in zip(self.lines.items(), alpha or (0,) * len(self.lines), strict=True):
            columns, w = line.stencil(at[c], order)
            numbers = (numbers[:, :, None] * len(line) + columns[:, None]).reshape(count, -1)
            factor = (factor[:, :, None] * w[:, None]).reshape(count, -1)
        return numbers, factor


def _folded(count: int) -> Array:
    run = np.empty(count, dtype=int)
    run[::2], run[1::2] = np.arange((count + 1) // 2), np.arange(count - 1, (count - 1) // 2, -1)
    return run


def _gauss(line: Line) -> tuple[Array, Array]:
    ends = np.append(line.nodes, line.nodes[0] + line.period) if line.period else line.nodes
    ends, upper = np.delete(ends[:-1], line.parts[1:-1] - 1), np.delete(ends[1:], line.parts[1:-1] - 1)
    middle, half = (upper + ends) / 2, (upper - ends) / 2
    return np.stack([middle - half / 3**0.5, middle + half / 3**0.5], 1).ravel(), np.repeat(half, 2)
