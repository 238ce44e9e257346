"""Does a march over cells grow? The one-step operators of five ways to join cells, on small linear problems.

    u_t = L u,      one step of Radau IIA with q stages on cells of degree d:   c_new = G c

Each stage of Radau IIA is decoupled by the eigenvectors of its matrix D: (lambda - dt L) w = m u_n. The ways to solve it
over the cells differ in how the cells are joined and in what inner product the residual is made small:

    equal           residual by least squares, rows of all cells alike; joins are rows of weight 10
    integral        the same, rows carry the integral: the root of Gauss weight times the cell's width
    joined          rows carry the integral; joins hold exactly (the limit of heavy joins)
    square          joins hold exactly, and as many Gauss points as numbers are left
    discontinuous   Galerkin's method: upwind values at joints, interior penalty for second derivatives

What is told is the growth rate log(rho)/dt, rho the spectral radius of G, beside the largest true rate, and the largest
norm of G^k, k <= 1000, in the norm of the integral. `python -m validation.stability` makes the table.

Sources: Hairer & Wanner, Solving Ordinary Differential Equations II (1996), IV.5 and IV.8; Arnold, Brezzi, Cockburn &
Marini, SIAM J. Numer. Anal. 39 (2002) 1749 (discontinuous joints).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from validation import discontinuous

Array = NDArray[np.float64]
FORMS = ("equal", "integral", "joined", "square", "discontinuous")
WEIGHT = 10.0  # of the rows that join cells, where joins do not hold exactly: that of the prototypes


@dataclass(frozen=True)
class Case:
    """u_t = sum over k of a_k(x) D^k u, or u_tt, for F fields on (0, 1).

    Parameters
    ----------
    terms : tuple of (equation, field, order in x, a_k as a function of x)
    order : int
        The highest derivative in x: so many traces a field are joined.
    walls : tuple of (end, field, derivative)
        What is zero at the left (0) and right (1) end.
    second : bool
        Whether it is u_tt.
    periodic : bool
    """

    name: str
    terms: tuple[tuple[int, int, int, Callable[[Array], Array]], ...]
    order: int
    walls: tuple[tuple[int, int, int], ...] = ()
    fields: int = 1
    second: bool = False
    periodic: bool = False


def constant(value: float) -> Callable[[Array], Array]:
    return lambda x: np.full_like(x, value)


def wind(diffusion: float) -> Case:
    terms = ((0, 0, 1, constant(-1.0)), (0, 0, 2, constant(diffusion)))
    return Case(f"wind, diffusion {diffusion:g}", terms, 2, ((0, 0, 0), (1, 0, 0)))


def turning(diffusion: float, sign: float) -> Case:
    terms = ((0, 0, 1, lambda x: sign * np.sin(2 * np.pi * x)), (0, 0, 2, constant(diffusion)))
    return Case(f"wind {'-+'[sign > 0]}sin, diffusion {diffusion:g}", terms, 2, ((0, 0, 0), (1, 0, 0)))


CASES = (
    Case("advection", ((0, 0, 1, constant(-1.0)),), 1, ((0, 0, 0),)),
    Case("advection, ring", ((0, 0, 1, constant(-1.0)),), 1, periodic=True),
    wind(1e-2), wind(1e-4), wind(1e-6), turning(1e-2, 1.0), turning(1e-4, 1.0), turning(1e-4, -1.0),
    Case("heat", ((0, 0, 2, constant(1.0)),), 2, ((0, 0, 0), (1, 0, 0))),
    Case("heat, slopes", ((0, 0, 2, constant(1.0)),), 2, ((0, 0, 1), (1, 0, 1))),
    Case("wave", ((0, 0, 2, constant(1.0)),), 2, ((0, 0, 0), (1, 0, 0)), second=True),
    Case("wave, pair", ((0, 1, 1, constant(1.0)), (1, 0, 1, constant(1.0))), 1, ((0, 0, 0), (1, 0, 0)), 2),
    Case("Schroedinger", ((0, 1, 2, constant(-0.5)), (1, 0, 2, constant(0.5))), 2, periodic=True, fields=2),
    Case("Airy", ((0, 0, 3, constant(-1.0)),), 3, ((0, 0, 0), (1, 0, 0), (1, 0, 1))),
)  # fmt: skip
MESHES = {
    "equal": np.linspace(0, 1, 7),
    "graded": np.cumsum([0.0, *1.9 ** np.arange(6.0)]) / np.sum(1.9 ** np.arange(6.0)),
    "split": np.array([0, 0.25, 0.5, 0.5625, 0.59375, 0.625, 0.75, 1]),
    "uneven": np.array([0, 0.2, 0.3, 0.6, 1.0]),
}  # the graded one 25:1, the split one 2:1 from cell to cell and 8:1 in all


# ------------------------------------------------------------ Radau IIA


def radau(q: int) -> tuple[Array, Array, Array]:
    """Places (q,), and D (q, q), D0 (q,): the derivative of the polynomial through the start and q stages is
    (D U + D0 u_0)/dt at the stages."""
    right = np.zeros(q + 1)
    right[q], right[q - 1] = 1.0, -1.0  # P_q - P_(q-1): zero at the right end
    c = (np.sort(legendre.legroots(right).real) + 1) / 2
    c[-1] = 1.0
    x = np.concatenate([[0.0], c])
    gaps = x[:, None] - x + np.eye(q + 1)
    w = 1 / gaps.prod(1)
    slopes = w / w[:, None] / gaps
    np.fill_diagonal(slopes, 0.0)
    np.fill_diagonal(slopes, -slopes.sum(1))
    return c, slopes[1:, 1:], slopes[1:, 0]


# ------------------------------------------------------------ spaces


def table(degree: int, z: Array, order: int) -> Array:
    """Orthonormal Legendre polynomials on (-1, 1) with weight 1/2, derived so many times, (points, degree + 1)."""
    norms = np.sqrt(2 * np.arange(degree + 1) + 1)
    columns = [legendre.legval(z, legendre.legder(np.eye(degree + 1)[k] * norms[k], order)) for k in range(degree + 1)]
    return np.stack([c * np.ones_like(z) for c in columns], 1)


@dataclass
class Space:
    """Polynomials of one degree on cells, without joins; coefficients in the order (cell, field, degree)."""

    case: Case
    mesh: Array
    degree: int
    h: Array = field(init=False)

    def __post_init__(self) -> None:
        self.h = np.diff(self.mesh)

    @property
    def size(self) -> int:
        return len(self.h) * self.case.fields * (self.degree + 1)

    def columns(self, cell: int, f: int) -> slice:
        m = self.degree + 1
        return slice((cell * self.case.fields + f) * m, (cell * self.case.fields + f + 1) * m)

    def rows(self, points: int, equal: bool = False) -> tuple[Array, Array]:
        """The rows of u and of L u at Gauss points, times the root of what they weigh in the integral."""
        z, w = legendre.leggauss(points)
        values, images = [], []
        for cell, h in enumerate(self.h):
            x = self.mesh[cell] + h * (z + 1) / 2
            root = np.sqrt(w / 2 * (1.0 if equal else h))[:, None]
            for e in range(self.case.fields):
                row, image = np.zeros((points, self.size)), np.zeros((points, self.size))
                row[:, self.columns(cell, e)] = root * table(self.degree, z, 0)
                for equation, f, order, a in self.case.terms:
                    if equation == e:
                        part = a(x)[:, None] * table(self.degree, z, order) * (2 / h) ** order
                        image[:, self.columns(cell, f)] += root * part
                values.append(row)
                images.append(image)
        return np.concatenate(values), np.concatenate(images)

    def trace(self, cell: int, f: int, order: int, right: bool, scale: float) -> Array:
        row = np.zeros(self.size)
        end = np.array([1.0 if right else -1.0])
        row[self.columns(cell, f)] = table(self.degree, end, order)[0] * (2 * scale / self.h[cell]) ** order
        return row

    def neighbours(self) -> Iterator[tuple[int, int]]:
        count = len(self.h)
        yield from ((k, k + 1) for k in range(count - 1))
        if self.case.periodic:
            yield count - 1, 0

    def joins(self) -> Array:
        """Rows that are zero where cells are joined and walls are met."""
        rows = []
        for a, b in self.neighbours():
            scale = min(self.h[a], self.h[b])
            for f in range(self.case.fields):
                for k in range(self.case.order):
                    rows.append(self.trace(a, f, k, True, scale) - self.trace(b, f, k, False, scale))
        for end, f, k in self.case.walls:
            cell = end * (len(self.h) - 1)
            rows.append(self.trace(cell, f, k, bool(end), self.h[cell]))
        return np.array(rows)

    def norm(self) -> Array:
        """The root of each coefficient's weight in the integral of u^2."""
        return np.repeat(np.sqrt(self.h), self.case.fields * (self.degree + 1))


# ------------------------------------------------------------ one step


def stage_solver(space: Space, form: str) -> Callable[[complex, Array], NDArray[np.complex128]]:
    """(mu, .) -> the matrix that maps u to w in (1 - mu L) w = u, in the sense of the form."""
    case, d = space.case, space.degree
    if form == "discontinuous":
        mass, stiff = discontinuous.matrices(space)
        return lambda mu, right: np.asarray(np.linalg.solve(mass - mu * stiff, mass @ right), complex)
    points = d + 1 - case.order if form == "square" else d + 1
    value, image = space.rows(points, equal=form == "equal")
    joins = space.joins()
    if form in ("equal", "integral"):
        heavy = WEIGHT * joins * (1.0 if form == "equal" else np.sqrt(space.h.max()))

        def weighted(mu: complex, right: Array) -> NDArray[np.complex128]:
            rows = np.concatenate([value - mu * image, heavy])
            given = np.concatenate([value @ right, np.zeros((len(heavy), right.shape[1]))])
            return np.asarray(np.linalg.lstsq(rows, given, rcond=None)[0])

        return weighted
    _, s, vt = np.linalg.svd(joins)
    free = vt[int((s > 1e-10 * s[0]).sum()) :].T

    def exact(mu: complex, right: Array) -> NDArray[np.complex128]:
        return np.asarray(free @ np.linalg.lstsq((value - mu * image) @ free, value @ right, rcond=None)[0])

    return exact


def one_step(case: Case, mesh: Array, degree: int, q: int, dt: float, form: str) -> tuple[Array, Array]:
    """G, and the root of each number's weight in the norm; for u_tt the state is (u, u_t)."""
    space = Space(case, mesh, degree)
    solve = stage_solver(space, form)
    _, slopes, start = radau(q)
    lam, vectors = np.linalg.eig(slopes)
    back = np.linalg.inv(vectors)
    eye = np.eye(space.size)
    last, m0 = vectors[-1], -back @ start
    norm = space.norm()
    if not case.second:
        step = sum(v * m / k * solve(dt / k, eye) for v, m, k in zip(last, m0, lam, strict=True))
        return np.real(step), norm
    # lam^2 w - dt^2 L w = lam m0 u_0 + dt m0 u_0': the pair u_t = v, v_t = L u with v eliminated
    stages = [solve(dt**2 / k**2, eye) for k in lam]
    by_value = np.array([m / k * s for m, k, s in zip(m0, lam, stages, strict=True)])
    by_rate = np.array([dt * m / k**2 * s for m, k, s in zip(m0, lam, stages, strict=True)])
    u = [np.tensordot(vectors, part, 1).real for part in (by_value, by_rate)]
    rates = [np.tensordot(slopes, u[0], 1) + start[:, None, None] * eye, np.tensordot(slopes, u[1], 1)]
    step = np.block([[u[0][-1], u[1][-1]], [rates[0][-1] / dt, rates[1][-1] / dt]])
    return step, np.concatenate([norm * np.pi, norm])


@dataclass(frozen=True)
class Growth:
    """log(rho)/dt, and the largest norm of a power up to the thousandth."""

    rate: float
    norm: float


def growth(case: Case, mesh: Array, degree: int, q: int, dt: float, form: str) -> Growth:
    step, norm = one_step(case, mesh, degree, q, dt, form)
    step = step * norm[:, None] / norm
    rho = float(np.abs(np.linalg.eigvals(step)).max())
    power, largest = step, 0.0
    for _ in range(10):  # powers 1, 2, 4, ... 512, and that to the thousandth is beyond
        largest = max(largest, float(np.linalg.norm(power, 2)))
        if not np.isfinite(largest) or largest > 1e12:
            break
        power = power @ power
    return Growth(np.log(max(rho, 1e-300)) / dt, largest)


def table_rows(degrees: tuple[tuple[int, int], ...], fractions: tuple[float, ...]) -> Iterator[str]:
    for case in CASES:
        for mesh_name, mesh in MESHES.items():
            for d, q in degrees:
                cells = []
                for form in FORMS:
                    found = [growth(case, mesh, d, q, f / 6, form) for f in fractions]
                    worst = max(g.rate for g in found)
                    cells.append(f"{worst:+.1e} ({max(g.norm for g in found):.1e})")
                yield f"| {case.name} | {mesh_name} | {d}, {q} | " + " | ".join(cells) + " |"


def main(arguments: list[str]) -> None:
    quick = "--quick" in arguments
    degrees = ((7, 3),) if quick else ((5, 3), (9, 5), (11, 7))
    print("| problem | cells | d, q | " + " | ".join(FORMS) + " |")
    print("|---|---|---|" + "---|" * len(FORMS))
    for row in table_rows(degrees, (1.0, 0.1, 0.01, 0.001)):
        print(row, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
