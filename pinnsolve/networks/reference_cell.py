"""The cell that all cells are copies of: its features, and what they say at its ends.

A field on a cell of width h is u(x) = sum over i of c_i f_i(xi), xi in (-1, 1). The features f_i are Legendre
polynomials, orthonormal for the mean over the cell: a functional-link network, whose hidden layer all cells share and
whose output layer c is each cell's own. Cells are joined by values and derivatives at their ends: with T the matrix of
these traces, coefficients are

    c = lift g + free z,        T lift = 1,   T free = 0,

g the traces (left end first) and z whatever they leave open. So joins hold exactly.

Sources: Pao & Takefuji, Computer 25 (1992) 76 (functional links); Dong & Li, Comput. Methods Appl. Mech. Engrg. 387
(2021) 114129 (local extreme learning machines).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor


def legendre(xi: Tensor, degree: int, order: int) -> Tensor:
    """The features (orthonormal Legendre polynomials), derived so many times along xi: (..., degree + 1).

    By P_(k+1)^(r) = P_(k-1)^(r) + (2k + 1) P_k^(r-1), and the recurrence in k for r = 0.
    """
    columns = [torch.ones_like(xi), xi][: degree + 1]
    for k in range(1, degree):
        columns.append(((2 * k + 1) * xi * columns[k] - k * columns[k - 1]) / (k + 1))
    for _ in range(order):
        below, columns = columns, [torch.zeros_like(xi), columns[0]][: degree + 1]
        for k in range(1, degree):
            columns.append(columns[k - 1] + (2 * k + 1) * below[k])
    norms = torch.arange(degree + 1, dtype=xi.dtype, device=xi.device).mul(2).add(1).sqrt()
    return torch.stack(columns, -1) * norms


class ReferenceCell:
    """Tables of one degree.

    Parameters
    ----------
    degree : int
    device : torch.device

    Attributes
    ----------
    count : int
        M = degree + 1, the number of features.
    """

    def __init__(self, degree: int, device: torch.device) -> None:
        self.degree, self.count, self.device = degree, degree + 1, device
        self._tables: dict[tuple[int, int], Tensor] = {}
        self._joins: dict[int, tuple[Tensor, Tensor]] = {}
        self._ends: dict[int, Tensor] = {}
        self._gauss: dict[int, tuple[Tensor, Tensor]] = {}
        xi, weights = self.gauss(self.count)
        halves = torch.stack([(xi - 1) / 2, (xi + 1) / 2])
        own = legendre(xi, degree, 0) * weights[:, None]
        self.halves = own.T @ legendre(halves, degree, 0)  # (2, M, M): a half's coefficients from the whole's

    def gauss(self, points: int) -> tuple[Tensor, Tensor]:
        """Gauss points in (-1, 1), and weights that sum to one."""
        if points not in self._gauss:
            xi, w = np.polynomial.legendre.leggauss(points)
            self._gauss[points] = torch.as_tensor(xi, device=self.device), torch.as_tensor(w / 2, device=self.device)
        return self._gauss[points]

    def table(self, points: int, order: int) -> Tensor:
        """The features, derived so many times along xi, at so many Gauss points: (points, M)."""
        key = points, order
        if key not in self._tables:
            self._tables[key] = legendre(self.gauss(points)[0], self.degree, order)
        return self._tables[key]

    def end(self, order: int) -> Tensor:
        """The features at the left and right end, (2, M)."""
        if order not in self._ends:
            ends = torch.tensor([-1.0, 1.0], dtype=torch.float64, device=self.device)
            self._ends[order] = legendre(ends, self.degree, order)
        return self._ends[order]

    def joins(self, order: int) -> tuple[Tensor, Tensor]:
        """lift (M, 2 order) and free (M, M - 2 order), for joins by the value and all derivatives below `order`."""
        if order not in self._joins:
            if order == 0:
                nothing = torch.zeros(self.count, 0, dtype=torch.float64, device=self.device)
                self._joins[0] = nothing, torch.eye(self.count, dtype=torch.float64, device=self.device)
            else:
                ends = torch.stack([self.end(k) for k in range(order)], 1)  # (2, order, M)
                traces = ends.flatten(0, 1)
                q, r = torch.linalg.qr(traces.T, mode="complete")
                lift = q[:, : 2 * order] @ torch.linalg.inv(r[: 2 * order]).T
                self._joins[order] = lift, q[:, 2 * order :].contiguous()
        return self._joins[order]

    def merged(self, left: Tensor, right: Tensor, order: int) -> Tensor:
        """The coefficients (..., M) of two halves as one cell: outer traces are kept, the rest is the nearest."""
        near = 0.5 * (left @ self.halves[0] + right @ self.halves[1])
        if order == 0:
            return near
        lift, free = self.joins(order)
        stretch = torch.tensor([2.0**k for k in range(order)], dtype=left.dtype, device=left.device)
        outer = [torch.stack([self.end(k)[side] for k in range(order)], 1) for side in (0, 1)]
        lifted = torch.cat([left @ outer[0] * stretch, right @ outer[1] * stretch], -1) @ lift.T
        return lifted + (near - lifted) @ free @ free.T


@lru_cache(maxsize=32)
def reference_cell(degree: int, device: torch.device) -> ReferenceCell:
    """The tables, made once."""
    return ReferenceCell(degree, device)
