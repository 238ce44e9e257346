"""Heat in a ring of fluid that is stirred to and fro, by polynomials along the radius and cosines around.

    T_t + u T_x + v T_y = D (T_xx + T_yy),    0.5 < r < 1,  0 < t < 1,      T = 1 at r = 0.5,  T = 0 at r = 1
    u = d psi / dy,  v = -d psi / dx,   psi = A sin(2 pi t) (1 - r^2)(r^2 - 1/4) x
    T(r, 0) = log(1 / r) / log 2

Dimensionless. With x = r sin(theta), y = r cos(theta) the solution is even in theta, and

    u T_x + v T_y = (T_theta psi_r - T_r psi_theta) / r.

Chebyshev points along the radius, N + 1 of them, and N around the half circle make of the equation a linear one of the
form T' = (D L + sin(2 pi t) A C) T + b, which Radau IIA of three stages carries on. Trefethen, Spectral Methods in MATLAB
(2000), chapters 6 and 11; Hairer & Wanner, Solving Ordinary Differential Equations II (1996), IV.8.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, read, refine

INNER = 0.5
RING = {"x": (-1.0, 1.0), "y": (-1.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "T_t + u T_x + v T_y = D (T_xx + T_yy) in a ring, stirred as validation/mixing.py says,"


def chebyshev_fourier(problem: Declared) -> Reference:
    """The solution, its own error by doubling the points along each coordinate.

    Reads the parameters "D" (diffusivity) and "A" (strength of the stirring), dimensionless; raises ValueError for
    another domain.
    """
    diffusivity, strength = read(problem, SOLVES, RING, "D", signed=("A",))
    if abs(problem.space.measure - np.pi * (1 - INNER**2)) > 1e-9:
        raise ValueError(f"this reference solves {SOLVES} and not on {problem.space!r}.")

    def within(x: Array, y: Array, t: Array) -> NDArray[np.bool_]:
        r = np.hypot(x, y)
        return (r > INNER) & (r < 1)

    return refine(
        "Chebyshev and Fourier", lambda n: {"T": solve(n, diffusivity, strength)}, (14, 28), problem, RING,
        within=within,
    )  # fmt: skip


def along_radius(count: int) -> tuple[Array, Array]:
    """The Chebyshev points (n + 1,) of the radius, from one down to the inner one, and the matrix of derivatives."""
    k = np.arange(count + 1)
    s, c = np.cos(np.pi * k / count), np.where((k == 0) | (k == count), 2.0, 1.0) * (-1.0) ** k
    away = s[:, None] - s[None] + np.eye(count + 1)
    matrix = np.outer(c, 1 / c) / away
    matrix -= np.diag(matrix.sum(1))
    half = (1 - INNER) / 2
    return (1 + INNER) / 2 + half * s, matrix / half


def around(count: int) -> tuple[Array, Array, Array, Array]:
    """Angles (n,) of the half circle, cosines (n, n) there by their number, and what derives an even function once and
    twice, (n, n)."""
    angles, m = np.pi * (np.arange(count) + 0.5) / count, np.arange(count)
    cosines = np.cos(np.outer(angles, m))
    back = np.linalg.inv(cosines)
    return angles, back, (-m * np.sin(np.outer(angles, m))) @ back, (-(m**2) * cosines) @ back


def operators(count: int, diffusivity: float, strength: float) -> tuple[Array, Array, Array, Array]:
    """T' = (fixed + sin(2 pi t) stirred) T + b0 + sin(2 pi t) b1 at the inner points, as two matrices and two vectors."""
    (r, d), (angles, _, first, second) = along_radius(count), around(count)
    eye, radial, whole = np.eye(count), np.eye(count + 1), count + 1
    inverse = np.diag(1 / r)
    laplace = np.kron(d @ d + inverse @ d, eye) + np.kron(inverse @ inverse, second)
    s = r**2
    f, slope = (1 - s) * (s - INNER**2), 1 + INNER**2 - 2 * s  # by s
    across = np.outer((f + 2 * s * slope) / r, np.sin(angles)).ravel()  # psi_r / r
    along = np.outer(f, np.cos(angles)).ravel()  # psi_theta / r
    convected = across[:, None] * np.kron(radial, first) - along[:, None] * np.kron(d, eye)
    inside = np.arange(count, count * (whole - 1))
    warm = np.arange(count * (whole - 1), count * whole)
    fixed, stirred = diffusivity * laplace[inside], -strength * convected[inside]
    return fixed[:, inside], stirred[:, inside], fixed[:, warm].sum(1), stirred[:, warm].sum(1)


def solve(count: int, diffusivity: float, strength: float) -> Field:
    """As many points along each coordinate, as a field of x, y and t."""
    fixed, stirred, b0, b1 = operators(count, diffusivity, strength)
    r, _ = along_radius(count)
    _, back, _, _ = around(count)
    start = np.repeat(np.log(1 / r[1:-1]) / np.log(2), count)

    def rate(t: float, values: Array) -> Array:
        now = np.sin(2 * np.pi * t)
        return fixed @ values + b0 + now * (stirred @ values + b1)

    found = solve_ivp(
        rate, (0, 1), start, "Radau", jac=lambda t, _: fixed + np.sin(2 * np.pi * t) * stirred,
        t_eval=(1 - np.cos(np.pi * np.arange(33) / 32)) / 2, rtol=1e-7, atol=1e-9,
    )  # fmt: skip
    inner = found.y.T.reshape(-1, count - 1, count)
    ends = [np.full((len(inner), 1, count), value) for value in (0.0, 1.0)]
    table = np.concatenate([ends[0], inner, ends[1]], 1) @ back.T  # by time, radius and cosine

    def field(x: Array, y: Array, t: Array) -> Array:
        x, y, t = (np.ravel(v) for v in np.broadcast_arrays(x, y, t))
        radius, angle = np.hypot(x, y).clip(INNER, 1), np.arctan2(x, y)  # outside of the ring what is at its walls
        by_time, by_radius = _lagrange(2 * t - 1, 32, -1.0), _lagrange((4 * radius - 3), count, 1.0)
        cosines = np.cos(angle[:, None] * np.arange(count))
        total = np.zeros(len(x))
        for k in range(33):
            total += by_time[:, k] * ((by_radius @ table[k]) * cosines).sum(1)
        return total

    return field


def _lagrange(places: Array, count: int, first: float) -> Array:
    """What a polynomial through so many and one Chebyshev points of (-1, 1), the first of them at one or minus one, is
    at places, by barycentric weights: (N, n + 1)."""
    k = np.arange(count + 1)
    nodes = first * np.cos(np.pi * k / count)
    weights = np.where((k == 0) | (k == count), 0.5, 1.0) * (-1.0) ** k
    away = places[:, None] - nodes
    there = away == 0
    parts = weights / np.where(there, 1.0, away)
    parts = np.where(there.any(1, keepdims=True), there.astype(float), parts)
    return np.asarray(parts / parts.sum(1, keepdims=True))
