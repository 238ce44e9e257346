"""What a problem says at places of a grid, and how it answers to the values at the nodes.

A field whose D^alpha is a matrix times its values at the nodes is a jet like any other, so the user's functions run
unchanged; a residual r that answers to D^alpha u by dr/du_alpha, point by point, answers to the values at the nodes by

    sum_alpha diag(dr/du_alpha) D^alpha.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix, hstack, vstack

from pinnsolve.classical.cloud import Cloud, Spots
from pinnsolve.classical.grid import Grid, Paired, Places, Scattered
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.places import Corner, fading
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals.pointwise import Answers, answers


@dataclass(frozen=True)
class Block:
    """Equations that hold at the same places.

    Parameters
    ----------
    equations : sequence of Equation
    places : Places, Paired, Scattered or Spots
        Where they are paired, an equation is one row for each pair: the mean of what it says on both sides.
    normals : mapping from coordinate to float, or array (P,)
        The outward normal, on a face or another side.
    condition : bool
        Whether it is a condition, which a least-squares solution meets before the equations inside.
    measured : mapping from name to tensor (P,)
        What was measured there.
    beyond : Spots, optional
        The same places in the part of space beyond an interface, from which the unknowns there are taken.
    """

    equations: Sequence[Equation]
    places: Places | Paired | Scattered | Spots
    normals: Mapping[str, float | Array] = field(default_factory=dict)
    condition: bool = False
    measured: Mapping[str, torch.Tensor] = field(default_factory=dict)
    beyond: Spots | None = None
    known: dict[int, Points] = field(default_factory=dict, compare=False, repr=False)

    @property
    def count(self) -> int:
        """The rows of each equation."""
        return len(self.places) // 2 if isinstance(self.places, Paired) else len(self.places)

    def each(self, values: Any) -> Any:
        """What is told of all places (..., P), of each row (..., R)."""
        return (values[..., ::2] + values[..., 1::2]) / 2 if isinstance(self.places, Paired) else values

    def together(self, matrix: csr_matrix) -> csr_matrix:
        """The same of the rows of a matrix (P, N)."""
        return (matrix[::2] + matrix[1::2]) / 2 if isinstance(self.places, Paired) else matrix

    def matrix(self, unknown: int, alpha: Alpha, count: int) -> csr_matrix:
        """From an unknown's values at the nodes to its D^alpha here, or of those after the first `count` beyond."""
        places = self.places if unknown < count or self.beyond is None else self.beyond
        return places.matrix(alpha)

    def points(self, time: str | None, times: Array) -> Points:
        """The places at each of some moments (S,), one after the other."""
        size, count = len(self.places), len(times)
        if count not in self.known:  # all but the time is the same at other moments
            at = {c: torch.from_numpy(np.tile(x, count)) for c, x in self.places.coordinates.items()}
            ones = torch.ones(size * count, dtype=torch.float64)
            wide = {c: np.tile(np.broadcast_to(n, size), count) for c, n in self.normals.items()}
            normals = {c: torch.from_numpy(n) for c, n in wide.items()}
            self.known[count] = Points(at, ones, normals, {name: x.repeat(count) for name, x in self.measured.items()})
        here = self.known[count]
        if time is None:
            return here
        now = torch.from_numpy(np.repeat(times, size))
        return Points({**here.coordinates, time: now}, here.weights, here.normals, here.measured)


@dataclass(frozen=True)
class Rows:
    """All that holds of a problem on a grid.

    A rate of higher order is a variable of its own: u_tt is the rate of v, and v = u_t one more row at each node.

    Parameters
    ----------
    problem : Problem
    grid : Grid or Cloud
    blocks : sequence of Block
    orders : tuple of int
        Of each unknown: the highest order of its rates in time.
    corners : sequence of Corner
        Singular ones: rows inside are weighed down towards them where they are met in the sense of least squares.
    joints : sequence of matrices (P, V N)
        What of the values vanishes: how they go on across places at which differences end.
    """

    problem: Problem
    grid: Grid | Cloud
    blocks: Sequence[Block]
    orders: tuple[int, ...]
    corners: Sequence[Corner] = ()
    joints: Sequence[csr_matrix] = ()
    known: dict[Alpha, tuple[Alpha, int]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def time(self) -> str | None:
        """The coordinate that is no line of the grid."""
        return None if self.problem.domain.time in self.grid.coordinates else self.problem.domain.time

    @cached_property
    def variables(self) -> list[tuple[int, int]]:
        """(unknown, order of the rate) of each variable."""
        return [(f, k) for f, order in enumerate(self.orders) for k in range(max(order, 1))]

    @cached_property
    def numbers(self) -> dict[tuple[int, int], int]:
        """The number of each variable."""
        return {pair: v for v, pair in enumerate(self.variables)}

    @cached_property
    def chained(self) -> list[tuple[int, int]]:
        """Pairs of variables of which the second is the rate of the first."""
        numbers = self.numbers
        return [(v, numbers[f, k + 1]) for (f, k), v in numbers.items() if (f, k + 1) in numbers]

    @property
    def count(self) -> int:
        return sum(part.stop - part.start for part in self.parts)

    def _answers(self, block: Block, u: Array, rates: Array, times: Array, slopes: bool) -> Answers:
        """The block's answers for values u (S, V, N) and rates (S, V, N) at moments (S,)."""
        numbers, count = self.numbers, len(self.orders)

        def derivative(number: int, alpha: Alpha) -> torch.Tensor:
            (beta, k), f = self.split(alpha), number % count
            values = u[:, numbers[f, k]] if (f, k) in numbers else rates[:, numbers[f, k - 1]]
            found = (block.matrix(number, beta, count) @ values.T).T if beta else values
            return torch.from_numpy(np.ascontiguousarray(found).ravel())

        return answers(self.problem, block.equations, block.points(self.time, times), derivative, slopes)

    def split(self, alpha: Alpha) -> tuple[Alpha, int]:
        """A multi-index of the problem's coordinates as one of the grid's, and the order in time."""
        if alpha not in self.known:
            orders = dict(zip(self.problem.coordinates, alpha, strict=True))
            in_time = orders.get(self.time, 0) if self.time else 0
            self.known[alpha] = tuple(orders[c] for c in self.grid.coordinates), in_time
        return self.known[alpha]

    def residuals(self, u: Array, rates: Array, times: Array) -> Array:
        """All residuals (S, R)."""
        parts = []
        for block in self.blocks:
            found = block.each(self._answers(block, u, rates, times, slopes=False).residuals.numpy())
            parts.append(found.reshape(len(block.equations), len(times), -1).transpose(1, 0, 2).reshape(len(times), -1))
        parts += [(joint @ u.reshape(len(u), -1).T).T for joint in self.joints]
        parts += [rates[:, low] - u[:, high] for low, high in self.chained]
        return np.concatenate(parts, 1)

    def linearised(self, u: Array, rates: Array, moment: float) -> tuple[Any, Any]:
        """How the residuals answer to the values and to the rates (V, N) of the variables: two matrices (R, V N),
        sparse ones where there are coordinates."""
        if not self.grid.coordinates:
            return self._in_time_alone(u, rates, moment)
        to_values: list[Any] = []
        to_rates: list[Any] = []
        numbers, n = self.numbers, len(self.grid)
        for block in self.blocks:
            told = self._answers(block, u[None], rates[None], np.array([moment]), slopes=True)
            for e in range(len(block.equations)):
                row: tuple[dict[int, Any], dict[int, Any]] = ({}, {})
                for (number, side, alpha), slope in told.slopes.items():
                    if number != e or not bool(slope.any()):
                        continue
                    (beta, k), f = self.split(alpha), side % len(self.orders)
                    rate = (f, k) not in numbers
                    v = numbers[f, k - 1] if rate else numbers[f, k]
                    term = block.together(_scaled(block.matrix(side, beta, len(self.orders)), slope.numpy()))
                    row[rate][v] = row[rate][v] + term if v in row[rate] else term
                for into, found in zip((to_values, to_rates), row, strict=True):
                    into.append(_in_columns(found, len(numbers), block.count, n))
        to_values += self.joints
        to_rates += [csr_matrix(joint.shape) for joint in self.joints]
        one = csr_matrix((np.ones(n), (np.arange(n), np.arange(n))), shape=(n, n))
        for low, high in self.chained:
            to_rates.append(_in_columns({low: one}, len(numbers), n, n))
            to_values.append(_in_columns({high: -one}, len(numbers), n, n))
        return vstack(to_values, format="csr"), vstack(to_rates, format="csr")

    def _in_time_alone(self, u: Array, rates: Array, moment: float) -> tuple[Array, Array]:
        numbers = self.numbers
        found, first = np.zeros((2, self.count, len(numbers))), 0
        for block in self.blocks:
            told = self._answers(block, u[None], rates[None], np.array([moment]), slopes=True)
            for (e, f, alpha), slope in told.slopes.items():
                _, k = self.split(alpha)
                rate = (f, k) not in numbers
                found[int(rate), first + e, numbers[f, k - rate]] += float(slope)
            first += len(block.equations)
        for k, (low, high) in enumerate(self.chained):
            found[1, first + k, low], found[0, first + k, high] = 1.0, -1.0
        return found[0], found[1]

    @property
    def order(self) -> Array:
        """All values (V N,) in an order in which those that meet in a row stand close together."""
        found: Array = (self.grid.order[:, None] + len(self.grid) * np.arange(len(self.variables))).ravel()
        return found

    @property
    def of_conditions(self) -> Array:
        """Which rows (R,) are conditions."""
        inside = [np.full(len(b.equations) * b.count, b.condition) for b in self.blocks]
        joints = [np.ones(joint.shape[0], dtype=bool) for joint in self.joints]
        return np.concatenate([*inside, *joints, np.zeros(len(self.chained) * len(self.grid), dtype=bool)])

    def _fade(self, block: Block, equation: Equation | None = None) -> Array:
        """The square of the factor (P,) by which residuals inside are weighed down towards singular corners.

        Where a value jumps, slopes of order k go as r^-k: a steady equation of second order needs more than r^1. One of
        first order keeps its weight: what continuity loses there is lost everywhere."""
        at = {c: torch.from_numpy(x) for c, x in block.places.coordinates.items()}
        corners = [c for c in self.corners if set(c.fixed) <= set(at)]
        by_order = equation is not None and corners and not block.condition and self.problem.domain.time is None
        power = 1.4 * (self._order(equation) - 1) if equation is not None and by_order else 3.0
        factor = fading(corners, at, self.problem.domain, power)
        if factor is None:
            return np.ones(len(block.places))
        nothing = 1e-20  # beside one, and no zero; conditions that contradict each other in the corner both go
        return np.asarray((factor > nothing).numpy() * 1.0 if block.condition else factor.numpy() ** 2) + nothing

    def _order(self, equation: Equation) -> int:
        """The highest order of the derivatives in an equation."""
        answer = self.problem.prober.answer(equation, self.problem.domain.interior.grid())
        return max((sum(alpha) for _, alpha, _ in answer.slopes), default=1)

    @property
    def away(self) -> Array:
        """Which nodes (N,) lie away from singular corners."""
        half = 0.5
        return self._fade(Block((), self.grid.nodes)) > half

    @property
    def fades(self) -> Array:
        """The squares of the factors (R,) by which rows are weighed down towards singular corners."""
        found = [b.each(self._fade(b, e)) for b in self.blocks for e in b.equations]
        return np.concatenate([*found, np.ones(self.count - sum(map(len, found)))])

    @property
    def shares(self) -> Array:
        """How much of an integral over its block each row (R,) stands for, over the mean."""
        found = [b.each(b.places.shares) for b in self.blocks for _ in b.equations]
        return np.concatenate([*found, np.ones(self.count - sum(map(len, found)))])

    @property
    def parts(self) -> list[slice]:
        """The rows of each equation on each block, of each joint, and of what is a rate of another."""
        sizes = [b.count for b in self.blocks for _ in b.equations]
        sizes += [joint.shape[0] for joint in self.joints] + [len(self.grid)] * len(self.chained)
        ends = np.cumsum(sizes)
        return [slice(int(end - size), int(end)) for size, end in zip(sizes, ends, strict=True)]


def _scaled(matrix: csr_matrix, slope: Array) -> csr_matrix:
    """diag(slope) times a matrix."""
    data = matrix.data * np.repeat(slope, np.diff(matrix.indptr))
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _in_columns(found: Mapping[int, Any], variables: int, rows: int, columns: int) -> csr_matrix:
    """The matrices of some variables beside each other, zeros for the others."""
    nothing = csr_matrix((rows, columns))
    return hstack([found.get(v, nothing) for v in range(variables)], format="csr")
