"""Derivatives of fields of which nothing is known but values: differences on stencils around each point.

    D^k f(x) = sum_j w_j f(x + j h) / h^k + O(h^(2m + 1 - k)),   j = -m ... m,   sum_j w_j j^i = k! [i = k]

with m = max(2, (k + 2) / 2): of fourth order for first and second derivatives. Where a stencil would leave the domain,
on a face, it lies on the inner side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha

Values = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class Differenced:
    """A field known by its values, as a jet on some points whose derivatives are differences.

    Parameters
    ----------
    values : callable from places to array (N,)
    domain : Domain
    points : Points
        Those in the domain's inside are so far from its ends that no stencil leaves it.
    fixed : mapping from coordinate to float
        What the points have in common.
    width : float
        The step along each coordinate, in parts of the domain's length.
    chart : Chart
        Over the points.
    sided : mapping from coordinate to int
        Where stencils lie beside points that are not on one face: one above them, minus one below.
    """

    def __init__(
        self, values: Values, domain: Domain, points: Points, fixed: Mapping[str, float], width: float, chart: Chart,
        sided: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        self.values, self.domain, self.points, self.fixed, self.width = values, domain, points, fixed, width
        self.sided = sided or {}
        self.seen: dict[tuple[int, ...], np.ndarray] = {}
        self.jet = Jet(chart, self._leaf, (chart.size,), frozenset(chart.names))

    @property
    def leaves(self) -> list[Tensor]:
        """The derivatives that were asked for."""
        return [leaf for leaf in self.jet.known.values() if leaf is not None]

    def _leaf(self, alpha: Alpha) -> Tensor:
        stencils = [self._stencil(c, k) for c, k in zip(self.domain.coordinates, alpha, strict=True)]
        nodes = {tuple(j for j, _ in node): math.prod(w for _, w in node) for node in product(*stencils)}
        self._see([offset for offset in nodes if offset not in self.seen])
        total = sum((weight * self.seen[offset] for offset, weight in nodes.items()), np.zeros(len(self.points)))
        steps = math.prod(
            (self.width * self.domain.length(c)) ** k for c, k in zip(self.domain.coordinates, alpha, strict=True)
        )
        return torch.from_numpy(total / steps).requires_grad_()

    def _stencil(self, coordinate: str, order: int) -> list[tuple[int, float]]:
        """Nodes (in steps) and weights of one derivative along one coordinate."""
        if not order:
            return [(0, 1.0)]
        reach = max(2, (order + 2) // 2)
        return stencil(order, reach, self._shift(coordinate, reach))

    def _shift(self, coordinate: str, reach: int) -> int:
        if coordinate not in self.fixed:
            return reach * self.sided.get(coordinate, 0)
        part = self.domain.unit(coordinate, self.fixed[coordinate])
        low, high = part < reach * self.width, part > 1 - reach * self.width
        return reach * (int(low) - int(high))

    def _see(self, offsets: Sequence[tuple[int, ...]]) -> None:
        """Values at the points moved by so many steps, all in one call: what is asked for its values may be slow."""
        if not offsets:
            return
        places = {
            c: np.concatenate([v.numpy() + j * self.width * self.domain.length(c) for j in steps])
            for steps, (c, v) in zip(zip(*offsets, strict=True), self.points.coordinates.items(), strict=True)
        }
        found = self.values(places)
        self.seen |= dict(zip(offsets, found.reshape(len(offsets), -1), strict=True))


@cache
def stencil(order: int, reach: int, shift: int) -> list[tuple[int, float]]:
    """Nodes and weights of a derivative of this order, for steps of one.

    >>> [(j, round(w * 12)) for j, w in stencil(1, 2, 0)]
    [(-2, 1), (-1, -8), (0, 0), (1, 8), (2, -1)]
    """
    nodes = np.arange(-reach, reach + 1) + shift
    powers = np.vander(nodes.astype(float), increasing=True).T
    wanted = np.zeros(len(nodes))
    wanted[order] = math.factorial(order)
    return list(zip(nodes.tolist(), np.linalg.solve(powers, wanted).tolist(), strict=True))
