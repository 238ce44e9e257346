"""Conditions at places inside: what they are joined to, what is refused, and that it says why."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, sin, sinh, where

from pinnsolve import (
    Box,
    Piecewise,
    Problem,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    initial_rate,
    jump,
    laplace,
    neumann,
    side,
    solve,
)
from pinnsolve.errors import ProblemError
from pinnsolve.networks.mlp import MLP

LINE, SQUARE = Box(x=(0, 1)), Box(x=(0, 1), y=(0, 1))
X = np.array([0.0, 0.11, 0.29, 0.31, 0.62, 1.0])


def load(u: Any, x: Any) -> Any:
    return jump(d(u, x)) + 1


def bent(u: Any, x: Any) -> Any:
    return d(u, x, x)


def posed(*more: Any, equation: Any = bent, **given: Any) -> Problem:
    told = {"space": LINE, "unknowns": "u", "conditions": [dirichlet(u=0), *more], "reference": None} | given
    return Problem(equations=equation, **told)


def at(x: np.ndarray, left: Any, right: Any, place: float) -> np.ndarray:
    return np.where(x < place, left, right)


def solved(problem: Problem) -> Any:
    solution = solve(problem, budget=20)
    assert solution.converged and solution.estimate < 1e-3, solution.outcome
    return solution


def test_a_point_load() -> None:
    u = solved(posed(condition(load, on=face(x=0.3)))).u(x=X)
    assert np.abs(u - at(X, 0.7 * X, 0.3 * (1 - X), 0.3)).max() < 1e-12


def test_two_places_in_one_region_and_two_conditions_at_one_place() -> None:
    u = solved(posed(condition(load, on=face(x=0.3) | face(x=0.7)))).u(x=X)
    assert np.abs(u - np.minimum(np.minimum(X, 0.3), 1 - X)).max() < 1e-12
    u = solved(posed(condition(load, on=face(x=0.3)), condition(lambda u: jump(u) - 2, on=face(x=0.3)))).u(x=X)
    assert np.abs(u - at(X, -1.3 * X, 2.3 * (1 - X), 0.3)).max() < 1e-12


@pytest.mark.parametrize(
    ("flux", "way"), [("k d(T, x)", 1e-3), ("jump(T)", 1e-3), ("k d(T, x)", 1e-9), ("jump(T)", 1e6)]
)
def test_contact_resistance_between_two_materials_in_other_units(flux: str, way: float) -> None:
    """1 / (heat flow) = 1 mm / k + R + 1 mm / (10 k), in metres."""
    k, r = 20.0, 0.04 * way

    def contact(T: Any, x: Any, k: Any) -> Any:
        return jump(T) - r * k * d(T, x) if flux == "k d(T, x)" else jump(T) / r - k * d(T, x)

    problem = Problem(
        space=Box(x=(0, 2 * way)), unknowns="T", equations=lambda T, x, k: d(k * d(T, x), x), reference=None,
        conditions=[dirichlet(T=300, on=face(x=0)), dirichlet(T=350, on=face(x=2 * way)), condition(contact, on=face(x=way))],
        parameters={"k": Piecewise(k, (Box(x=(way, 2 * way)), 10 * k))},
    )  # fmt: skip
    flow = 50 / (way / k + r + way / (10 * k))
    found = solved(problem)
    x = np.array([0.3, 0.999, 1.001, 1.6]) * way
    wanted = np.where(x < way, 300 + flow / k * x, 350 - flow / (10 * k) * (2 * way - x))
    assert np.abs(found.T(x=x) - wanted).max() < 1e-9


def test_beams_with_a_load_a_support_a_hinge_and_a_value_that_is_held() -> None:
    def beam(w: Any, x: Any) -> Any:
        return d(w, x, x, x, x)

    def freely(w: Any, x: Any) -> Any:
        return d(w, x, x)

    def posed_beam(*more: Any, equation: Any = beam, ends: Any = freely) -> Problem:
        return Problem(
            space=LINE, unknowns="w", equations=equation, conditions=[dirichlet(w=0), condition(ends), *more],
            reference=None,
        )  # fmt: skip

    pulled = solved(posed_beam(condition(lambda w, x: jump(d(w, x, x, x)) - 1, on=face(x=0.5))))
    assert abs(pulled.w(x=0.5) - 1 / 48) < 1e-10
    held = solved(posed_beam(dirichlet(w=0, on=face(x=0.5)), equation=lambda w, x: d(w, x, x, x, x) - 1))
    assert abs(held.w(x=0.5)) < 1e-14 and abs(held.w(x=0.25) - 0.5**4 / 192) < 1e-10  # propped: w(L/2) = q L^4 / 192
    hinged = solved(
        posed_beam(
            condition(lambda w, x: d(w, x, x), on=face(x=0.5)), ends=lambda w, x, nx: nx * d(w, x),
            equation=lambda w, x: d(w, x, x, x, x) - 1,
        )
    )  # fmt: skip
    assert abs(hinged.w(x=0.5) - 0.5**4 / 8) < 1e-10  # two cantilevers: q l^4 / 8
    assert np.abs(solved(posed(dirichlet(u=1, on=face(x=0.3)))).u(x=[0.15, 0.65]) - 0.5).max() < 1e-12


def test_nonlinear_equations_and_systems_of_first_order() -> None:
    radiating = solved(posed(condition(load, on=face(x=0.3)), equation=lambda u, x: d(u, x, x) - u**3))
    slope = radiating.d("u", "x")(x=np.array([0.3 - 1e-9, 0.3 + 1e-9]))
    assert abs(slope[1] - slope[0] + 1) < 1e-7
    system = Problem(
        space=LINE, unknowns=["T", "q"], equations=[lambda T, q, x: q + d(T, x), lambda q, x: d(q, x)], reference=None,
        conditions=[dirichlet(T=0, on=face(x=0)), dirichlet(T=1, on=face(x=1)),
                    condition(lambda T, q: jump(T) + q / 2, on=face(x=0.4))],
    )  # fmt: skip
    assert abs(solved(system).q(x=0.2) + 2 / 3) < 1e-12


def test_evolutions() -> None:
    """A source that swings in time, to a manufactured solution; and a string with a spring in its middle, its mode."""

    def heat(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - d(u, x, x) - cos(t) * where(x < 0.5, x, 1 - x)

    def true(x: Any, t: Any) -> Any:
        return sin(t) * where(x < 0.5, x, 1 - x)

    swinging = Problem(
        space=LINE, time=(0, 1), unknowns="u", equations=heat, reference=exact(u=true),
        conditions=[initial(u=0), dirichlet(u=0), condition(lambda u, x, t: jump(d(u, x)) + 2 * sin(t), on=face(x=0.5))],
    )  # fmt: skip
    x = np.linspace(0, 1, 9)
    assert np.abs(solved(swinging).u(x=x, t=0.8) - math.sin(0.8) * np.minimum(x, 1 - x)).max() < 1e-6

    def mode(x: Any) -> Any:
        return where(x < 0.5, sin(4 * x), sin(4 - 4 * x))

    string = Problem(
        space=LINE, time=(0, 1), unknowns="u", equations=lambda u, x, t: d(u, t, t) - d(u, x, x), reference=None,
        conditions=[initial(u=mode), initial_rate(u=0), dirichlet(u=0),
                    condition(lambda u, x: jump(d(u, x)) + 8 / math.tan(2.0) * u, on=face(x=0.5))],
    )  # fmt: skip
    assert np.abs(solved(string).u(x=x, t=0.7) - mode(torch.tensor(x)).numpy() * math.cos(2.8)).max() < 1e-6


def laplacian(u: Any, x: Any, y: Any) -> Any:
    return laplace(u, x, y)


def over(x: Any, y: Any) -> Any:
    """u_xx + u_yy = 0 in the square, zero around it, and u_x jumps by - sin(pi y) at x = 0.4."""
    a, b = math.pi * 0.4, math.pi * 0.6
    low = 1 / (math.pi * (math.cosh(a) + math.sinh(a) * math.cosh(b) / math.sinh(b)))
    high = low * math.sinh(a) / math.sinh(b)
    return np.where(x < 0.4, low * np.sinh(math.pi * x), high * np.sinh(math.pi * (1 - x))) * np.sin(math.pi * y)


X2, Y2 = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 8))


@pytest.mark.parametrize("across", ["x", "y"])
def test_a_load_on_a_line_of_a_plane(across: str) -> None:
    problem = Problem(
        space=SQUARE, unknowns="u", equations=laplacian, reference=None, conditions=[
            dirichlet(u=0),
            condition(lambda u, x, y: jump(d(u, x)) + sin(math.pi * y), on=face(x=0.4)) if across == "x" else
            condition(lambda u, x, y: jump(d(u, y)) + sin(math.pi * x), on=face(y=0.4)),
        ],
    )  # fmt: skip
    found = solved(problem).u(x=X2, y=Y2) if across == "x" else solved(problem).u(x=Y2, y=X2)
    assert np.abs(found - over(X2, Y2)).max() < 1e-11


def test_a_contact_between_two_layers_of_a_plane_and_a_value_that_is_held_on_a_line() -> None:
    problem = Problem(
        space=SQUARE, unknowns="T", equations=lambda T, x, y, k: d(k * d(T, x), x) + d(k * d(T, y), y), reference=None,
        conditions=[dirichlet(T=0, on=face(x=0)), dirichlet(T=1, on=face(x=1)), neumann(T=0, on=faces("y")),
                    condition(lambda T, x, k: jump(T) - 0.5 * k * d(T, x), on=face(x=0.5))],
        parameters={"k": Piecewise(1.0, (Box(x=(0.5, 1)), 10.0))},
    )  # fmt: skip
    flow = 1 / (0.5 + 0.5 + 0.05)
    found = solved(problem).T(x=np.array([0.2, 0.499, 0.501, 0.8]), y=0.3)
    assert np.abs(found - np.array([0.2 * flow, 0.499 * flow, 1 - 0.0499 * flow, 1 - 0.02 * flow])).max() < 1e-10
    held = Problem(
        space=SQUARE, unknowns="u", equations=laplacian, reference=None,
        conditions=[dirichlet(u=0), dirichlet(u=lambda y: sin(math.pi * y), on=face(x=0.4))],
    )  # fmt: skip
    wanted = [math.sinh(0.2 * math.pi) / math.sinh(0.4 * math.pi), math.sinh(0.3 * math.pi) / math.sinh(0.6 * math.pi)]
    assert np.abs(solved(held).u(x=np.array([0.2, 0.7]), y=0.5) - wanted).max() < 1e-9


def test_a_contact_of_two_layers_in_time_is_the_same_along_a_line_and_in_a_plane() -> None:
    def posed_in(space: Box, more: list[Any]) -> Any:
        def heat(T: Any, x: Any, t: Any, k: Any) -> Any:
            return d(T, t) - d(k * d(T, x), x)

        def plane(T: Any, x: Any, y: Any, t: Any, k: Any) -> Any:
            return heat(T, x, t, k) - d(k * d(T, y), y)

        ends = [dirichlet(T=lambda t: sin(3 * t), on=face(x=0)), dirichlet(T=0, on=face(x=1)), *more]
        return solved(
            Problem(
                space=space, time=(0, 0.1), unknowns="T", equations=plane if more else heat, reference=None, tolerance=1e-2,
                conditions=[initial(T=0), *ends, condition(lambda T, x, k: jump(T) - 0.2 * k * d(T, x), on=face(x=0.5))],
                parameters={"k": Piecewise(1.0, (Box(x=(0.5, 1)), 10.0))},
            )
        )  # fmt: skip

    x = np.array([0.1, 0.3, 0.499, 0.501, 0.8])
    along, over = (
        posed_in(LINE, []).T(x=x, t=0.1),
        posed_in(SQUARE, [neumann(T=0, on=faces("y"))]).T(x=x, y=0.3, t=0.1),
    )
    assert along[3] < 0.95 * along[2] and np.abs(along - over).max() < 1e-4


def test_a_line_of_a_plane_in_time() -> None:
    """u = t * over, for which the source is what it is at t = 0."""

    def rows(x: Any, y: Any) -> Any:
        a, b = math.pi * 0.4, math.pi * 0.6
        low = 1 / (math.pi * (math.cosh(a) + math.sinh(a) * math.cosh(b) / math.sinh(b)))
        high = low * math.sinh(a) / math.sinh(b)
        return where(x < 0.4, low * sinh(math.pi * x), high * sinh(math.pi * (1 - x))) * sin(math.pi * y)

    problem = Problem(
        space=SQUARE, time=(0, 1), unknowns="u", reference=None, tolerance=1e-4,
        equations=lambda u, x, y, t: d(u, t) - laplace(u, x, y) - rows(x, y),
        conditions=[initial(u=0), dirichlet(u=0),
                    condition(lambda u, x, y, t: jump(d(u, x)) + t * sin(math.pi * y), on=face(x=0.4))],
    )  # fmt: skip
    assert np.abs(solved(problem).u(x=X2, y=Y2, t=0.7) - 0.7 * over(X2, Y2)).max() < 1e-5


K = {"k": Piecewise(1.0, (Box(x=(0.5, 1)), 5.0))}


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (lambda: posed(condition(load, on=face(x=0.3)), condition(lambda u, x: jump(d(u, x)) - 2, on=face(x=0.3))), "one too many"),
        (lambda: posed(dirichlet(u=1, on=face(x=0.3)), condition(load, on=face(x=0.3))), "one too many"),
        (lambda: posed(neumann(u=0, on=face(x=0.3))), "no normal points outward"),
        (lambda: posed(condition(lambda u, x, nx: nx * jump(d(u, x)), on=face(x=0.3))), "no normal points outward"),
        (lambda: posed(condition(load, on=face(x=0.3) | face(x=1))), "at once"),
        (lambda: posed(condition(load, on=face(x=0.3).where(lambda x: x > 0))), "a part of an inner place"),
        (lambda: posed(condition(load, on=face(x=1))), "holds at no inner place"),
        (lambda: posed(equation=lambda u, x: d(u, x, x) + jump(u)), "holds at no inner place"),
        (lambda: posed(condition(lambda u: jump(1.0) + u, on=face(x=0.3))), "does not jump"),
        (lambda: posed(condition(lambda u, x: d(u, x) + u, on=face(x=0.3))), "says nothing of a jump"),
        (lambda: posed(condition(lambda u, x: jump(d(u, x, x)), on=face(x=0.3))), "u_xx, which cells do not share"),
        (lambda: posed(condition(lambda u, x: jump(d(u, x)) + u**4, on=face(x=0.3))), "not linear"),
        (lambda: posed(condition(lambda u: jump(u) - 1, on=face(x=0.5)), equation=lambda u, x, k: k * d(u, x, x), parameters=K), "a condition is missing"),
        (lambda: posed(condition(lambda u, x: jump(d(u, x)) + jump(u), on=face(x=0.3)), condition(lambda u, x: 2 * jump(d(u, x)) + 2 * jump(u), on=face(x=0.3))), "repeat or contradict"),
        (
            lambda: posed(
                dirichlet(u=0, on=side("film")), space=SQUARE, equation=laplacian,
                parameters={"k": Piecewise(1.0, (Box(x=(0.4, 0.5), name="film"), 2.0))},
            ),
            "on=face(x=0.4) or on=face(x=0.5)",
        ),
        (
            lambda: Problem(
                space=SQUARE, time=(0, 1), unknowns="u", equations=lambda u, x, y, t: d(u, t, t) - laplace(u, x, y),
                conditions=[initial(u=0), initial_rate(u=0), dirichlet(u=0), condition(load, on=face(x=0.3))],
            ),
            "second order in time",
        ),
        (
            lambda: Problem(
                space=Box(x=(0, 1), y=(0, 1), z=(0, 1)), time=(0, 1), unknowns="u",
                equations=lambda u, x, y, z, t: d(u, t) - laplace(u, x, y, z),
                conditions=[initial(u=0), dirichlet(u=0), condition(load, on=face(x=0.3))],
            ),
            "in three dimensions with time",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_words(problem: Any, told: str) -> None:
    with pytest.raises(ProblemError) as caught:
        solve(problem())
    assert told in str(caught.value)


def test_other_networks_say_that_they_do_not_end_there() -> None:
    problem = posed(condition(load, on=face(x=0.3)))
    with pytest.raises(ProblemError, match="over cells alone"):
        solve(problem, network=MLP())
    assert "jump(d(u, x)) + 1 = 0" in repr(problem)
