"""Nodes spread over a shape, and the matrices that differentiate fields over them.

Each place takes the stencil of its nearest node: as many of the nodes around that as two polynomials of this degree
have coefficients, with the function that interpolates their values by |x - x_i|^7 and polynomials. There are more
places than nodes, and what holds at them is met in the sense of least squares: so nothing asks nodes to be well placed.

Source: Tominec, Larsson & Heryudono, SIAM J. Sci. Comput. 43 (2021) A1441.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee

from pinnsolve.classical.around import Around
from pinnsolve.classical.powers import exponents
from pinnsolve.classical.ring import Ring
from pinnsolve.classical.scatter import Scatter
from pinnsolve.classical.seen import see_around
from pinnsolve.classical.stencils import Array
from pinnsolve.jets.multi_index import Alpha


@dataclass(frozen=True)
class Difference:
    """What differences are made of.

    Parameters
    ----------
    power : int
        Of the distance. More: smoother between nodes, and worse conditioned.
    degree : tuple of int
        Of the polynomials, by dimension. More: a higher order, and larger stencils.
    above : int
        At least so far above the highest derivative.
    at_once : int
        Stencils that are solved together: as many as a processor's own memory holds.
    """

    power: int = 7
    degree: tuple[int, ...] = (0, 8, 5, 4)
    above: int = 3
    at_once: int = 64


DIFFERENCE = Difference()
Group = tuple[Array, Sequence[Alpha], Array | None]  # places (P, d), the derivatives that are asked for, labels (P,)


@dataclass(frozen=True, eq=False)
class Spots:
    """Places of a shape at which something holds.

    Parameters
    ----------
    cloud : Cloud
    at : array (P, d)
    spacing : array (P,)
        How far apart nodes are there.
    measures : array (P,), optional
        What each stands for in an integral; without it each counts as much as any other.
    labels : array (P,), optional
        The material of each; without it that at the place.
    alphas : frozenset of multi-indices, optional
        The derivatives that will be asked for here; without it those that will be asked for anywhere.
    """

    cloud: Cloud
    at: Array
    spacing: Array
    measures: Array | None = None
    labels: Array | None = None
    alphas: frozenset[Alpha] | None = None
    made: dict[Alpha, csr_matrix] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.at)

    @property
    def coordinates(self) -> dict[str, Array]:
        """The coordinates (P,) by name."""
        return {c: np.ascontiguousarray(x) for c, x in zip(self.cloud.coordinates, self.at.T, strict=True)}

    @property
    def shares(self) -> Array:
        """How much of an integral each place stands for, over the mean of all (P,)."""
        if self.measures is None:
            return np.ones(len(self))
        found: Array = self.measures / self.measures.mean()
        return found

    @property
    def material(self) -> Array:
        """The material (P,) of each."""
        return self.cloud.scatter.spacing.parting.label(self.at) if self.labels is None else self.labels

    def matrix(self, alpha: Alpha) -> csr_matrix:
        """The matrix (P, N) from values at the nodes to D^alpha at these places."""
        if alpha not in self.made:
            self.cloud.make([self], alpha)
        return self.made[alpha]


@dataclass(frozen=True, eq=False)
class Cloud:
    """Nodes of a shape.

    Parameters
    ----------
    coordinates : tuple of str
    scatter : Scatter
        Nodes, and the places at which equations and conditions hold.
    alphas : frozenset of multi-indices
        The derivatives that will be asked for.
    looked_at : mapping from coordinate to array (P,), optional
        Where the solution will be evaluated: with everything else, so that no stencil is solved twice.
    """

    coordinates: tuple[str, ...]
    scatter: Scatter
    alphas: frozenset[Alpha]
    looked_at: Mapping[str, Array] = field(default_factory=dict, repr=False)
    lately: list[tuple[list[Array], Alpha, tuple[Array, Array]]] = field(default_factory=list, repr=False)
    waiting: list[Spots] = field(default_factory=list, repr=False)

    @cached_property
    def places(self) -> Array:
        """The nodes (N, d)."""
        return self.scatter.nodes

    @property
    def ring(self) -> Ring:
        return self.scatter.spacing.ring

    @property
    def dimension(self) -> int:
        return len(self.coordinates)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.places),)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def nodes(self) -> Spots:
        apart = self.scatter.apart(self.places)
        return Spots(self, self.places, apart, apart**self.dimension)

    def spots(
        self, at: Array, measures: Array | None = None, labels: Array | None = None,
        alphas: frozenset[Alpha] | None = None,
    ) -> Spots:  # fmt: skip
        """Some places (P, d), in parts of these materials, at which something will hold that asks for derivatives."""
        found = Spots(self, at, self.scatter.apart(at), measures, labels, alphas)
        self.waiting.append(found)
        return found

    def make(self, asked: Sequence[Spots], alpha: Alpha) -> None:
        """The matrices at some places, and at all that wait for theirs: each stencil is solved once."""
        together: dict[tuple[Alpha, ...], list[Spots]] = {}
        for spots in dict.fromkeys([*asked, *self.waiting]):
            own = self.alphas if spots.alphas is None else spots.alphas
            together.setdefault(tuple(sorted({*own, alpha} if spots in asked else own)), []).append(spots)
        self.waiting.clear()
        zeroth = (0,) * self.dimension
        looked = [self.looked_at[c] for c in self.coordinates] if self.looked_at and not self.lately else []
        there = Spots(self, np.stack(looked, 1), np.empty(0)) if looked else None
        if there is not None:
            together.setdefault((zeroth,), []).append(there)
        several = len(self.scatter.trees) > 1
        groups: list[Group] = []
        for wanted, many in together.items():
            labels = np.concatenate([s.material for s in many]) if several else None
            groups.append((np.concatenate([s.at for s in many]), wanted, labels))
        for many, (numbers, found) in zip(together.values(), self.stencils(groups), strict=True):
            first, width = 0, numbers.shape[1]
            for spots in many:
                part = slice(first, first := first + len(spots))
                begins, columns = np.arange(len(spots) + 1) * width, numbers[part].ravel()
                for a, values in found.items():
                    spots.made[a] = csr_matrix((values[part].ravel(), columns, begins), shape=(len(spots), len(self)))
                if spots is there:
                    self.lately.append((looked, zeroth, (numbers[part], found[zeroth][part])))

    @cached_property
    def order(self) -> Array:
        """The nodes in an order in which those that meet in a row stand close together, by Cuthill & McKee over their
        stencils, and from one side of an interface to the other: along a coordinate all nodes around a corner, however
        small, would stand between each other. In space, where no corner is as deep, that may be narrower."""
        numbers, count = self._stencils[0], np.arange(len(self))
        twins = self.ring.tree(self.places).query(self.places, 2)[1]  # on an interface both stand at one place
        near = np.concatenate([numbers, twins], 1)
        edges = csr_matrix((np.ones(near.size), (np.repeat(count, near.shape[1]), near.ravel())))
        along = np.argsort(self.places[:, np.argmax(np.ptp(self.places, axis=0))], kind="stable")
        around = reverse_cuthill_mckee(csr_matrix(edges + edges.T), symmetric_mode=True)

        def band(order: Array) -> int:
            at = np.empty(len(order), dtype=int)
            at[order] = count
            return int(np.max(np.ptp(at[numbers], axis=1)))

        return min(around, along, key=band)

    @cached_property
    def _powers(self) -> list[tuple[int, ...]]:
        highest, fewest = max((sum(a) for a in self.alphas), default=0), int(np.bincount(self.scatter.parts).min())
        degree = max(DIFFERENCE.degree[self.dimension], highest + DIFFERENCE.above)
        while len(exponents(self.dimension, degree)) > fewest:
            degree -= 1
        return exponents(self.dimension, degree)

    @cached_property
    def _stencils(self) -> tuple[Array, Array]:
        """The numbers (N, n) of the nodes around each one in its part, and how far they reach (N,)."""
        parts = self.scatter.parts
        count = min(2 * len(self._powers), int(np.bincount(parts).min()))
        numbers, reach = np.empty((len(self), count), dtype=int), np.empty(len(self))
        for part in range(parts.max() + 1):
            own = np.flatnonzero(parts == part)
            distances, near = self.ring.tree(self.places[own]).query(self.places[own], count)
            numbers[own] = np.sort(own[near.reshape(len(own), count)], 1)  # as sparse matrices want them
            reach[own] = distances.reshape(len(own), count)[:, -1]
            see_around(self.places, own, numbers, reach, self.scatter.spacing)
        return numbers, reach

    def _nearest(self, at: Array, labels: Array | None) -> Array:
        """The node (P,) whose stencil each place (P, d) takes: the nearest one of its material."""
        trees = self.scatter.trees
        if len(trees) == 1:
            alone: Array = next(iter(trees.values()))[0].query(at)[1]
            return alone
        labels = self.scatter.spacing.parting.label(at) if labels is None else labels
        found = np.empty(len(at), dtype=int)
        for label in np.unique(labels):
            tree, numbers = trees[int(label)]
            found[labels == label] = numbers[tree.query(at[labels == label])[1]]
        return found

    def interpolation(self, at: Mapping[str, Array], count: int, alpha: Alpha = ()) -> tuple[Array, Array]:
        """The numbers (P, n) of the nodes around each of `count` places, and their weights (P, n) in D^alpha there."""
        asked = alpha or (0,) * self.dimension
        arrays = [at[c] for c in self.coordinates]
        for before, order, found in self.lately:
            if order == asked and all(a is b for a, b in zip(before, arrays, strict=True)):
                return found
        places = np.stack([np.broadcast_to(at[c], (count,)) for c in self.coordinates], 1)
        ((numbers, weights),) = self.stencils([(places, [asked], None)])
        # one unknown after the other asks for the same
        self.lately[:] = [*self.lately[-1:], (arrays, asked, (numbers, weights[asked]))]
        return numbers, weights[asked]

    def stencils(self, groups: Sequence[Group]) -> list[tuple[Array, dict[Alpha, Array]]]:
        """For each group of places (P, d) the numbers (P, n) of the nodes around them, and their weights (P, n) in each
        D^alpha that is asked for there. What stands around one node is solved once for all groups."""
        numbers, reach = self._stencils
        owns = [self._nearest(at, labels) for at, _, labels in groups]
        orders = [np.argsort(own, kind="stable") for own in owns]
        begins = [
            np.searchsorted(own[order], np.arange(len(self) + 1)) for own, order in zip(owns, orders, strict=True)
        ]
        counts = np.stack([np.diff(b) for b in begins])
        found = [{a: np.zeros((len(at), numbers.shape[1])) for a in alphas} for at, alphas, _ in groups]
        used = np.flatnonzero(counts.any(0))
        kinds = 2 ** np.arange(len(groups)) @ (counts[:, used] > 0)
        used = used[np.lexsort((counts[:, used].sum(0), kinds))]  # as many places of as few groups together as possible
        around = Around(DIFFERENCE.power, self._powers, numbers.shape[1], DIFFERENCE.at_once)
        for first in range(0, len(used), DIFFERENCE.at_once):
            some, parts = used[first : first + DIFFERENCE.at_once], []
            for g in np.flatnonzero(counts[:, some].any(1)).tolist():
                at, alphas, _ = groups[g]
                most = counts[g, some].max()
                which = np.minimum(begins[g][some][:, None] + np.arange(most), len(at) - 1)
                valid, which = np.arange(most) < counts[g, some][:, None], orders[g][which]
                local = self.ring.way(at[which] - self.places[some][:, None]) / reach[some][:, None, None]
                parts.append((g, which[valid], valid, local, alphas))
            weights, begin = self._weights(some, [(local, alphas) for *_, local, alphas in parts], around), 0
            for g, which, valid, local, alphas in parts:
                for a in alphas:
                    part = weights[:, :, begin : (begin := begin + local.shape[1])].transpose(0, 2, 1)
                    found[g][a][which] = (part / reach[some][:, None, None] ** sum(a))[valid]
        return [(numbers[own], f) for own, f in zip(owns, found, strict=True)]

    def _weights(self, some: Array, parts: Sequence[tuple[Array, Sequence[Alpha]]], around: Around) -> Array:
        """The weights (S, n, sum of A Q) about some nodes, for places (S, Q, d) of each part and all derivatives asked
        for there, in units of how far their stencils reach."""
        numbers, reach = self._stencils
        nodes = self.ring.way(self.places[numbers[some]] - self.places[some][:, None]) / reach[some][:, None, None]
        return around.weights(_apart(nodes), [(_apart(local), alphas) for local, alphas in parts])


def _apart(places: Array) -> list[Array]:
    """Places (..., d) as one array for each coordinate, whose numbers lie side by side."""
    return [np.ascontiguousarray(c) for c in np.moveaxis(places, -1, 0)]
