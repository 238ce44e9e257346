"""Materials on curves and surfaces: which part of space a place belongs to, and what holds where parts meet.

No difference takes nodes of two parts. On their interfaces stand nodes of both, and rows say what `checks.joins` reads
off the equations: what they differentiate twice goes on (the unknown itself), and so does the flux.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pinnsolve.checks.on_both_sides import OnBothSides
from pinnsolve.checks.told_across import rows_by_piece
from pinnsolve.classical.ring import Ring
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.across import Interface
from pinnsolve.geometry.regions import interior
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True, eq=False)
class Parting:
    """The parts of space between which coefficients jump.

    Parameters
    ----------
    problem : Problem
    """

    problem: Problem

    @cached_property
    def pieces(self) -> Sequence[Interface]:
        """The interfaces; none where no coefficient jumps."""
        return self.problem.interfaces

    @cached_property
    def equations(self) -> dict[int, list[Equation]]:
        """By the number of an interface, what holds on it."""
        return {
            piece.number: [*here.values(), *(Equation(c.name, interior, OnBothSides(c)) for c in told)]
            for pieces, here, told in rows_by_piece(self.problem)
            for piece in pieces
        }

    @property
    def names(self) -> tuple[str, ...]:
        return self.problem.space_coordinates

    def label(self, places: Array) -> Array:
        """The number (P,) of the material at places (P, d): equal ones lie in the same shapes."""
        found = np.zeros(len(places), dtype=np.int64)
        at = {c: torch.from_numpy(np.ascontiguousarray(x)) for c, x in zip(self.names, places.T, strict=True)}
        for material in self.problem.parts.materials if self.problem.parts is not None else ():
            found = found * (len(material.parts) + 1) + material.which(at).numpy()
        return found

    def beside(self, places: Array, normals: Array) -> tuple[Array, Array]:
        """The same on the side that normals (P, d) come from, and on that to which they point."""
        assert self.problem.domain.space is not None
        step = 1e-7 * self.problem.domain.space.size  # farther than a level set's surface is off
        return self.label(places - step * normals), self.label(places + step * normals)

    def connected(self, places: Array, labels: Array, apart: Array, ring: Ring) -> Array:
        """The number (P,) of the connected part in which places with labels (P,) lie, `apart` (P,) from each other."""
        reach, edges = 1.6, np.zeros((2, 0), dtype=int)
        for label in np.unique(labels):  # of one material alone: on an interface the nearest ones are of the other
            own = np.flatnonzero(labels == label)
            distance, near = ring.tree(places[own]).query(places[own], min(4 * places.shape[1] + 1, len(own)))
            near = near.reshape(len(own), -1)
            a, b = np.repeat(own, near.shape[1]), own[near.ravel()]
            edges = np.concatenate([edges, np.stack([a, b])[:, distance.ravel() <= reach * apart[a]]], 1)
        a, b = edges
        a, b = edges[:, self.label(ring.within(places[a] + ring.way(places[b] - places[a]) / 2)) == labels[a]]
        graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(len(places), len(places)))
        found: Array = connected_components(graph, directed=False)[1]
        return found
