"""What a problem along a line is solved with: features, collocation points, and what neighbours share.

Sources: see `pinnsolve.line.cells`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.algebra.radau import radau
from pinnsolve.algebra.tolerances import SAME
from pinnsolve.networks.reference_cell import ReferenceCell, reference_cell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.networks.traces import Traces
from pinnsolve.trial.line import Line


@dataclass(frozen=True)
class LineScheme:
    """A problem along a line with the features that it is solved with.

    Parameters
    ----------
    line : Line
    degree : int
        Of the features of the unknown of highest order.
    device : torch.device
    activation : str
        Of the hidden layer.
    beside : float
        Of the line: how far inside its cell a point at a joint is. Larger: an error of its own. Smaller: rounding puts
        it on the other side of a jump.
    """

    line: Line
    degree: int
    device: torch.device
    activation: str = "legendre"
    beside: float = 1e-12

    @property
    def points(self) -> int:
        """Collocation points of a cell; two of them at least."""
        return max(2, self.degree + 1 - max(self.line.joins))

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(self.points + k for k in self.line.joins)

    @cached_property
    def cell(self) -> ReferenceCell:
        return reference_cell(max(self.counts) - 1, self.device, 1, self.activation)

    @cached_property
    def floors(self) -> Tensor:
        """The least size of each unknown, (F,): what is smaller everywhere is nothing."""
        return SAME * torch.tensor(self.line.sizes, dtype=torch.float64, device=self.device)

    @cached_property
    def places(self) -> Tensor:
        """(3, P): points of a cell that is marched to the right, of one that is marched to the left, and of others."""
        right = 2 * radau(self.points, self.device).places[1:] - 1
        return torch.stack([right, -right.flip(0), self.cell.gauss(self.points)[0][:, 0]])

    @cached_property
    def _tables(self) -> dict[int, Tensor]:
        return {}

    def table(self, order: int) -> Tensor:
        """The features at these points, derived so many times, (3, P, M)."""
        if order not in self._tables:
            self._tables[order] = self.cell.features(self.places[..., None], (order,))
        return self._tables[order]

    @cached_property
    def orders(self) -> Tensor:
        """(D,): how often each trace derives."""
        orders = [k for joins in self.line.joins for k in range(joins)]
        return torch.tensor(orders, dtype=torch.float64, device=self.device)

    @cached_property
    def at_ends(self) -> Tensor:
        """From coefficients to traces in the reference cell's units at its left and right end, (2, D, F M)."""
        found = self.cell.zeros(2, len(self.orders), len(self.counts), self.cell.count)
        at = 0
        for f, joins in enumerate(self.line.joins):
            for k in range(joins):
                found[0, at, f], found[1, at, f] = self.cell.end(k)
                at += 1
        return found.flatten(2)

    @cached_property
    def shared(self) -> Tensor:
        """From own numbers, and traces in the reference cell's units, to coefficients, (own + 2 D, F M)."""
        mesh = Tiles.along((-1.0, 1.0), self.device)
        return Traces(mesh, self.line.joins, self.counts, self.cell).shared

    def free_of(self, side: int) -> Tensor:
        """From what is free of a cell whose traces at its left (0) or right (1) end are known to coefficients: the
        numbers that a cell shares with no other, and its other traces, (own + D, F M)."""
        if side not in self._free:
            d = len(self.orders)
            own, left, right = self.shared.split([len(self.shared) - 2 * d, d, d])
            self._free[side] = torch.cat([own, left if side else right])
        return self._free[side]

    @cached_property
    def _free(self) -> dict[int, Tensor]:
        return {}

    def richer(self, more: int) -> LineScheme:
        return replace(self, degree=self.degree + more)

    def nearest(self, values: Tensor) -> Tensor:
        """The coefficients (n, F, M) of values (n, M, F) at as many Gauss points of cells as there are features."""
        found = values.transpose(1, 2) @ self.cell.nearest(self.cell.count)
        for f, count in enumerate(self.counts):
            found[:, f, count:] = 0.0
        return found
