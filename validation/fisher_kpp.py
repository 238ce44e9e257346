"""The equation of Fisher and of Kolmogorov, Petrovsky & Piskunov: a population that spreads as a travelling front.

    u_t = D u_xx + r u (1 - u)                          -10 < x < 20,  0 < t < 5
    u = (1 + exp(sqrt(r / (6 D)) x - 5 r t / 6))^-2     at t = 0 and at both ends

Exact: the same formula everywhere, a front of speed 5 sqrt(r D / 6). Everything is dimensionless; D = r = 1 are the
usual values.

Fisher, Ann. Eugenics 7 (1937) 355-369; Kolmogorov, Petrovsky & Piskunov, Bull. Univ. Moscow A 1 (1937) 1-25;
Ablowitz & Zeppetella, Bull. Math. Biol. 41 (1979) 835-840.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from scipy.special import expit

from pinnsolve.reference import Reference
from validation.refine import Array, Declared, Field, march, read, refine

LAND = {"x": (-10.0, 20.0), "t": (0.0, 5.0)}
SOLVES = "Fisher's equation u_t = D u_xx + r u (1 - u) with Ablowitz & Zeppetella's front at the start and the ends"


def exact_solution(problem: Declared) -> Reference:
    """u = (1 + exp(sqrt(r / (6 D)) x - 5 r t / 6))^-2.

    Reads the parameters "D" (diffusivity) and "r" (growth rate), both dimensionless; raises ValueError for another
    domain. The own error is rounding: the exponent's where u falls, at the front, and else the last bit.
    Source: Ablowitz & Zeppetella 1979.
    """
    D, r = read(problem, SOLVES, LAND, "D", "r")
    begin = perf_counter()
    rounding = 2.0**-52 * max(1.0, r / 6)
    return Reference("exact solution of a front", {"u": front(D, r)}, rounding, perf_counter() - begin)


def front(D: float, r: float) -> Field:
    """Ablowitz & Zeppetella's solution as a field of x and t; the logistic function cannot overflow."""
    return lambda x, t: expit(5 * r * t / 6 - np.sqrt(r / (6 * D)) * x) ** 2


def method_of_lines(problem: Declared) -> Reference:
    """Second-order central differences in x and LSODA in time, with the own error by Richardson's estimate.

    Reads the parameters "D" and "r"; raises ValueError for another domain. Source: Crank, The Mathematics of
    Diffusion, 2nd ed., Oxford 1975, chapter 8.
    """
    D, r = read(problem, SOLVES, LAND, "D", "r")
    return refine("method of lines", lambda n: {"u": solve_on_grid(n, D, r)}, (64, 8192), problem, LAND, order=2)


def solve_on_grid(n: int, D: float, r: float) -> Field:
    """du_i/dt = D (u_(i-1) - 2 u_i + u_(i+1)) / dx^2 + r u_i (1 - u_i) on n intervals, as a field of x and t.

    At the ends du/dt is the front's, (5 r / 3) u (1 - sqrt(u)).
    """
    x, (_, last) = np.linspace(*LAND["x"], n + 1), LAND["t"]
    u_at, dx = front(D, r), x[1] - x[0]

    def rate(part: float, u: Array) -> Array:
        end = u_at(x[[0, -1]], np.full(2, part * last))
        du = np.empty_like(u)
        du[1:-1] = D * np.diff(u, 2) / dx**2 + r * u[1:-1] * (1 - u[1:-1])
        du[[0, -1]] = 5 * r / 3 * end * (1 - np.sqrt(end))
        return last * du

    lines = march(rate, x, u_at(x, np.zeros(n + 1)), accuracy=1e-2)
    return lambda x, t: lines(x=x, t=t / last)
