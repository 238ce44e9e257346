"""Nodes on a shape at the spacings that are wanted, and the places at which equations and conditions hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pinnsolve.classical.curve import Curve
from pinnsolve.classical.ring import Ring
from pinnsolve.classical.spread import SPREAD, Spacing, at_begin, columns, drawn_on
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points


@dataclass(frozen=True, eq=False)
class Scatter:
    """Everything that is placed on one level.

    Parameters
    ----------
    spacing : Spacing
    finer : float
        How many times as many nodes along each coordinate as on the first level.
    """

    spacing: Spacing
    finer: float

    def apart(self, places: Array) -> Array:
        """The spacing (P,) at places (P, d)."""
        return self.spacing.at(places, self.finer) / self.finer

    @property
    def dimension(self) -> int:
        return len(self.spacing.shape.coordinates)

    @cached_property
    def cells(self) -> tuple[Array, Array]:
        """The middles (C, d) and widths (C,) of cells that cover the shape, each halved until it is narrow enough."""
        ends = np.array([self.spacing.walls[0].extent[c] for c in self.spacing.shape.coordinates])
        width = self.spacing.widest / self.finer
        counts = np.maximum(np.ceil((ends[:, 1] - ends[:, 0]) / width).astype(int), 1)
        axes = [a + (b - a) / 2 + width * (np.arange(n) - (n - 1) / 2) for (a, b), n in zip(ends, counts, strict=True)]
        middles = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, self.dimension)
        done: list[tuple[Array, Array]] = []
        halves = width / 4 * _signs(self.dimension)
        while len(middles):
            middles = middles[~self._outside(middles, width)]
            split = self.apart(middles) < 0.75 * width
            done.append((middles[~split], np.full(int((~split).sum()), width)))
            middles = (middles[split][:, None] + halves).reshape(-1, self.dimension)
            width, halves = width / 2, halves / 2
        return np.concatenate([m for m, _ in done]), np.concatenate([w for _, w in done])

    def _outside(self, middles: Array, width: float) -> Array:
        half = torch.full((len(middles), self.dimension), width / 2, dtype=torch.float64)
        at = torch.from_numpy(middles)
        return self.spacing.shape.apart(at - half, at + half).numpy()

    @cached_property
    def inside(self) -> tuple[Array, Array]:
        """Places (Y, d) inside at which equations hold, and their measures (Y,)."""
        middles, widths = self.cells
        many = SPREAD.across
        steps = (np.arange(many) + 0.5) / many - 0.5
        local = np.stack(np.meshgrid(*[steps] * self.dimension, indexing="ij"), -1).reshape(-1, self.dimension)
        if self.dimension == 3:  # every second corner of a cube: a tetrahedron's, as many as in a plane
            local = local[np.prod(np.sign(local), axis=1) > 0]
        places = (middles[:, None] + widths[:, None, None] * local).reshape(-1, self.dimension)
        measures = np.repeat(widths**self.dimension / len(local), len(local))
        within = self.spacing.shape.contains(torch.from_numpy(places)).numpy()
        return places[within], measures[within]

    def on(self, piece: Piece, along: int) -> Points:
        """Places of a piece of the boundary, `along` for each spacing."""
        names = self.spacing.shape.coordinates
        if len(around := self.spacing.closing(piece)):
            return Curve(at_begin(piece), names).drawn(self.apart, along, around)
        few = drawn_on(piece, 256)
        size, d = at_begin(piece).size, self.dimension - 1
        rarest = self.apart(columns(few.coordinates, names)).min()
        many = int(np.clip(size * (along / rarest) ** d, 16, 200_000))
        drawn = drawn_on(piece, many)
        wanted = (rarest / self.apart(columns(drawn.coordinates, names))) ** d
        # any first part of the points is as evenly spread as all of them
        return drawn[torch.from_numpy((np.arange(many) + 0.5) / many <= np.maximum(wanted, 1 / many))]

    @cached_property
    def _placed(self) -> tuple[Array, Array]:
        """The nodes (N, d), on the boundary, on interfaces twice, and inside as far from each other as is wanted; and
        the part (N,) that each belongs to."""
        parting = self.spacing.parting
        dense, outward = self._dense(self.spacing.walls)
        ring = self.spacing.ring
        rim = _thinned(dense, SPREAD.apart * self.apart(dense), ring)
        across, normals = self._dense(parting.pieces)
        film = _thinned(across, SPREAD.apart * self.apart(across), ring)
        film[film] = ring.tree(dense[rim]).query(across[film])[0] > 0.5 * self.apart(across[film])  # there stand others
        fixed = np.concatenate([dense[rim], across[film]])
        tree = ring.tree(np.concatenate([dense, across]))
        middles, _ = self.cells
        middles = middles[self.spacing.shape.contains(torch.from_numpy(middles)).numpy()]
        jitter = np.random.default_rng(3).uniform(-0.1, 0.1, middles.shape)
        x = middles + jitter * self.apart(middles)[:, None]
        x = x[self._away(tree, x)]
        for _ in range(SPREAD.moves):
            moved = ring.within(x + _push(np.concatenate([x, fixed]), len(x), self.apart(x), ring))
            x = np.where(self._away(tree, moved)[:, None], moved, x)
        every = np.concatenate([fixed, x])
        kept = _thinned(every, 0.5 * self.apart(every), ring)
        below, above = parting.beside(across[film], normals[film])
        labels = np.concatenate([parting.beside(dense[rim], outward[rim])[0], below, parting.label(x)])
        second = kept[rim.sum() : len(fixed)]  # those on interfaces once more, for the other side
        nodes = np.concatenate([every[kept], across[film][second]])
        return nodes, np.concatenate([labels[kept], above[second]])

    def _dense(self, pieces: Sequence[Piece]) -> tuple[Array, Array]:
        """Many places (D, d) of some pieces, and the normals (D, d) there."""
        names, nothing = self.spacing.shape.coordinates, np.zeros((0, self.dimension))
        drawn = [self.on(p, SPREAD.rim[self.dimension]) for p in pieces]
        places = np.concatenate([nothing, *(columns(p.coordinates, names) for p in drawn)])
        return places, np.concatenate([nothing, *(columns(p.normals, names) for p in drawn)])

    @property
    def nodes(self) -> Array:
        """The nodes (N, d)."""
        return self._placed[0]

    @property
    def labels(self) -> Array:
        """The number (N,) of the material of each node."""
        return self._placed[1]

    @cached_property
    def parts(self) -> Array:
        """The number (N,) of the connected part of space to which each node belongs."""
        nodes, labels = self._placed
        return self.spacing.parting.connected(nodes, labels, self.apart(nodes), self.spacing.ring)

    @cached_property
    def trees(self) -> dict[int, tuple[Any, Array]]:
        """By label of the material, a tree of its nodes and their numbers."""
        nodes, labels = self._placed
        return {
            int(k): (self.spacing.ring.tree(nodes[labels == k]), np.flatnonzero(labels == k)) for k in np.unique(labels)
        }

    def _away(self, tree: Any, places: Array) -> Array:
        """Which places (P,) are not too close to the boundary."""
        least = SPREAD.gap * self.apart(places)
        found: Array = tree.query(places, distance_upper_bound=least.max())[0] > least
        return found


def _signs(dimension: int) -> Array:
    return np.stack(np.meshgrid(*[[-1.0, 1.0]] * dimension, indexing="ij"), -1).reshape(-1, dimension)


def _push(every: Array, count: int, apart: Array, ring: Ring) -> Array:
    """By how much the first `count` of places move away from their neighbours."""
    x = every[:count]
    distance, near = ring.tree(every).query(x, 2 * every.shape[1] + 3)
    away = ring.way(x[:, None] - every[near[:, 1:]]) / np.maximum(distance[:, 1:, None], 1e-300)
    strength = (apart[:, None] / np.maximum(distance[:, 1:], 0.3 * apart[:, None])) ** 4
    step = (away * strength[:, :, None]).sum(1)
    length = np.linalg.norm(step, axis=1)
    return step * (apart * np.minimum(0.05, 0.1 / np.maximum(length, 1e-300)))[:, None]


def _thinned(places: Array, apart: Array, ring: Ring) -> Array:
    """Which places (P,) are left if each, in their order, takes those after it that are too close."""
    left = np.ones(len(places), dtype=bool)
    for k, near in enumerate(ring.tree(places).query_ball_point(places, apart)):
        if left[k]:
            left[[j for j in near if j > k]] = False
    return left
