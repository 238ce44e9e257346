"""The Allen-Cahn equation: two phases part, and thin walls stay between them.

    u_t = eps u_xx + r (u - u^3)          -1 < x < 1, periodic,  0 < t < 1
    u(x, 0) = x^2 cos(pi x)

Everything is dimensionless; eps = 1e-4 and r = 5 are the usual values. The solution is even in x and of period 2, so
u_x = 0 at x = 0 and 1. The initial value contradicts that: its slope jumps by 4 at x = +-1, where the solution starts
with a layer as thin as sqrt(eps t).

Allen & Cahn, Acta Metall. 27 (1979) 1085-1095; Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686-707,
section 3.2; Wight & Zhao, Commun. Comput. Phys. 29 (2021) 930-954.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct

from pinnsolve.reference import Reference
from validation.poisson import spline
from validation.refine import Array, Declared, Field, march, read, refine

Wave = TypeVar("Wave", Array, NDArray[np.complex128])
RING = {"x": (-1.0, 1.0), "t": (0.0, 1.0)}
SOLVES = "the Allen-Cahn equation u_t = eps u_xx + r (u - u^3), periodic, with u(x, 0) = x^2 cos(pi x)"


def initial(x: Array) -> Array:
    """u(x, 0) = x^2 cos(pi x), (N,) -> (N,), dimensionless."""
    return x**2 * np.cos(np.pi * x)


def fourier(problem: Declared) -> Reference:
    """Cosines in space and exponential Runge-Kutta steps in time, refined together, own error by Richardson.

    Reads the parameters "eps" (diffusivity) and "r" (rate), both dimensionless; raises ValueError for another domain.
    The kink's cosine coefficients fall as k^-2, so that those beyond n give the lower ones, by aliasing, an error that
    falls as n^-2: no faster than finite differences. Source: Kassam & Trefethen 2005.
    """
    eps, r = read(problem, SOLVES, RING, "eps", "r")
    return refine("Fourier, ETDRK4", lambda n: {"u": solve_by_fourier(n, eps, r)}, (128, 4096), problem, RING, order=2)


def solve_by_fourier(n: int, eps: float, r: float) -> Field:
    """The cosines up to wave number n pi, from the values at n + 1 nodes on 0 <= x <= 1, as a field of x and t.

    Time steps are equal in sqrt(t), of which the layer is a smooth function, and as sqrt(n) in number: of order four in
    time, so that all errors fall as n^-2.
    """
    x, root_t = np.linspace(0.0, 1.0, n + 1), np.linspace(0.0, 1.0, round(4 * np.sqrt(n)) + 65)
    decay: Array = -eps * (np.pi * np.arange(n + 1.0)) ** 2

    def reaction(wave: Array) -> Array:
        u = idct(wave, type=1)
        return np.asarray(dct(r * (u - u**3), type=1))

    waves = [dct(initial(x), type=1)]
    for step in np.diff(root_t**2):
        waves.append(exponential_step(reaction, waves[-1], exponential_weights(decay, float(step))))
    through = spline({"x": x, "t": root_t}, idct(np.array(waves), type=1, axis=1).T)
    return lambda x, t: through(x=np.abs(x), t=np.sqrt(t))


@dataclass(frozen=True)
class Weights:
    """What a step of ETDRK4 multiplies by, (N,) each."""

    half: Array
    whole: Array
    stage: Array
    first: Array
    middle: Array
    last: Array


def exponential_weights(decay: Array, step: float) -> Weights:
    """The weights for decay (N,), means over a unit circle round each decay * step, so that nothing cancels where that
    is small (Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214-1233, section 2). By symmetry the upper half of
    the circle will do."""
    z = np.add.outer(np.exp(1j * np.pi * (np.arange(16) + 0.5) / 16), decay * step)
    e = np.exp(z)

    def mean(weight: NDArray[np.complex128]) -> Array:
        return step * weight.real.mean(axis=0)

    return Weights(
        np.exp(decay * step / 2),
        np.exp(decay * step),
        mean((np.exp(z / 2) - 1) / z),
        mean((-4 - z + e * (4 - 3 * z + z**2)) / z**3),
        mean((2 + z + e * (z - 2)) / z**3),
        mean((-4 - 3 * z - z**2 + e * (4 - z)) / z**3),
    )


def exponential_step(rate: Callable[[Wave], Wave], v: Wave, w: Weights) -> Wave:
    """One step of ETDRK4 for dv/dt = decay v + rate(v), v and decay (N,) (the same, section 3; Cox & Matthews,
    J. Comput. Phys. 176 (2002) 430-455)."""
    at_v = rate(v)
    a = w.half * v + w.stage * at_v
    at_a = rate(a)
    at_b = rate(w.half * v + w.stage * at_a)
    at_c = rate(w.half * a + w.stage * (2 * at_b - at_v))
    return w.whole * v + w.first * at_v + 2 * w.middle * (at_a + at_b) + w.last * at_c


def method_of_lines(problem: Declared) -> Reference:
    """Second-order central differences on 0 <= x <= 1 and LSODA in time, with the own error by Richardson's estimate.

    Reads the parameters "eps" and "r"; raises ValueError for another domain. Source: Wight & Zhao 2021 solve the same
    problem on the half ring; Crank, The Mathematics of Diffusion, 2nd ed., Oxford 1975, chapter 8.
    """
    eps, r = read(problem, SOLVES, RING, "eps", "r")
    return refine("method of lines", lambda n: {"u": solve_on_grid(n, eps, r)}, (128, 8192), problem, RING, order=2)


def solve_on_grid(n: int, eps: float, r: float) -> Field:
    """du_i/dt = eps (u_(i-1) - 2 u_i + u_(i+1)) n^2 + r (u_i - u_i^3), mirrored at both ends, as a field of x and t."""

    def rate(_: float, u: Array) -> Array:
        beyond = np.concatenate([u[1:2], u, u[-2:-1]])
        return eps * n**2 * np.diff(beyond, 2) + r * (u - u**3)

    x = np.linspace(0.0, 1.0, n + 1)
    lines = march(rate, x, initial(x), accuracy=1.0)
    return lambda x, t: lines(x=np.abs(x), t=t)
