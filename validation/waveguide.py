"""A wave in a guide that bends by a right angle, by spectral elements.

    u_xx + u_yy + k^2 u = 0,   u = 0 on walls        a guide of width 1: two straight arms of length 1 that are joined by
                                                     a quarter of a ring around (0, 0), 0.5 < r < 1.5
    u_x + i b u = 2 i b s(y) at x = -1               the first mode comes in, s(y) = sin(pi (y - 0.5)), b^2 = k^2 - pi^2
    u_y + i b u = 0 at y = -1                        and leaves

for complex u, whose real and imaginary parts are the problem's u and v; pi < k < 2 pi, so that one mode travels. Of what
is sent the part |T|^2 arrives and |R|^2 comes back, and their sum is one, but for what of the second mode reaches the
ends: `python -m validation.waveguide` prints it. The own error is the difference of two degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.sparse.linalg import spsolve

from pinnsolve.reference import Reference
from validation.refine import SAFETY, Array, Declared, Field, lattice, read, relative_l2
from validation.spectral_elements import Element, Quadrangles, Rectangle, assembled, lagrange

INNER, OUTER, ARM = 0.5, 1.5, 1.0
AROUND = {"x": (-ARM, OUTER), "y": (-ARM, OUTER)}
SOLVES = "the wave in a bent guide of validation/waveguide.py"
DEGREES = 11, 12
PARTS = 4  # of the bend, and twice as many as of each arm


@dataclass(frozen=True)
class Sector:
    """A part of a ring around (0, 0), between two angles and two radii."""

    low: tuple[float, float]
    high: tuple[float, float]

    def place(self, r: Array, s: Array) -> tuple[Array, Array]:
        """Where the point (r, s) of (-1, 1)^2 lies."""
        angle, radius = Rectangle(self.low, self.high).place(r, s)
        return radius * np.cos(angle), radius * np.sin(angle)

    def found(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The (r, s) of places, beyond (-1, 1)^2 where they lie elsewhere."""
        return Rectangle(self.low, self.high).found(np.arctan2(y, x), np.hypot(x, y))


def elements() -> list[Element]:
    """Those of both arms and of the bend."""
    radii, arm, bend = (np.linspace(a, b, n + 1).tolist() for a, b, n in (
        (INNER, OUTER, 2), (-ARM, 0.0, PARTS // 2), (0.0, np.pi / 2, PARTS),
    ))  # fmt: skip
    found: list[Element] = [Rectangle((a, c), (b, d)) for a, b in pairwise(arm) for c, d in pairwise(radii)]
    found += [Rectangle((c, a), (d, b)) for a, b in pairwise(arm) for c, d in pairwise(radii)]
    return found + [Sector((a, c), (b, d)) for a, b in pairwise(bend) for c, d in pairwise(radii)]


def mode(across: Array) -> Array:
    """The first mode of a guide, zero at its walls."""
    return np.sin(np.pi * (across - INNER))


class Wave(Quadrangles):
    """The solution of degree n for the wave number k."""

    def __init__(self, n: int, k: float) -> None:
        super().__init__(elements(), n)
        self.speed = float(np.sqrt(k**2 - np.pi**2))
        x, y = self.places.T
        bent = (x >= 0) & (y >= 0)
        across = np.where(bent, np.hypot(x, y), np.where(x < 0, y, x))
        free = (np.abs(across - INNER) > 1e-9) & (np.abs(across - OUTER) > 1e-9)
        inside = self.against(self.vx, self.vx) + self.against(self.vy, self.vy)
        inside = inside - k**2 * self.against(self.v, np.broadcast_to(self.v, self.vx.shape))
        blocks, self.sides = [(self.nodes, self.nodes, inside.astype(complex))], []
        right = np.zeros(len(self.places), dtype=complex)
        for axis, other in ((0, 1), (1, 0)):  # the inlet across x, the outlet across y
            numbers, mass = self._ends(axis)
            blocks.append((numbers, numbers, -1j * self.speed * mass))
            weighed = np.einsum("eij,ej->ei", mass, mode(self.places[numbers][..., other]))
            self.sides.append((numbers, weighed))
        np.add.at(right, self.sides[0][0], -2j * self.speed * self.sides[0][1])
        self.state: NDArray[np.complex128] = np.zeros(len(self.places), dtype=complex)
        self.state[free] = spsolve(assembled(blocks, len(self.places))[free][:, free], right[free])

    def _ends(self, axis: int) -> tuple[NDArray[np.int64], Array]:
        """The nodes at the end of an arm by element (elements, n + 1), and what integrates there."""
        numbers = np.stack([
            mine[np.abs(self.places[mine][:, axis] + ARM) < 1e-9] for mine in self.nodes
            if (np.abs(self.places[mine][:, axis] + ARM) < 1e-9).any()
        ])  # fmt: skip
        at, w = legendre.leggauss(self.n + 2)
        v = lagrange(self.n, at)
        along = self.places[numbers][..., 1 - axis]
        lengths = np.abs(along[:, -1] - along[:, 0]) / 2
        return numbers, lengths[:, None, None] * np.einsum("qi,q,qj->ij", v, w, v)

    @property
    def sent_and_back(self) -> tuple[complex, complex]:
        """T and R, as parts of the mode that comes in."""
        back, sent = (2 * complex((weighed * self.state[numbers]).sum()) for numbers, weighed in self.sides)
        return sent, back - 1

    def field(self, name: str) -> Field:
        """u or v of places."""
        whole = self.evaluated(self.state[self.nodes])
        return lambda x, y: np.asarray(whole(x, y).imag if name == "v" else whole(x, y).real)


def spectral_elements(problem: Declared) -> Reference:
    """The wave by elements of degree 12, and its difference from those of degree 11 as its own error.

    Reads the parameter "k"; raises ValueError for another domain, and for k beyond (pi, 2 pi).
    """
    begin = perf_counter()
    (k,) = read(problem, SOLVES, AROUND, "k")
    if abs(problem.space.measure - 2 * ARM - np.pi * (OUTER**2 - INNER**2) / 4) > 1e-3:
        raise ValueError(f"this reference solves {SOLVES}, and not on {problem.space!r}.")
    if not np.pi < k < 2 * np.pi:
        raise ValueError(
            f"this reference solves {SOLVES} with one mode that travels, pi < k < 2 pi, and not k = {k:g}."
        )
    coarse, fine = (Wave(n, k) for n in DEGREES)
    points, weight = lattice(AROUND, 4181)
    x, y = points["x"], points["y"]
    radius = np.where(x < 0, y, np.where(y < 0, x, np.hypot(x, y)))
    inside = (radius > INNER) & (radius < OUTER) & ((x > 0) | (y > 0))
    x, y, weight = x[inside], y[inside], weight[inside]
    own = max(relative_l2(coarse.field(f)(x, y), fine.field(f)(x, y), weight) for f in "uv")
    return Reference("spectral elements", {f: fine.field(f) for f in "uv"}, SAFETY * own, perf_counter() - begin)


def main() -> None:
    """What arrives, what comes back, and that nothing is lost."""
    for n in DEGREES:
        sent, back = Wave(n, 5.0).sent_and_back
        print(
            f"degree {n}: T = {sent:.8f}, R = {back:.8f}, |T|^2 + |R|^2 - 1 = {abs(sent) ** 2 + abs(back) ** 2 - 1:.1e}"
        )


if __name__ == "__main__":
    main()
