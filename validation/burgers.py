"""Viscous Burgers' equation: a sine wave that steepens into a shock at x = 0.

    u_t + u u_x = nu u_xx         -1 < x < 1,  0 < t < 1
    u(x, 0) = -sin(pi x),         u(-1, t) = u(1, t) = 0

Everything is dimensionless; nu = 0.01/pi is the usual value.

Cole, Quart. Appl. Math. 9 (1951) 225-236; Hopf, Comm. Pure Appl. Math. 3 (1950) 201-230;
Basdevant et al., Computers & Fluids 14 (1986) 23-41.
"""

from __future__ import annotations

import numpy as np

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, march, pointwise, read, refine

TUBE = {"x": (-1.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "Burgers' equation u_t + u u_x = nu u_xx with zero ends and u(x, 0) = -sin(pi x)"
TAIL = 12.0  # the integrand is below exp(-TAIL^2 / 4) = 2e-16 of its peak outside the window


def cole_hopf(problem: Declared) -> Reference:
    """u = int -sin(pi y) w dy / int w dy, w = exp(-(x - y)^2 / (4 nu t) - cos(pi y) / (2 pi nu)), over all y.

    This is Cole's and Hopf's solution after one integration by parts, which takes the 1/t out of it: at t = 0 it is
    the initial value. Reads the parameter "nu" (viscosity, dimensionless); raises ValueError for another domain.
    The own error comes from doubling the quadrature; rounding is magnified by the exponent, about 1/nu.
    Source: Cole 1951 and Hopf 1950.
    """
    (nu,) = read(problem, SOLVES, TUBE, "nu")
    rounding = 2.0**-52 * max(1.0, 0.1 / nu)
    return refine("Cole-Hopf", lambda k: {"u": solve_by_quadrature(k, nu)}, (1, 16), problem, TUBE, rounding=rounding)


def solve_by_quadrature(nodes_a_width: int, nu: float) -> Field:
    """The trapezoidal rule with so many nodes to the least width of the integrand's peaks, as a field of x and t.

    Peaks lie within t of x (where y = x + t sin(pi y)), no narrower than sqrt(2 nu t / (1 + pi t)); the rule converges
    exponentially (Trefethen & Weideman, SIAM Review 56 (2014) 385-458). Exponents are taken off their largest.
    """

    def nodes(t: float) -> int:
        """Nodes on either side of x."""
        width = np.sqrt(2 * nu / (1 + np.pi * t))
        return int(np.ceil(nodes_a_width * (np.sqrt(t) + TAIL * np.sqrt(nu)) / width))

    def evaluate(x: Array, t: Array) -> Array:
        half_root = np.sqrt(t) + TAIL * np.sqrt(nu)  # the window's half is this times sqrt(t)
        step = np.linspace(0.0, 1.0, nodes(float(t.max())) + 1)
        angle = np.multiply.outer(np.pi * half_root * np.sqrt(t), step)
        # y = x + z and y = x - z, z = angle / pi, by the addition theorems: sines and cosines of z serve both.
        even, odd = np.cos(angle), np.sin(angle)
        cos_x, sin_x = np.cos(np.pi * x)[:, None], np.sin(np.pi * x)[:, None]
        cos_y = np.stack([cos_x * even - sin_x * odd, cos_x * even + sin_x * odd])
        sin_y = np.stack([sin_x * even + cos_x * odd, sin_x * even - cos_x * odd])
        exponent = -cos_y / (2 * np.pi * nu) - np.multiply.outer(half_root**2 / (4 * nu), step**2)
        weight = np.exp(exponent - exponent.max(axis=(0, 2), keepdims=True))
        weight[:, :, 0] /= 2  # y = x stands in both halves
        mean: Array = -(weight * sin_y).sum(axis=(0, 2)) / weight.sum(axis=(0, 2))
        return mean

    return pointwise(evaluate, width=4 * nodes(1.0))


def method_of_lines(problem: Declared) -> Reference:
    """Second-order central differences of the conservative form and LSODA in time; the own error by Richardson.

    Reads the parameter "nu"; raises ValueError for another domain. Grids too coarse for the shock, of width about nu,
    are seen by the ratio of successive differences, and are refined. Source: Basdevant et al. 1986.
    """
    (nu,) = read(problem, SOLVES, TUBE, "nu")
    return refine("method of lines", lambda n: {"u": solve_on_grid(n, nu)}, (128, 32768), problem, TUBE, order=2)


def solve_on_grid(n: int, nu: float) -> Field:
    """du_i/dt = -(u_(i+1)^2 - u_(i-1)^2) / (4 dx) + nu (u_(i-1) - 2 u_i + u_(i+1)) / dx^2 on n intervals: a field."""
    x = np.linspace(*TUBE["x"], n + 1)
    dx = 2.0 / n

    def rate(_: float, u: Array) -> Array:
        du = np.zeros_like(u)
        du[1:-1] = -(u[2:] ** 2 - u[:-2] ** 2) / (4 * dx) + nu * np.diff(u, 2) / dx**2
        return du

    return march(rate, x, -np.sin(np.pi * x), accuracy=1.0)
