"""How strong were Taylor's and Green's eddies? The unknown constant stands in the start of a solenoidal velocity.

(u, v) = A (-cos x sin y, sin x cos y) exp(-2 nu t),  nu = 0.1,  true A = 1.5, from 300 exact measurements of u and v
"""

from math import pi

import numpy as np
from torch import cos, sin

from pinnsolve import (
    Box,
    Problem,
    Unknown,
    d,
    dirichlet,
    exact,
    initial,
    laplace,
    observed,
    periodic,
    point,
    solenoidal,
)
from validation.wanted import right

wanted = right(2e-2, budget=30, slow=True)
A = 1.5


def x_momentum(u, v, p, x, y, t):
    return d(u, t) + u * d(u, x) + v * d(u, y) + d(p, x) - 0.1 * laplace(u, x, y)


def y_momentum(u, v, p, x, y, t):
    return d(v, t) + u * d(v, x) + v * d(v, y) + d(p, y) - 0.1 * laplace(v, x, y)


def east(x, y, t):
    return -A * np.cos(x) * np.sin(y) * np.exp(-0.2 * t)


def north(x, y, t):
    return A * np.sin(x) * np.cos(y) * np.exp(-0.2 * t)


def pressure(x, y, t):
    return -(A**2) * (np.cos(2 * x) + np.cos(2 * y)) / 4 * np.exp(-0.4 * t)


rng = np.random.default_rng(7)
xs, ys, ts = rng.uniform(0, 2 * pi, 300), rng.uniform(0, 2 * pi, 300), rng.uniform(0, 1, 300)

problem = Problem(
    space=Box(x=(0, 2 * pi), y=(0, 2 * pi)),
    time=(0, 1),
    unknowns=("u", "v", "p"),
    equations=[x_momentum, y_momentum],
    conditions=[
        solenoidal("u", "v"),
        periodic("x", "y"),
        initial(u=lambda x, y, A: -A * cos(x) * sin(y), v=lambda x, y, A: A * sin(x) * cos(y)),
        dirichlet(p=0, on=point(x=pi / 4, y=pi / 4)),
        observed(x=xs, y=ys, t=ts, u=east(xs, ys, ts), v=north(xs, ys, ts), sigma=1e-3),
    ],
    parameters={"A": Unknown(0.8, positive=True)},
    reference=exact(u=east, v=north, p=pressure),
    tolerance=1e-2,
)
