"""The cell that all cells are copies of: its features, and what they say at its ends.

A field on a cell of width h is u(x) = sum over i of c_i f_i(xi), xi in (-1, 1). The features f_i are Legendre
polynomials, orthonormal for the mean over the cell: a functional-link network, whose hidden layer all cells share and
whose output layer c is each cell's own. Or they are what a hidden layer of sines or tanh spans, made orthonormal
(`networks.hidden_layer`); each is then the polynomial in whose place it stands, and little of higher degrees. Cells are
joined by values and derivatives at their ends: with T the matrix of these traces, coefficients are

    c = lift g + free z,        T lift = 1,   T free = 0,

g the traces (left end first) and z whatever they leave open. So joins hold exactly.

Sources: Pao & Takefuji, Computer 25 (1992) 76 (functional links); Dong & Li, Comput. Methods Appl. Mech. Engrg. 387
(2021) 114129 (local extreme learning machines).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor

from pinnsolve.networks.hidden_layer import known_to, powers_to, spanned

Part = tuple[tuple[float, float], ...]  # from where to where along each of some coordinates


def legendre(xi: Tensor, degree: int, order: int) -> Tensor:
    """The features (orthonormal Legendre polynomials), derived so many times along xi: (..., degree + 1).

    Values by the recurrence in k; derivatives by those of lower degree that they are made of, P_k' = sum of
    (2j + 1) P_j over j = k - 1, k - 3, ...
    """
    columns = [torch.ones_like(xi), xi][: degree + 1]
    for k in range(1, degree):
        columns.append(torch.addcmul(columns[k - 1] * (-k / (k + 1)), xi, columns[k], value=(2 * k + 1) / (k + 1)))
    values = torch.stack(columns, -1) * _norms(degree, xi.device).to(xi.dtype)
    return derived(values, order) if order else values


def derived(values: Tensor, order: int) -> Tensor:
    """The features (..., degree + 1), derived so many times along xi, from their values."""
    return values @ _along(values.shape[-1] - 1, order, values.device).to(values.dtype)


@lru_cache(maxsize=64)
def _norms(degree: int, device: torch.device) -> Tensor:
    return torch.arange(degree + 1, dtype=torch.float64, device=device).mul(2).add(1).sqrt()


@lru_cache(maxsize=64)
def _along(degree: int, order: int, device: torch.device) -> Tensor:
    """The coefficients (d + 1, d + 1) of features that are derived by those that are not, one a column."""
    norms = _norms(degree, device)
    return torch.matrix_power(_derived(degree, device), order) * norms / norms[:, None]


@lru_cache(maxsize=64)
def _derived(degree: int, device: torch.device) -> Tensor:
    """The coefficients (d + 1, d + 1) of P_k' by P_j, one k a column."""
    j, k = torch.meshgrid(*[torch.arange(degree + 1, device=device)] * 2, indexing="ij")
    return torch.where((j < k) & ((k - j) % 2 == 1), 2 * j + 1, 0).to(torch.float64)


class ReferenceCell:
    """Tables of one degree, in one or more coordinates.

    In several coordinates the features are products of Legendre polynomials of total degree at most d, or as many that
    stand for these.

    Parameters
    ----------
    degree : int
    device : torch.device
    dims : int
        Coordinates of space.
    activation : str
        Of the hidden layer: "legendre", "sine" or "tanh".

    Attributes
    ----------
    count : int
        M, the number of features: d + 1 along a line, (d + 1)(d + 2)/2 in a plane, (d + 1)(d + 2)(d + 3)/6 in space.
    powers : tensor (M, dims)
        The degree of each feature along each coordinate.
    series : tensor (M, L), optional
        The features as combinations of L Legendre products; without it they are the first of these.
    """

    def __init__(self, degree: int, device: torch.device, dims: int = 1, activation: str = "legendre") -> None:
        self.degree, self.device, self.dims, self.activation = degree, device, dims, activation
        chosen = powers_to(degree, dims)
        self.count, self.powers = len(chosen), torch.tensor(chosen, device=device)
        self.series = None if activation == "legendre" else spanned(activation, degree, dims).to(device)
        self._tables: dict[tuple[int, tuple[int, ...]], Tensor] = {}
        self._joins: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        self._traces: dict[tuple[int, int, int, Part], Tensor] = {}
        self._places: dict[tuple[tuple[float, ...], tuple[int, ...]], Tensor] = {}
        self._gauss: dict[int, tuple[Tensor, Tensor]] = {}
        self._nearest: dict[int, Tensor] = {}

    @cached_property
    def halves(self) -> list[Tensor]:
        """By coordinate, (2, M, M): the coefficients of a half from those of the whole; the nearest, where features are
        no polynomials."""
        xi, weights = self.gauss(known_to(self.activation, self.degree) + 1)
        own, found = self.features(xi, (0,) * self.dims) * weights[:, None], list[Tensor]()
        for axis in range(self.dims):
            moved = [xi.clone(), xi.clone()]
            moved[0][:, axis], moved[1][:, axis] = (xi[:, axis] - 1) / 2, (xi[:, axis] + 1) / 2
            found.append(torch.stack([own.T @ self.features(part, (0,) * self.dims) for part in moved]))
        return found

    def zeros(self, *shape: int) -> Tensor:
        return torch.zeros(*shape, dtype=torch.float64, device=self.device)

    def features(self, xi: Tensor, orders: Sequence[int]) -> Tensor:
        """The features at places (..., dims), derived so many times along each coordinate: (..., M)."""
        return self.featured(xi)(orders)

    def featured(self, xi: Tensor) -> Callable[[Sequence[int]], Tensor]:
        """The same for any orders at the same places (..., dims), each made once."""
        if self.series is not None:
            wide, series = reference_cell(known_to(self.activation, self.degree), self.device, self.dims), self.series
            polynomials = wide.featured(xi)
            return lambda orders: polynomials(orders) @ series.T.to(xi.dtype)
        values: list[Tensor] = [legendre(x, self.degree, 0) for x in xi.unbind(-1)]
        known: dict[tuple[int, ...], Tensor] = {}

        def made(orders: Sequence[int]) -> Tensor:
            key = tuple(orders)
            if key not in known:
                each = [derived(v, k) if k else v for v, k in zip(values, key, strict=True)]
                known[key] = self._products(each) if self.dims > 1 else each[0]
            return known[key]

        return made

    @cached_property
    def _chosen(self) -> list[Tensor]:
        """By coordinate, (d + 1, M): one where a feature is of that degree along it, else zero."""
        degrees = torch.arange(self.degree + 1, device=self.device)[:, None]
        return [(degrees == powers).to(torch.float64) for powers in self.powers.T]

    def _products(self, each: Sequence[Tensor], at_once: int = 2048) -> Tensor:
        """The features (..., M) from those along each coordinate (..., d + 1): so many places at once that what is
        multiplied stays in fast memory, a quarter of the time of all at once in space."""
        shape, chosen = each[0].shape[:-1], [c.to(each[0].dtype) for c in self._chosen]
        found = each[0].new_empty(shape.numel(), self.count)
        parts = [v.reshape(-1, self.degree + 1).split(at_once) for v in each]
        for out, *factors in zip(found.split(at_once), *parts, strict=True):
            torch.mm(factors[0], chosen[0], out=out)
            for factor, c in zip(factors[1:], chosen[1:], strict=True):
                out.mul_(factor @ c)
        return found.view(*shape, self.count)

    def gauss(self, points: int) -> tuple[Tensor, Tensor]:
        """Products of so many Gauss points along each coordinate, (P, dims), and weights that sum to one."""
        if points not in self._gauss:
            xi, w = np.polynomial.legendre.leggauss(points)
            places = np.stack([x.ravel() for x in np.meshgrid(*[xi] * self.dims, indexing="ij")], -1)
            weights = np.prod(np.stack([x.ravel() for x in np.meshgrid(*[w / 2] * self.dims, indexing="ij")]), 0)
            self._gauss[points] = (
                torch.as_tensor(np.ascontiguousarray(places), device=self.device),
                torch.as_tensor(weights, device=self.device),
            )
        return self._gauss[points]

    def table(self, points: int, orders: Sequence[int]) -> Tensor:
        """The features, derived so many times along each coordinate, at the Gauss points: (P, M)."""
        key = points, tuple(orders)
        if key not in self._tables:
            self._tables[key] = self.features(self.gauss(points)[0], orders)
        return self._tables[key]

    def nearest(self, points: int) -> Tensor:
        """What makes the nearest coefficients of values at the Gauss points, (P, M)."""
        if points not in self._nearest:
            table, weights = self.table(points, (0,) * self.dims), self.gauss(points)[1][:, None]
            self._nearest[points] = found = table * weights
            if self.series is not None:
                root = weights.sqrt()
                self._nearest[points] = found = torch.linalg.pinv(table * root).T * root
            return found
        return self._nearest[points]

    def at(self, xi: Tensor, orders: Sequence[int]) -> Tensor:
        """The features at a few places (P, dims), derived so many times along each coordinate, made once: (P, M)."""
        key = tuple(xi.flatten().tolist()), tuple(orders)
        if key not in self._places:
            if len(self._places) >= 64:  # of sides there are few; those of meshes long gone need not be kept
                self._places.clear()
            self._places[key] = self.features(xi, orders)
        return self._places[key]

    def on_side(self, order: int) -> int:
        """T, how many coefficients a derivative of that order across has on a side: in one coordinate one; in two,
        d + 1 - order, since no more is left of a polynomial that is derived."""
        return math.comb(self.degree - order + self.dims - 1, self.dims - 1)

    def modes(self) -> tuple[Tensor, Tensor]:
        """Gauss points of a side along the other coordinates, (P, dims - 1), and what makes coefficients there of
        values, those of low degree first: (T, P), T all that there are."""
        if self.dims == 1:
            one = torch.ones(1, 1, dtype=torch.float64, device=self.device)
            return one[:, :0], one
        side = reference_cell(self.degree, self.device, self.dims - 1)
        xi, w = side.gauss(self.degree + 1)
        order = side.powers.sum(1).argsort(stable=True)
        return xi, (side.table(self.degree + 1, (0,) * side.dims)[:, order] * w[:, None]).T

    def trace(self, axis: int, side: int, order: int, part: Part | None = None) -> Tensor:
        """The derivative of that order along an axis at its lower (0) or upper (1) side, as coefficients of Legendre
        polynomials along the other coordinates, those of low degree first: (T, M).

        Parameters
        ----------
        part : sequence of (low, high), optional
            Along each other coordinate, what of the side it is; without it, all.
        """
        part = ((-1.0, 1.0),) * (self.dims - 1) if part is None else part
        key = axis, side, order, part
        if key not in self._traces:
            if len(self._traces) >= 4096:  # of cells that a rim cuts each has its own
                self._traces.clear()
            xi, modes = self.modes()
            places = torch.full((len(xi), self.dims), 2.0 * side - 1.0, dtype=torch.float64, device=self.device)
            for k, (low, high) in zip((k for k in range(self.dims) if k != axis), part, strict=True):
                places[:, k] = low + (high - low) * (xi[:, k - (k > axis)] + 1) / 2
            values = self.features(places, [order * (k == axis) for k in range(self.dims)])
            self._traces[key] = modes[: self.on_side(order)] @ values
        return self._traces[key]

    def trace_at(self, axis: int, order: int, xi: Tensor, modes: Tensor) -> Tensor:
        """The same on a part of any form: places there (P, dims), and what makes coefficients of values, (T, P)."""
        return modes[: self.on_side(order)] @ self.features(xi, [order * (k == axis) for k in range(self.dims)])

    # ------------------------------------------------------------ one coordinate

    def end(self, order: int) -> Tensor:
        """The features at the left and right end, (2, M)."""
        return torch.cat([self.trace(0, side, order) for side in (0, 1)])

    def joins(self, order: int, count: int | None = None) -> tuple[Tensor, Tensor]:
        """lift (M, 2 order) and free (M, M - 2 order), for joins by the value and all derivatives below `order`; of the
        first so many features alone, if there is a count."""
        key = order, self.count if count is None else count
        if key not in self._joins:
            if order == 0:
                self._joins[key] = self.zeros(key[1], 0), torch.eye(key[1], dtype=torch.float64, device=self.device)
            else:
                ends = torch.stack([self.end(k)[:, : key[1]] for k in range(order)], 1)  # (2, order, M)
                traces = ends.flatten(0, 1)
                q, r = torch.linalg.qr(traces.T, mode="complete")
                lift = q[:, : 2 * order] @ torch.linalg.inv(r[: 2 * order]).T
                self._joins[key] = lift, q[:, 2 * order :].contiguous()
        return self._joins[key]

    def merged(self, left: Tensor, right: Tensor, order: int, axis: int = 0) -> Tensor:
        """The coefficients (..., M) of two halves as one cell: the nearest; along a line outer traces are kept."""
        near = 0.5 * (left @ self.halves[axis][0] + right @ self.halves[axis][1])
        if order == 0 or self.dims > 1:
            return near
        lift, free = self.joins(order)
        stretch = torch.tensor([2.0**k for k in range(order)], dtype=left.dtype, device=left.device)
        outer = [torch.stack([self.end(k)[side] for k in range(order)], 1) for side in (0, 1)]
        lifted = torch.cat([left @ outer[0] * stretch, right @ outer[1] * stretch], -1) @ lift.T
        return lifted + (near - lifted) @ free @ free.T


def degree_of(count: int, dims: int) -> int:
    """The degree of a cell with so many features in so many coordinates.

    >>> degree_of(12, 1), degree_of(36, 2), degree_of(84, 3)
    (11, 7, 6)
    """
    return next(k for k in range(count) if math.comb(k + dims, dims) == count)


@lru_cache(maxsize=64)
def reference_cell(degree: int, device: torch.device, dims: int = 1, activation: str = "legendre") -> ReferenceCell:
    """The tables, made once."""
    return ReferenceCell(degree, device, dims, activation)
