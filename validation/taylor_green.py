"""Taylor and Green's vortices, decaying in a periodic box: unsteady incompressible flow.

    u_t + u u_x + v u_y = -p_x + nu (u_xx + u_yy)       0 < x, y < 2 pi, periodic,  0 < t < 1
    v_t + u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0,   p(pi/4, pi/4, t) = 0,   u(x, y, 0) = -cos x sin y,   v(x, y, 0) = sin x cos y

The vortices only decay: u and v as exp(-2 nu t), and p = -(cos 2x + cos 2y) / 4 exp(-4 nu t). Everything is
dimensionless; nu is the viscosity, 0.01 by default.

Taylor & Green, Proc. R. Soc. Lond. A 158 (1937) 499-521; Chorin, Math. Comp. 22 (1968) 745-762;
Kim & Moin, J. Comput. Phys. 59 (1985) 308-323.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, Fields, read, refine

Spectrum = NDArray[np.complex128]  # (..., n, n/2 + 1): coefficients of exp(i (k x + l y)), those of l < 0 left out
Scalar = Callable[[Array, Array], Array]

BOX = {"x": (0.0, 2 * np.pi), "y": (0.0, 2 * np.pi), "t": (0.0, 1.0)}
SOLVES = (
    "Taylor and Green's vortices, u_t + u u_x + v u_y = -p_x + nu laplace(u) from u = -cos x sin y, v = sin x cos y,"
)
MODES = 16  # of which five a side are kept: the vortices need one, their pressure two
CHUNK = 2048  # points at a time


def exact_solution(problem: Declared) -> Reference:
    """The formulas above. Reads the parameter "nu"; raises ValueError for another domain. The own error is rounding."""
    begin = perf_counter()
    (nu,) = read(problem, SOLVES, BOX, "nu")
    fields: Fields = {
        "u": lambda x, y, t: -np.cos(x) * np.sin(y) * np.exp(-2 * nu * t),
        "v": lambda x, y, t: np.sin(x) * np.cos(y) * np.exp(-2 * nu * t),
        "p": lambda x, y, t: -(np.cos(2 * x) + np.cos(2 * y)) / 4 * np.exp(-4 * nu * t),
    }
    return Reference("exact solution of Taylor and Green", fields, 4 * 2.0**-52, perf_counter() - begin)


def pseudospectral(problem: Declared) -> Reference:
    """Fourier modes and Runge and Kutta's method, with the own error by Richardson's estimate in the time step.

    Reads the parameter "nu"; raises ValueError for another domain. So few modes are exact: the vortices excite no more.
    """
    (nu,) = read(problem, SOLVES, BOX, "nu")
    return refine(
        "pseudo-spectral", lambda steps: solve_in_steps(steps, nu), (4, 1024), problem, BOX, order=4, rounding=1e-15
    )


def vortices(x: Array, y: Array) -> Array:
    """The vorticity v_x - u_y at t = 0."""
    return 2 * np.cos(x) * np.cos(y)


@dataclass(frozen=True)
class Modes:
    """n x n Fourier modes on the box; those from n/3 on are dropped, so that no product of two is aliased.

    Canuto, Hussaini, Quarteroni & Zang, Spectral Methods: Evolution to Complex Geometries, Springer 2007, chapter 3.
    """

    n: int

    @property
    def k(self) -> Array:
        return np.asarray(np.fft.fftfreq(self.n, 1 / self.n)[:, None], dtype=np.float64)

    @property
    def l(self) -> Array:  # noqa: E743
        return np.asarray(np.fft.rfftfreq(self.n, 1 / self.n)[None, :], dtype=np.float64)

    @property
    def square(self) -> Array:
        """k^2 + l^2, one for the mean, which is zero in all that is divided by it."""
        square = self.k**2 + self.l**2
        square[0, 0] = 1.0
        return square

    def values(self, spectrum: Spectrum) -> Array:
        """On the points 2 pi i / n, (..., n, n)."""
        return np.asarray(np.fft.irfft2(spectrum, (self.n, self.n), norm="forward"), dtype=np.float64)

    def spectrum(self, values: Array) -> Spectrum:
        kept = (np.abs(self.k) < self.n / 3) & (self.l < self.n / 3)
        kept[0, 0] = False
        return np.asarray(np.fft.rfft2(values, norm="forward") * kept)

    def velocity(self, vorticity: Spectrum) -> tuple[Spectrum, Spectrum]:
        """u = psi_y and v = -psi_x, where -laplace(psi) is the vorticity."""
        psi = vorticity / self.square
        return 1j * self.l * psi, -1j * self.k * psi

    def advection(self, vorticity: Spectrum) -> Spectrum:
        """-(u w_x + v w_y) of a vorticity w."""
        u, v = map(self.values, self.velocity(vorticity))
        slopes = self.values(1j * self.k * vorticity), self.values(1j * self.l * vorticity)
        return -self.spectrum(u * slopes[0] + v * slopes[1])

    def pressure(self, vorticity: Spectrum) -> Spectrum:
        """From laplace(p) = 2 (u_x v_y - u_y v_x), with p = 0 at (pi/4, pi/4)."""
        u, v = self.velocity(vorticity)
        u_x, u_y, v_x = (self.values(1j * a * b) for a, b in ((self.k, u), (self.l, u), (self.k, v)))
        p = self.spectrum(2 * (u_x**2 + u_y * v_x)) / self.square  # v_y = -u_x
        p[..., 0, 0] = -self.at(p, *np.full((2, 1), np.pi / 4))
        return p

    def at(self, spectrum: Spectrum, x: Array, y: Array) -> Array:
        """The sums (M,) of the series (M, n, n/2 + 1), or of one, at the points (M,)."""
        in_x, in_y = np.exp(1j * x[:, None] * self.k.T), np.exp(1j * y[:, None] * self.l)
        twice = np.where(self.l == 0, 1.0, 2.0)
        along_y = np.matmul(spectrum, (twice * in_y)[..., None])[..., 0]
        return np.asarray((along_y * in_x).sum(axis=-1).real)


def march(steps: int, nu: float, start: Spectrum) -> Spectrum:
    """The vorticity (steps + 1, n, n/2 + 1) at equal steps over 0 < t < 1.

    The classical fourth-order Runge-Kutta method on exp(nu (k^2 + l^2) t) w, whose viscosity is exact: integrating
    factors, Canuto et al. 2007, chapter 3.
    """
    modes, h = Modes(start.shape[0]), 1 / steps
    half = np.exp(-nu * modes.square * h / 2)
    history = [start]
    for _ in range(steps):
        w = history[-1]
        a = modes.advection(w)
        b = modes.advection(half * (w + h / 2 * a))
        c = modes.advection(half * w + h / 2 * b)
        d = modes.advection(half * (half * w + h * c))
        history.append(half * (half * w + h / 6 * (half * a + 2 * (b + c))) + h / 6 * d)
    return np.stack(history)


def solve_in_steps(steps: int, nu: float, vorticity: Scalar = vortices, n: int = MODES) -> Fields:
    """u, v and p as fields of x, y and t, from a vorticity of no mean at t = 0, with cubic splines in time."""
    modes, nodes = Modes(n), 2 * np.pi * np.arange(n) / n
    history = march(steps, nu, modes.spectrum(vorticity(nodes[:, None], nodes[None, :])))

    def series(spectra: Any) -> Field:
        spline = CubicSpline(np.linspace(0.0, 1.0, steps + 1), spectra)

        def field(x: Array, y: Array, t: Array) -> Array:
            value = np.empty(x.size)
            for at in np.array_split(np.arange(x.size), x.size // CHUNK + 1):
                value[at] = modes.at(spline(t.ravel()[at]), x.ravel()[at], y.ravel()[at])
            return value.reshape(x.shape)

        return field

    u, v = modes.velocity(history)
    return {"u": series(u), "v": series(v), "p": series(np.stack([modes.pressure(w) for w in history]))}
