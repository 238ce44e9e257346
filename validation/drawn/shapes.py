"""Problems on shapes: rings, eccentric discs, ellipses, polygons, plates with holes, balls; exact by manufacture."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
from torch import atan, cos, exp, sin

from pinnsolve import (
    Ball,
    Box,
    Disk,
    LevelSet,
    Polygon,
    Problem,
    condition,
    d,
    dirichlet,
    div,
    exact,
    face,
    grad,
    initial,
    laplace,
    neumann,
    point,
    side,
)
from pinnsolve.problem.manufactured import manufactured
from validation.drawn.statement import Drawn, Numbers, made


def waves(rng: Numbers, count: int, highest: float) -> Callable[..., Any]:
    """A sum of plane waves in any number of coordinates, one of them rising."""
    k, phases = rng.uniform(-highest, highest, (count, 4)), rng.uniform(0, 2 * pi, count)
    sizes = rng.uniform(0.3, 1.0, count)

    def along(j: int, at: tuple[Any, ...]) -> Any:
        return sum((c * x for c, x in zip(k[j].tolist(), at, strict=False)), start=float(phases[j]))

    def field(*at: Any) -> Any:
        total = sum(size * cos(along(j, at)) for j, size in enumerate(sizes.tolist()))
        return total + 0.3 * exp(0.5 * at[0])

    return field


def over(problem: Problem, rng: Numbers, highest: float = 4.0) -> Drawn:
    """The problem with waves as its exact solution."""
    names, fields = problem.coordinates, {u: waves(rng, 3, highest) for u in problem.unknowns}
    named = {u: _named(f, names) for u, f in fields.items()}
    return Drawn(manufactured(problem, **named))


def _named(field: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    by_count: dict[tuple[str, ...], Callable[..., Any]] = {
        ("x", "y"): lambda x, y: field(x, y),  # noqa: PLW0108 (arguments need names)
        ("x", "y", "t"): lambda x, y, t: field(x, y, t),  # noqa: PLW0108 (arguments need names)
        ("x", "y", "z"): lambda x, y, z: field(x, y, z),  # noqa: PLW0108 (arguments need names)
    }
    return by_count[names]


def robin(u: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
    return nx * d(u, x) + ny * d(u, y) + 2 * u


def poisson(u: Any, x: Any, y: Any) -> Any:
    return laplace(u, x, y)


def ring(rng: Numbers) -> Drawn:
    """Between two circles about one middle; a value outside, a flux inside."""
    inner = rng.uniform(0.15, 0.7)
    shape = Disk(x=0, y=0, radius=1, name="outer") - Disk(x=0, y=0, radius=inner, name="inner")
    conditions = [dirichlet(u=0, on=side("outer")), neumann(u=0, on=side("inner"))]
    return over(made(space=shape, equations=poisson, conditions=conditions, tolerance=1e-4), rng)


def eccentric(rng: Numbers) -> Drawn:
    """Between two circles with different middles, a Robin condition inside, a term without derivatives."""
    radius = rng.uniform(0.15, 0.4)
    away, angle = rng.uniform(0, 0.9 - radius), rng.uniform(0, 2 * pi)
    hole = Disk(x=away * np.cos(angle), y=away * np.sin(angle), radius=radius, name="inner")
    shape, s = Disk(x=0, y=0, radius=1, name="outer") - hole, rng.uniform(-5, 2)
    conditions = [dirichlet(u=0, on=side("outer")), condition(robin, on=side("inner"))]
    equations = lambda u, x, y: laplace(u, x, y) + s * u  # noqa: E731
    return over(made(space=shape, equations=equations, conditions=conditions, tolerance=1e-4), rng)


def ellipse(rng: Numbers) -> Drawn:
    """A level set; diffusion that varies, and wind."""
    a, b = rng.uniform(0.8, 2.5), rng.uniform(0.5, 1)
    shape = LevelSet(
        lambda x, y: 1 - x**2 / a**2 - y**2 / b**2, within=Box(x=(-1.1 * a, 1.1 * a), y=(-1.1 * b, 1.1 * b))
    )
    c, w = rng.uniform(0.1, 0.5), rng.uniform(-3, 3)

    def carried(u: Any, x: Any, y: Any) -> Any:
        k = 1 + c * cos(x + y)
        return div([k * g for g in grad(u, x, y)], x, y) + w * d(u, x)

    return over(made(space=shape, equations=carried, conditions=[dirichlet(u=0)], tolerance=1e-4), rng, 3.0)


def polygon(rng: Numbers) -> Drawn:
    """Four to seven convex corners; values, a flux and a Robin condition."""
    count = int(rng.integers(4, 8))
    angles = 2 * pi * (np.arange(count) + rng.uniform(-0.25, 0.25, count)) / count
    names = ["value", "flux", "robin", *["more"] * (count - 3)]
    shape = Polygon(x=np.cos(angles).tolist(), y=np.sin(angles).tolist(), names=names)
    conditions = [
        dirichlet(u=0, on=side("value")), neumann(u=0, on=side("flux")), condition(robin, on=side("robin")), dirichlet(u=0, on=side("more")),
    ]  # fmt: skip
    return over(made(space=shape, equations=poisson, conditions=conditions, tolerance=1e-4), rng)


def bent(rng: Numbers) -> Drawn:
    """A plate from which a corner is cut, with the singular function r^(2/3) sin(2 phi / 3) of it."""
    a = rng.uniform(0.5, 2)
    shape = Polygon(x=[0, 1, 1, -1, -1, 0], y=[0, 0, 1, 1, -1, -1])

    def field(x: Any, y: Any, arctan: Any, sine: Any) -> Any:
        r = (x**2 + y**2 + 1e-30) ** 0.5  # in the corner itself a root has no slope
        along, across = (y - x) / 2**0.5, -(x + y) / 2**0.5  # of the middle of the inside: its cut lies outside
        phi = 2 * arctan(across / (r + along)) + 3 * pi / 4
        return a * r ** (2 / 3) * sine(2 * phi / 3) + 0.2 * x * y

    return Drawn(made(space=shape, equations=poisson, conditions=[dirichlet(u=lambda x, y: field(x, y, atan, sin))], tolerance=1e-2,
                      reference=exact(u=lambda x, y: field(x, y, np.arctan, np.sin))))  # fmt: skip


def two_holes(rng: Numbers) -> Drawn:
    """A plate with two holes that is heated, Robin conditions on them, with a reaction that is not linear."""
    holes = [Disk(x=rng.uniform(0.4, 0.7), y=rng.uniform(0.4, 0.6), radius=rng.uniform(0.08, 0.25), name="holes"),
             Disk(x=rng.uniform(1.3, 1.6), y=rng.uniform(0.4, 0.6), radius=rng.uniform(0.08, 0.25), name="holes")]  # fmt: skip
    shape = Box(x=(0, 2), y=(0, 1)) - holes[0] - holes[1]
    conditions = [dirichlet(u=0, on=face(x=0)), neumann(u=0, on=face(y=0) | face(y=1)), dirichlet(u=0, on=face(x=2)), condition(robin, on=side("holes"))]  # fmt: skip
    equations = lambda u, x, y: laplace(u, x, y) - 0.3 * u**3  # noqa: E731
    return over(made(space=shape, equations=equations, conditions=conditions, tolerance=1e-3), rng)


def elastic(rng: Numbers) -> Drawn:
    """A disc that is held outside and pulled at a hole."""
    nu = rng.uniform(0.1, 0.4)
    shape = Disk(x=0, y=0, radius=1, name="outer") - Disk(x=0.1, y=0, radius=rng.uniform(0.2, 0.5), name="hole")

    def stresses(u: Any, v: Any, x: Any, y: Any) -> Any:
        shear = (d(u, y) + d(v, x)) / (2 * (1 + nu))
        return (d(u, x) + nu * d(v, y)) / (1 - nu**2), (d(v, y) + nu * d(u, x)) / (1 - nu**2), shear

    def first(u: Any, v: Any, x: Any, y: Any) -> Any:
        sxx, _, sxy = stresses(u, v, x, y)
        return d(sxx, x) + d(sxy, y)

    def second(u: Any, v: Any, x: Any, y: Any) -> Any:
        _, syy, sxy = stresses(u, v, x, y)
        return d(sxy, x) + d(syy, y)

    def pull_x(u: Any, v: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
        sxx, _, sxy = stresses(u, v, x, y)
        return sxx * nx + sxy * ny

    def pull_y(u: Any, v: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
        _, syy, sxy = stresses(u, v, x, y)
        return sxy * nx + syy * ny

    conditions = [dirichlet(u=0, v=0, on=side("outer")), condition(pull_x, on=side("hole")), condition(pull_y, on=side("hole"))]  # fmt: skip
    return over(made(space=shape, unknowns=("u", "v"), equations=[first, second], conditions=conditions, tolerance=1e-3), rng)  # fmt: skip


def slow_flow(rng: Numbers) -> Drawn:
    """Stokes flow in a ring, its pressure given at one place."""
    shape = Disk(x=0, y=0, radius=1) - Disk(x=0, y=0, radius=rng.uniform(0.3, 0.6))
    equations = [
        lambda u, p, x, y: laplace(u, x, y) - d(p, x), lambda v, p, x, y: laplace(v, x, y) - d(p, y),
        lambda u, v, x, y: d(u, x) + d(v, y),
    ]  # fmt: skip
    conditions = [dirichlet(u=0, v=0), dirichlet(p=0, on=point(x=0.8, y=0))]
    return over(made(space=shape, unknowns=("u", "v", "p"), equations=equations, conditions=conditions, tolerance=1e-2), rng, 3.0)  # fmt: skip


def sphere(rng: Numbers) -> Drawn:
    """A ball in space, with a Robin condition or a value."""
    k = rng.uniform(0, 3)
    equations = lambda u, x, y, z: laplace(u, x, y, z) + k * u  # noqa: E731
    return over(made(space=Ball(x=0, y=0, z=0, radius=1), equations=equations, conditions=[dirichlet(u=0)], tolerance=1e-2), rng, 2.0)  # fmt: skip


def cooled(rng: Numbers) -> Drawn:
    """Heat in a plate with a hole, that loses heat there."""
    hole = Disk(x=rng.uniform(0.4, 0.6), y=rng.uniform(0.4, 0.6), radius=rng.uniform(0.1, 0.25), name="hole")
    alpha = rng.uniform(0.05, 0.5)
    conditions = [initial(u=0), neumann(u=0, on=face(x=0) | face(x=1)), dirichlet(u=0, on=face(y=0) | face(y=1)), condition(robin, on=side("hole"))]  # fmt: skip
    equations = lambda u, x, y, t: d(u, t) - alpha * laplace(u, x, y)  # noqa: E731
    return over(made(space=Box(x=(0, 1), y=(0, 1)) - hole, time=(0, 1), equations=equations, conditions=conditions, tolerance=1e-3), rng)  # fmt: skip


SHAPES = {
    make.__name__: make
    for make in (ring, eccentric, ellipse, polygon, bent, two_holes, elastic, slow_flow, sphere, cooled)
}
