"""The automatic reference where conditions stand at inner places, against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, cosh, pi, sinh
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from torch import sin, where

from pinnsolve import (
    Box,
    Piecewise,
    Problem,
    condition,
    d,
    dirichlet,
    face,
    faces,
    initial,
    initial_rate,
    jump,
    laplace,
    neumann,
    periodic,
)  # fmt: skip
from pinnsolve.classical.automatic import attempt

X, Y = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 8))
ZERO = dirichlet(u=0)
Posed = tuple[Problem, dict[str, Any], np.ndarray]


def posed(*more: Any, equation: Any = lambda u, x: d(u, x, x), ends: Any = ZERO, **given: Any) -> Problem:
    told: dict[str, Any] = {"space": Box(x=(0, 1)), "unknowns": "u", "reference": None, "tolerance": 1e-6}
    return Problem(equations=equation, conditions=[ends, *more], **told | given)


def two_loads() -> Posed:
    x = np.linspace(0, 1, 7)
    problem = posed(condition(lambda u, x: jump(d(u, x)) + 1, on=face(x=0.3) | face(x=0.7)))
    return problem, {"x": x}, np.minimum(np.minimum(x, 0.3), 1 - x)


def contact() -> Posed:
    """1 / (heat flow) = 1 nm / k + R + 1 nm / (10 k), between two materials."""
    k, nm, r = 20.0, 1e-9, 4e-11
    problem = posed(
        condition(lambda T, x, k: jump(T) - r * k * d(T, x), on=face(x=nm)), dirichlet(T=350, on=face(x=2 * nm)),
        ends=dirichlet(T=300, on=face(x=0)), equation=lambda T, x, k: d(k * d(T, x), x), space=Box(x=(0, 2 * nm)),
        unknowns="T", parameters={"k": Piecewise(k, (Box(x=(nm, 2 * nm)), 10 * k))},
    )  # fmt: skip
    flow = 50 / (nm / k + r + nm / (10 * k))
    x = np.array([0.3, 0.999, 1.001, 1.6]) * nm
    return problem, {"x": x}, np.where(x < nm, 300 + flow / k * x, 350 - flow / (10 * k) * (2 * nm - x))


def beam(*more: Any, ends: Any) -> Problem:
    return posed(condition(ends), *more, equation=lambda u, x: d(u, x, x, x, x) - 1)


def held_beam() -> Posed:
    """On three supports: w(L/4) = q (L/2)^4 / 192."""
    held = dirichlet(u=0, on=face(x=0.5))
    return beam(held, ends=lambda u, x: d(u, x, x)), {"x": np.array([0.25])}, np.array([0.5**4 / 192])


def hinged_beam() -> Posed:
    """Two cantilevers that meet in a hinge: w(L/2) = q (L/2)^4 / 8."""
    hinge = condition(lambda u, x: d(u, x, x), on=face(x=0.5))
    return beam(hinge, ends=lambda u, x, nx: nx * d(u, x)), {"x": np.array([0.5])}, np.array([0.5**4 / 8])


def gap() -> Posed:
    """A gap across which heat is radiated: u' = f on both sides, f = ((2 - f/2)^4 - (1 + f/2)^4) / 2."""
    f = brentq(lambda f: (2 - f / 2) ** 4 - (1 + f / 2) ** 4 - 2 * f, 0, 2)
    problem = posed(
        condition(lambda u, x: jump(u**4) - 2 * d(u, x), on=face(x=0.5)), dirichlet(u=2, on=face(x=1)),
        ends=dirichlet(u=1, on=face(x=0)),
    )  # fmt: skip
    x = np.array([0.2, 0.4, 0.6, 0.9])
    return problem, {"x": x}, np.where(x < 0.5, 1 + f * x, 2 - f * (1 - x))


def first_order() -> Posed:
    problem = posed(
        dirichlet(T=1, on=face(x=1)), condition(lambda T, q: jump(T) + q / 2, on=face(x=0.4)), unknowns=["T", "q"],
        ends=dirichlet(T=0, on=face(x=0)), equation=[lambda T, q, x: q + d(T, x), lambda q, x: d(q, x)],
    )  # fmt: skip
    return problem, {"x": np.array([0.3, 0.7])}, np.array([0.2, 0.8])


def mass_on_a_string() -> Posed:
    """m u_tt = [u_x] in the middle: 2 w cos(w/2) = w^2 sin(w/2)."""
    w = brentq(lambda w: 2 * cos(w / 2) - w * np.sin(w / 2), 0.5, 3)
    problem = posed(
        initial(u=lambda x: where(x < 0.5, sin(w * x), sin(w - w * x))), initial_rate(u=0),
        condition(lambda u, x, t: jump(d(u, x)) - d(u, t, t), on=face(x=0.5)), time=(0, 1),
        equation=lambda u, x, t: d(u, t, t) - d(u, x, x),
    )  # fmt: skip
    x = np.linspace(0, 1, 9)
    return problem, {"x": x, "t": np.full(9, 0.7)}, np.sin(w * np.minimum(x, 1 - x)) * cos(0.7 * w)


def line_with_tension() -> Posed:
    """A membrane with a thread across: [u_x] + s u_yy + sin(pi y) = 0 at x = 0.4, u = X(x) sin(pi y)."""
    s, a, b = 0.5, 0.4 * pi, 0.6 * pi
    low = 1 / (pi * (cosh(a) + sinh(a) * cosh(b) / sinh(b)) + s * pi**2 * sinh(a))
    thread = condition(lambda u, x, y: jump(d(u, x)) + s * d(u, y, y) + sin(pi * y), on=face(x=0.4))
    problem = posed(thread, equation=lambda u, x, y: laplace(u, x, y), space=Box(x=(0, 1), y=(0, 1)))
    along = np.where(X < 0.4, low * np.sinh(pi * X), low * sinh(a) / sinh(b) * np.sinh(pi * (1 - X)))
    return problem, {"x": X, "y": Y}, along * np.sin(pi * Y)


@pytest.mark.parametrize(
    "made", [two_loads, contact, held_beam, hinged_beam, gap, first_order, mass_on_a_string, line_with_tension]
)
def test_its_own_error_covers_the_true_one(made: Callable[[], Posed]) -> None:
    problem, at, exact = made()
    found = attempt(problem)
    assert found.reference is not None, found.why
    error = np.linalg.norm(found.reference.fields[problem.unknowns[0]](**at) - exact) / np.linalg.norm(exact)
    assert error <= found.reference.own_error <= 0.1 * problem.tolerance


def test_what_is_said_twice_is_told_and_a_load_on_a_ring_is_met() -> None:
    load = condition(lambda u, x: jump(d(u, x)) + 1, on=face(x=0.3))
    twice = attempt(posed(load, condition(lambda u, x: jump(d(u, x)) - u, on=face(x=0.3))))
    assert "at least one too many" in twice.why and "u_x" in twice.why
    ring = attempt(posed(load, equation=lambda u, x: d(u, x, x) - u, ends=periodic("x")))
    assert ring.reference is not None
    x = np.linspace(0, 1, 101)
    true = np.cosh(np.abs((x - 0.3) % 1 - 0.5)) / (2 * np.sinh(0.5))
    assert np.linalg.norm(ring.reference.fields["u"](x=x) - true) <= ring.reference.own_error * np.linalg.norm(true)


def test_a_plane_whose_other_sides_are_insulated() -> None:
    problem = posed(
        dirichlet(u=1, on=face(x=1)), neumann(u=0, on=faces("y")), ends=dirichlet(u=0, on=face(x=0)),
        equation=lambda u, x, y: laplace(u, x, y), space=Box(x=(0, 1), y=(0, 1)),
    )  # fmt: skip
    contact = condition(lambda u, x: jump(u) - d(u, x), on=face(x=0.5))
    found = attempt(problem.replaced(conditions=[*problem.conditions, contact]))
    assert found.reference is not None
    assert np.abs(found.reference.fields["u"](x=X, y=Y) - np.where(X <= 0.5, X / 2, (1 + X) / 2)).max() < 1e-9
