"""Problems with conditions on curves inside of a plane: contact that resists, films, charges, across circles and lines."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
import torch
from torch import cos, sin

from pinnsolve import Box, Disk, Piecewise, Polygon, condition, d, dirichlet, exact, face, initial, jump, laplace, side
from validation.drawn.statement import Drawn, Numbers, any_size, made


def conduction(u: Any, x: Any, y: Any, k: Any) -> Any:
    return d(k * d(u, x), x) + d(k * d(u, y), y)


def contact(rng: Numbers) -> Drawn:
    """A disc of another conductivity in a uniform field, behind a contact that resists: a dipole.

    With the field along x, u = a x within r < A and x (1 + c / r^2) around it; K a = 1 - c / A^2 is the flux, and the
    jump A + c / A - a A = R K a.
    """
    big, r, k = rng.uniform(0.15, 0.4), any_size(rng, 2), any_size(rng, 3)
    mx, my = rng.uniform(-0.3, 0.3, 2)
    across = big / k + r * big
    c = (across - big) / (1 / big + across / big**2)
    core = Disk(x=mx, y=my, radius=big, name="core")
    shape = [Disk(x=0, y=0, radius=1), Box(x=(-1, 1), y=(-1, 1)), Polygon(x=[-1, 1, 1.4, -0.8], y=[-1, -1, 1, 1.2])][rng.integers(3)]  # fmt: skip

    def around(x: Any, y: Any) -> Any:
        return (x - mx) * (1 + c / ((x - mx) ** 2 + (y - my) ** 2))

    def whole(x: Any, y: Any) -> Any:
        within = (x - mx) ** 2 + (y - my) ** 2 < big**2
        return np.where(within, (1 - c / big**2) / k * (x - mx), around(x, np.where(within, my + 2.0, y)))

    def resists(u: Any, x: Any, y: Any, k: Any, nx: Any, ny: Any) -> Any:
        return jump(u) - r * big * k * (nx * d(u, x) + ny * d(u, y))

    return Drawn(made(space=shape, equations=conduction, conditions=[dirichlet(u=around), condition(resists, on=side("core"))],
                      parameters={"k": Piecewise(1.0, (core, k))}, reference=exact(u=whole), tolerance=1e-4))  # fmt: skip


def charged(rng: Numbers) -> Drawn:
    """A circle that carries a charge sigma cos(n phi): u = sigma A / 2 n (r / A)^n cos(n phi) within, (A / r)^n around."""
    big, sigma, n = rng.uniform(0.2, 0.6), rng.uniform(0.5, 2), int(rng.integers(1, 4))
    ring = Disk(x=0, y=0, radius=big, name="ring")

    def field(x: Any, y: Any, m: Any) -> Any:
        square = x**2 + y**2
        wave = {1: x, 2: x**2 - y**2, 3: x**3 - 3 * x * y**2}[n] / big**n
        return sigma * big / (2 * n) * wave * m.where(square < big**2, 1.0, (big**2 / (square + 1e-30)) ** n)

    def charge(u: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
        wave = {1: x, 2: x**2 - y**2, 3: x**3 - 3 * x * y**2}[n] / big**n
        return jump(nx * d(u, x) + ny * d(u, y)) + sigma * wave

    return Drawn(made(space=Box(x=(-1, 1), y=(-0.8, 0.8)), equations=conduction, parameters={"k": Piecewise(1.0, (ring, 1.0))},
                      conditions=[dirichlet(u=lambda x, y: field(x, y, torch)), condition(charge, on=side("ring"))],
                      reference=exact(u=lambda x, y: field(x, y, np)), tolerance=1e-4))  # fmt: skip


def parted(rng: Numbers) -> Drawn:
    """A line across a disc or a plate that resists, steady or in time: on its other side u is more by R u_x there."""
    at, r, decay = rng.uniform(-0.4, 0.4), any_size(rng, 1), rng.uniform(0.2, 1)
    p, q, phase = (float(v) for v in rng.uniform([0.5, 0.5, 0], [2, 2, 2 * pi]))
    steady = bool(rng.integers(2))

    def more(x: Any, y: Any, m: Any) -> Any:
        return m.where(x > at + 0 * x, r * p * np.cos(p * at + phase) * m.cos(q * y), 0 * x)

    def smooth(x: Any, y: Any, m: Any) -> Any:
        return m.sin(p * x + phase) * m.cos(q * y)

    def source(x: Any, y: Any, rate: float) -> Any:  # -rate u - laplace(u), what the line adds too
        return (p**2 + q**2 - rate) * sin(p * x + phase) * cos(q * y) + (q**2 - rate) * more(x, y, torch)

    def resists(u: Any, x: Any) -> Any:
        return jump(u) - r * d(u, x)

    space: Any = [Disk(x=0, y=0, radius=1), Box(x=(-1, 1), y=(-0.5, 0.5))][rng.integers(2)]
    across = condition(resists, on=face(x=at))
    if steady:
        return Drawn(made(space=space, equations=lambda u, x, y: laplace(u, x, y) + source(x, y, 0.0), tolerance=1e-4,
                          conditions=[dirichlet(u=lambda x, y: smooth(x, y, torch) + more(x, y, torch)), across],
                          reference=exact(u=lambda x, y: smooth(x, y, np) + more(x, y, np))))  # fmt: skip

    def of_time(x: Any, y: Any, t: Any, m: Any) -> Any:
        return m.exp(-decay * t) * (smooth(x, y, m) + more(x, y, m))

    def heat(u: Any, x: Any, y: Any, t: Any) -> Any:
        return d(u, t) - laplace(u, x, y) - torch.exp(-decay * t) * source(x, y, decay)

    return Drawn(made(space=space, time=(0, 0.5), equations=heat, tolerance=1e-3,
                      conditions=[initial(u=lambda x, y: smooth(x, y, torch) + more(x, y, torch)),
                                  dirichlet(u=lambda x, y, t: of_time(x, y, t, torch)), across],
                      reference=exact(u=lambda x, y, t: of_time(x, y, t, np))))  # fmt: skip


CURVES = {make.__name__: make for make in (contact, charged, parted)}
