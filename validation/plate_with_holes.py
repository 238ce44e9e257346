"""A plate with three cooling channels: harmonic functions, fitted to the conditions on the boundary alone.

    T_xx + T_yy = 0 in (0, 2) x (0, 1) outside of three discs
    T = 1 at x = 0,  T = 0 at x = 2,  T_y = 0 at y = 0 and y = 1,   n . grad T + h T = 0 on the discs

    T = Re( p(z) + sum over discs c of  a_c log(z - z_c) + q_c(1 / (z - z_c)) ),   z = x + i y,

over the discs and their images in the four sides, p and q_c polynomials, made orthogonal on the boundary points by Arnoldi's process. Every such T solves the equation;
the conditions are met by least squares. Dimensionless.

Brubeck, Nakatsukasa & Trefethen, SIAM Rev. 63 (2021) 405-415; Trefethen, J. Eng. Math. 2018 (series in domains with
holes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, read, refine

Complex = NDArray[np.complex128]
PLATE = {"x": (0.0, 2.0), "y": (0.0, 1.0)}
CHANNELS = ((0.45, 0.35, 0.15), (1.0, 0.65, 0.2), (1.55, 0.35, 0.15))  # x, y and radius of each
SOLVES = "the plate with three channels of validation/plate_with_holes.py"


def harmonic_series(problem: Declared) -> Reference:
    """Series of growing degree, the own error by doubling it.

    Reads the parameter "h" (the Biot number); raises ValueError for another domain.
    """
    (h,) = read(problem, SOLVES, PLATE, "h")
    area = 2 - np.pi * sum(radius**2 for *_, radius in CHANNELS)
    if abs(problem.space.measure - area) > 1e-9:
        raise ValueError(f"this reference solves {SOLVES}, and not on {problem.space!r}.")

    def within(x: Array, y: Array) -> NDArray[np.bool_]:
        return np.logical_and.reduce([np.hypot(x - a, y - b) > radius for a, b, radius in CHANNELS])

    return refine(
        "harmonic series", lambda n: {"T": solve_by_series(n, h)}, (8, 64), problem, PLATE, rounding=1e-12,
        within=within,
    )  # fmt: skip


def boundary(count: int) -> tuple[Complex, Complex, Array, Array]:
    """Points (N,) of the whole boundary, outward normals as complex numbers, and (a, b) of the condition
    a T + b n . grad T."""
    s = (1 - np.cos(np.pi * (np.arange(count) + 0.5) / count)) / 2  # closer together towards the corners
    one = np.ones(count)
    sides = [(1j * s, -one, one, 0 * one), (2 + 1j * s, one, one, 0 * one), (2 * s, -1j * one, 0 * one, one),
             (2 * s + 1j, 1j * one, 0 * one, one)]  # fmt: skip
    angle = np.exp(2j * np.pi * (np.arange(count) + 0.5) / count)
    sides += [(x + 1j * y + r * angle, -angle, one * np.nan, one) for x, y, r in CHANNELS]
    z, n, a, b = (np.concatenate(parts) for parts in zip(*sides, strict=True))
    return z.astype(complex), n.astype(complex), a.real, b.real


class Basis:
    """1, w, w^2, ... for w = z or 1 / (z - c), orthogonal on given points; with derivatives by z elsewhere too."""

    def __init__(self, points: Complex, degree: int) -> None:
        self.h = np.zeros((degree + 1, degree), dtype=complex)
        q = np.ones((degree + 1, len(points)), dtype=complex)
        for k in range(degree):
            v = points * q[k]
            for _ in range(2):  # orthogonalised twice
                part = q[: k + 1].conj() @ v / len(points)
                self.h[: k + 1, k] += part
                v = v - part @ q[: k + 1]
            self.h[k + 1, k] = np.linalg.norm(v) / len(points) ** 0.5
            q[k + 1] = v / self.h[k + 1, k]

    def at(self, w: Complex, slope: Complex) -> tuple[Complex, Complex]:
        """Values and derivatives by z, (degree + 1, N) both, where dw/dz = slope."""
        degree = self.h.shape[1]
        q, d = np.ones((degree + 1, len(w)), dtype=complex), np.zeros((degree + 1, len(w)), dtype=complex)
        for k in range(degree):
            q[k + 1] = (w * q[k] - self.h[: k + 1, k] @ q[: k + 1]) / self.h[k + 1, k]
            d[k + 1] = (slope * q[k] + w * d[k] - self.h[: k + 1, k] @ d[: k + 1]) / self.h[k + 1, k]
        return q, d


def mirrored() -> list[tuple[complex, float]]:
    """Centres and radii of the channels, and then of their images in the four sides: beyond a side the solution goes on
    as far as these."""
    own = [(x + 1j * y, r) for x, y, r in CHANNELS]
    images = [
        (place, r) for c, r in own for place in (c.conjugate(), c.conjugate() + 2j, -c.conjugate(), 4 - c.conjugate())
    ]
    return own + images


def solve_by_series(degree: int, h: float) -> Field:
    """Polynomials of this degree in z, and of half of it in each 1 / (z - z_c), as a field of x and y."""
    z, n, a, b = boundary(6 * degree)
    a = np.where(np.isnan(a), h, a)
    poles, own = mirrored(), len(CHANNELS)
    plain = Basis(z - 1 - 0.5j, degree)
    around = [Basis(r / (z - c), degree // 2) for c, r in poles]

    def terms(z: Complex) -> tuple[Complex, Complex]:
        rows = [plain.at(z - 1 - 0.5j, np.ones_like(z))]
        for basis, (c, r) in zip(around, poles, strict=True):
            q, d = basis.at(r / (z - c), -r / (z - c) ** 2)
            rows += [(np.log(z - c)[None], 1 / (z - c)[None]), (q[1:], d[1:])]
        values, slopes = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return values, slopes

    def parts(values: Complex) -> Array:
        """Real parts of c f for complex c: columns for the real and the imaginary part of c; log has a real one."""
        kept = [degree + 1 + k * (degree // 2 + 1) for k in range(len(poles))]
        imaginary = np.delete(values, kept, axis=0)
        return np.concatenate([values.real, -imaginary.imag]).T

    values, slopes = terms(z)
    matrix = a[:, None] * parts(values) + b[:, None] * parts(slopes * n)
    right = np.where(z.real == 0, 1.0, 0.0)
    found = np.linalg.lstsq(matrix, right, rcond=1e-14)[0]

    def field(x: Array, y: Array) -> Array:
        z = np.asarray(x + 1j * np.asarray(y), dtype=complex)
        inside = np.logical_or.reduce([abs(z - c) < 0.9 * r for c, r in poles[:own]])
        z = np.where(inside, 0.0, z)  # deep within a channel the series means nothing
        return np.where(inside, 0.0, (parts(terms(z.ravel())[0]) @ found).reshape(z.shape))

    return field
