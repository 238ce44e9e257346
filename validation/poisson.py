"""Poisson's equation on the unit square and on the unit cube, with a sine for a load.

    -(u_xx + u_yy) = 2 pi^2 sin(pi x) sin(pi y)                           0 < x, y < 1
    -(u_xx + u_yy + u_zz) = 3 pi^2 sin(pi x) sin(pi y) sin(pi z)          0 < x, y, z < 1
    u = 0 on the boundary

Exact: u = sin(pi x) sin(pi y), and times sin(pi z). Everything is dimensionless.

Courant & Hilbert, Methods of Mathematical Physics, vol. 1, Interscience 1953, section V.5 (eigenfunctions of the
rectangle); LeVeque, Finite Difference Methods for Ordinary and Partial Differential Equations, SIAM 2007, section 3.2.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from scipy.interpolate import NdBSpline, make_interp_spline
from scipy.sparse import diags_array, kronsum
from scipy.sparse.linalg import cg, spsolve

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, read, refine

SQUARE = {"x": (0.0, 1.0), "y": (0.0, 1.0)}
CUBE = {**SQUARE, "z": (0.0, 1.0)}
SOLVES = {
    2: "Poisson's equation -(u_xx + u_yy) = 2 pi^2 sin(pi x) sin(pi y) with u = 0 on the boundary",
    3: "Poisson's equation -(u_xx + u_yy + u_zz) = 3 pi^2 sin(pi x) sin(pi y) sin(pi z) with u = 0 on the boundary",
}


def exact_solution(problem: Declared) -> Reference:
    """u = sin(pi x) sin(pi y) on the square. Its own error is rounding alone; ValueError for another domain."""
    read(problem, SOLVES[2], SQUARE)
    return _closed_form("exact solution sin(pi x) sin(pi y)", 2)


def exact_solution_3d(problem: Declared) -> Reference:
    """u = sin(pi x) sin(pi y) sin(pi z) on the cube. Its own error is rounding alone; ValueError for another domain."""
    read(problem, SOLVES[3], CUBE)
    return _closed_form("exact solution sin(pi x) sin(pi y) sin(pi z)", 3)


def sines(**at: Array) -> Array:
    """The product of sin(pi s) over the coordinates s, of their shape, dimensionless."""
    return np.asarray(np.prod([np.sin(np.pi * s) for s in at.values()], axis=0))


def _closed_form(name: str, dimension: int) -> Reference:
    begin = perf_counter()
    return Reference(name, {"u": sines}, 2.0**-52 * dimension, perf_counter() - begin)


def sparse_differences(problem: Declared) -> Reference:
    """Five-point differences on the square, solved directly (sparse LU), the own error by Richardson's estimate.

    No parameters; raises ValueError for another domain. Source: LeVeque 2007, section 3.2.
    """
    read(problem, SOLVES[2], SQUARE)
    return refine("five-point differences", lambda n: {"u": solve_on_grid(n, 2)}, (16, 512), problem, SQUARE, order=2)


def sparse_differences_3d(problem: Declared) -> Reference:
    """Seven-point differences on the cube, solved by conjugate gradients, the own error by Richardson's estimate.

    No parameters; raises ValueError for another domain. The finest grid has 128 intervals a side, whose error is 5e-5.
    Source: LeVeque 2007, sections 3.7 and 4.3.
    """
    read(problem, SOLVES[3], CUBE)
    return refine("seven-point differences", lambda n: {"u": solve_on_grid(n, 3)}, (16, 128), problem, CUBE, order=2)


def solve_on_grid(n: int, dimension: int) -> Field:
    """sum_axes (-u_(i-1) + 2 u_i - u_(i+1)) n^2 = load at the inner nodes of n intervals a side, as a field."""
    s, shape = np.linspace(0.0, 1.0, n + 1), (n - 1,) * dimension
    along_one = matrix = n**2 * diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n - 1, n - 1), format="csc")
    for _ in shape[1:]:
        matrix = kronsum(matrix, along_one, format="csc")
    axes = np.meshgrid(*[s[1:-1]] * dimension, indexing="ij")
    load = dimension * np.pi**2 * sines(**dict(zip("xyz", axes, strict=False))).ravel()
    if dimension == 2:
        u = spsolve(matrix, load, permc_spec="MMD_AT_PLUS_A")
    else:
        u, _ = cg(matrix, load, rtol=1e-12)  # few steps, as the load is near one eigenvector
    return spline(dict(zip("xyz", [s] * dimension, strict=False)), np.pad(u.reshape(shape), 1))


def spline(nodes: dict[str, Array], values: Array, degree: int = 5) -> Field:
    """The spline of this degree in every coordinate through values (n_1, ..., n_d) at the grid of nodes, as a field.

    Interpolation in one coordinate after the other, not-a-knot at the ends (de Boor, A Practical Guide to Splines,
    Springer 1978, chapter 17); its error falls as the spacing to the power degree + 1.
    """
    knots, weights = [], values
    for axis, at in enumerate(nodes.values()):
        in_one = make_interp_spline(at, weights, degree, axis=axis)
        knots.append(in_one.t)
        weights = np.moveaxis(in_one.c, 0, axis)
    through = NdBSpline(tuple(knots), np.ascontiguousarray(weights), degree)

    def field(**at: Array) -> Array:
        return np.asarray(through(np.stack([at[name] for name in nodes], axis=-1)))

    return field
