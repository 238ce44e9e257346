"""The cube with four balls left out: elements of degree two on a grid that ignores the balls.

Walls without flux ask nothing of the functions, so that the weak form is integrated over what of each cell lies
inside, and that is all: the finite cell method (Parvizian, Duester & Rank, Comput. Mech. 41 (2007) 121). Cells that a
sphere cuts are integrated on a finer grid, each part of it by its share inside, as of a plane.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import LinearOperator, cg

from benchmarks.pinnacle.truths.record import STEADY, Truth, Values, on_two_grids, uniform
from validation.refine import Array
from validation.spectral_elements import lagrange

BALLS = np.array([(0.4, 0.3, 0.6, 0.2), (0.6, 0.7, 0.6, 0.2), (0.2, 0.8, 0.7, 0.1), (0.6, 0.2, 0.3, 0.1)])
DEGREE, FINER = 2, 6  # of the elements; parts of a cut cell along each side


def outside(x: Array, y: Array, z: Array) -> Array:
    """The distance (N,) from the balls, negative in them."""
    return np.asarray(np.min([np.sqrt((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) - r for a, b, c, r in BALLS], axis=0))


def source(x: Array, y: Array, z: Array) -> Array:
    r2 = x**2 + y**2 + z**2
    a, b, c = np.sin(np.pi * x), np.sin(10 * np.pi * y), np.sin(5 * np.pi * z)
    return np.asarray(20 * np.exp(a + b + c) * (r2 - 1) / (r2 + 1) + 100 * a * b * c)


def tables(at: Array) -> tuple[list[Array], Array]:
    """The slopes along x, y, z and the values of a cell's 27 functions at products of places: (places^3, 27) each."""
    value, slope = lagrange(DEGREE, at), lagrange(DEGREE, at, 1)

    def product(parts: list[Array]) -> Array:
        return reduce(lambda p, q: np.einsum("ai,bj->abij", p, q).reshape(len(p) * len(q), -1), parts)

    return [product([slope if k == axis else value for k in range(3)]) for axis in range(3)], product([value] * 3)


class Cells:
    """n x n x n cells of the unit cube, n even, so that z = 1/2 lies between cells."""

    def __init__(self, n: int) -> None:
        self.n, side = n, DEGREE * n + 1
        corner = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), -1).reshape(-1, 3)
        middle = (corner + 0.5) / n
        far = outside(*middle.T)
        half = np.sqrt(3) / 2 / n
        self.corner, self.whole = corner, far > half
        self.cut = ~self.whole & (far > -half)
        local = np.stack(np.meshgrid(*[np.arange(DEGREE + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
        grid = DEGREE * corner[:, None, :] + local
        self.nodes = (grid[..., 0] * side + grid[..., 1]) * side + grid[..., 2]
        self.size = side**3

    def points(self, which: Any, at: Array) -> Array:
        """x, y, z of products of places of (-1, 1) in cells: (cells, places, 3)."""
        unit = np.stack(np.meshgrid(*[(at + 1) / 2] * 3, indexing="ij"), -1).reshape(-1, 3)
        return np.asarray((self.corner[which][:, None, :] + unit) / self.n)

    def solved(self) -> tuple[Array, Array]:
        """The values at the nodes, and which of them count."""
        i, j, data, load = [], [], [], np.zeros(self.size)
        gauss, weights = legendre.leggauss(DEGREE + 2)
        fine = -1 + (2 * np.arange(FINER) + 1) / FINER
        for which, at, w in ((self.whole, gauss, weights), (self.cut, fine, np.full(FINER, 2 / FINER))):
            slopes, values = tables(at)
            for part in np.array_split(np.flatnonzero(which), 1 + which.sum() // 500):
                x, y, z = np.moveaxis(self.points(part, at), -1, 0)
                share = np.clip(0.5 + outside(x, y, z) * self.n * FINER, 0, 1) if at is fine else 1.0
                volume = share * np.ones_like(x) * reduce(np.multiply.outer, [w] * 3).ravel() / (2 * self.n) ** 3
                k2 = np.where((self.corner[part][:, 2] < self.n // 2), 64.0, 100.0)[:, None]
                gradients = sum(np.einsum("cq,qa,qb->cab", volume, s, s, optimize=True) for s in slopes)
                block = (2 * self.n) ** 2 * gradients + np.einsum(
                    "cq,qa,qb->cab", k2 * volume, values, values, optimize=True
                )
                nodes = self.nodes[part]
                i.append(np.broadcast_to(nodes[:, :, None], block.shape).ravel())
                j.append(np.broadcast_to(nodes[:, None, :], block.shape).ravel())
                data.append(block.ravel())
                np.add.at(load, nodes, (volume * source(x, y, z)) @ values)
        matrix = csr_matrix((np.concatenate(data), (np.concatenate(i), np.concatenate(j))), (self.size, self.size))
        diagonal = matrix.diagonal()
        live = diagonal > 1e-9 * diagonal.max()
        matrix, scale = matrix[live][:, live], 1 / np.sqrt(diagonal[live])
        matrix = diags_array(scale) @ matrix @ diags_array(scale)
        found, failed = cg(
            LinearOperator(matrix.shape, matvec=matrix.__matmul__, dtype=float),
            scale * load[live],
            rtol=1e-9,
            maxiter=5000,
        )
        if failed:
            raise ArithmeticError("conjugate gradients did not converge")
        u = np.zeros(self.size)
        u[live] = scale * found
        return u, live

    def at(self, u: Array, places: Array) -> Array:
        """The values at places (M, 3)."""
        cell = np.clip((places * self.n).astype(int), 0, self.n - 1)
        number = (cell[:, 0] * self.n + cell[:, 1]) * self.n + cell[:, 2]
        parts = [lagrange(DEGREE, 2 * (places[:, k] * self.n - cell[:, k]) - 1) for k in range(3)]
        return np.asarray(np.einsum("pa,pb,pc,pabc->p", *parts, u[self.nodes[number]].reshape(-1, *[DEGREE + 1] * 3)))


def poisson3d_cg() -> Truth:
    places = uniform(STEADY, dict.fromkeys("xyz", (0.0, 1.0)), lambda *at: outside(*at) > 0)

    def solve(n: int) -> Values:
        cells = Cells(n)
        return {"u": cells.at(cells.solved()[0], np.stack(list(places.values()), 1))}

    return on_two_grids(places, solve, (20, 30), "unfitted elements of degree two, 20 and 30 along each side")


TRUTHS: dict[str, Callable[[], Truth]] = {"poisson3d_cg": poisson3d_cg}
