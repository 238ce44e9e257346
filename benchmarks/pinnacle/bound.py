"""How exact PInv and HInv can be found at all: the bound of Cramer and Rao for what their noise leaves open.

    python -m benchmarks.pinnacle.bound

The data are told more than they are: u on the walls and at the start, the whole of a but for K x K sines,

    a = a* + sum over m, n of c_mn sin(m pi (x - x0)/L) sin(n pi (y - y0)/L),        m, n = 1 ... K,

so that no unbiased method that has to find more does better. With w_mn = du/dc_mn where data are, and noise of
standard deviation s, cov c >= s^2 (W' W)^-1, and the joint error that is to be expected has the square

    trace((W' W)^-1 (mean of all a_mn a_kl + mean of all w_mn w_kl)) s^2 / (mean a^2 + mean u^2).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.pinnacle.published import BEST
from benchmarks.pinnacle.recipes import NOISE, seen_by_grid, seen_in_time
from benchmarks.pinnacle.table import NAMES, WANTED
from validation.chebyshev import Line
from validation.refine import Array, Interval

DEGREE = 16
MODES = (1, 2, 3, 4)
Field = Callable[[Array, Array], Array]


class Plate:
    """A square with a conductivity, and what div(b grad u) of other ones changes: w = 0 on the walls."""

    def __init__(self, ends: Interval, conductivity: Field, temperature: Field) -> None:
        self.conductivity, self.temperature = conductivity, temperature
        self.line, eye = Line(DEGREE, ends), np.eye(DEGREE + 1)
        self.x, self.y = (v.ravel() for v in np.meshgrid(self.line.nodes, self.line.nodes, indexing="ij"))
        self.along = [np.kron(self.line.slope, eye), np.kron(eye, self.line.slope)]
        low, high = ends
        self.free = (np.minimum(self.x, self.y) > low) & (np.maximum(self.x, self.y) < high)

    def flows(self, conductivity: Array, columns: Array) -> Array:
        """div(a grad columns) at the inner nodes."""
        return np.asarray(sum(d @ (conductivity[:, None] * (d @ columns)) for d in self.along))[self.free]

    def operator(self) -> Array:
        """div(a* grad w), of the inner nodes of w alone."""
        return self.flows(self.conductivity(self.x, self.y), np.eye(len(self.x))[:, self.free])

    def pushed(self, shapes: list[Field]) -> Array:
        """div(b grad u) at the inner nodes, (nodes, shapes)."""
        u = self.temperature(self.x, self.y)[:, None]
        return np.concatenate([self.flows(b(self.x, self.y), u) for b in shapes], axis=1)

    def read(self, x: Array, y: Array) -> Array:
        """From the inner nodes to places, (places, nodes)."""
        tables = self.line.values(x)[:, :, None] * self.line.values(y)[:, None]
        return np.asarray(tables.reshape(len(x), -1)[:, self.free])


def steady(plate: Plate, shapes: list[Field], x: Array, y: Array) -> Array:
    """w of -div(a* grad w) = div(b grad u) at places, (places, shapes)."""
    return np.asarray(plate.read(x, y) @ np.linalg.solve(-plate.operator(), plate.pushed(shapes)))


def moving(plate: Plate, shapes: list[Field], x: Array, y: Array, t: Array) -> Array:
    """w of w_t = div(a* grad w) + exp(-t) div(b grad u), w = 0 at t = 0, u that at the start:

    (A + 1) w = (exp(A t) - exp(-t)) div(b grad u).
    """
    values, vectors = np.linalg.eig(plate.operator())
    grown = (np.exp(np.outer(t, values)) - np.exp(-t)[:, None]) / (values + 1)
    found = (plate.read(x, y) @ vectors) * grown @ np.linalg.solve(vectors, plate.pushed(shapes))
    return np.asarray(found.real)


def sines(ends: Interval, count: int) -> list[Field]:
    low, high = ends

    def sine(m: int, n: int, x: Array, y: Array) -> Array:
        return np.asarray(np.sin(m * np.pi * (x - low) / (high - low)) * np.sin(n * np.pi * (y - low) / (high - low)))

    return [partial(sine, m, n) for m in range(1, count + 1) for n in range(1, count + 1)]


def expected(seen: Array, a: Array, u: Array, norm: float) -> float:
    """The joint error, from w at the data (N, K), and shapes of a, and w, at uniform places, over the norm of both."""
    covariance = NOISE**2 * np.linalg.inv(seen.T @ seen)
    return float(np.sqrt(sum(np.trace(covariance @ (v.T @ v)) / len(v) for v in (a, u)))) / norm


def temperature(x: Array, y: Array) -> Array:
    """Of both tasks, at the start."""
    return np.asarray(np.sin(np.pi * x) * np.sin(np.pi * y))


def pinv(count: int) -> float:
    """The bound of PInv with count x count sines."""

    def a(x: Array, y: Array) -> Array:
        return 1 / (1 + x**2 + y**2 + (x - 1) ** 2 + (y - 1) ** 2)

    plate, shapes = Plate((0.0, 1.0), a, temperature), sines((0.0, 1.0), count)
    x, y = np.random.default_rng(1).uniform(0, 1, (2, 2500))
    norm = np.sqrt(np.mean(a(x, y) ** 2 + temperature(x, y) ** 2))
    told = np.stack([b(x, y) for b in shapes], 1)
    return expected(steady(plate, shapes, *seen_by_grid()[:2]), told, steady(plate, shapes, x, y), norm)


def hinv(count: int) -> float:
    """The bound of HInv with count x count sines."""
    ends, random = (-1.0, 1.0), np.random.default_rng(1)
    plate, shapes = Plate(ends, lambda x, y: 2 + temperature(x, y), temperature), sines(ends, count)
    x, y, t = *random.uniform(*ends, (2, 2500)), random.uniform(0, 1, 2500)
    shape = temperature(x, y)
    norm = np.sqrt(np.mean((2 + shape) ** 2 + (np.exp(-t) * shape) ** 2))
    told = np.stack([b(x, y) for b in shapes], 1)
    return expected(moving(plate, shapes, *seen_in_time()[:3]), told, moving(plate, shapes, x, y, t), norm)


def main() -> None:
    print("joint error that no unbiased method goes below, where so many numbers of a are unknown:")
    for name, bound in (("pinv", pinv), ("hinv", hinv)):
        told = ", ".join(f"{k * k}: {bound(k):.1e}" for k in MODES)
        print(f"{NAMES[name]}: {told}; wanted is {BEST[name][0] / WANTED:.1e}")


if __name__ == "__main__":
    main()
