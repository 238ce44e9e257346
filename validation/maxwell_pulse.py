"""Maxwell's equations along a line: a pulse comes out of empty space upon a dielectric.

    eps(x) Ez_t = Hy_x,    Hy_t = Ez_x            -1 < x < 1,  0 < t < 1,    eps = 1 for x < 0, eps_r for x > 0
    Ez(x, 0) = exp(-((x + 0.5) / 0.1)^2),         Hy(x, 0) = -Ez(x, 0)
    Ez - Hy = 0 at x = -1,                        sqrt(eps_r) Ez + Hy = 0 at x = 1

Ez and Hy are continuous at x = 0; nothing comes in from the ends. Everything is dimensionless; eps_r = 4 is the usual
value. The initial value is taken on the whole line, its tail in x > 0 (at most e^-25 = 1.4e-11) included.

Taflove & Hagness, Computational Electrodynamics, 3rd ed., Artech House 2005, chapter 2; Jackson, Classical
Electrodynamics, 3rd ed., Wiley 1999, section 7.3 (Fresnel's coefficients at normal incidence).
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, exp, sqrt
from time import perf_counter

import numpy as np
from numpy.polynomial import legendre

from pinnsolve.reference import Reference
from validation.interpolation import flat, stencil
from validation.refine import Array, Declared, Field, Fields, read, refine

LINE = {"x": (-1.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "Maxwell's equations eps Ez_t = Hy_x, Hy_t = Ez_x for a pulse upon a dielectric, eps_r for x > 0"
MODES = 4  # Legendre's polynomials to an element: fourth order, as the Runge-Kutta method
J = np.arange(MODES)
SLOPE = np.array([[2.0 * (j > k and (j + k) % 2) for k in range(MODES)] for j in range(MODES)])  # int P_j' P_k


def pulse(x: Array) -> Array:
    """exp(-((x + 0.5) / 0.1)^2), dimensionless."""
    return np.asarray(np.exp(-(((x + 0.5) / 0.1) ** 2)))


def fresnel(eps_r: float) -> tuple[float, float]:
    """The coefficients of reflection and transmission of Ez at normal incidence out of empty space; Jackson 1999, section 7.3."""
    index = sqrt(eps_r)
    return (1 - index) / (1 + index), 2 / (1 + index)


def characteristics(problem: Declared) -> Reference:
    """d'Alembert's pulse f: f(x - t) + r f(-x - t) on the left, tau f(sqrt(eps_r) x - t) on the right.

    Reads the parameter "eps_r" (relative permittivity, dimensionless); raises ValueError for another domain. The own
    error is the tail of the pulse beyond the interface and the left end at t = 0, which is left out: e^-25.
    Source: Jackson 1999, section 7.3.
    """
    begin, (eps_r,) = perf_counter(), read(problem, SOLVES, LINE, "eps_r")
    (r, tau), index = fresnel(eps_r), sqrt(eps_r)

    def ez(x: Array, t: Array) -> Array:
        return np.where(x < 0, pulse(x - t) + r * pulse(-x - t), tau * pulse(index * x - t))

    def hy(x: Array, t: Array) -> Array:
        return np.where(x < 0, r * pulse(-x - t) - pulse(x - t), -index * tau * pulse(index * x - t))

    return Reference("Fresnel's characteristics", {"Ez": ez, "Hy": hy}, exp(-25.0), perf_counter() - begin)


def discontinuous_galerkin(problem: Declared) -> Reference:
    """Cubic discontinuous elements with upwind fluxes and the classical Runge-Kutta method; Richardson's estimate.

    Reads the parameter "eps_r"; raises ValueError for another domain. The upwind flux matches the characteristics of
    the media on either side of a face: so the interface keeps the order, and empty space beyond the ends lets all out.
    Source: Hesthaven & Warburton, J. Comput. Phys. 181 (2002) 186-221, section 2; Nodal Discontinuous Galerkin
    Methods, Springer 2008, section 2.4.
    """
    (eps_r,) = read(problem, SOLVES, LINE, "eps_r")
    return refine("discontinuous Galerkin", lambda n: solve_on_grid(n, eps_r), (32, 2048), problem, LINE, order=4)


def solve_on_grid(n: int, eps_r: float) -> Fields:
    """Ez and Hy from n elements, n even, and n levels in time, each of some Runge-Kutta steps."""
    centre = (2 * np.arange(n) + 1) / n - 1
    substeps = ceil(5 * max(1.0, eps_r**-0.5))  # the fastest wave crosses at most a tenth of an element
    dt, rate = 1 / (n * substeps), elements(np.where(centre < 0, 1.0, eps_r))
    node, weight = legendre.leggauss(12)
    ez = (J[:, None] + 0.5) * (weight * legendre.legvander(node, MODES - 1).T) @ pulse(centre + node[:, None] / n)
    now = np.stack([ez, -ez])
    kept = np.empty((n + 1, *now.shape))
    kept[0] = now
    for level in range(1, n + 1):
        for _ in range(substeps):  # for linear equations the classical method is Taylor's polynomial, by Horner
            stage = now
            for k in (4, 3, 2, 1):
                stage = now + dt / k * rate(stage)
            now = stage
        kept[level] = now
    return {"Ez": piecewise(kept[:, 0]), "Hy": piecewise(kept[:, 1])}


def elements(eps: Array) -> Callable[[Array], Array]:
    """d/dt of the coefficients (2, MODES, n) of Ez and Hy in n elements of -1 < x < 1 with permittivities eps (n,).

    On a face, sqrt(eps) Ez - Hy comes from the left and sqrt(eps) Ez + Hy from the right; they give both fields there.
    """
    index = np.sqrt(eps)
    left, right = np.append(index[0], index), np.append(index, index[-1])  # of the faces
    from_left, from_right = np.zeros((2, eps.size + 1))  # nothing comes in from the ends
    face = np.empty((2, 1, eps.size + 1))
    sign, outflow = (-1.0) ** J, (2 * J[:, None] + 1) * eps.size / 2
    inflow, inside = outflow * sign[:, None], outflow * SLOPE

    def rate(now: Array) -> Array:
        at_right, at_left = now.sum(axis=1), sign @ now
        from_left[1:] = index * at_right[0] - at_right[1]
        from_right[:-1] = index * at_left[0] + at_left[1]
        face[1, 0] = (from_left + from_right) / (left + right)  # Ez, which drives Hy
        face[0, 0] = from_right - right * face[1, 0]  # Hy, which drives Ez
        change = outflow * face[..., 1:] - inflow * face[..., :-1] - inside @ now[::-1]
        change[0] /= eps
        return np.asarray(change)

    return rate


def piecewise(kept: Array) -> Field:
    """The field of x and t from coefficients (levels, MODES, n): Legendre's in an element, Lagrange's in time."""
    last, n = kept.shape[0] - 1, kept.shape[2]

    def field(x: Array, t: Array) -> Array:
        (at, time), shape = flat([x, t])
        place = (at + 1) / 2 * n
        element = np.clip(np.floor(place).astype(np.intp), 0, n - 1)
        shapes = legendre.legvander(2 * (place - element) - 1, MODES - 1)
        level, weight = stencil(time * last, last + 1)
        # Indices on either side of a slice: their axes come first.
        return np.asarray(np.einsum("am,mj,amj->m", weight, shapes, kept[level, :, element])).reshape(shape)

    return field
