"""The same problem as a system of first order, written by hand: what was a derivative is an unknown now.

The new unknowns are given by equations, so no condition has to mention them.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# the equations are written as in a paper

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import exp, sin

from pinnsolve import Box, Problem, condition, d, dirichlet, exact, face, initial
from problems import heat as shipped_heat
from problems import poisson as shipped_poisson
from validation.metamorphic.forms import PI


def oscillator() -> Problem:
    """u' = v, v' = -4 u, u(0) = 1, v(0) = 2."""

    def speed(u, v, t):
        return d(u, t) - v

    def force(u, v, t):
        return d(v, t) + 4 * u

    return Problem(
        time=(0, 3), unknowns=("u", "v"), equations=[speed, force], conditions=[initial(u=1, v=2)],
        reference=exact(
            u=lambda t: np.cos(2 * t) + np.sin(2 * t), v=lambda t: 2 * np.cos(2 * t) - 2 * np.sin(2 * t)
        ),
        tolerance=1e-6,
    )  # fmt: skip


def bar() -> Problem:
    """q = u_x, q_x - u^3 = f, u(0) = 1, q(1) = e/2."""

    def slope(u, q, x):
        return q - d(u, x)

    def balance(u, q, x):
        return d(q, x) - u**3 - exp(x) / 2 + (exp(x) + 1) ** 3 / 8

    return Problem(
        space=Box(x=(0, 1)), unknowns=("u", "q"), equations=[slope, balance],
        conditions=[dirichlet(u=1, on=face(x=0)), dirichlet(q=float(np.e) / 2, on=face(x=1))],
        reference=exact(u=lambda x: (np.exp(x) + 1) / 2, q=lambda x: np.exp(x) / 2), tolerance=1e-6,
    )  # fmt: skip


def membrane() -> Problem:
    """p = u_x, q = u_y, p_x + q_y = u, n . (p, q) + u given all round."""

    def slope_x(u, p, x):
        return p - d(u, x)

    def slope_y(u, q, y):
        return q - d(u, y)

    def balance(u, p, q, x, y):
        return d(p, x) + d(q, y) - u

    def edge(u, p, q, x, y, nx, ny):
        return nx * p + ny * q + u - (1 + 0.6 * nx + 0.8 * ny) * exp(0.6 * x + 0.8 * y)

    def wave(x, y):
        return np.exp(0.6 * x + 0.8 * y)

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns=("u", "p", "q"), equations=[slope_x, slope_y, balance],
        conditions=[condition(edge)],
        reference=exact(u=wave, p=lambda x, y: 0.6 * wave(x, y), q=lambda x, y: 0.8 * wave(x, y)), tolerance=1e-6,
    )  # fmt: skip


def poisson() -> Problem:
    """p = u_x, q = u_y, -p_x - q_y = 2 pi^2 sin(pi x) sin(pi y), u = 0 on the boundary."""

    def slope_x(u, p, x):
        return p - d(u, x)

    def slope_y(u, q, y):
        return q - d(u, y)

    def balance(p, q, x, y):
        return -d(p, x) - d(q, y) - 2 * PI**2 * sin(PI * x) * sin(PI * y)

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns=("u", "p", "q"), equations=[slope_x, slope_y, balance],
        conditions=[dirichlet(u=0)],
        reference=exact(
            u=lambda x, y: np.sin(PI * x) * np.sin(PI * y), p=lambda x, y: PI * np.cos(PI * x) * np.sin(PI * y),
            q=lambda x, y: PI * np.sin(PI * x) * np.cos(PI * y),
        ),
        tolerance=shipped_poisson.problem.tolerance,
    )  # fmt: skip


def heat() -> Problem:
    """q = -alpha u_x, u_t = -q_x, u = 0 at both ends."""

    def fourier(u, q, x, alpha):
        return q + alpha * d(u, x)

    def balance(u, q, x, t):
        return d(u, t) + d(q, x)

    def decay(t):
        return np.exp(-0.4 * PI**2 * t)

    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns=("u", "q"), equations=[fourier, balance],
        conditions=[initial(u=lambda x: sin(PI * x)), dirichlet(u=0)], parameters={"alpha": 0.4},
        reference=exact(
            u=lambda x, t: decay(t) * np.sin(PI * x), q=lambda x, t: -0.4 * PI * decay(t) * np.cos(PI * x)
        ),
        tolerance=shipped_heat.problem.tolerance,
    )  # fmt: skip


FIRST_ORDER: dict[str, Callable[[], Problem]] = {f.__name__: f for f in (oscillator, bar, membrane, poisson, heat)}
