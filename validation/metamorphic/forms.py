"""Small problems of every form, with exact solutions: each is solved in well under a second."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# the equations are written as in a paper

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import cos, exp, sin

from pinnsolve import (
    Box,
    Problem,
    Unknown,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    initial_rate,
    laplace,
    neumann,
    observed,
    periodic,
    point,
    solenoidal,
)

PI = float(np.pi)


def growth() -> Problem:
    """An ODE: u' = u (1 - u), u(0) = 1/10; u = 1/(1 + 9 exp(-t))."""

    def logistic(u, t):
        return d(u, t) - u * (1 - u)

    return Problem(
        time=(0, 4), unknowns="u", equations=logistic, conditions=[initial(u=0.1)],
        reference=exact(u=lambda t: 1 / (1 + 9 * np.exp(-t))), tolerance=1e-6,
    )  # fmt: skip


def oscillator() -> Problem:
    """An ODE of second order: u'' = -4 u, u(0) = 1, u'(0) = 2; u = cos 2t + sin 2t."""

    def spring(u, t):
        return d(u, t, t) + 4 * u

    return Problem(
        time=(0, 3), unknowns="u", equations=spring, conditions=[initial(u=1), initial_rate(u=2)],
        reference=exact(u=lambda t: np.cos(2 * t) + np.sin(2 * t)), tolerance=1e-6,
    )  # fmt: skip


def hunters() -> Problem:
    """A system of ODEs: x' = -x + y^2, y' = -y, x(0) = 3, y(0) = 2; y = 2 exp(-t), x = 7 exp(-t) - 4 exp(-2t)."""

    def eaten(x, y, t):
        return d(x, t) + x - y**2

    def eater(y, t):
        return d(y, t) + y

    return Problem(
        time=(0, 2), unknowns=("x", "y"), equations=[eaten, eater], conditions=[initial(x=3, y=2)],
        reference=exact(x=lambda t: 7 * np.exp(-t) - 4 * np.exp(-2 * t), y=lambda t: 2 * np.exp(-t)), tolerance=1e-6,
    )  # fmt: skip


def bar() -> Problem:
    """Steady, with a slope at one end: u_xx - u^3 = f, u(0) = 1, u_x(1) = e/2; u = (exp(x) + 1)/2, and no other."""

    def balance(u, x):
        return d(u, x, x) - u**3 - exp(x) / 2 + (exp(x) + 1) ** 3 / 8

    return Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=balance,
        conditions=[dirichlet(u=1, on=face(x=0)), neumann(u=float(np.e) / 2, on=face(x=1))],
        reference=exact(u=lambda x: (np.exp(x) + 1) / 2), tolerance=1e-6,
    )  # fmt: skip


def membrane() -> Problem:
    """Steady, one equation all round: u_xx + u_yy = u, u_n + u given; u = exp(0.6 x + 0.8 y)."""

    def balance(u, x, y):
        return laplace(u, x, y) - u

    def edge(u, x, y, nx, ny):
        return nx * d(u, x) + ny * d(u, y) + u - (1 + 0.6 * nx + 0.8 * ny) * exp(0.6 * x + 0.8 * y)

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=balance, conditions=[condition(edge)],
        reference=exact(u=lambda x, y: np.exp(0.6 * x + 0.8 * y)), tolerance=1e-6,
    )  # fmt: skip


def plate() -> Problem:
    """First order in time, with slopes on two faces of different axes: T_t = (T_xx + T_yy)/10, insulated but at x = 0."""

    def heat(T, x, y, t):
        return d(T, t) - 0.1 * laplace(T, x, y)

    def mode(x, y):
        return sin(PI * x / 2) * cos(PI * y)

    def decaying(x, y, t):
        return np.exp(-0.125 * PI**2 * t) * np.sin(PI * x / 2) * np.cos(PI * y)

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="T", equations=heat,
        conditions=[initial(T=mode), dirichlet(T=0, on=face(x=0)), neumann(T=0, on=face(x=1) | faces("y"))],
        reference=exact(T=decaying), tolerance=1e-5,
    )  # fmt: skip


def string() -> Problem:
    """Second order in time: u_tt = u_xx, plucked and pushed; u = sin(pi x)(cos(pi t) + sin(pi t))."""

    def wave(u, x, t):
        return d(u, t, t) - d(u, x, x)

    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=wave,
        conditions=[initial(u=lambda x: sin(PI * x)), initial_rate(u=lambda x: PI * sin(PI * x)), dirichlet(u=0)],
        reference=exact(u=lambda x, t: np.sin(PI * x) * (np.cos(PI * t) + np.sin(PI * t))), tolerance=1e-6,
    )  # fmt: skip


def line() -> Problem:
    """A system of first order in time: u_t = v_x, v_t = u_x; u = sin(pi x) cos(pi t), v = cos(pi x) sin(pi t)."""

    def voltage(u, v, x, t):
        return d(u, t) - d(v, x)

    def current(u, v, x, t):
        return d(v, t) - d(u, x)

    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns=("u", "v"), equations=[voltage, current],
        conditions=[initial(u=lambda x: sin(PI * x), v=0), dirichlet(u=0)],
        reference=exact(
            u=lambda x, t: np.sin(PI * x) * np.cos(PI * t), v=lambda x, t: np.cos(PI * x) * np.sin(PI * t)
        ),
        tolerance=1e-6,
    )  # fmt: skip


def ring() -> Problem:
    """Periodic: u_t + u_x = u_xx/20; u = exp(-t/20) sin(x - t) in a ring of 2 pi."""

    def drift(u, x, t):
        return d(u, t) + d(u, x) - d(u, x, x) / 20

    return Problem(
        space=Box(x=(0, 2 * PI)), time=(0, 1), unknowns="u", equations=drift,
        conditions=[initial(u=sin_of_x), periodic("x")],
        reference=exact(u=lambda x, t: np.exp(-t / 20) * np.sin(x - t)), tolerance=1e-6,
    )  # fmt: skip


def sin_of_x(x):
    return sin(x)


def vortex() -> Problem:
    """Solenoidal: a steady Stokes flow in a box, u = sin x cos y + y, v = -cos x sin y, p = 0 at the middle."""

    def x_momentum(u, v, p, x, y):
        return d(p, x) - laplace(u, x, y) - 2 * sin(x) * cos(y) - cos(x) * cos(y)

    def y_momentum(u, v, p, x, y):
        return d(p, y) - laplace(v, x, y) + 2 * cos(x) * sin(y) + sin(x) * sin(y)

    return Problem(
        space=Box(x=(-1, 2), y=(-1, 1)), unknowns=("u", "v", "p"), equations=[x_momentum, y_momentum],
        conditions=[
            solenoidal("u", "v"),
            dirichlet(u=lambda x, y: sin(x) * cos(y) + y, v=lambda x, y: -cos(x) * sin(y)),
            dirichlet(p=0, on=point(x=0, y=0)),
        ],
        reference=exact(
            u=lambda x, y: np.sin(x) * np.cos(y) + y, v=lambda x, y: -np.cos(x) * np.sin(y),
            p=lambda x, y: np.sin(x) * np.cos(y),
        ),
        tolerance=1e-5,
    )  # fmt: skip


def rate() -> Problem:
    """Inverse, a constant: u_t = a u_xx, true a = 0.3, from 100 exact values of u = exp(-a pi^2 t) sin(pi x) + x."""

    def heat(u, x, t, a):
        return d(u, t) - a * d(u, x, x)

    def warm(x, t):
        return np.exp(-0.3 * PI**2 * t) * np.sin(PI * x) + x

    x, t = np.random.default_rng(1).uniform(0, 1, (2, 100))
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat,
        conditions=[
            initial(u=lambda x: sin(PI * x) + x), dirichlet(u=lambda x: x), observed(x=x, t=t, u=warm(x, t), sigma=1e-4)
        ],
        parameters={"a": Unknown(0.5, positive=True)}, reference=exact(u=warm), tolerance=1e-4,
    )  # fmt: skip


def spring_rate() -> Problem:
    """Inverse, an ODE: u'' = -k u, u(0) = 1, u'(0) = 0, true k = 4, from 30 values of u = cos 2t without a sigma."""

    def spring(u, t, k):
        return d(u, t, t) + k * u

    t = np.linspace(0.1, 2.9, 30)
    return Problem(
        time=(0, 3), unknowns="u", equations=spring,
        conditions=[initial(u=1), initial_rate(u=0), observed(t=t, u=np.cos(2 * t))],
        parameters={"k": Unknown(3.0)}, reference=exact(u=lambda t: np.cos(2 * t)), tolerance=1e-4,
    )  # fmt: skip


FORMS: dict[str, Callable[[], Problem]] = {
    f.__name__: f
    for f in (growth, oscillator, hunters, bar, membrane, plate, string, line, ring, vortex, rate, spring_rate)
}  # fmt: skip
