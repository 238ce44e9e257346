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
from scipy.spatial import cKDTree

from pinnsolve.classical.powers import exponents, monomials, radial
from pinnsolve.classical.scatter import Scatter
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
        Stencils that are solved together: as much memory as some megabytes.
    """

    power: int = 7
    degree: tuple[int, ...] = (0, 8, 5, 4)
    above: int = 3
    at_once: int = 256


DIFFERENCE = Difference()


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
    """

    cloud: Cloud
    at: Array
    spacing: Array
    measures: Array | None = None
    labels: Array | None = None
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

    def matrix(self, alpha: Alpha) -> csr_matrix:
        """The matrix (P, N) from values at the nodes to D^alpha at these places."""
        if alpha not in self.made:
            wanted = {*self.cloud.alphas, alpha} - self.made.keys()  # all at once: the stencils are solved once
            numbers, found = self.cloud.stencils(self.at, sorted(wanted), self.labels)
            rows = np.repeat(np.arange(len(self)), numbers.shape[1])
            shape = (len(self), len(self.cloud))
            for a, values in found.items():
                self.made[a] = csr_matrix((values.ravel(), (rows, numbers.ravel())), shape=shape)
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
    """

    coordinates: tuple[str, ...]
    scatter: Scatter
    alphas: frozenset[Alpha]
    lately: list[tuple[list[Array], Alpha, tuple[Array, Array]]] = field(default_factory=list, repr=False)

    @cached_property
    def places(self) -> Array:
        """The nodes (N, d)."""
        return self.scatter.nodes

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
        return self.spots(self.places)

    def spots(self, at: Array, measures: Array | None = None, labels: Array | None = None) -> Spots:
        """Some places (P, d), in parts of these materials."""
        return Spots(self, at, self.scatter.apart(at), measures, labels)

    @property
    def order(self) -> Array:
        """The nodes in an order in which neighbours stand close together: along the longest coordinate."""
        longest = int(np.argmax(np.ptp(self.places, axis=0)))
        return np.argsort(self.places[:, longest], kind="stable")

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
            distances, near = cKDTree(self.places[own]).query(self.places[own], count)
            numbers[own], reach[own] = own[near.reshape(len(own), count)], distances.reshape(len(own), count)[:, -1]
        return numbers, reach

    def _nearest(self, at: Array, labels: Array | None) -> Array:
        """The node (P,) whose stencil each place (P, d) takes: the nearest one of its material."""
        trees = self.scatter.trees
        if len(trees) == 1:
            ((tree, _),) = trees.values()
            alone: Array = tree.query(at)[1]
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
        numbers, weights = self.stencils(places, [asked])
        self.lately[:] = [(arrays, asked, (numbers, weights[asked]))]  # one unknown after the other asks for the same
        return numbers, weights[asked]

    def stencils(
        self, at: Array, alphas: Sequence[Alpha], labels: Array | None = None
    ) -> tuple[Array, dict[Alpha, Array]]:  # fmt: skip
        """The numbers (P, n) of the nodes around places (P, d), and their weights (P, n) in each D^alpha."""
        numbers, reach = self._stencils
        own = self._nearest(at, labels)
        order = np.argsort(own, kind="stable")
        begins = np.searchsorted(own[order], np.arange(len(self) + 1))
        counts = np.diff(begins)
        found = {a: np.zeros((len(at), numbers.shape[1])) for a in alphas}
        used = np.flatnonzero(counts)
        used = used[np.argsort(counts[used], kind="stable")]  # as many places together as possible
        for first in range(0, len(used), DIFFERENCE.at_once):
            some = used[first : first + DIFFERENCE.at_once]
            most = counts[some].max()
            which = np.minimum(begins[some][:, None] + np.arange(most), len(at) - 1)
            valid, which = np.arange(most) < counts[some][:, None], order[which]
            local = (at[which] - self.places[some][:, None]) / reach[some][:, None, None]
            weights = self._weights(some, local, alphas)
            for k, a in enumerate(alphas):
                part = weights[:, :, k * most : (k + 1) * most].transpose(0, 2, 1)
                found[a][which[valid]] = (part / reach[some][:, None, None] ** sum(a))[valid]
        return numbers[own], found

    def _weights(self, some: Array, local: Array, alphas: Sequence[Alpha]) -> Array:
        """The weights (S, n, A Q) for places (S, Q, d) about some nodes, in units of how far their stencils reach."""
        numbers, reach = self._stencils
        nodes = (self.places[numbers[some]] - self.places[some][:, None]) / reach[some][:, None, None]
        n, powers = numbers.shape[1], self._powers
        zeroth = (0,) * self.dimension
        matrix = np.zeros((len(some), n + len(powers), n + len(powers)))
        matrix[:, :n, :n] = radial(nodes[:, :, None] - nodes[:, None], zeroth, DIFFERENCE.power)
        matrix[:, :n, n:] = monomials(nodes, powers, zeroth)
        matrix[:, n:, :n] = matrix[:, :n, n:].transpose(0, 2, 1)
        apart = local[:, :, None] - nodes[:, None]
        right = [
            np.concatenate([radial(apart, a, DIFFERENCE.power), monomials(local, powers, a)], -1).transpose(0, 2, 1)
            for a in alphas
        ]
        found: Array = np.linalg.solve(matrix, np.concatenate(right, -1))[:, :n]
        return found
