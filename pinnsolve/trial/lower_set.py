"""Polynomials in parameters through solutions at nodes, which are added one at a time.

Along one parameter the nodes z_0, z_1, ... follow each other as Leja's points do: each where the product of the
distances from those before is largest, so that their polynomials are as stable as Chebyshev's, and none is solved for
twice. Nodes of several parameters are a lower set of multi-indices i. With Newton's polynomials

    H_i(z) = product over parameters of h_i(z),    h_k(z) = product over j < k of (z - z_j) / (z_k - z_j),

a polynomial is u(z) = sum_i H_i(z) s_i, and s_i, by which the polynomial of the nodes before misses u at node i, says
what that node brings.

Sources: Chkifa, Cohen & Schwab, Found. Comput. Math. 14 (2014) 601 (lower sets); Gerstner & Griebel, Computing 71
(2003) 65 (which node follows).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet

Index = tuple[int, ...]


@dataclass(frozen=True)
class Rules:
    """Where nodes lie, and where solutions at them are compared. Chosen, not measured.

    Parameters
    ----------
    candidates : int
        Places among which the next node is sought. Fewer: nodes of a long sequence are not the best.
    wide : float
        The ratio of a range's ends from which on its first nodes are those of the logarithm; after some it is measured
        which is better. Larger: the middle of decades is far from all nodes. Smaller: nearly the same nodes.
    compared : int
        Places of space and time. More: time. Fewer: what differs in a narrow place is seen by chance.
    """

    candidates: int = 2001
    wide: float = 3.0
    compared: int = 1000


RULES = Rules()


@dataclass(frozen=True)
class Axis:
    """A parameter with its nodes.

    Parameters
    ----------
    name : str
    low, high : float
    places : tuple of float
        The nodes so far, in their order.
    logarithmic : bool
        Whether polynomials are those of its logarithm.
    """

    name: str
    low: float
    high: float
    places: tuple[float, ...] = ()
    logarithmic: bool = False

    @classmethod
    def begun(cls, name: str, low: float, high: float) -> Axis:
        """Without nodes; by its logarithm where the range spans a large part of a decade."""
        axis = cls(name, low, high)
        ends = sorted((abs(low), abs(high)))
        return replace(axis, logarithmic=axis.signed and ends[1] >= RULES.wide * ends[0])

    @property
    def signed(self) -> bool:
        """Whether it keeps its sign, and has a logarithm."""
        return self.low * self.high > 0

    def scaled(self, value: Any) -> Any:
        """From the range to [-1, 1]: a number, a tensor or a field."""
        if not self.logarithmic:
            return (value - 0.5 * (self.low + self.high)) * (2 / (self.high - self.low))
        part = value * (1 / self.low)
        log = math.log(part) if isinstance(part, float) else torch.log(part)
        return log * (2 / math.log(self.high / self.low)) - 1

    def value(self, z: float) -> float:
        """From [-1, 1] to the range; its ends exactly."""
        if abs(z) == 1:
            return self.high if z > 0 else self.low
        if self.logarithmic:
            return self.low * (self.high / self.low) ** ((1 + z) / 2)
        return 0.5 * (self.low + self.high) + 0.5 * (self.high - self.low) * z

    def grown(self) -> Axis:
        """With one more node: first in the middle, then at the ends, then where the nodes are furthest away."""
        z = torch.linspace(1, -1, RULES.candidates, dtype=torch.float64)
        if not self.places:
            return replace(self, places=(self.value(0.0),))
        away = torch.stack([(z - self.scaled(place)).abs().log() for place in self.places]).sum(0)
        return replace(self, places=(*self.places, self.value(float(z[int(away.argmax())]))))

    def newton(self, value: Any) -> list[Any]:
        """Newton's polynomials of all nodes at values: fields in, fields out."""
        z, nodes = self.scaled(value), [self.scaled(place) for place in self.places]
        found, size = [z * 0.0 + 1.0], 1.0
        for k in range(1, len(nodes)):
            here = math.prod(nodes[k] - c for c in nodes[:k])  # what the product is at its own node
            found.append(found[-1] * (z - nodes[k - 1]) * (size / here))
            size = here
        return found


def polynomials(axes: Sequence[Axis], nodes: Sequence[Index], values: Tensor) -> Tensor:
    """H_i of all nodes at places (N, D), as (N, K)."""
    tables = [torch.stack(axis.newton(values[:, k]), 1) for k, axis in enumerate(axes)]
    return _product(tables, nodes)


def derived(axes: Sequence[Axis], nodes: Sequence[Index], at: Sequence[Jet], orders: Sequence[Index]) -> Tensor:
    """A derivative of H_i of all nodes, (N, K), at places that are fields; along each parameter by a multi-index."""
    tables = [
        torch.stack([h.dense(order) for h in axis.newton(field)], 1)
        for axis, field, order in zip(axes, at, orders, strict=True)
    ]
    return _product(tables, nodes)


def _product(tables: Sequence[Tensor], nodes: Sequence[Index]) -> Tensor:
    indices = torch.tensor(nodes, device=tables[0].device)
    found = torch.ones((), dtype=torch.float64, device=tables[0].device)
    for k, table in enumerate(tables):
        found = found * table[:, indices[:, k]]
    return found


def to_surpluses(axes: Sequence[Axis], nodes: Sequence[Index]) -> Tensor:
    """The matrix (K, K) from what is there at the nodes to s_i; nodes come after those that they stand on."""
    places = [[axis.places[i] for axis, i in zip(axes, index, strict=True)] for index in nodes]
    system = polynomials(axes, nodes, torch.tensor(places, dtype=torch.float64))
    identity = torch.eye(len(nodes), dtype=torch.float64)
    return torch.linalg.solve_triangular(system.tril(), identity, upper=False, unitriangular=True)


def before(index: Index) -> Iterator[Index]:
    """The nodes on which one stands, one step back along each parameter."""
    for k, i in enumerate(index):
        if i:
            yield (*index[:k], i - 1, *index[k + 1 :])


def after(index: Index) -> Iterator[Index]:
    """One step on along each parameter."""
    for k, i in enumerate(index):
        yield (*index[:k], i + 1, *index[k + 1 :])
