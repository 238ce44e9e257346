"""How far apart nodes stand on a shape, and where: closer where its boundary turns, where it is thin, where data are
narrow.

Everything is read from points of the boundary with their normals, so that any shape will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pinnsolve.classical.curve import Curve
from pinnsolve.classical.parting import Parting
from pinnsolve.classical.ring import Ring
from pinnsolve.classical.segments import corners_in_a_row
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.across import Interface
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.places import Narrow
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.shape import Shape


@dataclass(frozen=True)
class Spread:
    """How nodes are spread.

    Parameters
    ----------
    halvings : tuple of int
        Of the spacing, at the most, by dimension. More: sharper corners and smaller holes, and more nodes.
    notch, shallow, blunt : float
        The same at places of a plane at which solutions are singular: so many halvings over the power of the spacing as
        which the error there falls, and at the least, unless the boundary turns by less than the last (rad): what is
        singular there is small. With all six halvings at each of its 32 corners a polygon of 16 sides in another one
        took 6,700 nodes to an error of 9e-3, and without these 3,600 to 6e-3.
    deepest : float
        Of the shape's size: the smallest spacing there.
    order : float
        The power of the spacing as which the error falls elsewhere: there it becomes smaller by more than that from
        level to level, so that the error falls as much.
    reach : float
        Spacings from a singular place, within which rows are weighed down.
    turn : tuple of float
        By which normals may differ (their difference's length) within `near` spacings, by dimension. Larger: holes are
        coarse.
    near : float
    thin : float
        Spacings that fit between two sides, at the least, from each of them.
    grading : float
        Of the distance: how fast the spacing grows. Larger: fewer nodes, and stencils that are lopsided.
    sudden : int
        Halvings along boundaries that contradict the start. Fewer: the layer that grows there is resolved later, and
        the error in the norm of space and time is larger. More: steps have to be shorter, too.
    inside : float
        Of the width of a narrow place: the spacing in its middle.
    gap : float
        Spacings from the boundary, within which there are no nodes but those on it.
    apart : float
        Spacings between neighbours on the boundary, at the least.
    along, across : int
        Places at which equations hold, for a spacing along each coordinate, on the boundary and inside.
    rim : tuple of int
        The same for the places on the boundary of which some are nodes, by dimension.
    moves : int
        Rounds in which nodes move away from each other.
    seen, fewest : int
        Points on the boundary that tell its form, and on each piece of it at the least.
    """

    halvings: tuple[int, ...] = (0, 0, 3, 1)
    notch: float = 8.0
    shallow: int = 6
    blunt: float = 0.7
    deepest: float = 1e-10
    order: float = 4.0
    reach: float = 2.0
    turn: tuple[float, ...] = (0.0, 0.0, 0.3, 0.6)
    near: float = 1.5
    thin: float = 2.5
    grading: float = 0.25
    sudden: int = 3
    sudden_slope: int = 1
    inside: float = 0.3
    gap: float = 0.5
    apart: float = 0.6
    along: int = 3
    across: int = 2
    rim: tuple[int, ...] = (0, 0, 6, 4)
    moves: int = 6
    seen: int = 2048
    fewest: int = 256


SPREAD = Spread()


@dataclass(frozen=True, eq=False)
class Singular:
    """Places of the boundary at which solutions are singular.

    Parameters
    ----------
    places : array (K, d)
    falls : array (K,)
        The power of the distance of nodes there as which errors fall; infinite where nodes are as close as elsewhere.
    powers : array (K,)
        Of the distance, by which rows are weighed down.
    inward : array (L, d)
        Those of them at which the boundary turns inwards.
    turns : array (K,)
        The angle by which the boundary, or an interface, turns there; infinite where something else is singular.
    """

    places: Array
    falls: Array
    powers: Array
    inward: Array
    turns: Array

    @property
    def halvings(self) -> Array:
        """How often (K,) the spacing is halved there."""
        least = np.where(self.turns < SPREAD.blunt, 0, SPREAD.shallow)
        found: Array = np.maximum(SPREAD.notch / self.falls, least)
        return found

    def where(self, holds: Callable[[Array], Array]) -> Singular:
        """Those of them for which it holds."""
        own, inward = holds(self.places), holds(self.inward)
        return Singular(self.places[own], self.falls[own], self.powers[own], self.inward[inward], self.turns[own])

    @property
    def deep(self) -> Array:
        """At which (K,) nodes are close."""
        return np.isfinite(self.falls)


class Spacing:
    """How far apart nodes shall be on a shape, on the first level.

    Parameters
    ----------
    shape : Shape
    walls : sequence of Piece
        Its boundary.
    widest : float
        Where nothing asks for less.
    singular : Singular
        Places of the boundary at which solutions are singular.
    narrow : sequence of Narrow
        Of its coordinates alone.
    parting : Parting
        The parts between which coefficients jump.
    ring : Ring
    sudden : sequence of (Piece, int)
        Parts of the boundary that contradict the start, and how often nodes are halved there.
    """

    def __init__(
        self, shape: Shape, walls: Sequence[Piece], widest: float, singular: Singular, narrow: Sequence[Narrow],
        parting: Parting, ring: Ring, sudden: Sequence[tuple[Piece, int]] = (),
    ) -> None:  # fmt: skip
        self.ring = ring
        self.shape, self.walls, self.widest, self.narrow = shape, walls, widest, narrow
        self.singular, self.parting, self.sudden = singular, parting, sudden
        self._closing: dict[int, tuple[Piece, Array]] = {}
        self._features = self._looked()  # at once: the time of the first level tells that of the next

    @cached_property
    def _seen(self) -> tuple[Array, Array]:
        """Points (B, d) of the boundary and of interfaces, and their normals (B, d)."""
        pieces = [*self.walls, *self.parting.pieces]
        drawn = [drawn_on(piece, max(SPREAD.seen // len(pieces), SPREAD.fewest)) for piece in pieces]
        names = self.shape.coordinates
        places = np.concatenate([columns(p.coordinates, names) for p in drawn])
        return places, np.concatenate([columns(p.normals, names) for p in drawn])

    def _looked(self) -> list[tuple[float, float, Any]]:
        """Spacings, by which power of the number of nodes along a length they fall more than others, and the tree of
        the places that ask for them."""
        places, _ = self._seen
        tree, asked = self.ring.tree(places), np.full(len(places), self.widest)
        for k in range(SPREAD.halvings[places.shape[1]]):
            size = self.widest / 2**k
            which = np.flatnonzero(asked == size)
            if not len(which):
                break
            turns, corner = self._turns(tree, which, size)
            closer = (turns | self._thin(which, size)) & ~(corner & (k > 0))
            asked[which[closer]] = size / 2
        found = [(float(s), 0.0, self.ring.tree(places[asked == s])) for s in np.unique(asked) if s < self.widest]
        bent, wanted = corners_in_a_row((*self.walls, *self.parting.pieces), self.shape.size)
        closer = np.ceil(np.log2(self.widest / wanted))
        for halvings in np.unique(closer[closer > 0]).tolist():
            found.append((self.widest / 2**halvings, 0.0, self.ring.tree(bent[closer == halvings])))
        told = np.stack([self.singular.falls, self.singular.halvings], 1)
        for falls, halvings in np.unique(told[self.singular.deep], axis=0).tolist():
            deep = self.singular.places[(told == [falls, halvings]).all(1)]
            found.append((self.widest / 2**halvings, max(SPREAD.order / falls - 1, 0.0), self.ring.tree(deep)))
        for piece, halvings in self.sudden:
            rim = columns(drawn_on(piece, SPREAD.seen).coordinates, self.shape.coordinates)
            found.append((self.widest / 2**halvings, 0.0, self.ring.tree(rim)))
        return found

    def closing(self, piece: Piece) -> Array:
        """The parts (K,) of the length of a curve at which nodes are close, where solutions are singular."""
        places = self.singular.places[self.singular.deep]
        if not len(places) or isinstance(piece, Interface):
            return np.zeros(0)
        if id(piece) not in self._closing:
            curve, near = Curve(at_begin(piece), self.shape.coordinates), 1e-9 * self.shape.size
            found = [curve.nearest(place) for place in places]
            self._closing[id(piece)] = piece, np.array([part for part, away in found if away < near])
        return self._closing[id(piece)][1]

    def _turns(self, tree: Any, which: Array, size: float) -> tuple[Array, Array]:
        """Around which points the boundary turns, and at which of them in a corner, with hardly a normal between."""
        places, normals = self._seen
        near = tree.query_ball_point(places[which], SPREAD.near * size)
        counts = np.array([len(many) for many in near])
        begins = np.cumsum(counts) - counts  # each is near itself
        apart = np.linalg.norm(normals[np.concatenate(near)] - np.repeat(normals[which], counts, 0), axis=1)
        most, few = np.maximum.reduceat(apart, begins), 0.1
        limits = np.repeat(most, counts)
        between = np.add.reduceat((apart > few * limits) & (apart < (1 - few) * limits), begins, dtype=float) / counts
        turns = most > SPREAD.turn[places.shape[1]]
        return turns, turns & (between < few)

    def _thin(self, which: Array, size: float) -> Array:
        """Whether another side is near: a step inwards ends closer to the boundary than it began, or outside."""
        places, normals = self._seen
        step = SPREAD.thin * size
        inside = torch.from_numpy(places[which] - step * normals[which])
        found: Array = self.shape.signed(inside).numpy() < 0.2 * step
        return found

    def at(self, places: Array, finer: float = 1.0) -> Array:
        """The spacing (P,) at places (P, d), and where solutions are singular that for a level which is so much
        finer."""
        found = np.full(len(places), self.widest)
        for size, more, tree in self._features:
            near = tree.query(places, distance_upper_bound=self.widest / SPREAD.grading)[0]
            least = max(size * finer**-more, SPREAD.deepest * self.shape.size) if more else size
            found = np.minimum(found, least + SPREAD.grading * near)
        for narrow in self.narrow:
            axes = [self.shape.coordinates.index(c) for c in narrow.middle]
            away = (places[:, axes] - np.array(list(narrow.middle.values()))) / np.array(list(narrow.width.values()))
            width = min(narrow.width.values())
            beyond = np.maximum(np.linalg.norm(away, axis=1) - 1, 0.0) * width
            found = np.minimum(found, SPREAD.inside * width + SPREAD.grading * beyond)
        return found

    def fading(self, places: Array) -> Array:
        """The factor (P,) by which rows are weighed down towards singular places."""
        if not len(self.singular.places):
            return np.ones(len(places))
        away, which = self.ring.tree(self.singular.places).query(places)
        found: Array = np.clip(away / (SPREAD.reach * self.widest), 1e-6, 1.0) ** self.singular.powers[which]
        return found


def at_begin(piece: Piece) -> Piece:
    """A piece as it is at the first moment."""
    if piece.time is None or piece.time in piece.fixed:
        return piece
    return piece.at(**{piece.time: piece.extent[piece.time][0]})


def drawn_on(piece: Piece, count: int) -> Points:
    """So many points of a piece, of which the first ones alone are evenly spread, too."""
    return piece.draw(count, "sobol", torch.Generator().manual_seed(11))


def columns(values: Any, names: Sequence[str]) -> Array:
    """Some of a mapping's tensors (N,) side by side (N, d)."""
    return np.stack([values[c].numpy() for c in names], 1)
