"""The lid-driven cavity: steady incompressible flow in a unit square under a lid that moves at speed 1.

    u u_x + v u_y = -p_x + (u_xx + u_yy) / Re       0 < x < 1,  0 < y < 1
    u v_x + v v_y = -p_y + (v_xx + v_yy) / Re
    u_x + v_y = 0,   p(0, 0) = 0,   u = 1 and v = 0 on y = 1,   u = v = 0 on the other walls

The velocity jumps at the upper corners, and the pressure grows there as 1/r, which has no finite L2 norm. So all errors
are measured AWAY FROM THEM: points nearer than CLEAR = 0.1 to (0, 1) or (1, 1) are left out, in the own error too.

Everything is dimensionless; Re is the Reynolds number, 100 by default. `python -m validation.cavity [Re]` compares the
solution with the literature.

Botella & Peyret, Computers & Fluids 27 (1998) 421-433; Ghia, Ghia & Shin, J. Comput. Phys. 48 (1982) 387-411.
"""

from __future__ import annotations

import sys
from math import inf
from time import perf_counter
from types import SimpleNamespace

import numpy as np
from numpy.polynomial import Polynomial
from scipy.optimize import fsolve

from pinnsolve.reference import Reference
from validation.collocation import Carrier, solve_steady
from validation.refine import SAFETY, Array, Declared, Fields, lattice, read, relative_l2

CAVITY = {"x": (0.0, 1.0), "y": (0.0, 1.0)}
SOLVES = "the lid-driven cavity, u u_x + v u_y = -p_x + laplace(u) / Re under a lid of speed 1,"
CLEAR = 0.1
DEGREES, RATIO, ORDER = (16, 24, 36, 54), 1.5, 6  # grids, and the most that their ratio is believed to gain
CONTINUED = 400.0  # the Reynolds number above which Newton's method does not find its way from Stokes flow

# Ghia, Ghia & Shin 1982, tables I and II: u at x = 0.5 and v at y = 0.5, on nodes k / 128. WARNING: good to 5e-3 at
# best. At Re = 100 v is off by up to 3.5e-2 in relative L2; at Re = 400, v(116/128) = -0.23827 seems a misprint.
GHIA_Y = np.array([0, 7, 8, 9, 13, 22, 36, 58, 64, 79, 94, 109, 122, 123, 124, 125, 128]) / 128
GHIA_X = np.array([0, 8, 9, 10, 12, 20, 29, 30, 64, 103, 110, 116, 121, 122, 123, 124, 128]) / 128
GHIA = {
    100: {
        "u": [0, -0.03717, -0.04192, -0.04775, -0.06434, -0.10150, -0.15662, -0.21090, -0.20581, -0.13641, 0.00332,
              0.23151, 0.68717, 0.73722, 0.78871, 0.84123, 1],
        "v": [0, 0.09233, 0.10091, 0.10890, 0.12317, 0.16077, 0.17507, 0.17527, 0.05454, -0.24533, -0.22445,
              -0.16914, -0.10313, -0.08864, -0.07391, -0.05906, 0],
    },
    400: {
        "u": [0, -0.08186, -0.09266, -0.10338, -0.14612, -0.24299, -0.32726, -0.17119, -0.11477, 0.02135, 0.16256,
              0.29093, 0.55892, 0.61756, 0.68439, 0.75837, 1],
        "v": [0, 0.18360, 0.19713, 0.20920, 0.22965, 0.28124, 0.30203, 0.30174, 0.05186, -0.38598, -0.44993,
              -0.23827, -0.22847, -0.19254, -0.15663, -0.12146, 0],
    },
}  # fmt: skip
LEAST_STREAM = {100: -0.103521, 400: -0.1140, 1000: -0.1189366}  # the last by Botella & Peyret, to all digits

Terms = dict[int, Polynomial]  # Re sum_k P_k(theta) exp(i k theta), by k


def corner(x: Array, y: Array, speed: float, re: float) -> Carrier:
    """The flow near the end (0, 0) of a lid along y = 0, at `speed` 1 away from a wall along x = 0 or -1 towards it.

    psi = r f(theta) + Re r^2 g(theta), the first two terms for small r; the first is the Stokes flow of Taylor's
    scraper, and g''' + 4 g' + f (f + f'') is a constant. Botella & Peyret 1998. The force that is left over
    is the advection of the first term by itself.
    """
    d = speed / (1 - np.pi**2 / 4)
    a, b, end = -(np.pi**2) / 4 * d, np.pi / 2 * d, np.pi / 2
    f: Terms = {1: Polynomial([-1j * a, d - 1j * b])}  # a sin + b theta sin + d theta cos

    # g = Re (alpha theta^2 + beta theta + gamma) exp(2 i theta) + delta + epsilon theta, g = g' = 0 on lid and wall
    alpha = (2 * b * d - 1j * (b * b - d * d)) / 16
    beta = (12j * alpha + a * d - 1j * a * b) / 8
    last = alpha * end**2 + beta * end
    conditions = np.array([[1, 0, 1, 0], [0, -2, 0, 1], [-1, 0, 1, end], [0, 2, 0, 1]])
    right = np.array([0, -beta.real, last.real, (2 * alpha * end + beta + 2j * last).real])
    gamma_r, gamma_i, delta, epsilon = np.linalg.solve(conditions, right)
    g: Terms = {2: Polynomial([gamma_r + 1j * gamma_i, beta, alpha]), 0: Polynomial([delta, epsilon])}

    r, theta = np.maximum(np.hypot(x, y), 1e-12), np.arctan2(y, x)
    first, second = _flow(1, f, r, theta), _flow(2, g, r, theta)
    u, v, u_x, v_x, u_y, v_y = first
    p = 2 * (b * np.sin(theta) + d * np.cos(theta)) / (re * r) + (4 * epsilon - a * d) * np.log(r)
    both = [one + re * two for one, two in zip(first, second, strict=True)]
    return Carrier(both, p, [u * u_x + v * u_y, u * v_x + v * v_y])


def _flow(power: int, terms: Terms, r: Array, theta: Array) -> list[Array]:
    """u, v, u_x, v_x, u_y, v_y of the stream function r^power times the terms: u = psi_y, v = -psi_x."""

    def value(power: int, terms: Terms) -> Array:
        return r**power * sum((part(theta) * np.exp(1j * k * theta)).real for k, part in terms.items())

    in_x, in_y = _slopes(power, terms)
    (xx, xy), (_, yy) = _slopes(power - 1, in_x), _slopes(power - 1, in_y)
    u, v = value(power - 1, in_y), -value(power - 1, in_x)
    u_x, u_y, minus_v_x = (value(power - 2, part) for part in (xy, yy, xx))
    return [u, v, u_x, -minus_v_x, u_y, -u_x]


def _slopes(power: int, terms: Terms) -> tuple[Terms, Terms]:
    """The x and y derivatives of r^power times the terms, over r^(power - 1)."""
    in_x, in_y = Terms(), Terms()
    for k, part in terms.items():
        radial, turning = power * part, part.deriv() + 1j * k * part  # r psi_r and psi_theta
        for sign in (1, -1):  # cos theta and sin theta times exp(i k theta)
            in_x[k + sign] = in_x.get(k + sign, 0) + (radial + sign * 1j * turning) / 2
            in_y[k + sign] = in_y.get(k + sign, 0) + (turning - sign * 1j * radial) / 2
    return in_x, in_y


def corners(x: Array, y: Array, re: float) -> Carrier:
    """The flow near both upper corners, each the mirror image of `corner`."""
    left, right = corner(x, 1 - y, 1.0, re), corner(1 - x, 1 - y, -1.0, re)
    signs = np.array([[1, -1, 1, -1, -1, 1], [-1, -1, 1, 1, 1, 1]])  # of u, v, u_x, v_x, u_y, v_y
    flow = [i * a + k * b for i, a, k, b in zip(signs[0], left.flow, signs[1], right.flow, strict=True)]
    force = [left.force[0] - right.force[0], -left.force[1] - right.force[1]]
    return Carrier(flow, left.p + right.p, force)


def solve_on_grid(n: int, re: float, guess: Fields | None = None) -> Fields:
    """u, v and p of degree n in x and in y beside the corners' flow; p is huge but finite in the upper corners.

    p is zero at (0, 0) once its oscillations there are filtered off, which vanish as n grows: see `Line.filtered`.
    """
    if guess is None and re > CONTINUED:
        guess = solve_on_grid(n, max(re / RATIO, CONTINUED))

    def walls(x: Array, y: Array) -> tuple[Array, Array]:
        return np.where(y == 1, 1.0, 0.0), np.zeros_like(x)

    zero = (0.0, 0.0)
    return solve_steady((n, n), CAVITY, 1 / re, walls, zero, lambda x, y: corners(x, y, re), guess, filtered=True)


def clear_points() -> tuple[dict[str, Array], Array]:
    """The lattice of `validation.refine` without the points near the upper corners."""
    points, weight = lattice(CAVITY)
    x, y = points["x"], points["y"]
    clear = np.minimum(np.hypot(x, 1 - y), np.hypot(1 - x, 1 - y)) >= CLEAR
    return {"x": x[clear], "y": y[clear]}, weight[clear]


def chebyshev_collocation(problem: Declared) -> Reference:
    """Newton's method on polynomials (`validation.collocation`) beside the singular flow near the upper corners.

    Reads the parameter "Re"; raises ValueError for another domain. The own error, away from the corners, comes from
    grids of degree 16, 24, 36 and 54 (from 24 above Re = 400) as in `validation.refine.refine`.
    """
    begin, (re,), (points, weight) = perf_counter(), read(problem, SOLVES, CAVITY, "Re"), clear_points()
    fields: Fields | None = None
    values: dict[str, Array] = {}
    difference, own_error = 0.0, inf
    for n in DEGREES[int(re > CONTINUED) :]:
        coarse, before = values, difference
        fields = solve_on_grid(n, re, fields)
        values = {unknown: field(**points) for unknown, field in fields.items()}
        if coarse:
            difference = max(relative_l2(coarse[u], v, weight) for u, v in values.items())
        if before > 0:
            own_error = SAFETY * difference / (min(max(before / difference, 1.25), RATIO**ORDER) - 1)
        if own_error <= problem.tolerance / 10:
            break
    assert fields is not None
    return Reference("Chebyshev collocation", fields, own_error, perf_counter() - begin)


def least_stream(fields: Fields) -> tuple[float, float, float]:
    """The primary vortex: x, y and the stream function int_0^y u dy there, its minimum."""
    x, y = fsolve(lambda at: [float(fields[q](x=at[:1], y=at[1:])[0]) for q in "uv"], [0.55, 0.6])
    nodes, weights = np.polynomial.legendre.leggauss(64)
    return x, y, float(y / 2 * weights @ fields["u"](x=np.full(64, x), y=y / 2 * (nodes + 1)))


def ghia(fields: Fields, re: int) -> dict[str, Array]:
    """By unknown, rows of position, Ghia's value and ours, for u on x = 0.5 and v on y = 0.5: see the warning above."""
    half = np.full(GHIA_X.size, 0.5)
    ours = {"u": fields["u"](x=half, y=GHIA_Y), "v": fields["v"](x=GHIA_X, y=half)}
    at = {"u": GHIA_Y, "v": GHIA_X}
    return {name: np.column_stack([at[name], GHIA[re][name], ours[name]]) for name in "uv"}


def main(re: int) -> None:
    """Print the own error, the vortex, and Ghia's tables beside the solution."""
    problem = SimpleNamespace(parameters={"Re": re}, tolerance=5e-3, space=SimpleNamespace(bounds=CAVITY), time=None)
    found = chebyshev_collocation(problem)
    print(f"Re = {re}: own error {found.own_error:.1e} away from the upper corners, {found.seconds:.1f} s")
    x, y, least = least_stream(found.fields)
    print(f"vortex at ({x:.5f}, {y:.5f}): stream function {least:.7f}, in the literature {LEAST_STREAM.get(re, '-')}")
    if re in GHIA:
        print("Ghia, Ghia & Shin 1982. Warning: good to 5e-3 at best; v worse, with one misprint at Re = 400.")
        for name, rows in ghia(found.fields, re).items():
            off = relative_l2(rows[:, 1], rows[:, 2], np.ones(len(rows)))
            print(f"\n   {'y' if name == 'u' else 'x'}       Ghia {name}      {name}        relative L2 {off:.1e}")
            for at, theirs, ours in rows:
                print(f"{at:.4f}  {theirs:9.5f}  {ours:9.5f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
